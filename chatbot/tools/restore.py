"""Putting a backup in the place of an environment's data folder.

Everything is made, checked and on disk beside the folder before it takes its name in one step, so that whatever stops
this in the middle leaves the old folder or the new one. What was there is kept under a dated name; nothing is deleted.

Where money may be at stake the restored bot starts halted: the exchange knows what happened after the backup was made,
and this folder does not. With play money it goes on from there, its exchange with it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from chatbot.config import Settings
from chatbot.life.starts import PLAY
from chatbot.tools.changing import BY
from storage.bundle import Manifest, read_manifest, unpack
from storage.migrations import refuse_newer
from storage.store import TinyStore, locked
from storage.swapping import put_in_place
from trading.clock import real_now
from trading.domain.errors import Misconfigured, StoreRefused
from trading.domain.events import CommandAnswered, HaltRaised
from trading.domain.order import Mode
from trading.domain.records import TABLES
from trading.domain.state import Reason
from trading.engine.book import Book
from trading.engine.loading import load_state

STAMP = "%Y%m%dT%H%M%S%fZ"  # UTC


@dataclass(frozen=True, slots=True)
class Restored:
    """What stands in `folder` now; `aside` is what stood there before, None where nothing did."""

    manifest: Manifest
    folder: Path
    aside: Path | None
    halted: bool


def restore(settings: Settings, file: Path, *, replace: bool = False) -> Restored:
    """Put a backup in the place of the settings' data folder.

    Raises Misconfigured for a folder that is not empty (but where `replace` says to move it aside) and for a backup of
    another environment; StoreRefused for a bot that runs, a backup that is damaged, foreign or of a newer version;
    OSError. Nothing is changed then.
    """
    target, now = settings.data_folder.absolute(), real_now()
    with _held(target):
        _may_go(target, replace=replace)
        _fits(settings, file, read_manifest(file))
        staged, aside = _beside(target, "restoring", now), _beside(target, "before-restore", now)
        staged.mkdir(mode=0o700, parents=True)
        try:
            manifest = unpack(file, staged)
            halted = _made_ready(settings, file, staged / "store", manifest, now)
        except BaseException:
            shutil.rmtree(staged)
            raise
        moved = put_in_place(staged, target, aside)
    return Restored(manifest, target, aside if moved else None, halted)


def _beside(target: Path, what: str, now: datetime) -> Path:
    return target.with_name(f"{target.name}.{what}-{now.strftime(STAMP)}")


@contextmanager
def _held(target: Path) -> Iterator[None]:
    """Keep a bot off the folder. Raises StoreInUse where one has it."""
    lock = locked(target / "store") if (target / "store").is_dir() else None
    try:
        yield
    finally:
        if lock:
            lock.release()


def _may_go(target: Path, *, replace: bool) -> None:
    if not replace and target.exists() and any(target.iterdir()):
        raise Misconfigured(
            f"{target} is not empty: --replace moves it aside under a dated name, or give another --data"
        )


def _fits(settings: Settings, file: Path, manifest: Manifest) -> None:
    if manifest.environment != settings.environment:
        raise Misconfigured(
            f"{file} is of {manifest.environment}, and the settings say {settings.environment}: set "
            f"KALSHI_ENV={manifest.environment}, or restore another backup"
        )
    refuse_newer(file, manifest.schema)


def _made_ready(settings: Settings, file: Path, folder: Path, manifest: Manifest, now: datetime) -> bool:
    """Open the store that came out, hold it against the manifest, and write into it what happened; whether it is
    halted by that. Raises StoreRefused."""
    store = TinyStore.open(folder)
    try:
        if (store.sequence, {table: store.count(table) for table in TABLES}) != (manifest.sequence, manifest.rows):
            raise StoreRefused(f"{file} does not hold the rows that its manifest says: take another backup")
        store.archived("trades")  # reads, and so checks, every archive
        book = Book(store, load_state(store, now, Mode.DRY_RUN), lambda event, before, after: (), settings.zone)
        book.record(
            CommandAnswered(now, BY, "host", f"restore {file.name}", f"made {manifest.created_at:%Y-%m-%d %H:%M} UTC")
        )
        if settings.environment == PLAY:
            return False
        detail = f"restored from a backup of {manifest.created_at:%Y-%m-%d %H:%M} UTC: look at /positions and /orders"
        book.record(HaltRaised(now, Reason.HISTORY, BY, f"{detail} before /resume"))
        return True
    finally:
        store.close()
