"""Watchers of the book hear of every event that changed something, once it is on disk, and of no other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.trading.engine.rig import rig
from trading.domain.errors import StoreFailed
from trading.domain.events import Event, HaltRaised, Stopped
from trading.domain.order import OrderStatus
from trading.domain.state import Reason


def test_what_changes_nothing_is_not_heard_of() -> None:
    r, heard = rig(), list[Event]()
    r.book.watch(heard.extend)
    raised = HaltRaised(r.clock.now(), Reason.PAUSED, "Ann")
    r.book.record(raised, raised, Stopped(r.clock.now(), "asked to"))
    r.book.record(raised)
    assert heard == [raised]


async def test_an_order_is_heard_of_step_by_step() -> None:
    r, heard = rig(), list[Event]()
    r.book.watch(heard.extend)
    await r.submit()
    assert r.order().status is OrderStatus.RESTING
    assert [type(event).__name__ for event in heard] == ["OrderIntended", "OrderAcknowledged"]


def test_what_could_not_be_written_is_not_heard_of(monkeypatch: pytest.MonkeyPatch) -> None:
    r, heard = rig(), list[Event]()
    r.book.watch(heard.extend)

    def full(puts: Sequence[object]) -> None:
        raise StoreFailed("the disk is full")

    monkeypatch.setattr(r.store, "commit", full)
    with pytest.raises(StoreFailed):
        r.book.record(HaltRaised(r.clock.now(), Reason.PAUSED, "Ann"))
    assert heard == []
