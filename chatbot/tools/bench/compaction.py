"""A store is compacted while settlements are committed to it: the worst of those, beside the worst of the floor's
writes in the same time. Each time the other one of the two writes first: whoever writes after a pause waits for what
the snapshot has given the disk meanwhile.

The journal is made to outgrow the snapshot by putting the trades that are there once more, a few at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

from chatbot.tools.bench.deals import SETTLES, commits_of, deals
from chatbot.tools.bench.disk_peers import Floor, line_of
from chatbot.tools.bench.figures import Row, Spread, row
from chatbot.tools.bench.filling import COMPACTED
from storage import snapshot
from storage.durable import Limits
from storage.store import TinyStore
from trading.clock import monotonic
from trading.domain.records import Put
from trading.domain.trade import Trade

TIMES = 3  # that it is compacted
BATCH_ROWS = 200  # put once more by one commit
WORST_MS_MAX = 20.0  # that a commit may hold up the loop
MS = 1_000.0

T = TypeVar("T")


def compaction(folder: Path, store: TinyStore, floor: Floor) -> list[Row]:
    """Have the store of this folder compacted some times, and commit to it all the while."""
    name = f"a settlement committed while {store.count('trades'):,} trades are compacted"
    settlements = (puts for step, puts in commits_of(deals(COMPACTED)) if step == SETTLES)
    taken: list[tuple[float, float]] = []
    for _ in range(TIMES):
        compacted = _outgrow(folder, store)
        while compacted.exists():
            times = _times(store, floor, next(settlements), store_first=len(taken) % 2 == 0)
            if _segment(folder) != compacted:  # it has begun
                taken.append(times)
    mine, its = (Spread.of(each) for each in zip(*taken, strict=True))
    worst, its_worst = map(max, zip(*taken, strict=True))
    return [
        row(f"{name}, p50", mine.p50, its.p50, None),
        row(f"{name}, p99", mine.p99, its.p99, None),
        row(f"{name}, worst", worst, its_worst, WORST_MS_MAX),
    ]


def _times(store: TinyStore, floor: Floor, puts: Sequence[Put], *, store_first: bool) -> tuple[float, float]:
    """Milliseconds of the store's commit and of the floor's write of the same."""
    line = line_of(puts)
    if store_first:
        return _ms(store.commit, puts), _ms(floor.write, line)
    its = _ms(floor.write, line)
    return _ms(store.commit, puts), its


def _outgrow(folder: Path, store: TinyStore) -> Path:
    """Put trades once more until the newest segment's file is longer than what calls for a snapshot, and soon its lines
    are too; that file, which is gone when the snapshot stands for it."""
    store.wait()
    again = cycle([Put("trades", each.trade_id, each) for each in store.latest("trades") if isinstance(each, Trade)])
    while _segment(folder).stat().st_size <= max(_snapshot_bytes(folder), Limits().journal_bytes_min):
        store.commit(list(islice(again, BATCH_ROWS)))
    return _segment(folder)


def _segment(folder: Path) -> Path:
    """The file that the store's journal is written to."""
    return max(folder.glob("journal-*.log"))


def _snapshot_bytes(folder: Path) -> int:
    path = folder / snapshot.NAME
    return path.stat().st_size if path.exists() else 0


def _ms(work: Callable[[T], None], what: T) -> float:
    began = monotonic()
    work(what)
    return (monotonic() - began) * MS
