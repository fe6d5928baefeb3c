"""How fast a /kill acts: from the update's bytes being readable on the bot's socket until the gate is closed, the first
cancel is on the wire, and the answer that confirms it has come to the chat.

Beside each kill stands the floor of the same moment: the bare library hears an update and one row is committed. What
is promised is the 99th percentile, also under load; with a hanging exchange only the gate's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chatbot.tools.bench.figures import Kills, Spread
from chatbot.tools.bench.loads import LOADS, Load
from chatbot.tools.bench.rig import Rig, rig

ROUND = 100  # kills of one bot under each load: loads take turns on a noisy machine, and no bot grows old over them
WARM_UP = 3  # kills before those that count: connections stand, code is warm
DRAIN_SECONDS_MAX = 5.0  # for the notices of one kill to be out before the next
GATE, CANCEL, REPLY = "gate closed", "first cancel on the wire", "confirmed reply"
REACH_MS = {GATE: 10.0, CANCEL: 50.0, REPLY: 250.0}

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill, in milliseconds from its bytes being readable; no `reply` where the exchange hangs."""

    gate: float
    cancel: float
    reply: float | None
    floor: float


async def kill_latency(folder: Path, kills: int, progress: Progress) -> list[Kills]:
    """So many kills under each load. Raises Unavailable where the bench itself fails."""
    taken: dict[str, list[Kill]] = {load.name: [] for load in LOADS}
    for done in range(0, kills, ROUND):
        async with rig(folder / f"{done}") as ready:
            for load in LOADS:
                taken[load.name] += await _under(ready, load, min(ROUND, kills - done))
                progress(sum(map(len, taken.values())), kills * len(LOADS))
    return [measured for load in LOADS for measured in _measured(load, taken[load.name])]


async def _under(ready: Rig, load: Load, kills: int) -> list[Kill]:
    async with load.during(ready):
        taken = [await _one(ready, load) for _ in range(WARM_UP + kills)]
    return taken[WARM_UP:]


async def _one(ready: Rig, load: Load) -> Kill:
    """From ACTIVE with resting orders to killed, and back."""
    await ready.rest_orders()
    await ready.app.outbox.drain(DRAIN_SECONDS_MAX)  # where the chat is well, what is told of the last kill is told now
    floor = await _floor(ready)
    ready.latch.closed_at = None
    async with load.around(ready):
        seen = await ready.world.ask("kill", answered=load.answers)
    assert ready.latch.closed_at, "a cancel leaves after the gate is closed"
    ready.resume()
    readable: float = seen["readable"]
    reply = _ms(readable, seen["reply"]) if load.answers else None
    return Kill(_ms(readable, ready.latch.closed_at), _ms(readable, seen["cancel"]), reply, floor)


async def _floor(ready: Rig) -> float:
    readable = (await ready.world.ask("bare"))["readable"]
    return _ms(readable, (await ready.bare.line())["handled"])


def _ms(start: float, end: float) -> float:
    return (end - start) * 1000


def _measured(load: Load, kills: Sequence[Kill]) -> list[Kills]:
    floor = Spread.of([kill.floor for kill in kills])
    moments = {
        GATE: [kill.gate for kill in kills],
        CANCEL: [kill.cancel for kill in kills],
        REPLY: [kill.reply for kill in kills if kill.reply is not None],
    }
    return [
        Kills(load.name, what, Spread.of(values), floor, REACH_MS[what] if load.answers or what == GATE else None)
        for what, values in moments.items()
        if values
    ]
