"""Opening a store, in a process whose memory is nothing else's, or reading its snapshot with stock TinyDB.

    python -m chatbot.tools.bench.opening FOLDER store|tinydb

The first line of standard input lets it begin; it answers with the rows that it found, the seconds that it took and the
memory that it has grown by, in MB.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tinydb import TinyDB
from tinydb.storages import JSONStorage

from chatbot.tools.bench.children import Json, child
from chatbot.tools.bench.figures import Row, row
from storage import snapshot
from storage.store import TinyStore
from trading.clock import monotonic

TIMES = 3
SECONDS_MAX = 1.0  # of the two seconds in which the bot is to be ready
MS, MEGABYTE = 1_000.0, 1e6
STATUS = Path("/proc/self/status")  # of a process, where there is Linux
STORE, STOCK = "store", "tinydb"


async def opening(folder: Path) -> list[Row]:
    """Open the store of this folder, which nobody has open, and read the same snapshot with stock TinyDB, in turns.
    Raises Unavailable."""
    runs = [(await _run(folder, STORE), await _run(folder, STOCK)) for _ in range(TIMES)]
    ours, stock = zip(*runs, strict=True)
    name = f"opening {ours[0]['trades']:,} trades"
    mine, its = _median(ours, "seconds") * MS, _median(stock, "seconds") * MS
    held, its_held = _median(ours, "held_mb"), _median(stock, "held_mb")
    return [
        row(f"{name}, beside stock TinyDB", mine, its, SECONDS_MAX * MS),
        row(f"{name}, memory held, beside stock TinyDB", held, its_held, its_held, unit="MB"),
    ]


async def _run(folder: Path, how: str) -> Json:
    async with child("-m", "chatbot.tools.bench.opening", str(folder), how) as process:
        return await process.ask("open")


def _median(runs: tuple[Json, ...], name: str) -> float:
    return float(median(run[name] for run in runs))


def _open_store(folder: Path) -> Callable[[], int]:
    store = TinyStore.open(folder)
    return lambda: store.count("trades")


def _open_stock(folder: Path) -> Callable[[], int]:
    """As stock TinyDB holds it: what its storage reads, which it reads again for every question."""
    tables = TinyDB(folder / snapshot.NAME, access_mode="r", storage=JSONStorage).storage.read() or {}
    return lambda: len(tables["trades"])


def _held_mb() -> float:
    """What this process holds now (where there is no /proc: the most that it has held)."""
    if STATUS.exists():
        [mark] = [line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith("VmRSS:")]
        return int(mark) * 1024 / MEGABYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE


def main(folder: Path, how: str) -> None:
    """Open it once that is asked for, and tell."""
    opened = {STORE: _open_store, STOCK: _open_stock}[how]
    print(json.dumps({"ready": how}), flush=True)
    sys.stdin.readline()
    before, began = _held_mb(), monotonic()
    trades = opened(folder)
    seconds = monotonic() - began
    print(json.dumps({"trades": trades(), "seconds": seconds, "held_mb": _held_mb() - before}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
