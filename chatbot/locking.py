"""The lock on what raises risk: anybody who may /kill may close it, and only the host itself opens it.

A phone can be lost or taken over; a shell on the machine is another matter. While it is closed, no chat and no terminal
can resume, go real or raise anything, whoever asks. It is one row of the store, so that it outlives a restart.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from trading.clock import real_now
from trading.domain.errors import ChatopsError
from trading.domain.records import Control, Put
from trading.ports import Store

ROW = "lock"
UNLOCK = "kalshi-chatops unlock"


class Locked(ChatopsError):
    """Something that raises risk was asked for while the lock is closed."""


class Lock:
    """`store` keeps it; without one it lasts as long as the program."""

    def __init__(self, store: Store | None = None, now: Callable[[], datetime] = real_now) -> None:
        self._store, self._now = store, now
        row = store.get("control", ROW) if store else None
        self._row = row if isinstance(row, Control) else None

    @property
    def since(self) -> datetime | None:
        """When it was closed (aware UTC); None while it is open."""
        return self._row.at if self._row else None

    @property
    def by(self) -> str:
        return self._row.value["by"] if self._row else ""

    def close(self, by: str) -> None:
        """Close it; in memory also where the store fails, which raises StoreFailed. Closing again changes nothing."""
        if self._row is None:
            self._row = Control(ROW, {"by": by}, self._now())
            self._keep(self._row)

    def open(self) -> bool:
        """Open it; whether it was closed. Raises StoreFailed, and is then as it was."""
        was = self._row
        if was:
            self._keep(None)
            self._row = None
        return was is not None

    def check(self, line: str) -> None:
        """Raises Locked while it is closed; `line` is what was asked for."""
        if self._row:
            raise Locked(f"{line} is locked since {self._row.at:%H:%M} UTC by {self.by}: {UNLOCK} on the host opens it")

    def _keep(self, row: Control | None) -> None:
        if self._store:
            self._store.commit([Put("control", ROW, row)])
