"""One seed, from its first beat to the end of a quiet tail; and what came of it."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from chatbot.tools.simulation.ending import at_end
from chatbot.tools.simulation.fate import Fate
from chatbot.tools.simulation.invariants import Invariants
from chatbot.tools.simulation.machine import Machine
from chatbot.tools.simulation.scenario import SPAN_SECONDS, TAIL_SECONDS, draw
from chatbot.tools.simulation.timeline import VirtualLoop
from chatbot.tools.simulation.watch import Violation

LOGGERS = ("chatbot", "kalshi-chatops")
BEAT_SECONDS = 5.0
CHECK_BEATS = 12  # a reconciliation a minute


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed came to; `digest` is the same whenever the same things happened."""

    seed: int
    beats: int
    orders: int
    fills: int
    violations: tuple[Violation, ...]
    counts: Counter[str] = field(default_factory=Counter)
    digest: str = ""


def simulate(seed: int) -> Outcome:
    """Run one seed in this process."""
    with _quiet(), tempfile.TemporaryDirectory(prefix="kalshi-chatops-") as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)  # of a process that died
        loop = VirtualLoop()
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(_run(seed, loop, Path(folder)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without a log of all that is made to fail."""
    levels = {logger: logger.level for logger in map(logging.getLogger, LOGGERS)}
    for logger in levels:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


async def _run(seed: int, loop: VirtualLoop, folder: Path) -> Outcome:
    loop.set_exception_handler(_orphan)
    machine = Machine(draw(seed), loop, folder)
    fate, invariants = Fate(machine), Invariants(machine)
    fate.arm()
    await _live(machine, invariants, SPAN_SECONDS)
    fate.end()
    await _live(machine, invariants, loop.time() + TAIL_SECONDS, trading=False)
    if not machine.watch.violations:
        at_end(machine)
    outcome = _outcome(machine)
    await machine.end()
    return outcome


async def _live(machine: Machine, invariants: Invariants, until: float, *, trading: bool = True) -> None:
    """Beat every five seconds, up to that time of the loop or the first violation."""
    loop = machine.loop
    while loop.time() < until and not machine.watch.violations:
        if machine.app and not trading:
            machine.app.cycle.strategies = ()
        await machine.turn(check=machine.watch.beats % CHECK_BEATS == 0)
        invariants.after_beat()
        await asyncio.sleep(BEAT_SECONDS - loop.time() % BEAT_SECONDS)
        await machine.settle()


def _orphan(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A task of a process that has died ends unheard."""


def _outcome(machine: Machine) -> Outcome:
    account = machine.venue.account
    return Outcome(
        seed=machine.scenario.seed,
        beats=machine.watch.beats,
        orders=machine.watch.sends,
        fills=len(account.fills),
        violations=tuple(machine.watch.violations),
        counts=machine.counts,
        digest=_digest(machine),
    )


def _digest(machine: Machine) -> str:
    """Of all that is left: the exchange's records, the disk, and what the phones were shown."""
    account = machine.venue.account
    left = [repr(o) for o in account.orders.values()] + [repr(f) for f in account.fills]
    left += [f"{p.name} {n.seq} {n.at} {n.title} {repeat}" for p in machine.phones for n, repeat in p.shown]
    left += [f"{name} {sha256(data).hexdigest()}" for name, data in sorted(machine.disk.contents().items())]
    text = "\n".join(left).replace(str(machine.folder), "")  # a name that the system gave, in what a failed store says
    return sha256(text.encode()).hexdigest()[:16]
