"""The simulated exchange as part of the bot and as a server of its own."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from trading.clock import RealClock, VirtualClock
from trading.domain.errors import Misconfigured
from trading.exchange.simulated.faults import Faults
from trading.exchange.simulated.keys import Credentials, make_key, member_keys
from trading.exchange.simulated.server import SimulatedServer
from trading.exchange.simulated.venue import Venue, open_venue
from trading.exchange.simulated.world import World


@dataclass(frozen=True, slots=True)
class Simulated:
    """A running simulated exchange and the key to its one account."""

    server: SimulatedServer
    venue: Venue
    credentials: Credentials

    async def stop(self) -> None:
        """Answer nobody any more, and close the account's journal."""
        await self.server.stop()
        self.venue.close()


async def open_simulated(
    folder: Path,
    clock: RealClock | VirtualClock,
    *,
    seed: int = 1,
    port: int = 0,
    faults: str = "none",
    cash: Mapping[int, Decimal] | None = None,
    world: World | None = None,
) -> Simulated:
    """Start it on loopback with its account under `folder`; a clock behind its last moment is moved on to it."""
    credentials = make_key(folder)
    venue = open_venue(clock, seed=seed, folder=folder, cash=cash, world=world, keys=member_keys(credentials))
    if venue.last_time:
        clock.advance_to(venue.last_time)
    server = SimulatedServer(venue, Faults.named(faults, seed))
    await server.start(port)
    return Simulated(server, venue, credentials)


async def serve(
    folder: Path,
    *,
    port: int,
    seed: int,
    speed: float,
    faults: str,
    recorded: Path | None,
    results: Path | None,
    cash: Mapping[int, Decimal],
) -> None:
    """Run the exchange until it is stopped. Its first line of output is JSON: where it is and how to sign."""
    world, start = _recorded(recorded, results or _results_beside(recorded)) if recorded else (None, None)
    clock = RealClock(speed, start)
    simulated = await open_simulated(folder, clock, seed=seed, port=port, faults=faults, cash=cash or None, world=world)
    where = {
        "base_url": simulated.server.base_url,
        "ws_url": simulated.server.ws_url,
        "key_id": simulated.credentials.key_id,
        "private_key_path": str(simulated.credentials.private_key_path),
    }
    print(json.dumps(where), flush=True)
    await asked_to_stop()
    await simulated.stop()


async def asked_to_stop() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await stop.wait()


def _results_beside(snapshots: Path) -> Path:
    """The results of the same series in the same folder. Raises Misconfigured where there is not just one file."""
    series = snapshots.name.split("_")[0]
    found = sorted(snapshots.parent.glob(f"{series}_results*.csv"))
    if len(found) != 1:
        raise Misconfigured(
            f"--recorded {snapshots} has {len(found)} files {series}_results*.csv beside it: name one with --results"
        )
    return found[0]


def _recorded(snapshots: Path, results: Path) -> tuple[World, datetime]:
    from trading.exchange.simulated.recorded import RecordedWorld

    world = RecordedWorld.load(snapshots, results)
    return world, world.snapshot_times()[0]
