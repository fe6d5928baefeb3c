"""A low balance is told once, and again only after there was enough; open bets are no loss yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes import ScriptedExchange
from tests.trading.build import TICKER, fill, quote
from tests.trading.engine.rig import Rig, rig
from trading.domain.errors import Unavailable
from trading.domain.events import OrderFilled
from trading.domain.order import Balance, Mode
from trading.engine.loading import load_state


def watched(mode: Mode = Mode.REAL, enough: str = "20", **given: object) -> Rig:
    r = rig(mode, **given)  # type: ignore[arg-type]
    r.broker.limits = replace(r.broker.limits, low_balance_usd=Decimal(enough))
    return r


def has(exchange: ScriptedExchange, cash: str) -> None:
    async def balance() -> Balance:
        exchange.calls.append("balance")
        return Balance(Decimal(cash), {2: Decimal(cash)}, Decimal(0))

    exchange.balance = balance  # type: ignore[method-assign]


async def beat(r: Rig) -> None:
    """One more, a minute on: the real account is read again by then."""
    r.clock.advance_to(r.clock.now() + timedelta(seconds=61))
    r.real.quotes[TICKER] = quote("0.98", "0.99", at=r.clock.now())  # nothing is bought at that
    await r.cycle.beat()


@pytest.mark.parametrize("mode", list(Mode))
async def test_it_is_told_once_and_again_after_there_was_enough(mode: Mode) -> None:
    r = watched(mode)
    mine = r.real if mode is Mode.REAL else r.paper
    for cash, told in (("20", 0), ("19.99", 1), ("3", 1), ("19.99", 1), ("20", 1), ("19.9999", 2)):
        has(mine, cash)
        await beat(r)
        await beat(r)
        assert r.told().count("BalanceLow") == told, cash
    assert r.book.state.balance_low == {mode}


async def test_a_restart_does_not_tell_it_again() -> None:
    r = watched()
    has(r.real, "5")
    await beat(r)
    again = watched(store=r.store, state=load_state(r.store, r.clock.now(), Mode.REAL))
    has(again.real, "5")
    await beat(again)
    assert "BalanceLow" not in again.told()[len(r.told()) :]
    assert again.told().count("BalanceLow") == 1


async def test_what_stands_in_open_bets_is_not_lost_yet() -> None:
    r = watched()
    has(r.real, "20")
    await beat(r)
    taken = await r.submit()
    r.book.record(OrderFilled(r.clock.now(), fill(taken, "9")))
    has(r.real, "15.50")
    await beat(r)
    assert "BalanceLow" not in r.told()


async def test_nothing_is_judged_by_a_figure_that_may_have_changed_or_was_never_read() -> None:
    r = watched()

    async def unread() -> Balance:
        raise Unavailable("no answer")

    r.real.balance = unread  # type: ignore[method-assign]
    await beat(r)
    assert await r.broker.cash.total() is None
    assert "BalanceLow" not in r.told()


async def test_without_a_figure_for_enough_nobody_is_told_and_paper_is_not_asked() -> None:
    r = watched(Mode.DRY_RUN, "0")
    has(r.paper, "0")
    await beat(r)
    assert "BalanceLow" not in r.told()
    assert "balance" not in r.paper.calls
