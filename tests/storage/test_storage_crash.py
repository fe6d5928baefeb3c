"""Crashes at every step: what was confirmed is there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storage_disks import MemoryDisk, PowerCut
from storage_folders import EAGER, SMALL_CHUNK_BYTES, positions
from storage_samples import AT, CLOSE, SAMPLES, order, position, position_put

from storage import journal, snapshot
from storage.store import TinyStore
from trading.domain.errors import StoreFailed
from trading.domain.events import (
    Event,
    HaltCleared,
    HaltRaised,
    MarketSettled,
    ModeChanged,
    OrderAcknowledged,
    OrderFilled,
    OrderIntended,
    ParameterChanged,
    StrategySwitched,
)
from trading.domain.order import Fill, Mode, OrderStatus, Side
from trading.domain.pruning import pruned
from trading.domain.state import Reason, State
from trading.engine.book import Book
from trading.engine.loading import load_state

ORDER = order(1, OrderStatus.PENDING, close_time=CLOSE)
FILL = replace(
    cast(Fill, SAMPLES["fills"]),
    side=Side.BID,
    count=ORDER.count,
    mode=Mode.REAL,
    client_order_id=ORDER.client_order_id,
)
DAY: tuple[Event, ...] = (
    HaltRaised(AT, Reason.MANUAL, "owner"),
    HaltCleared(AT, Reason.MANUAL, "owner"),
    OrderIntended(AT, ORDER),
    OrderAcknowledged(AT, ORDER.client_order_id, FILL.order_id, OrderStatus.RESTING, Decimal(0)),
    OrderFilled(AT, FILL),
    MarketSettled(CLOSE, ORDER.ticker, Mode.REAL, "yes", Decimal(1)),
    ModeChanged(CLOSE, Mode.DRY_RUN, "owner"),
    StrategySwitched(CLOSE, "consensus", False, "owner"),
    ParameterChanged(CLOSE, "consensus", "stake_usd", Decimal("2.50"), "owner"),
    ModeChanged(CLOSE, Mode.REAL, "owner", goes_live=True),
)


@settings(max_examples=150)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=4), st.integers(0, 2**32))
def test_no_power_cut_loses_a_confirmed_commit(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], seed: int
) -> None:
    """Power goes at some step, again and again, also while opening, growing and in the middle of a snapshot."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(journal, "CHUNK_BYTES", SMALL_CHUNK_BYTES)
        patched.setattr(snapshot, "PIECE_BYTES", 1)  # a sync for each part of it
        _cut_again_and_again(tmp_path_factory.getbasetemp() / "cuts", cuts, seed)


def _cut_again_and_again(folder: Path, cuts: list[int], seed: int) -> None:
    random, disk = Random(seed), MemoryDisk()
    confirmed: dict[int, int] = {}
    for cut in cuts:
        disk.cut_at = disk.steps + cut
        confirmed, doubtful = _until_the_cut(folder, disk, random, confirmed)
        disk = disk.after_cut(random)
        found, _ = positions(folder, disk)
        held = {int(str(row.ticker)[1:]): int(row.contracts) for row in found}  # type: ignore[union-attr]
        assert held in (confirmed, confirmed | doubtful)
        confirmed = held


def _until_the_cut(
    folder: Path, disk: MemoryDisk, random: Random, confirmed: dict[int, int]
) -> tuple[dict[int, int], dict[int, int]]:
    """What was confirmed before the power went, and the commit that was under way."""
    doubtful: dict[int, int] = {}
    store: TinyStore | None = None
    try:
        store = TinyStore.open(folder, disk=disk, limits=EAGER)
        while True:
            doubtful = {random.randint(0, 9): random.randint(1, 999) for _ in range(random.randint(1, 12))}
            store.commit([position_put(number, contracts) for number, contracts in doubtful.items()])
            confirmed, doubtful = confirmed | doubtful, {}
    except PowerCut:
        return confirmed, doubtful
    finally:
        if store is not None:
            store.close()


def lived(folder: Path, disk: MemoryDisk) -> list[State]:
    """A bot's store before and after each event of a day; ends where the power does."""
    states: list[State] = []
    with suppress(PowerCut):
        store = TinyStore.open(folder, disk=disk, limits=EAGER)
        book = Book(store, load_state(store, AT, Mode.REAL), lambda event, before, after: ())
        for event in DAY:
            states.append(load_state(store, AT, Mode.REAL))
            book.record(event)
        states.append(load_state(store, AT, Mode.REAL))
        assert states[-1] == pruned(book.state, AT)
    store.close()
    return states


def test_after_a_power_cut_at_any_step_the_state_is_the_one_before_or_after_the_event(tmp_path: Path) -> None:
    whole = MemoryDisk()
    states = lived(tmp_path, whole)
    assert len(states) == len(DAY) + 1
    assert all(earlier != later for earlier, later in pairwise(states))
    for step in range(6, whole.steps):  # the first steps make the folder
        disk = MemoryDisk(cut_at=step)
        confirmed = len(lived(tmp_path, disk)) - 1
        store = TinyStore.open(tmp_path, disk=disk.after_cut(Random(step)))
        assert load_state(store, AT, Mode.REAL) in states[confirmed : confirmed + 2]
        store.close()


def test_a_line_whose_sync_failed_is_not_lost_later(tmp_path: Path) -> None:
    """The system forgets what it could not write, and still shows it: read at opening, it must be written again."""

    class ForgetfulDisk(MemoryDisk):
        forget = False

        def sync(self, handle: int) -> None:
            if self.forget:
                self._handles[handle].pending.clear()
                raise OSError("cannot sync")
            super().sync(handle)

    disk = ForgetfulDisk()
    store = TinyStore.open(tmp_path, disk=disk)
    disk.forget = True
    with pytest.raises(StoreFailed):
        store.commit([position_put(1)])
    store.close()
    disk.forget = False
    store = TinyStore.open(tmp_path, disk=disk)
    store.commit([position_put(2)])
    store.close()
    assert positions(tmp_path, disk.after_cut(Random(1))) == ([position(1), position(2)], ())
