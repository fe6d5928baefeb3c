"""The simulated exchange as part of the bot and as a server of its own."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from trading.clock import RealClock, VirtualClock
from trading.domain.errors import Misconfigured
from trading.exchange.simulated.keys import Credentials, make_key, member_keys
from trading.exchange.simulated.seed_memory import remember_seed
from trading.exchange.simulated.server import SimulatedServer
from trading.exchange.simulated.venue import SHARDS, Venue, open_venue
from trading.exchange.simulated.windows import KNOWN_SERIES
from trading.exchange.simulated.world import SeededWorld, World

SERIES_DEFAULT = ("KXBTC15M", "KXETH15M")
_CASH = re.compile(r"(\d{1,3})=(\d{1,12}(?:\.\d{1,4})?)")


@dataclass(frozen=True, slots=True)
class Options:
    """What a server of its own was asked for; `cash` is dollars by shard, empty for the default."""

    folder: Path
    port: int = 0
    seed: int = 1
    speed: float = 1.0
    faults: str = "none"
    series: tuple[str, ...] = SERIES_DEFAULT
    markets: int = 0
    recorded: Path | None = None
    results: Path | None = None
    cash: Mapping[int, Decimal] | None = None
    cached: bool = True


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
    cached: bool = False,
) -> Simulated:
    """Start it on loopback with its account under `folder`; a clock behind its last moment is moved on to it.

    `cached`: public reads may be as old as the live exchange's cache lets them be. A folder remembers the seed of its
    world. Raises Misconfigured for another one, a folder that cannot be written, an unknown profile of faults and a
    port that cannot be had.
    """
    with _usable(folder):
        remember_seed(folder, seed)
        credentials = make_key(folder)
        venue = open_venue(clock, seed=seed, folder=folder, cash=cash, world=world, keys=member_keys(credentials))
    try:
        if venue.last_time:
            clock.advance_to(venue.last_time)
        server = SimulatedServer(venue, profile=faults, cached=cached)
        await _listen(server, port)
    except Misconfigured:
        venue.close()
        raise
    return Simulated(server, venue, credentials)


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    """What the disk refuses, as one sentence: a folder of another user's, say, which Docker makes where none is."""
    try:
        yield
    except OSError as error:
        fix = "check DATA_DIR (or --data) and its permissions"
        raise Misconfigured(f"{folder} cannot be used ({error}): {fix}") from error


async def serve(options: Options) -> None:
    """Run the exchange until it is stopped. Its first line of output is JSON: where it is and how to sign."""
    world, start = _world(options)
    simulated = await open_simulated(
        options.folder,
        RealClock(options.speed, start),
        seed=options.seed,
        port=options.port,
        faults=options.faults,
        cash=options.cash or None,
        world=world,
        cached=options.cached,
    )
    stop = _asked_to_stop()
    print(json.dumps(_where(simulated)), flush=True)
    await stop.wait()
    await simulated.stop()


def series_named(given: Iterable[str]) -> tuple[str, ...]:
    """The series of comma lists, each once; the default for none. Raises Misconfigured for an unknown one."""
    names = tuple(dict.fromkeys(name.strip().upper() for text in given for name in text.split(",")))
    for name in names:
        if name not in KNOWN_SERIES:
            raise Misconfigured(f"--series {name} is not simulated: there are {', '.join(KNOWN_SERIES)}")
    return names or SERIES_DEFAULT


def cash_by_shard(given: Iterable[str]) -> dict[int, Decimal]:
    """Dollars by shard from SHARD=USD. Raises Misconfigured."""
    cash: dict[int, Decimal] = {}
    for text in given:
        fits = _CASH.fullmatch(text)
        if not fits:
            raise Misconfigured(f"--cash {text} is not SHARD=USD: write for example --cash 2=500")
        if int(fits[1]) not in SHARDS:
            raise Misconfigured(f"--cash {text} names no shard: there are {', '.join(map(str, SHARDS))}")
        cash[int(fits[1])] = Decimal(fits[2])
    return cash


async def _listen(server: SimulatedServer, port: int) -> None:
    try:
        await server.start(port)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Misconfigured(f"--port {port} cannot be had ({reason}): give another one, or 0 for a free one") from error


def _where(simulated: Simulated) -> dict[str, str]:
    return {
        "base_url": simulated.server.base_url,
        "ws_url": simulated.server.ws_url,
        "key_id": simulated.credentials.key_id,
        "private_key_path": str(simulated.credentials.private_key_path),
    }


def _asked_to_stop() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM from now on."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    return stop


def _world(options: Options) -> tuple[World, datetime | None]:
    """What is traded, and when its time begins: None is now."""
    if options.recorded:
        return _recorded(options.recorded, options.results or _results_beside(options.recorded))
    return SeededWorld(options.seed, options.series, options.markets), None


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
