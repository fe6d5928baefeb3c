"""Backing up an environment's data folder into one file, whether its bot runs or not.

What is in it: the store with its archives and audit, the marker of a halt, and in `simulated` the account of the
exchange that runs inside the bot. What is not: settings and keys, logs and intent logs, pictures, locks, the socket.

The simulated account is read after the store, and only up to the first order that the store's copy does not know: every
order is in the store before it is sent, so both then are of one moment, and go on together.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from chatbot.config import Settings
from chatbot.life.marker import MARKER
from chatbot.version import VERSION
from chatbot.wiring.engine import prefix_of
from chatbot.wiring.places import SIMULATED
from storage.bundle import Manifest, pack, unpack
from storage.copying import copied
from storage.migrations import current_version
from storage.store import TinyStore
from trading.clock import real_now
from trading.domain.errors import Misconfigured
from trading.domain.records import TABLES, Control
from trading.exchange.simulated.journal import JOURNAL_NAME, lines_until
from trading.exchange.simulated.records import Line
from trading.exchange.simulated.seed_memory import SEED_NAME
from trading.risk.gate import Identity

SUFFIX = ".tar.gz"
STAGING = ".kalshi-chatops-"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written, and read again."""

    path: Path
    manifest: Manifest
    size: int  # bytes


def backup(settings: Settings, wanted: Path | None) -> Made:
    """Write a backup to this file, or under its own name into this folder; by default into the current one. It has all
    that was committed before it began. Raises StoreRefused, Misconfigured for a name that is taken, OSError."""
    now = real_now()
    target = _target(settings, wanted, now)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=STAGING) as name:
        staged = Path(name)
        manifest = pack(staged, _staged(settings, staged, now), target)
        unpack(target, staged / "read-again")
    return Made(target, manifest, target.stat().st_size)


def own_name(settings: Settings, now: datetime) -> str:
    """What a backup is called: program, instance, environment and the moment in UTC."""
    instance = "".join(c if c.isalnum() else "-" for c in settings.instance_name)
    return "-".join(filter(None, ("kalshi-chatops", instance, settings.environment, f"{now:%Y%m%dT%H%M%SZ}"))) + SUFFIX


def _target(settings: Settings, wanted: Path | None, now: datetime) -> Path:
    target = wanted or Path()
    if target.is_dir():
        target /= own_name(settings, now)
    if target.exists():
        raise Misconfigured(f"{target} is there already: give another name, or a folder")
    if not target.parent.is_dir():
        raise Misconfigured(f"there is no folder {target.parent}: make it, or give another one")
    return target.absolute()


def _staged(settings: Settings, staged: Path, now: datetime) -> Manifest:
    """Copy everything into this folder; what is to be said of it but its files."""
    source = settings.data_folder
    _copy_marker(source, staged)
    with copied(source / "store", staged / "store") as store:
        installation = cast(Control | None, store.get("control", "installation"))
        prefix = prefix_of(installation) if installation else ""
        if settings.environment == SIMULATED:
            copy_exchange(source / "exchange", staged / "exchange", store, Identity(prefix, SIMULATED))
        return Manifest(
            version=VERSION,
            schema=current_version(),
            environment=settings.environment,
            instance=settings.instance_name,
            installation=prefix,
            created_at=now,
            sequence=store.sequence,
            rows={table: store.count(table) for table in TABLES},
        )


def _copy_marker(source: Path, staged: Path) -> None:
    """A halt that waits for the next start. It comes before the store: a bot that starts just now moves it into there,
    and the other way round it would be in neither."""
    with suppress(FileNotFoundError):
        shutil.copyfile(source / MARKER, staged / MARKER)


def copy_exchange(source: Path, target: Path, store: TinyStore, identity: Identity) -> None:
    """The simulated account up to the moment of the store's copy. Its key is made anew where it is restored."""
    if not (source / JOURNAL_NAME).exists():
        return

    def later(line: Line) -> bool:
        ours = (order.client_order_id for order in line.orders if identity.owns(order.client_order_id))
        return any(store.get("orders", name) is None for name in ours)

    target.mkdir(mode=0o700)
    (target / JOURNAL_NAME).write_bytes(lines_until(source / JOURNAL_NAME, later))
    if (source / SEED_NAME).exists():
        shutil.copyfile(source / SEED_NAME, target / SEED_NAME)
