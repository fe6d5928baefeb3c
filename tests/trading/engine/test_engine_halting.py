"""The kill wins, stays won, and says what it found; what it cannot do it says and keeps trying."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.trading.build import order
from tests.trading.engine.rig import START, rig
from trading.domain.errors import Stale, StoreFailed, Unavailable, Unresolved
from trading.domain.order import Mode, OrderStatus
from trading.domain.records import Put
from trading.domain.state import Reason, TradingState
from trading.engine import halting
from trading.engine.loading import load_state
from trading.risk.gate import Denial


async def test_the_gate_is_closed_before_the_kill_first_yields() -> None:
    r = rig()
    killing = asyncio.ensure_future(r.desk.kill("ann"))
    await asyncio.sleep(0)
    denied = await r.submit()
    assert isinstance(denied, Denial)
    assert denied.code == "halted"
    await killing


async def test_a_kill_cancels_reads_back_and_stores_itself() -> None:
    r = rig()
    await r.submit()
    report = await r.desk.kill("ann")
    assert (report.stored, report.cancel_sent, report.still_listed, report.problems) == (True, True, (), ())
    assert r.order().status is OrderStatus.CANCELED
    assert load_state(r.store, START, Mode.REAL).trading is TradingState.HALTED


async def test_a_kill_cancels_foreign_orders_too() -> None:
    r = rig()
    r.real.land(order(client_order_id="somebody-else"), "rest")
    report = await r.desk.kill("ann")
    assert report.still_listed == ()


async def test_a_kill_in_dry_run_cancels_on_the_account_too() -> None:
    r = rig(Mode.DRY_RUN)
    await r.desk.kill("ann")
    assert "cancel_all" in r.real.calls
    assert "cancel_all" in r.paper.calls


async def test_a_full_disk_still_halts_and_leaves_a_mark() -> None:
    r = rig()
    await r.submit()
    r.store.fail = StoreFailed("disk full")
    report = await r.desk.kill("ann")
    assert not report.stored
    assert r.marks == ["ann"]
    assert r.real.listed[f"x-{r.order().client_order_id}"].status is OrderStatus.CANCELED
    assert isinstance(await r.submit(), Denial)


async def test_a_refused_cancel_is_said_and_the_sweep_goes_on() -> None:
    r = rig()
    await r.submit()
    r.real.cancel_error = Unavailable("exchange_is_paused")
    report = await r.desk.kill("ann")
    assert not report.cancel_sent
    assert report.still_listed
    assert any("exchange_is_paused" in p for p in report.problems)
    r.real.cancel_error = None
    await r.cycle.beat()
    assert r.order().status is OrderStatus.CANCELED


async def test_a_hanging_exchange_does_not_hold_the_latch_nor_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    r = rig()
    monkeypatch.setattr(halting, "KILL_STEP_SECONDS", 0.05)

    async def hang(*_: Any, **__: Any) -> Any:
        await asyncio.sleep(60)

    monkeypatch.setattr(r.real, "cancel_all", hang)
    monkeypatch.setattr(r.real, "orders", hang)
    report = await r.desk.kill("ann")
    assert report.stored
    assert not report.cancel_sent
    assert "cancel-all (real): no answer within 0.05 s, trying again" in report.problems
    assert r.broker.latch.closed


async def test_an_order_on_its_way_during_the_kill_is_cancelled_when_it_lands() -> None:
    r = rig()

    async def kill() -> None:
        await r.desk.kill("ann")

    r.real.during_place = kill
    await r.submit()
    assert (r.order().status, r.order().why) == (OrderStatus.CANCELED, "halted")


async def test_an_order_that_lands_late_is_swept() -> None:
    r = rig()
    r.real.on_place, r.real.lands = [Unresolved("timed out")], False
    await r.submit()
    await r.desk.kill("ann")
    r.real.land(r.order(), "rest")  # the timed-out request arrives after all
    await r.cycle.beat()
    assert r.real.listed[f"x-{r.order().client_order_id}"].status is OrderStatus.CANCELED


async def test_a_sweep_leaves_foreign_orders_alone() -> None:
    r = rig()
    await r.desk.kill("ann")
    r.real.land(order(client_order_id="somebody-else"), "rest")
    await r.cycle.beat()
    assert r.real.listed["x-somebody-else"].status is OrderStatus.RESTING


async def test_resume_clears_what_was_previewed_and_nothing_newer() -> None:
    r = rig()
    r.desk.pause("ann")
    preview = r.desk.preview_resume()
    await r.desk.kill("bob")
    with pytest.raises(Stale):
        r.desk.resume("ann", preview.fingerprint)
    assert r.book.state.trading is TradingState.HALTED
    r.desk.resume("ann", r.desk.preview_resume().fingerprint)
    assert r.book.state.trading is TradingState.ACTIVE


async def test_after_a_cancel_all_new_risk_waits_a_minute() -> None:
    r = rig()
    await r.desk.kill("ann")
    r.desk.resume("ann", r.desk.preview_resume().fingerprint)
    denied = await r.submit()
    assert isinstance(denied, Denial)
    assert denied.code == "cooling"
    r.clock.advance_to(START + timedelta(seconds=61))
    assert not isinstance(await r.submit(), Denial)


async def test_resume_leaves_what_only_time_clears() -> None:
    r = rig()
    r.real.trading_active = False
    await r.cycle.beat()
    assert Reason.EXCHANGE_PAUSED in r.book.state.halts
    preview = r.desk.resume("ann", r.desk.preview_resume().fingerprint)
    assert [h.reason for h in preview.stays] == [Reason.EXCHANGE_PAUSED]
    assert r.book.state.trading is TradingState.HALTED
    r.real.trading_active = True
    r.clock.advance_to(START + timedelta(seconds=61))
    await r.cycle.beat()
    assert r.book.state.trading is TradingState.ACTIVE


async def test_switching_to_dry_run_cancels_resting_real_orders_and_keeps_their_book() -> None:
    r = rig()
    await r.submit()
    report = await r.desk.set_dry_run(True, "ann")
    assert report.canceled == 1
    assert r.book.state.mode is Mode.DRY_RUN
    paper = await r.submit()
    assert paper.client_order_id.startswith("DRY-RUN-")
    assert r.paper.calls[-1] == "place"


async def test_going_real_needs_the_preview_and_an_open_lock() -> None:
    r = rig(Mode.DRY_RUN)
    with pytest.raises(Stale):
        await r.desk.set_dry_run(False, "ann")
    await r.desk.set_dry_run(False, "ann", r.desk.preview_mode(False).fingerprint)
    assert r.book.state.mode is Mode.REAL
    locked = rig(Mode.DRY_RUN)
    locked.desk.facts = replace(locked.desk.facts, dry_run_locked=True)
    assert "DRY_RUN" in locked.desk.preview_mode(False).refused


async def test_a_fault_of_our_own_is_told_and_repeated_it_halts(monkeypatch: pytest.MonkeyPatch) -> None:
    r = rig()

    async def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(r.account, "update", broken)
    for _ in range(3):
        await r.cycle.beat()
    assert Reason.ENGINE_ERROR in r.book.state.halts
    assert r.told().count("ErrorSeen") == 3


async def test_an_exchange_that_is_down_is_told_once_and_costs_no_halt() -> None:
    r = rig()
    await r.cycle.beat()
    r.real.down = Unavailable("connection refused")
    for _ in range(5):
        await r.cycle.beat()
    assert not r.book.state.halts
    assert len([k for k in r.told() if k == "ErrorSeen"]) <= 3


async def test_the_cancels_have_left_before_the_disk_is_touched() -> None:
    r = rig()
    await r.submit()
    left: list[list[str]] = []
    commit = r.store.commit

    def commits(puts: Sequence[Put]) -> None:
        left.append(list(r.real.calls))
        commit(puts)

    r.store.commit = commits  # type: ignore[method-assign]
    await r.halting.kill("Ann")
    assert {"cancel_all", "cancel"} <= set(left[0])
