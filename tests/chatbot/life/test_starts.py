"""What a start means: too many of them halt, so does a folder without a past, and an absence is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from chatbot.life import starts
from chatbot.life.starts import away, count_start, last_moment, mind_history
from tests.fakes import MemoryStore, plain_notices
from tests.trading.build import order
from tests.trading.engine.rig import Rig, rig
from trading.domain.absence import Away, Settled
from trading.domain.events import Stopped
from trading.domain.order import Mode, OrderReport, OrderStatus, Side
from trading.domain.records import Control, Put
from trading.domain.state import Reason, State, Totals
from trading.engine.book import Book
from trading.engine.cash_check import ROW as CHECKED

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def started(r: Rig, monkeypatch: pytest.MonkeyPatch, *minutes: float, environment: str = "demo") -> list[bool]:
    """Whether restarts halt after each start, so many minutes after the first."""
    found = []
    for minute in minutes:
        monkeypatch.setattr(starts, "real_now", lambda at=minute: NOW + timedelta(minutes=at))
        count_start(r.broker, environment)
        found.append(Reason.RESTARTS in r.book.state.halts)
    return found


def test_three_starts_in_ten_minutes_halt(monkeypatch: pytest.MonkeyPatch) -> None:
    assert started(rig(), monkeypatch, 0, 5, 9.9) == [False, False, True]


def test_with_play_money_people_may_start_as_often_as_they_like(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any(started(rig(), monkeypatch, 0, 1, 2, 3, environment="simulated"))


def test_slower_ones_do_not_and_a_clock_that_was_wrong_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any(started(rig(), monkeypatch, 0, 6, 12, 18, 24))
    assert not any(started(rig(), monkeypatch, 600, 0, 6))


@pytest.mark.parametrize(
    ("environment", "mode", "halted"),
    [("simulated", Mode.REAL, False), ("demo", Mode.REAL, True), ("production", Mode.REAL, True)],
)
async def test_a_folder_without_a_past_halts_where_money_may_be_at_stake(
    environment: str, mode: Mode, halted: bool
) -> None:
    r = rig(mode)
    mind_history(r.broker, environment)
    assert (Reason.HISTORY in r.book.state.halts) is halted
    await r.reconcile.recover()
    again = rig(mode, store=r.store)
    mind_history(again.broker, environment)
    assert Reason.HISTORY not in again.book.state.halts, "once its history was read it has a past"


def test_without_a_key_nothing_is_at_stake() -> None:
    r = rig(Mode.DRY_RUN)
    r.broker.exchanges = {Mode.DRY_RUN: r.paper}
    mind_history(r.broker, "production")
    assert not r.book.state.halts


async def test_a_folder_restored_from_an_older_copy_halts() -> None:
    r = rig()
    report = OrderReport(
        "x1", "k1234567-abc", "T", Side.BID, Decimal("0.5"), OrderStatus.EXECUTED, *[Decimal(0)] * 3, None
    )
    r.real.listed = {"x1": report, "x2": replace(report, order_id="x2", client_order_id="by-hand")}
    found = await r.reconcile.recover()
    assert found == ("the exchange lists 1 orders of this bot that the data folder does not know",)
    assert "older copy" in r.book.state.halts[Reason.HISTORY].detail


def test_an_absence_is_told_with_what_happened_meanwhile() -> None:
    rests = order(status=OrderStatus.RESTING)
    before = State(orders={"k1-a": rests})
    after = State(
        orders={"k1-a": replace(rests, status=OrderStatus.CANCELED)},
        totals={Mode.REAL: Totals(wins=2, losses=1, profit=Decimal("-3.12"))},
    )
    since = NOW - timedelta(hours=2)
    settled = Settled(Mode.REAL, 3, 2, Decimal("-3.12"))
    assert away(before, after, since, NOW) == Away(since, (settled,), 1)


def test_a_short_absence_and_a_first_start_are_not() -> None:
    assert away(State(), State(), NOW - timedelta(seconds=90), NOW) is None
    assert away(State(), State(), None, NOW) is None


def test_the_last_that_a_store_knows_of_is_also_the_last_notice() -> None:
    store = MemoryStore()
    assert last_moment(store) is None
    Book(store, State(), plain_notices).record(Stopped(NOW, "asked to"))
    assert last_moment(store) == NOW
    later = NOW + timedelta(minutes=3)
    store.commit([Put("control", CHECKED, Control(CHECKED, {"cash": "5", "flows": "0"}, later))])
    assert last_moment(store) == later, "what is held against it must not lie in the future"
