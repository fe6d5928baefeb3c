"""The halts that nobody asks for: the day's loss with its warnings, and prices that have gone silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.trading.build import TICKER, quote
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.events import HaltCleared, HaltRaised
from trading.domain.market import Quote
from trading.domain.order import Mode
from trading.domain.state import LossTold, Reason, State, Totals, TradingState
from trading.engine.loading import load_state
from trading.engine.watch import STALE_SECONDS

TODAY = START.date()


def losing(loss: str, mode: Mode = Mode.REAL) -> Rig:
    monday = TODAY - timedelta(days=TODAY.weekday())
    totals = Totals(day=TODAY, day_profit=-Decimal(loss), week=monday, week_profit=-Decimal(loss))
    return rig(mode, state=State(mode=mode, totals={mode: totals}))


def lose(r: Rig, loss: str) -> None:
    totals = replace(r.book.state.totals[Mode.REAL], day_profit=-Decimal(loss))
    r.book.state = replace(r.book.state, totals={Mode.REAL: totals})


async def beat(r: Rig, seconds: float = 5, *, fresh: bool = True) -> None:
    r.clock.advance_to(r.clock.now() + timedelta(seconds=seconds))
    if fresh:
        r.real.quotes[TICKER] = quote(at=r.clock.now())
    await r.cycle.beat()


@pytest.mark.parametrize(
    ("loss", "level"), [("12.49", 0), ("12.50", 50), ("19.99", 50), ("20", 80), ("24.99", 80), ("25", 100), ("30", 100)]
)
async def test_each_level_of_the_days_loss_is_told(loss: str, level: int) -> None:
    r = losing(loss)
    await beat(r)
    await beat(r)
    assert r.told().count("LossReached") == (level > 0)
    assert r.book.state.loss_told.get(Mode.REAL) == (LossTold(TODAY, level) if level else None)
    assert (Reason.DAY_LOSS in r.book.state.halts) is (level == 100)


async def test_a_loss_that_grows_is_told_level_by_level() -> None:
    r = losing("13")
    for loss in ("13", "14", "21", "22", "26", "27"):
        lose(r, loss)
        await beat(r)
    assert r.told().count("LossReached") == 3
    assert r.book.state.trading is TradingState.HALTED


async def test_what_was_told_is_kept_over_a_restart_and_begins_anew_with_the_day() -> None:
    r = losing("13")
    await beat(r)
    again = load_state(r.store, r.clock.now(), Mode.REAL)
    assert again.loss_told == {Mode.REAL: LossTold(TODAY, 50)}
    r.clock.advance_to(START + timedelta(days=1))
    totals = replace(Totals(), day=TODAY + timedelta(days=1), day_profit=Decimal(-13))
    r.book.state = replace(r.book.state, totals={Mode.REAL: totals})
    await beat(r)
    assert r.told().count("LossReached") == 2


async def test_the_loss_of_yesterday_is_not_told_as_todays() -> None:
    r = losing("13")
    await beat(r)
    await beat(r)
    r.clock.advance_to(START + timedelta(days=1))
    await beat(r)
    assert r.told().count("LossReached") == 1


async def test_a_new_day_alone_never_restarts_trading_and_a_resume_is_not_undone() -> None:
    r = losing("25")
    await beat(r)
    r.clock.advance_to(START + timedelta(days=1))
    await beat(r)
    assert Reason.DAY_LOSS in r.book.state.halts
    r.book.record(HaltCleared(r.clock.now(), Reason.DAY_LOSS, "Ann"))
    await beat(r)
    assert r.book.state.trading is TradingState.ACTIVE


async def test_a_profit_warns_of_nothing() -> None:
    r = losing("-30")
    await beat(r)
    assert "LossReached" not in r.told()


@pytest.mark.parametrize("part", ["spot price", "quote"])
async def test_silent_prices_halt_and_are_over_by_themselves(part: str) -> None:
    r = rig()
    await beat(r)
    price, r.feed.price = r.feed.price, None if part == "spot price" else r.feed.price
    await beat(r, STALE_SECONDS, fresh=part != "quote")
    assert r.book.state.trading is TradingState.ACTIVE
    await beat(r, 1, fresh=part != "quote")
    assert r.book.state.halts[Reason.STALE_FEED].detail == f"no {part} for 60 s"
    r.feed.price = price
    await beat(r)
    assert r.book.state.trading is TradingState.ACTIVE


async def test_a_pause_of_the_exchange_keeps_it_quiet() -> None:
    r = rig()
    await beat(r)
    r.book.record(HaltRaised(r.clock.now(), Reason.EXCHANGE_PAUSED, "engine", "paused"))
    r.real.trading_active = False
    await beat(r, STALE_SECONDS + 1, fresh=False)
    assert Reason.STALE_FEED not in r.book.state.halts


async def test_between_markets_nothing_is_stale() -> None:
    r = rig()
    await beat(r)
    r.real.known.clear()
    r.clock.advance_to(START + timedelta(hours=3))
    await beat(r, 600, fresh=False)
    await beat(r, 600, fresh=False)
    assert r.book.state.trading is TradingState.ACTIVE


async def test_an_exchange_that_answers_slowly_makes_no_price_older() -> None:
    r = rig()

    async def slowly(ticker: str) -> Quote:
        r.clock.advance_to(r.clock.now() + timedelta(seconds=2 * STALE_SECONDS))
        return quote(at=r.clock.now())

    r.real.quote = slowly  # type: ignore[method-assign]
    for _ in range(3):
        await r.cycle.beat()
    assert r.book.state.trading is TradingState.ACTIVE
