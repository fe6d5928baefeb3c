"""The backtest: the same trades as the whole bot makes of the same recording, and never a look ahead."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.tools.replay import ENTRY_WINDOW_SECONDS, play, recorded_app
from tests.trading.build import OPEN, before, market, quote
from trading.domain.intent import Decision, Intent, View
from trading.domain.market import Market, MarketStatus, Outcome, Quote, Tick
from trading.domain.trade import Trade, TradeOutcome
from trading.exchange.simulated.recorded import RecordedWorld
from trading.research.backtest import Played, Terms, backtest, limits
from trading.research.tape import Paid, Record, between, in_order, of_results, recorded, span
from trading.strategies.consensus import Consensus
from trading.strategies.previous import Previous
from trading.strategies.threshold import Threshold

D = Decimal
SNAPSHOTS, RESULTS = "KXXRP15M_raw_snapshots.jsonl.gz", "KXXRP15M_results_2026-08-15on.csv"
AT_ONCE = Terms(latency_seconds=0)
TICKER = market().ticker


async def test_the_whole_bot_makes_the_same_trades_of_the_same_recording(reference: Path, tmp_path: Path) -> None:
    data = reference / "data"
    world = RecordedWorld.load(data / SNAPSHOTS, data / RESULTS)
    app, clock = await recorded_app(world, tmp_path)
    await app.start()
    await play(app, clock, world)
    alive = [t for t in cast(list[Trade], app.store.select("trades")) if t.contracts]
    await app.stop("done")
    tape = recorded(data / SNAPSHOTS, data / RESULTS)
    played = backtest(Consensus(entry_window_seconds=ENTRY_WINDOW_SECONDS), tape, AT_ONCE)
    assert [_told(t) for t in played.trades] == [_told(t) for t in alive] != []
    assert played.markets == 94


def _told(trade: Trade) -> tuple[object, ...]:
    return trade.ticker, trade.side, trade.contracts, trade.cost, trade.fees, trade.outcome, trade.profit


def test_results_alone_say_how_each_market_ended(reference: Path) -> None:
    tape = of_results(reference / "data" / "kxbtc15m_results_2025-12_2026-05.csv")
    paid = [record for record in tape if isinstance(record.what, Paid)]
    assert len(paid) > 15_800
    assert tape == in_order(tape)


# --- what it knows, and when ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spy:
    """Decides nothing and remembers what it was shown."""

    seen: list[View] = field(default_factory=list)
    name: str = "spy"

    def on_tick(self, view: View) -> Decision:
        self.seen.append(view)
        return Decision(skipped="spying")


def life(result: str = "yes") -> list[Record]:
    """One market: a quote and a price every ten seconds, its strike a second late, its result after the close."""
    unstruck = market(strike=None)
    records = [
        Record(before().open_time, before()),
        Record(OPEN, unstruck),
        Record(OPEN + timedelta(seconds=1), market()),
    ]
    for n in range(0, 900, 10):
        at = OPEN + timedelta(seconds=n)
        records += [Record(at, Tick("BRTI", D(90_000 + n), at)), Record(at, quote("0.50", "0.52", at))]
    end = OPEN + timedelta(seconds=908)
    ended = market(status=MarketStatus.FINALIZED, result=result, settlement_value=D(result == "yes"))
    return in_order([*records, Record(end, ended), Record(end, Paid(TICKER, D(result == "yes")))])


def test_a_strategy_is_shown_what_had_come_by_then() -> None:
    spy = Spy()
    backtest(spy, life(), AT_ONCE)
    assert len(spy.seen) == 90
    for view in spy.seen:
        assert view.market is not None
        assert view.quote is not None
        assert view.quote.seen_at == view.now == view.ticks[-1].seen_at
        assert view.market.result == ""
        assert (view.market.strike is None) == (view.now == OPEN)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(0, 908), st.sampled_from(["consensus", "threshold"]))
def test_shuffling_the_future_changes_nothing_before_it(seed: int, second: int, name: str) -> None:
    strategy = Consensus() if name == "consensus" else Threshold(buy_at=D("0.52"), sell_at=D("0.9"))
    cut = OPEN + timedelta(seconds=second)
    past = [record for record in life() if record.at < cut]
    future = [record for record in life() if record.at >= cut]
    whole, other = Remembering(strategy), Remembering(strategy)
    backtest(whole, past + future, AT_ONCE)
    backtest(other, past + _shuffled(future, random.Random(seed)), AT_ONCE)
    assert whole.until(cut) == other.until(cut)


@dataclass(frozen=True)
class Remembering:
    """Another strategy, and what it decided when."""

    strategy: Consensus | Threshold
    decided: list[tuple[View, Decision]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.strategy.name

    def on_tick(self, view: View) -> Decision:
        decision = self.strategy.on_tick(view)
        self.decided.append((view, decision))
        return decision

    def until(self, cut: datetime) -> list[tuple[View, Decision]]:
        return [(view, decision) for view, decision in self.decided if view.now < cut]


def _shuffled(future: list[Record], chance: random.Random) -> list[Record]:
    """Other things at the same moments: prices, quotes and results dealt out anew."""
    whats = [record.what for record in future]
    chance.shuffle(whats)
    return [Record(r.at, _moved(w, r)) for r, w in zip(future, whats, strict=True)]


def _moved(what: Market | Quote | Tick | Paid, record: Record) -> Market | Quote | Tick | Paid:
    return replace(what, seen_at=record.at) if isinstance(what, Quote | Tick) else what


# --- orders ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Once:
    """Buys YES once, at this price."""

    price: Decimal
    name: str = "once"

    def on_tick(self, view: View) -> Decision:
        assert view.market is not None
        return Decision(intents=(Intent("once", view.market.ticker, Outcome.YES, self.price, D(5), "once"),))


def played(price: str, **terms: float) -> Played:
    return backtest(Once(D(price)), life(), replace(AT_ONCE, **terms))  # type: ignore[arg-type]


def test_profit_is_after_fees_and_fills_come_once() -> None:
    (trade,) = played("0.52").trades
    assert (trade.outcome, trade.contracts, trade.cost) == (TradeOutcome.WIN, 5, D("2.60"))
    assert trade.fees == D("0.0874")  # 0.07 x 5 x 0.52 x 0.48, rounded up to $0.0001
    assert trade.profit == 5 - D("2.60") - D("0.0874")


def test_a_resting_order_is_ended_after_its_time_and_is_no_trade() -> None:
    came = played("0.51")
    assert (came.trades, came.unfilled, came.open) == ([], 1, [])


@pytest.mark.parametrize(("latency", "at"), [(0.0, 0), (0.25, 10), (10.0, 10), (10.5, 20)])
def test_an_order_arrives_with_the_first_quote_after_its_latency(latency: float, at: int) -> None:
    (trade,) = played("0.52", latency_seconds=latency).trades
    assert trade.contracts == 5
    cut = OPEN + timedelta(seconds=at)
    assert played_until(cut, latency) == []
    assert played_until(cut + timedelta(seconds=1), latency) != []


def played_until(cut: datetime, latency: float) -> list[Trade]:
    """Trades that hold something by then."""
    tape = [record for record in life() if record.at < cut]
    came = backtest(Once(D("0.52")), tape, replace(AT_ONCE, latency_seconds=latency))
    return [trade for trade in came.open if trade.contracts]


def test_an_order_on_its_way_when_the_market_ends_is_gone() -> None:
    came = played("0.52", latency_seconds=10_000)
    assert (came.trades, came.unfilled, came.open) == ([], 1, [])


def test_what_is_open_at_the_end_is_said() -> None:
    unpaid = [record for record in life() if not isinstance(record.what, Paid)]
    came = backtest(Once(D("0.52")), unpaid, AT_ONCE)
    assert ([t.contracts for t in came.open], came.trades) == ([5], [])


def test_a_cut_of_the_tape() -> None:
    tape = life()
    first, last = span(tape)
    part = between(tape, OPEN, OPEN + timedelta(seconds=60), lead=timedelta(seconds=1))
    assert first < OPEN < last
    assert {record.at for record in part} < {record.at for record in tape}
    assert sum((1 for record in part if isinstance(record.what, Quote)), 0) == 6


# --- several orders in one market, and long tapes -------------------------------------------------------------------


@dataclass(frozen=True)
class Quoting:
    """Rests at a cent more with each look, and takes its last order away; it may enter as often as it likes."""

    seen: list[View] = field(default_factory=list)
    name: str = "quoting"
    reenters: ClassVar[bool] = True

    def on_tick(self, view: View) -> Decision:
        assert view.market is not None
        self.seen.append(view)
        if len(self.seen) > 4:
            return Decision(skipped="enough", cancels=tuple(order.client_order_id for order in view.resting))
        price = D("0.30") + D("0.01") * len(self.seen)
        intent = Intent(self.name, view.market.ticker, Outcome.YES, price, D(5), "quote")
        return Decision(intents=(intent,), cancels=tuple(order.client_order_id for order in view.resting))


def test_it_is_shown_what_rests_and_its_cancels_take_it_away() -> None:
    quoting = Quoting()
    came = backtest(quoting, life(), replace(AT_ONCE, limits=limits(60)))
    shown = [[str(order.price) for order in view.resting] for view in quoting.seen[:6]]
    assert shown == [[], ["0.31"], ["0.32"], ["0.33"], ["0.34"], []]
    assert (came.trades, came.open) == ([], [])


@dataclass(frozen=True)
class Again:
    """Buys one contract with each look, up to three."""

    held: list[Decimal] = field(default_factory=list)
    name: str = "again"
    reenters: ClassVar[bool] = True

    def on_tick(self, view: View) -> Decision:
        assert view.market is not None
        holding = view.holding(view.market.ticker)
        self.held.append(holding.contracts if holding else D(0))
        if self.held[-1] >= 3:
            return Decision(skipped="full")
        return Decision(intents=(Intent(self.name, view.market.ticker, Outcome.YES, D("0.52"), D(1), "again"),))


def test_it_enters_again_and_is_shown_what_it_holds() -> None:
    again = Again()
    (trade,) = backtest(again, life(), AT_ONCE).trades
    assert again.held[:4] == [0, 1, 2, 3]
    assert trade.contracts == 3


def test_a_long_tape_books_every_fill_once(tmp_path: Path) -> None:
    """Longer than the paper book remembers what it filled."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    rows = []
    for number in range(5 * 96):
        opens = start + timedelta(minutes=15 * number)
        closes = opens + timedelta(minutes=15)
        rows.append(f"KXBTC15M-{number},{opens.isoformat()},{closes.isoformat()},,,{'yes' if number % 2 else 'no'}")
    path = tmp_path / "results.csv"
    path.write_text(
        "event_ticker,open_time_utc,close_time_utc,floor_strike,expiration_value,result\n" + "\n".join(rows)
    )
    came = backtest(Previous(), of_results(path, D("0.50")), Terms())
    assert (len(came.trades), came.unfilled, came.open) == (5 * 96 - 1, 0, [])
    assert all(trade.contracts == 10 and trade.fees == D("0.175") for trade in came.trades)


@pytest.mark.parametrize(("fill", "filled"), [("touch", 5), ("through", 0)])
def test_when_a_resting_order_fills_is_as_it_is_told(fill: str, filled: int) -> None:
    """It rests at 51 cents, and the ask comes down to just there."""
    later = OPEN + timedelta(seconds=15)
    tape = in_order([*(r for r in life() if r.at < later), Record(later, quote("0.49", "0.51", later))])
    came = backtest(Once(D("0.51")), tape, Terms(0, limits=limits(60), fill=fill))
    assert sum(trade.contracts for trade in came.open) == filled
