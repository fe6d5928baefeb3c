"""The market maker over 50 windows: its promises hold in every beat, and its log gives its fills again."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from chatbot.life.life import App
from chatbot.tools.demo import EPOCH, WINDOW
from chatbot.tools.forward_test import Options
from chatbot.tools.forward_test import played as forward_tested
from tests.flows.maker_rig import Maker, patch
from trading.domain.market import Outcome
from trading.domain.money import ZERO
from trading.domain.order import Fill, Mode
from trading.domain.records import Put
from trading.domain.state import State
from trading.domain.trade import Trade
from trading.research.fill_models import MODELS
from trading.research.forward_test import Terms, forward_test
from trading.research.intent_log import Line, lines

D = Decimal
WINDOWS = 50
CAP = D(6)  # dollars: it is reached
CLOSE = timedelta(seconds=60)
RELEASES = tuple(EPOCH + timedelta(hours=hours, minutes=8) for hours in range(0, 12, 2))
RELEASE = timedelta(seconds=90)
MODE = Mode.DRY_RUN
PARAMETERS = f"""
notional_max_usd = {CAP}
daily_loss_usd = 100000
release_seconds = {RELEASE.total_seconds():.0f}
releases = [{", ".join(f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in RELEASES)}]
"""


@dataclass
class Held:
    """One market: signed YES contracts, and what was paid for them, at the average."""

    contracts: Decimal = ZERO
    cost: Decimal = ZERO

    def take(self, fill: Fill) -> None:
        own, left = fill.cost / fill.count, fill.count
        if self.contracts * fill.signed < 0:
            closed = min(left, abs(self.contracts))
            self.cost -= self.cost * closed / abs(self.contracts)
            left -= closed
        self.cost += left * own
        self.contracts += fill.signed


@dataclass
class Seen:
    """What was so after every beat."""

    at: list[datetime] = field(default_factory=list)
    notional: list[Decimal] = field(default_factory=list)  # the highest of any market and side, dollars
    quotes: list[int] = field(default_factory=list)
    held: dict[str, Held] = field(default_factory=lambda: defaultdict(Held))

    def hear(self, puts: Sequence[Put]) -> None:
        for fill in (put.record for put in puts if isinstance(put.record, Fill)):
            self.held[fill.ticker].take(fill)

    def look(self, app: App) -> None:
        self.at.append(app.places.clock.now())
        self.notional.append(max(self._stakes(app.book.state), default=ZERO))
        self.quotes.append(len(app.book.state.live_orders(MODE)))

    def _stakes(self, state: State) -> Iterator[Decimal]:
        """Dollars by market and side: what is held was paid for, and what rests will be."""
        resting = state.live_orders(MODE)
        for trade in state.open_trades(MODE):
            held = self.held[trade.ticker]
            assert held.contracts == trade.position
            for side in Outcome:
                stake = held.cost if (held.contracts > 0) == (side is Outcome.YES) else ZERO
                mine = [o for o in resting if (o.ticker, o.outcome) == (trade.ticker, side)]
                yield stake + sum((o.open_count * o.own_price for o in mine), ZERO)

    def quoting(self) -> dict[datetime, int]:
        return dict(zip(self.at, self.quotes, strict=True))


@dataclass
class Played:
    seen: Seen
    fills: list[Fill]
    log: list[Line]
    files: tuple[Path, ...]
    state: State
    trades: list[Trade]


async def fifty_windows(folder: Path) -> Played:
    maker, seen = Maker(folder, PARAMETERS), Seen()
    maker.app.book.listen(seen.hear)
    await maker.app.start()
    await maker.play(EPOCH + WINDOWS * WINDOW + timedelta(minutes=1), seen.look)
    maker.app.cycle.strategies = ()
    await maker.play(EPOCH + WINDOWS * WINDOW + timedelta(minutes=16))
    fills, state, trades = maker.fills(), maker.app.book.state, cast(list[Trade], maker.app.store.select("trades"))
    await maker.app.stop("done")
    files = tuple(sorted(maker.intents.iterdir()))
    log = [line for path in files for line in lines(path.read_text().splitlines(), path.name)]
    return Played(seen, fills, log, files, state, trades)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return asyncio.run(fifty_windows(tmp_path_factory.mktemp("maker")))


def test_it_traded_in_every_window_and_within_its_notional_in_every_beat(played: Played) -> None:
    assert len({fill.ticker for fill in played.fills}) >= WINDOWS
    assert max(played.seen.notional) <= CAP
    assert max(played.seen.notional) > CAP * D("0.9")  # or it would not have been the cap that held


def test_it_never_took(played: Played) -> None:
    assert played.fills
    assert not any(fill.is_taker for fill in played.fills)


def test_it_has_no_quotes_out_near_the_close(played: Played) -> None:
    near = {at: n for at, n in played.seen.quoting().items() if (at - EPOCH) % WINDOW >= WINDOW - CLOSE}
    assert len(near) >= 4 * WINDOWS
    assert set(near.values()) == {0}


def test_it_has_no_quotes_out_around_releases(played: Played) -> None:
    near = {at: n for at, n in played.seen.quoting().items() if any(abs(at - each) <= RELEASE for each in RELEASES)}
    assert len(near) >= 10 * len(RELEASES)
    assert set(near.values()) == {0}


@pytest.mark.parametrize("wrong", ["silent", "old"])
def test_it_has_no_quotes_out_while_its_data_is_stale(played: Played, wrong: str) -> None:
    blind = {at: n for at, n in played.seen.quoting().items() if patch(at) == wrong}
    assert len(blind) >= 3 * WINDOWS // 3
    assert set(blind.values()) == {0}


def test_it_quotes_both_sides_most_of_the_time(played: Played) -> None:
    counts = Counter(played.seen.quotes)
    assert max(counts) <= 2
    assert counts[2] > len(played.seen.quotes) / 2


def test_it_ends_flat(played: Played) -> None:
    state = played.state
    assert (state.open_trades(), state.live_orders(), dict(state.positions)) == ([], [], {})
    assert not state.halts


def test_its_log_gives_exactly_the_fills_it_got(played: Played) -> None:
    assert len(played.files) == 2  # two days of the owner
    outcome = forward_test(played.log, MODELS["touch"](), Terms())
    assert [_told(fill) for fill in outcome.fills] == [_told(fill) for fill in played.fills]


@pytest.mark.parametrize("model", ["through", "queue"])
def test_other_readings_of_the_same_log_give_others(played: Played, model: str) -> None:
    outcome = forward_test(played.log, MODELS[model](), Terms())
    assert [_told(fill) for fill in outcome.fills] != [_told(fill) for fill in played.fills]


def test_its_profit_is_the_forward_tests(played: Played) -> None:
    report = forward_tested(Options(played.files), ZoneInfo("UTC"))
    totals = played.state.totals_of(MODE, "market_maker")
    assert report.total.profit == totals.profit == sum((t.profit for t in played.trades), ZERO)
    assert (report.total.fees, report.total.open_contracts) == (totals.fees, ZERO)
    assert report.total.adverse is not None


def _told(fill: Fill) -> tuple[datetime, str, str, Decimal, Decimal, Decimal]:
    return fill.at, fill.ticker, fill.side.value, fill.price, fill.count, fill.fee


# --- stopped in the middle, and stopped by its own loss -------------------------------------------------------------


async def test_stopped_in_the_middle_it_says_what_it_holds(tmp_path: Path) -> None:
    maker = Maker(tmp_path, PARAMETERS)
    await maker.app.start()
    moment = EPOCH + WINDOW / 2
    while not maker.app.book.state.positions:
        await maker.play(moment)
        moment += WINDOW / 2
    held = sum((abs(position.contracts) for position in maker.app.book.state.positions.values()), ZERO)
    shown = (await maker.app.desk.positions()).held
    await maker.app.stop("done")
    assert maker.app.book.state.live_orders() == []
    assert sum((abs(each.position.contracts) for each in shown), ZERO) == held > 0
    report = forward_tested(Options(tuple(maker.intents.iterdir())), ZoneInfo("UTC"))
    assert report.total.open_contracts == held


async def test_its_own_loss_switches_it_off_for_the_day_and_is_said_once(tmp_path: Path) -> None:
    maker = Maker(tmp_path, "daily_loss_usd = 10")
    await maker.app.start()
    await maker.play(EPOCH + 4 * WINDOW)
    state = maker.app.book.state
    assert state.disabled == {"market_maker"}
    assert state.live_orders() == []
    loss = -state.totals_of(MODE, "market_maker").profit
    assert 5 < loss < 13  # it is looked at before each decision: at most what both quotes could lose comes on top
    [said] = errors(maker)
    assert "has lost $8.49 today and may lose $2.20 more by what it holds: its limit is $10.00 a day" in said
    assert "/enable market_maker" in said

    # Switched on again on the same day, it is off at once, and that is said once more.
    orders = maker.app.store.count("orders")
    preview = await maker.app.desk.preview_enable("market_maker")
    maker.app.desk.enable("market_maker", "its owner", preview.fingerprint)
    await maker.play(EPOCH + 5 * WINDOW)
    assert maker.app.book.state.disabled == {"market_maker"}
    assert maker.app.store.count("orders") == orders
    assert len(errors(maker)) == 2

    # On the next day of the owner (of New York) it may trade again, when the owner says so.
    maker.clock.advance_to(EPOCH + timedelta(hours=6))
    preview = await maker.app.desk.preview_enable("market_maker")
    maker.app.desk.enable("market_maker", "its owner", preview.fingerprint)
    await maker.play(EPOCH + timedelta(hours=6, minutes=1))
    assert maker.app.store.count("orders") > orders
    await maker.app.stop("done")


def errors(maker: Maker) -> list[str]:
    """What people are told has gone wrong, without the spells in which the quotes do."""
    said = (f"{n.title} {n.fields} {n.note}" for n in maker.notices if n.kind == "error")
    return [text for text in said if "no answer" not in text]
