"""A process that owns a store and never stops: commits, snapshots and archives, each confirmed on standard output.

Commit number n puts trade n and the count n + 1; nothing else. Every few commits the oldest trades go to the archives.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from storage.durable import Limits
from storage.store import TinyStore
from trading.domain.market import Outcome
from trading.domain.money import CENT, ONE
from trading.domain.order import Mode
from trading.domain.records import Control, Put
from trading.domain.trade import Trade, TradeOutcome

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
ARCHIVE_EVERY = 40  # commits
LEFT = 15  # trades, which stay in the store
OFTEN = Limits(journal_bytes_min=20_000, background=True)  # a snapshot every forty commits or so


def trade(number: int) -> Trade:
    at = BEGAN + timedelta(hours=number)
    made = Trade(f"t{number:06d}", Mode.REAL, "consensus", f"KX-{number}", Outcome.YES, at, at, CENT, ONE)
    return replace(made, outcome=TradeOutcome.LOSS, closed_at=at)


def main(folder: Path) -> None:
    store = TinyStore.open(folder, limits=OFTEN)
    for number in count():
        row = Control("count", {"count": str(number + 1)}, BEGAN)
        store.commit([Put("trades", trade(number).trade_id, trade(number)), Put("control", row.name, row)])
        print(number + 1, flush=True)
        if number % ARCHIVE_EVERY == 0:
            store.archive(BEGAN + timedelta(hours=number - LEFT))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
