"""A kill, step by step: what it asks the exchange for, what it says of each failure, and what it leaves written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.trading.build import OPEN, TICKER, order
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.errors import StoreFailed, Unavailable, Unresolved
from trading.domain.events import HaltRaised
from trading.domain.order import Mode, Order, OrderStatus
from trading.domain.state import Halt, Reason

PAUSED = Unavailable("exchange_is_paused")


async def resting() -> Rig:
    """One resting order, and no call to the exchange yet since then."""
    r = rig()
    await r.submit()
    r.real.calls.clear()
    return r


async def test_a_kill_is_one_halt_and_every_order_says_that_it_was_killed() -> None:
    r = await resting()
    report = await r.halting.kill("ann")
    assert r.book.state.halts == {Reason.MANUAL: Halt(Reason.MANUAL, START, "ann", "killed")}
    assert (r.order().status, r.order().why) == (OrderStatus.CANCELED, "killed")
    assert (report.stored, report.cancel_sent, report.listed, report.problems) == (True, True, (), ())
    assert 0 <= report.seconds < 60


@pytest.mark.parametrize("stored", [False, True])
async def test_a_closed_latch_is_enough_and_a_stored_halt_is_too(stored: bool) -> None:
    r = rig()

    async def halt() -> None:
        if stored:
            r.book.record(HaltRaised(START, Reason.ENGINE_ERROR, "engine"))
        else:
            r.broker.latch.closed = True

    r.real.during_place = halt
    await r.submit()
    assert (r.order().status, r.order().why) == (OrderStatus.CANCELED, "halted")


async def test_it_asks_for_all_at_once_and_for_each_that_is_known() -> None:
    r = await resting()
    await r.halting.kill("ann")
    assert r.real.calls == ["cancel_all", "cancel", "orders", "orders", "order"]
    r = rig()
    r.real.on_place = [Unresolved("timed out")]
    await r.submit()
    r.real.land(order(client_order_id="by-hand"), "fill")
    await r.halting.kill("ann")
    assert "cancel" not in r.real.calls, "neither what has no id nor what is over"


async def test_what_a_cancel_all_leaves_is_cancelled_by_id(monkeypatch: pytest.MonkeyPatch) -> None:
    r = rig()
    r.real.land(order(client_order_id="by-hand"), "rest")

    async def nothing() -> None: ...

    monkeypatch.setattr(r.real, "cancel_all", nothing)
    report = await r.halting.kill("ann")
    assert (report.listed, r.real.listed["x-by-hand"].status) == ((), OrderStatus.CANCELED)


async def test_each_refusal_is_said() -> None:
    r = await resting()
    r.real.cancel_error = PAUSED
    report = await r.halting.kill("ann")
    left = r.order().order_id
    assert (report.cancel_sent, report.listed) == (False, (left,))
    assert report.problems == ("cancel-all (real): exchange_is_paused", f"cancel {left}: exchange_is_paused")
    assert r.real.calls.count("order") == 1, "each order is read back once"
    await r.halting.sweep()
    assert r.order().why == "halted"


async def test_an_exchange_that_is_gone_is_said_at_every_step() -> None:
    r = await resting()
    r.real.down = Unavailable("refused")
    report = await r.halting.kill("ann")
    unread = "the list of open orders: refused"
    assert report.problems == ("cancel-all (real): refused", unread, unread)


async def test_a_store_that_fails_is_said_and_cancels_go_out_all_the_same() -> None:
    r = await resting()
    r.store.fail = StoreFailed("disk full")
    report = await r.halting.kill("ann")
    assert (report.stored, report.listed, r.marks) == (False, (), ["ann"])
    assert report.problems == (
        "the halt could not be stored (disk full); a marker file keeps it",
        f"confirm {r.order().order_id}: disk full",
    )


async def test_a_listed_order_takes_the_shape_that_a_cancel_needs() -> None:
    r = await resting()
    (report,) = r.real.listed.values()
    plain = Order(
        client_order_id=report.client_order_id,
        mode=Mode.REAL,
        strategy="",
        ticker=TICKER,
        side=report.side,
        price=report.price,
        count=report.initial,
        status=OrderStatus.RESTING,
        created_at=OPEN,
        updated_at=OPEN,
        exchange_index=2,
        order_id=report.order_id,
    )
    listed = replace(report, created_at=OPEN, exchange_index=2)
    assert r.halting.as_order(listed) == plain
    r.clock.advance_to(START + timedelta(seconds=5))
    undated = r.halting.as_order(replace(listed, created_at=None))
    assert undated == replace(plain, created_at=r.clock.now(), updated_at=r.clock.now())
