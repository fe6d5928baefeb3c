"""Ending what is open: a cancel is proved by the exchange's own list, asked again until it is, and says why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.trading.build import order
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.errors import ChatopsError, NotFound, Rejected, Unauthorized, Unavailable, Unresolved
from trading.domain.order import OrderStatus
from trading.engine.broker import ABSENCE_SECONDS

LATER = START + timedelta(seconds=5)
DOWN = [Unavailable("connection refused"), Unauthorized("the key is unknown")]


async def unanswered(lands: bool = True) -> Rig:
    """An order that was sent and never answered."""
    r = rig()
    r.real.on_place, r.real.lands = [Unresolved("timed out")], lands
    await r.submit()
    return r


async def test_a_cancelled_order_says_when_and_why() -> None:
    r = rig()
    await r.submit()
    r.clock.advance_to(LATER)
    assert await r.broker.cancel(r.order(), "test")
    ended = r.order()
    assert (ended.status, ended.why) == (OrderStatus.CANCELED, "test")
    assert (ended.cancel_requested_at, ended.updated_at) == (LATER, LATER)


async def test_a_cancel_that_is_asked_again_was_requested_when_it_first_was() -> None:
    r = rig()
    await r.submit()
    r.real.cancel_error = Unavailable("exchange_is_paused")
    assert not await r.broker.cancel(r.order(), "test")
    assert (r.order().cancel_requested_at, r.order().why) == (START, "test")
    r.clock.advance_to(LATER)
    r.real.cancel_error = None
    assert await r.broker.cancel(r.order(), "again")
    assert (r.order().cancel_requested_at, r.real.calls.count("cancel"), r.order().why) == (START, 2, "again")


@pytest.mark.parametrize("error", [Rejected("order_not_found", "", 400), NotFound("gone")])
async def test_what_cannot_be_cancelled_is_what_its_report_says(error: ChatopsError) -> None:
    r = rig()
    await r.submit()
    r.real.cancel_error = error
    assert not await r.broker.cancel(r.order(), "test"), "it still rests there"
    r.real.listed.clear()
    assert not await r.broker.cancel(r.order(), "test"), "and a report that is missing proves nothing"
    assert r.order().live


@pytest.mark.parametrize("error", DOWN)
async def test_an_exchange_that_does_not_answer_proves_nothing(error: ChatopsError) -> None:
    r = rig()
    await r.submit()
    r.real.down = error
    assert not await r.broker.cancel(r.order(), "test")
    assert not await r.broker.confirm(r.order())
    r = await unanswered()
    r.real.down = error
    assert not await r.broker.resolve(r.order())
    assert r.order().status is OrderStatus.UNKNOWN


async def test_reading_back_what_is_known_writes_nothing_and_keeps_the_reason() -> None:
    r = rig()
    await r.submit()
    before = len(r.store.commits)
    assert not await r.broker.confirm(r.order())
    assert len(r.store.commits) == before
    assert r.order().why == "both say yes"
    r.real.execute(r.order().order_id, r.order().count)
    r.real.land(r.order(), "fill")
    assert await r.broker.confirm(r.order())
    assert (r.order().status, r.order().why) == (OrderStatus.EXECUTED, "both say yes")


async def test_an_order_that_turns_up_is_known_by_the_exchanges_id_from_then_on() -> None:
    r = await unanswered()
    r.clock.advance_to(LATER)
    assert await r.broker.resolve(r.order())
    found = r.order()
    assert (found.status, found.order_id) == (OrderStatus.RESTING, f"x-{found.client_order_id}")
    assert (found.why, found.updated_at) == ("timed out", LATER)


async def test_an_order_on_its_way_is_not_proved_absent() -> None:
    r = rig()
    proved: list[bool] = []

    async def look() -> None:
        r.clock.advance_to(START + timedelta(minutes=5))
        proved.append(await r.broker.resolve(r.order()))

    r.real.during_place = look
    await r.submit()
    assert (proved, r.order().status) == ([False], OrderStatus.RESTING)


async def test_absence_is_proof_once_the_order_could_no_longer_have_landed() -> None:
    r = await unanswered(lands=False)
    r.real.land(order(client_order_id="by-hand"), "rest")
    proof = START + timedelta(seconds=31 + 30)  # its own end, and the time that a late landing is given
    r.clock.advance_to(proof)
    assert not await r.broker.resolve(r.order())
    r.clock.advance_to(proof + timedelta(seconds=1))
    assert await r.broker.resolve(r.order())
    assert (r.order().status, r.order().updated_at) == (OrderStatus.REJECTED, r.clock.now())
    assert r.order().why == "never_arrived: the exchange does not list it"
    assert r.book.state.rejections == 0, "nobody has refused it"


async def test_an_order_that_turns_up_resting_is_cancelled_and_only_then_counts_as_gone() -> None:
    r = rig()
    r.real.on_place = [Unresolved("no answer")]
    await r.submit()
    assert r.order().status is OrderStatus.UNKNOWN
    assert await r.broker.cancel(r.order(), "dry run switched on")
    assert r.order().status is OrderStatus.CANCELED
    assert [report.status for report in r.real.listed.values()] == [OrderStatus.CANCELED]


async def test_an_order_that_turns_up_resting_and_cannot_be_cancelled_does_not_count_as_gone() -> None:
    r = rig()
    r.real.on_place = [Unresolved("no answer")]
    await r.submit()
    r.real.cancel_error = Unavailable("gone")
    assert not await r.broker.cancel(r.order(), "asked to")
    assert r.order().status is OrderStatus.RESTING


@pytest.mark.parametrize("proved", [False, True])
async def test_an_order_without_the_exchanges_id_is_not_cancelled_there(proved: bool) -> None:
    r = await unanswered(lands=False)
    if proved:
        r.clock.advance_to(r.order().expires_at + timedelta(seconds=ABSENCE_SECONDS + 1))
    assert await r.broker.cancel(r.order(), "too late") is proved
    assert r.order().status is (OrderStatus.REJECTED if proved else OrderStatus.UNKNOWN)
    assert ("cancel" in r.real.calls, r.order().cancel_requested_at) == (False, None)
