"""What a commit of the store costs with none, many and very many trades in it: beside one pwrite and one fdatasync of
the same bytes, and beside SQLite with as many documents, all in turns on the same disk.

Measured is what the engine commits: a trade's row alone, and a settlement with the sums and the notice that go with it.
Then the largest store is compacted while commits go on, and opened anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path

from chatbot.tools.bench.compaction import compaction
from chatbot.tools.bench.deals import SETTLES, commits_of, deals
from chatbot.tools.bench.disk_peers import Floor, Sqlite, line_of
from chatbot.tools.bench.figures import Row, Spread, row
from chatbot.tools.bench.filling import LATER, filled
from chatbot.tools.bench.opening import opening
from chatbot.tools.run import steady
from storage.store import TinyStore
from trading.clock import monotonic
from trading.domain.records import Put
from trading.domain.trade import Trade

SIZES = (0, 10_000, 100_000)  # trades that are there at first
RATIO_MAX, PEER_RATIO_MAX, GROWTH_MAX = 1.3, 1.1, 1.2  # of the floor, of SQLite, of itself with the fewest trades, p50
WARM_UP = 20
MS = 1_000.0
TRADE, SETTLEMENT = "a trade", "a settlement"  # what is committed, where it is measured
FLOOR, STORE, SQLITE = "pwrite and fdatasync", "the store", "SQLite"

Progress = Callable[[int, int], None]
Writer = tuple[str, int]  # who writes, and how many trades it holds
Write = Callable[[Sequence[Put], bytes], None]  # the rows, and the line of the journal that they are
Times = dict[tuple[Writer, str], list[float]]  # milliseconds of each write, by what was written


async def commits(folder: Path, rounds: int, progress: Progress, sizes: Sequence[int] = SIZES) -> list[Row]:
    """Each commit so many times to stores of all sizes, the fewest trades first, in `folder`. Raises Unavailable."""
    most = folder / f"{sizes[-1]}"
    with ExitStack() as stack:
        floor = stack.enter_context(closing(Floor(folder / "floor.bin")))
        stores = {size: stack.enter_context(closing(TinyStore.open(folder / f"{size}"))) for size in sizes}
        peers = {size: stack.enter_context(closing(Sqlite(folder / f"{size}.sqlite"))) for size in sizes}
        filled(stores, peers)
        steady()
        times = _timed(_writers(floor, stores, peers), rounds, progress)
        compacted = compaction(most, stores[sizes[-1]], floor)
    return [*_rows(times, sizes), *compacted, *await opening(most)]


def _writers(floor: Floor, stores: Mapping[int, TinyStore], peers: Mapping[int, Sqlite]) -> dict[Writer, Write]:
    made: dict[Writer, Write] = {(FLOOR, 0): lambda puts, line: floor.write(line)}
    made |= {(STORE, size): _committing(store) for size, store in stores.items()}
    return made | {(SQLITE, size): _committing(peer) for size, peer in peers.items()}


def _committing(into: TinyStore | Sqlite) -> Write:
    return lambda puts, line: into.commit(puts)


def _timed(writers: Mapping[Writer, Write], rounds: int, progress: Progress) -> Times:
    """Every writer writes everything, each time another one first."""
    times: Times = {}
    for number, bet in enumerate(islice(_bets(), WARM_UP + rounds)):
        order = [*writers.items()] * 2
        for what, puts in bet:
            line = line_of(puts)
            for writer, write in order[number % len(writers) :][: len(writers)]:
                began = monotonic()
                write(puts, line)
                times.setdefault((writer, what), []).append((monotonic() - began) * MS)
        progress(max(number + 1 - WARM_UP, 0), rounds)
    return {key: taken[WARM_UP:] for key, taken in times.items()}


def _bets() -> Iterator[list[tuple[str, list[Put]]]]:
    """The commits of one bet after the other, each up to its settlement, and then its trade as one row more."""
    bet: list[tuple[str, list[Put]]] = []
    for step, puts in commits_of(deals(LATER)):
        bet.append((SETTLEMENT if step == SETTLES else step, puts))
        if step == SETTLES:
            [closed] = [put for put in puts if isinstance(put.record, Trade)]
            yield [*bet, (TRADE, [Put(closed.table, f"{closed.key}-again", closed.record)])]
            bet = []


def _rows(times: Times, sizes: Sequence[int]) -> Iterator[Row]:
    for what in (TRADE, SETTLEMENT):
        spreads = {writer: Spread.of(taken) for (writer, each), taken in times.items() if each == what}
        for size in sizes:
            name = f"{what} committed at {size:,} trades"
            mine = spreads[STORE, size]
            for beside, other, most in _beside(spreads, size, sizes[0]):
                yield row(f"{name}, p50, beside {beside}", mine.p50, other.p50, most * other.p50)
                yield row(f"{name}, p99, beside {beside}", mine.p99, other.p99, None)


def _beside(spreads: Mapping[Writer, Spread], size: int, fewest: int) -> Iterator[tuple[str, Spread, float]]:
    """What the store of this size is held against, and how many times that its median may take."""
    yield FLOOR, spreads[FLOOR, 0], RATIO_MAX
    yield SQLITE, spreads[SQLITE, size], PEER_RATIO_MAX
    if size != fewest:
        yield f"itself at {fewest:,}", spreads[STORE, fewest], GROWTH_MAX
