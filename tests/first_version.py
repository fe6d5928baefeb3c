"""A data folder as the first version of the store left it: a bot on the simulated exchange that was killed in the
middle of a dry run, after real trades.

It holds a snapshot and a segment of the journal behind it, both of schema 1, and the account that the exchange kept.
The zeros that a segment ends in are not kept here.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from storage.journal import CHUNK_BYTES

KEPT = Path(__file__).parent / "storage" / "first_version"
SEED = 7  # of its world
# (mode, outcome, profit in dollars after fees), oldest first, as that version told them; the last one is open.
TRADES = (
    ("real", "WIN", "3.9835"),
    ("real", "WIN", "5.1256"),
    ("real", "WIN", "3.0656"),
    ("real", "LOSS", "-5.0133"),
    ("real", "WIN", "4.0730"),
    ("real", "LOSS", "-5.1544"),
    ("dry_run", "LOSS", "-4.7765"),
    ("dry_run", "WIN", "3.8940"),
    ("dry_run", "", "0"),
)
REAL_PROFIT_USD = 6.08


def first_version(data: Path) -> Path:
    """Lay it into this data folder, which need not be there; where the store is."""
    store, exchange = data / "simulated" / "store", data / "simulated" / "exchange"
    for folder in (store, exchange):
        folder.mkdir(parents=True)
    shutil.copy(KEPT / "account.jsonl", exchange)
    shutil.copy(KEPT / "snapshot.json", store)
    for segment in KEPT.glob("journal-*.log"):
        (store / segment.name).write_bytes(segment.read_bytes().ljust(CHUNK_BYTES, b"\0"))
    return store
