"""The marker: a file in the data folder that keeps a halt where the store cannot.

A running bot leaves it when its store fails, `kalshi-chatops kill` when no bot runs. The next start takes it into the
store and removes it.
"""

from __future__ import annotations

import os
from pathlib import Path

from trading.domain.events import HaltRaised
from trading.domain.state import Reason
from trading.engine.broker import Broker

MARKER = "HALTED"
FILE_MODE = 0o600


def leave(marker: Path, by: str) -> None:
    """Keep a halt in this file, safe from a power cut when it returns. Raises OSError where nothing is kept; on a full
    disk the file may be empty, and stands for the halt all the same."""
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        _write(marker, by.encode())
    except OSError:
        if not marker.exists():
            raise


def _write(file: Path, data: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    try:
        os.write(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)


def take(marker: Path, broker: Broker) -> None:
    """A halt that only the marker kept becomes one that the store keeps. Raises StoreFailed."""
    if marker.exists():
        broker.book.record(HaltRaised(broker.clock.now(), Reason.MANUAL, marker.read_text() or "?", "killed"))
        marker.unlink()
