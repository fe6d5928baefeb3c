"""The bot as people run it, on a modelled disk, line and chats; all chance comes from the seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from chatbot.access import Confirmations
from chatbot.config import Settings
from chatbot.life.life import App
from chatbot.life.marker import MARKER
from chatbot.outbox.channel import Channel
from chatbot.tools.simulation.disk import ModelledDisk
from chatbot.tools.simulation.link import Link
from chatbot.tools.simulation.probe import Probe
from chatbot.tools.simulation.shadow import WatchedStore
from chatbot.tools.simulation.timeline import LoopClock
from chatbot.wiring.bot import wired as as_people_run_it
from chatbot.wiring.places import Places
from chatbot.wiring.seams import Seams
from trading.domain.errors import StoreError
from trading.domain.events import HaltRaised
from trading.domain.state import Reason
from trading.engine.broker import Broker

MARKER_PATH = Path(MARKER)


@dataclass(frozen=True)
class Parts:
    """What one process of the bot is made of. `elapsed` is the loop's time in seconds."""

    settings: Settings
    store: WatchedStore
    disk: ModelledDisk
    link: Link
    clock: LoopClock
    channels: tuple[Channel, ...]
    probes: tuple[Probe, ...]
    paper: tuple[Probe, ...]
    installation: str
    random: Random
    elapsed: Callable[[], float]


def wired(parts: Parts) -> App:
    """A bot; nothing runs yet. Raises StoreError."""
    places = Places(parts.clock, parts.link, True, parts.link, "simulation", "")
    seams = Seams(
        mark=lambda by: _mark(parts.disk, by),
        take=lambda broker: _take_marker(parts.disk, broker),
        channels=lambda *_: parts.channels,
        strategies=parts.probes,
        paper=parts.paper,
        installation=parts.installation,
        now=parts.clock.now,
        confirmations=lambda: Confirmations(parts.elapsed, lambda: f"{parts.random.getrandbits(64):016x}"),
        jitter=parts.random,
    )
    return as_people_run_it(parts.settings, parts.store, places, seams)


def _mark(disk: ModelledDisk, by: str) -> None:
    """Keep a halt where the store cannot; a disk that refuses that too leaves it to memory."""
    try:
        handle = disk.create(MARKER_PATH)
        disk.write(handle, by.encode(), 0)
        disk.sync(handle)
    except OSError:
        return


def _take_marker(disk: ModelledDisk, broker: Broker) -> None:
    if MARKER not in disk.names(MARKER_PATH):
        return
    by = disk.read(MARKER_PATH).decode(errors="replace") or "?"
    broker.book.record(HaltRaised(broker.clock.now(), Reason.MANUAL, by, "killed"))
    try:
        disk.remove(MARKER_PATH)
    except OSError as error:
        raise StoreError(f"the marker cannot be removed: {error}") from error
