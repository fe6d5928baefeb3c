"""Any sequence of commits, snapshots, archives, restarts and power cuts: each confirmed row is there exactly once."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from storage_disks import MemoryDisk, PowerCut
from storage_folders import EAGER, SMALL_CHUNK_BYTES
from storage_markets import JANUARY, Rows, audit_of, live_and_archived, market, rows_of, trade_of

from storage import journal
from storage.store import TinyStore
from trading.domain.audit import entry_of, verify_audit
from trading.domain.events import CommandAnswered
from trading.domain.records import AuditEntry, Put
from trading.domain.state import State

DAY = timedelta(days=1)
MARKETS, DAYS = 6, 60


class AnyUse(RuleBasedStateMachine):
    """`rows` is what was confirmed; a commit that the power cut short may be there, whole, or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.disk = MemoryDisk()
        self.patched = pytest.MonkeyPatch()
        self.patched.setattr(journal, "CHUNK_BYTES", SMALL_CHUNK_BYTES)
        self.rows: Rows = {}
        self.now = JANUARY

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.random = Random(seed)
        self.store = self.opened()

    @rule(number=st.integers(0, MARKETS - 1), days=st.integers(0, 4))
    def a_market_is_over(self, number: int, days: int) -> None:
        """A new one, or more about one that may be in an archive already."""
        self.now += days * DAY
        self.commit(market(number, self.now))

    @rule(number=st.integers(0, MARKETS - 1), profit=st.integers(-9, 9))
    def a_result_is_corrected(self, number: int, profit: int) -> None:
        trade = replace(trade_of(number, self.now), profit=Decimal(profit))
        self.commit([Put("trades", trade.trade_id, trade)])

    @rule(days=st.integers(0, 3))
    def a_command_is_given(self, days: int) -> None:
        self.now += days * DAY
        last = cast(list[AuditEntry], self.store.tail("audit", 1))
        given = CommandAnswered(self.now, "1", "telegram", "/kill", "halted")
        entry = entry_of(given, State(), last[0] if last else None)
        assert entry
        self.commit([Put("audit", f"{entry.seq:012d}", entry)])

    @rule(days=st.integers(0, DAYS))
    def old_rows_are_archived(self, days: int) -> None:
        self.powered(lambda: self.store.archive(self.now - days * DAY), {})

    @rule()
    def it_starts_again(self) -> None:
        self.store.close()
        self.store = self.opened()

    @rule(step=st.integers(0, 25))
    def power_will_be_cut(self, step: int) -> None:
        self.disk.cut_at = self.disk.steps + step

    @invariant()
    def every_confirmed_row_is_there_once(self) -> None:
        if hasattr(self, "store"):
            assert self.found() == Counter(self.rows.values())
            assert verify_audit(audit_of(self.store)) is None

    def commit(self, puts: list[Put]) -> None:
        changed = rows_of(puts)
        if self.powered(lambda: self.store.commit(puts), changed):
            self.rows |= changed

    def powered(self, step: Callable[[], object], doubtful: Rows) -> bool:
        """Whether the power stayed; after a cut the store is open again and `rows` what it came to."""
        try:
            step()
        except PowerCut:
            self.store.close()
            self.disk = self.disk.after_cut(self.random)
            self.store = self.opened()
            if self.found() != Counter(self.rows.values()):
                self.rows |= doubtful
            return False
        return True

    def opened(self) -> TinyStore:
        """Power can go while opening too, and then once more."""
        while True:
            try:
                return TinyStore.open(self.folder, disk=self.disk, limits=EAGER)
            except PowerCut:
                self.disk = self.disk.after_cut(self.random)

    def found(self) -> Counter[object]:
        return Counter(record for table, record in live_and_archived(self.store) if table != "control")

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        shutil.rmtree(self.folder)
        self.patched.undo()


TestAnyUse = AnyUse.TestCase
TestAnyUse.settings = settings(max_examples=50, stateful_step_count=30)
