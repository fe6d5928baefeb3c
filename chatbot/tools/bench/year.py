"""A simulated year at full speed: what the bot holds at its start and at its end, and whether its books are right.

    python -m chatbot.tools.bench.year DAYS SEED FAULTS

A JSON line at the start and one each simulated week say where it is; the last line is what it came to. It is a process
of its own, so that its memory is the bot's: both chats' libraries are in it, the exchange is in another one.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chatbot.channels import discord, telegram
from chatbot.tools.bench.children import child
from chatbot.tools.bench.figures import Row, row
from chatbot.tools.bench.year_life import lived

DAYS, SEED, FAULTS = 365, 1, "storm"
WEEK_SECONDS_MAX = 900.0  # of real time, on a machine with much else to do
MEMORY_MB_MAX = 150.0
APART_USD_MAX = 0.0001
DISK_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - half a million syncs are not what is measured, and wear a drive
LIBRARIES = (telegram, discord)  # held: what the figure of memory is to contain

Json = dict[str, Any]


async def simulated_year(
    progress: Callable[[int, int], None], days: int = DAYS, seed: int = SEED, faults: str = FAULTS
) -> list[Row]:
    """Live it in a process of its own; its rows. Raises Unavailable where that process does not answer."""
    async with child("-m", __spec__.name, str(days), str(seed), faults) as life:
        told = life.where
        while "windows_a_second" not in told:
            progress(told["day"], days)
            told = await life.line(WEEK_SECONDS_MAX)
        progress(days, days)
    return rows(told)


def rows(told: Json) -> list[Row]:
    """What a life came to, as `bench --json` prints it."""
    name, (first, last) = f"{told['days']} simulated days", told["memory_mb"]
    return [
        row(f"{name}: memory after the first", first, None, MEMORY_MB_MAX, unit="MB"),
        row(f"{name}: memory after the last", last, first, MEMORY_MB_MAX, unit="MB"),
        row(f"{name}: memory at the peak", told["peak_mb"], None, None, unit="MB"),
        *(_kept(f"{name}: {what}", *told[key]) for what, key in (("open files", "files"), ("tasks", "tasks"))),
        *(
            _apart(f"{name}: {what} apart from the exchange's", told[f"{what}_apart_usd"])
            for what in ("profit", "fees")
        ),
        row(f"{name}: alarms over our own books", told["alarms"], None, 0, unit=""),
        row(f"{name}: bets left open", told["open"], None, 0, unit=""),
        row(f"{name}: trades", told["trades"], None, None, unit=""),
        row(f"{name}: windows a second", told["windows_a_second"], None, None, unit="1/s"),
    ]


def _kept(name: str, first: int, last: int) -> Row:
    return row(name, last, first, first, unit="")


def _apart(name: str, usd: float) -> Row:
    """In ten-thousandths of a dollar, so that no figure of a row is rounded away."""
    return row(name, usd / APART_USD_MAX, None, 1, unit="0.0001 USD")


def _tell(line: Json) -> None:
    print(json.dumps(line), flush=True)


def main(days: int, seed: int, faults: str) -> None:
    """Live it in this process; it leaves no files behind, also where it is asked to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    where = DISK_IN_MEMORY if DISK_IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="kalshi-chatops-year-", dir=where) as folder:
        ending = asyncio.run(lived(Path(folder), days, seed, faults, _tell))
    _tell(ending)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
