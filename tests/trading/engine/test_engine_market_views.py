"""What the desk answers about one market and its pictures, and about what each strategy sees."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tests.trading.build import OPEN, TICKER, before, market, quote, ticks
from tests.trading.engine.rig import START, rig
from trading.domain.errors import NotFound, Unavailable
from trading.domain.events import WindowPassed
from trading.domain.intent import View
from trading.domain.order import Mode, Position, position_key
from trading.engine.market_views import WINDOWS_SHOWN
from trading.engine.samples import EVERY_SECONDS, SAMPLES_MAX, Samples

PAST = before().ticker


def view(at: datetime, ticker: str = TICKER, *, seen: bool = True) -> View:
    return View(at, market(ticker=ticker), None, quote(at=at) if seen else None, ticks(at) if seen else ())


# --- samples


def test_a_sample_is_what_the_view_shows() -> None:
    samples = Samples()
    samples.take(view(OPEN))
    samples.take(view(OPEN + timedelta(seconds=5), seen=False))
    samples.take(View(OPEN + timedelta(seconds=10), None, None, None))
    first, second = samples.of(TICKER)
    assert (first.at, first.spot, first.bid, first.ask) == (OPEN, Decimal(90100), Decimal("0.50"), Decimal("0.52"))
    assert (second.spot, second.bid, second.ask) == (None, None, None)
    assert samples.of("KXOTHER") == ()


def test_samples_are_bounded_however_often_and_long_the_bot_looks() -> None:
    samples = Samples()
    for tenth in range(100):
        samples.take(view(OPEN + timedelta(seconds=tenth / 10)))
    assert [s.at for s in samples.of(TICKER)] == [OPEN + timedelta(seconds=n * EVERY_SECONDS) for n in range(3)]
    samples.take(view(OPEN + timedelta(seconds=10), "KXNEXT"))  # another market is never too soon
    assert len(samples.of("KXNEXT")) == 1
    for beat in range(SAMPLES_MAX):
        samples.take(view(OPEN + timedelta(seconds=100 + 5 * beat), "KXNEXT"))
    assert samples.of(TICKER) == ()
    assert len(samples.of("KXNEXT")) == SAMPLES_MAX


# --- one market


async def test_a_market_with_what_is_ours_in_it() -> None:
    r = rig()
    r.real.on_place = ["fill"]
    await r.cycle.beat()
    await r.submit()
    await r.account.update()
    page = await r.desk.market("")
    assert page.market.ticker == TICKER
    assert page.quote is not None
    assert page.tick is not None
    assert (page.position, len(page.orders), len(page.trades)) == (Decimal(9), 1, 1)
    assert sum(f.count for f in page.fills) == 9
    assert [o.strategy for o in page.opinions] == ["consensus"]
    assert page.opinions[0].signals
    assert (await r.desk.market(TICKER.lower())).market.ticker == TICKER


async def test_the_other_books_orders_are_not_shown() -> None:
    r = rig()
    await r.cycle.beat()
    await r.submit()
    r.book.state = replace(r.book.state, mode=Mode.DRY_RUN)
    page = await r.desk.market(TICKER)
    assert (page.orders, page.trades, page.fills, page.position) == ((), (), (), Decimal(0))


async def test_a_past_market_has_no_quote_and_says_what_came_of_it() -> None:
    r = rig()
    await r.cycle.beat()
    passed = WindowPassed(OPEN, "consensus", PAST, OPEN, Mode.REAL, False, False, "disagree")
    r.book.record(passed)
    page = await r.desk.market(PAST)
    assert (page.market.result, page.quote, page.tick) == ("yes", None, None)
    assert [o.passed for o in page.opinions] == [passed]


async def test_what_cannot_be_shown_is_said() -> None:
    r = rig()
    with pytest.raises(NotFound, match="no market is open now"):
        await r.desk.market("")
    with pytest.raises(NotFound, match="lists no market KXNONE"):
        await r.desk.market("kxnone")
    r.real.down = Unavailable("no answer")
    with pytest.raises(Unavailable):
        await r.desk.market_history(PAST)


async def test_a_markets_history_is_what_was_seen_and_our_fills() -> None:
    r = rig()
    r.real.on_place = ["fill"]
    for _ in range(3):
        await r.cycle.beat()
        await r.clock.sleep(5)
    await r.submit()
    await r.account.update()
    page = await r.desk.market_history("")
    assert [s.at for s in page.samples] == [START + timedelta(seconds=5 * n) for n in range(3)]
    assert page.samples[0].spot == Decimal(90000)
    assert page.samples[0].bid == Decimal("0.50")
    assert sum(f.count for f in page.fills) == 9
    assert (await r.desk.market_history(PAST)).samples == ()


# --- what strategies see


async def test_every_strategy_says_what_it_sees_and_its_own_windows() -> None:
    r = rig()
    (first,) = r.cycle.strategies
    r.cycle.strategies = (first, replace(first, name="second"))  # type: ignore[type-var]
    await r.cycle.beat()
    for n in range(WINDOWS_SHOWN + 2):
        at = OPEN + timedelta(minutes=n)
        r.book.record(WindowPassed(at, "second", f"{PAST}{n}", at, Mode.REAL, False, False, "flat"))
    r.book.record(WindowPassed(OPEN, "second", "KXPAPER", OPEN, Mode.DRY_RUN, False, False, "flat"))
    one, two = r.desk.signals()
    assert (one.strategy, two.strategy) == ("consensus", "second")
    assert one.market is not None
    assert one.signals == two.signals != ()
    assert one.windows == ()
    assert [w.at for w in two.windows] == [OPEN + timedelta(minutes=n) for n in (6, 5, 4, 3, 2)]


# --- the glance


async def test_the_market_that_opens_next_is_named() -> None:
    r = rig()
    coming = market(ticker="KXBTC15M-NEXT", close_time=OPEN + timedelta(minutes=30))
    later = market(ticker="KXBTC15M-LATER", close_time=OPEN + timedelta(minutes=45))
    r.real.known |= {m.ticker: m for m in (later, coming)}
    assert r.desk.status().coming is None
    await r.cycle.beat()
    assert r.desk.status().coming == coming


async def test_equity_is_cash_and_what_the_bids_would_bring() -> None:
    r = rig()
    assert (await r.desk.balance()).worth == 0
    for contracts, worth in ((9, Decimal("4.50")), (-4, Decimal("1.92"))):  # NO is bought back at 1 - ask
        held = Position(Mode.REAL, TICKER, Decimal(contracts))
        r.book.state = replace(r.book.state, positions={position_key(Mode.REAL, TICKER, "consensus"): held})
        assert (await r.desk.balance()).worth == worth
    r.real.quotes = {TICKER: quote(bid=None, ask=None, at=START)}
    assert (await r.desk.balance()).worth is None
