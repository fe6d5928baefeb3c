"""The scanner at work: full passes and refreshes, what it orders, what holds it, and the day's risk over a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import market
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.errors import Rejected, Unavailable
from trading.domain.events import HaltRaised, LimitChanged, ParameterChanged, StrategySwitched
from trading.domain.market import LINEAR_CENT, Level, Quote
from trading.domain.order import Mode, OrderStatus
from trading.domain.state import Reason
from trading.engine.loading import load_state
from trading.engine.pages_scan import find_of, layers_of
from trading.engine.scan_risk import risked_today
from trading.engine.scanning import PASS_SECONDS, Glance, Pass, Scanning
from trading.strategies.scanner import Listed, Page, Scanner

D = Decimal
DROPPED = {("hydrate", "not_open"): 2, ("band", "price"): 7, ("validation", "volume"): 3}


def listed(ticker: str, bid: str = "0.76", ask: str = "0.78", **changes: Any) -> Listed:
    given = {"close_time": START + timedelta(days=2), "open_time": START, "price_ranges": LINEAR_CENT} | changes
    made = market(ticker=ticker, event_ticker=ticker, **given)
    return Listed(made, Quote(ticker, START, Level(D(bid), D(100)), Level(D(ask), D(100))), D(20_000))


@dataclass
class Given:
    """A listing of these markets, one a page, and their books; `asked` counts both."""

    r: Rig
    rows: list[Listed]
    books: dict[str, Quote] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    down: Exception | None = None

    async def pages(self, glance: Glance) -> AsyncGenerator[Page, None]:
        self.asked.append("pages")
        if self.down:
            raise self.down
        assert glance(D("0.76"), D("0.78"), D(20_000)) is None
        yield Page((), DROPPED)
        for row in self.rows:
            yield Page((row,), {})

    async def quotes(self, tickers: Sequence[str]) -> Mapping[str, Quote]:
        self.asked.append(f"books {len(tickers)}")
        now = self.r.clock.now()
        shown = {row.market.ticker: replace(row.quote, seen_at=now) for row in self.rows} | self.books
        return {ticker: replace(shown[ticker], seen_at=now) for ticker in tickers}


def at_work(*rows: Listed, r: Rig | None = None, **parameters: Any) -> tuple[Rig, Given, Scanning, list[Pass]]:
    r = r or rig()
    given, passes = Given(r, list(rows)), list[Pass]()
    scanning = Scanning(r.account, given, given.quotes, Scanner(**parameters), on_pass=passes.append)
    return r, given, scanning, passes


def tickers(r: Rig) -> list[str]:
    return [order.ticker for order in r.book.state.orders.values()]


async def test_a_pass_orders_its_candidates_with_a_fresh_quote_and_says_what_each_layer_kept() -> None:
    r, given, scanning, passes = at_work(listed("KX-A"), listed("KX-B", "0.22", "0.24"))
    r.real.on_place = ["fill", "rest"]
    r.clock.advance_to(START + timedelta(seconds=60))  # the listing's own quotes are too old for the gate by now
    await scanning.turn()
    first, second = r.book.state.orders.values()
    assert (first.strategy, first.ticker, first.own_price, first.count) == ("scanner", "KX-A", D("0.78"), 6)
    assert (second.outcome.value, second.own_price) == ("no", D("0.78"))
    assert first.filled == 6, "its fills are read, not assumed"
    assert second.status is OrderStatus.RESTING
    assert given.asked == ["pages", "books 2"]
    (passed,) = passes
    layers = {layer.name: (layer.kept, layer.dropped) for layer in layers_of(passed.funnel)}
    assert layers == {
        "hydrate": (12, (("not_open", 2),)),
        "band": (5, (("price", 7),)),
        "validation": (2, (("volume", 3),)),
        "risk": (2, ()),
    }
    assert passed.acted == {"ordered": 2}
    assert D("9.36") < passed.risked < D("9.6"), "two times 6 x 0.78 and the fees"


async def test_what_did_not_fill_is_cancelled_by_the_beat() -> None:
    r, _, scanning, _ = at_work(listed("KX-A"))
    await scanning.turn()
    r.clock.advance_to(START + timedelta(seconds=11))
    await r.account.update()
    assert r.order().status is OrderStatus.CANCELED
    assert await scanning.risked() == 0
    r.clock.advance_to(START + timedelta(seconds=PASS_SECONDS + 12))
    await scanning.turn()
    assert tickers(r).count("KX-A") <= 1, "a market is tried once"
    assert r.real.calls.count("place") == 1


async def test_between_passes_only_the_candidates_books_are_read() -> None:
    r, given, scanning, passes = at_work(listed("KX-A"))
    given.books["KX-A"] = Quote("KX-A", START, Level(D("0.88"), D(9)), Level(D("0.90"), D(9)))
    await scanning.turn()
    assert tickers(r) == [], "its price has left the band since it was listed"
    r.clock.advance_to(START + timedelta(seconds=5))
    del given.books["KX-A"]
    await scanning.turn()
    assert tickers(r) == ["KX-A"]
    assert given.asked == ["pages", "books 1", "books 1"]
    r.clock.advance_to(START + timedelta(seconds=PASS_SECONDS))
    await scanning.turn()
    assert given.asked[3:] == ["pages"], "the next pass is due, and leaves nothing to refresh"
    assert [passed.funnel.dropped["validation", "held"] for passed in passes] == [0, 1]


@pytest.mark.parametrize("holding", ["halt", "pause", "disable", "latch"])
async def test_halts_and_disable_hold_it_before_it_reads_anything(holding: str) -> None:
    r, given, scanning, _ = at_work(listed("KX-A"))
    now = r.clock.now()
    match holding:
        case "halt":
            r.book.record(HaltRaised(now, Reason.MANUAL, "ann"))
        case "pause":
            r.book.record(HaltRaised(now, Reason.PAUSED, "ann"))
        case "disable":
            r.book.record(StrategySwitched(now, "scanner", False, "ann"))
        case "latch":
            r.broker.latch.closed = True
    await scanning.turn()
    assert given.asked == []
    assert (await scanning.look()).funnel.candidates, "people may look all the same"
    assert r.real.calls == []


async def test_a_kill_on_the_way_ends_a_turn() -> None:
    r, _, scanning, passes = at_work(listed("KX-A"), listed("KX-B"))

    async def kill() -> None:
        r.broker.latch.closed = True

    r.real.during_place = kill
    await scanning.turn()
    assert r.real.calls.count("place") == 1
    assert r.order().status is OrderStatus.CANCELED
    assert passes[0].acted == {"ordered": 1}


async def test_a_stop_waits_for_the_order_on_its_way_and_lets_none_follow() -> None:
    r, given, scanning, passes = at_work(listed("KX-A"), listed("KX-B"))
    go, under_way = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        under_way.set()
        await go.wait()

    r.real.during_place = slow
    turn = asyncio.create_task(scanning.turn())
    await under_way.wait()
    stopping = asyncio.create_task(scanning.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    go.set()
    await asyncio.gather(stopping, turn)
    assert r.real.calls.count("place") == 1
    assert passes[0].acted == {"ordered": 1}
    given.asked.clear()
    await scanning.turn()
    assert given.asked == []


async def test_every_order_passes_the_gate() -> None:
    r, _, scanning, passes = at_work(listed("KX-A"), listed("KX-B"))
    r.book.record(LimitChanged(r.clock.now(), "order", D(4), "ann"))
    await scanning.turn()
    assert tickers(r) == []
    assert passes[0].acted == {"max_order": 2}


async def test_the_days_risk_is_a_cap_that_a_restart_does_not_forget() -> None:
    rows = [listed(f"KX-{n}") for n in range(9)]
    r, _, scanning, passes = at_work(*rows, daily_risk_usd=D(12))
    await scanning.turn()
    risked = passes[0].risked
    assert len(tickers(r)) == 3
    assert D(9) < risked <= 12
    again = rig(store=r.store, state=load_state(r.store, r.clock.now(), Mode.REAL))
    _, _, restarted, later = at_work(*rows, r=again, daily_risk_usd=D(12))
    await restarted.turn()
    assert await restarted.risked() == risked
    assert len(tickers(again)) == 3
    assert later[0].funnel.dropped["risk", "cap"] == 6
    tomorrow = (r.clock.now() + timedelta(days=1)).date()
    assert await risked_today(again.book, Mode.REAL, "scanner", tomorrow) == 0
    assert await risked_today(again.book, Mode.DRY_RUN, "scanner", r.clock.now().date()) == 0
    assert await risked_today(again.book, Mode.REAL, "consensus", r.clock.now().date()) == 0


async def test_what_people_changed_of_it_holds() -> None:
    r, _, scanning, passes = at_work(listed("KX-A"))
    r.book.record(ParameterChanged(r.clock.now(), "scanner", "daily_risk_usd", D(0), "ann"))
    await scanning.turn()
    assert passes[0].funnel.dropped["risk", "cap"] == 1
    assert tickers(r) == []


async def test_a_shard_that_does_not_trade_or_has_no_cash_gets_no_order() -> None:
    r, _, scanning, passes = at_work(listed("KX-A"))
    r.real.trading_active = False
    await scanning.turn()
    assert passes[0].acted == {"shard_paused": 1}
    r.broker.cash.shards = {0: D(10)}
    r.clock.advance_to(START + timedelta(seconds=PASS_SECONDS))
    await scanning.turn()
    assert passes[1].acted == {"shard_without_cash": 1}
    assert r.real.calls.count("place") == 0


async def test_a_listing_that_fails_is_told_and_tried_again_when_the_next_pass_is_due() -> None:
    r, given, scanning, passes = at_work(listed("KX-A"))
    given.down = Unavailable("GET /markets: no answer within 30 s")
    await scanning.turn()
    assert r.told().count("ErrorSeen") == 1
    given.down = None
    await scanning.turn()
    assert given.asked == ["pages"]
    r.clock.advance_to(START + timedelta(seconds=PASS_SECONDS))
    await scanning.turn()
    assert passes[0].acted == {"ordered": 1}


async def test_a_refusal_of_the_exchange_counts_like_any_other() -> None:
    r, _, scanning, _ = at_work(listed("KX-A"))
    r.real.on_place = [Rejected("invalid_price", "off", 400)]
    await scanning.turn()
    assert r.book.state.rejections == 1


async def test_looking_says_how_far_it_is_and_orders_nothing() -> None:
    r, _, scanning, _ = at_work(listed("KX-A"), listed("KX-B"))
    said: list[tuple[int, int]] = []

    async def told(read: int, kept: int) -> None:
        said.append((read, kept))

    passed = await scanning.look(told)
    assert said == [(12, 0), (13, 1), (14, 2)]
    assert r.real.calls == []
    find = find_of(passed.funnel.candidates[0])
    assert (find.ticker, find.count, find.price) == ("KX-A", 6, D("0.78"))
    assert find.cost == D("4.68") + D("0.0721")
    assert "spread 0.02" in find.why
