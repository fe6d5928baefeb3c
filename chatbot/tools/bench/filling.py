"""Stores full of trades, for the bench: the same rows go into each of them, and into its peer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from chatbot.life.life import archive_before
from chatbot.tools.bench.deals import DAY_DEALS, PAID, SERIES, WINDOW, Deal, deals, rows_of
from chatbot.tools.bench.disk_peers import Sqlite
from storage.store import TinyStore
from trading.domain.records import Put
from trading.domain.trade import Trade

BATCH_ROWS = 1_000  # of one commit
MONTH_DEALS = 30 * DAY_DEALS
FIRST = datetime(2023, 1, 2, tzinfo=UTC)  # when the trades begin that are there at first
LATER = datetime(2026, 1, 5, tzinfo=UTC)  # those that are committed one by one
COMPACTED = datetime(2026, 7, 6, tzinfo=UTC)  # and those while it is compacted


def filled(stores: Mapping[int, TinyStore], peers: Mapping[int, Sqlite]) -> None:
    """Put into each as many trades as its key says."""
    done = 0
    for puts in batches(islice(deals(FIRST), max(stores))):
        for size in stores:
            if mine := puts[: max(size - done, 0)]:
                stores[size].commit(mine)
                peers[size].commit(mine)
        done += len(puts)
    for store in stores.values():
        store.wait()


def batches(made: Iterable[Deal]) -> Iterator[list[Put]]:
    """The rows of these trades alone, so many at a time."""
    trades = (put for puts in rows_of(made) for put in puts if isinstance(put.record, Trade))
    while batch := list(islice(trades, BATCH_ROWS)):
        yield batch


def aged(folder: Path, count: int, now: datetime) -> None:
    """Make a store in which so many bets have ended until `now`, with all their rows; those that are due have moved to
    the archives of their months."""
    store = TinyStore.open(folder)
    first = now - WINDOW * -(-count // len(SERIES)) - PAID
    rows = rows_of(islice(deals(first), count))
    while month := [put for puts in islice(rows, MONTH_DEALS) for put in puts]:
        for start in range(0, len(month), BATCH_ROWS):
            store.commit(month[start : start + BATCH_ROWS])
        store.archive(archive_before(now, UTC))
    store.close()
