"""Is anything lost or entered twice when the bot is killed? `python -m tests.bench_kills [--kills 3000] [--json]`.

A worker process opens a store and enters orders one after the other, as the bot does: the order is committed, then its
number is written to standard output, which stands for sending it; then its trade's close is committed. Snapshots,
new segments and archives come all the time. `kill -9` ends it at a random moment, also while it opens the folder; then
the folder is opened and every order that was ever acknowledged is looked for, in the store and in the archives. The
next worker goes on from what the store knows. Each round has a folder of its own.

What `kill -9` cannot show, what a drive forgets when the power goes, is shown by `tests/storage`, step by step.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import comb
from pathlib import Path
from random import Random
from typing import cast

from storage.durable import Limits
from storage.store import TinyStore
from trading.clock import monotonic
from trading.domain.errors import StoreRefused
from trading.domain.market import Outcome
from trading.domain.order import Mode, Order, OrderStatus, Side
from trading.domain.records import Put
from trading.domain.trade import Trade, TradeOutcome

KILLS_A_ROUND = 50
LIFE_SECONDS_MAX = 0.25  # from the worker's start: some die while they open the folder
BUSY = Limits(journal_bytes_min=16 * 1024)  # a snapshot every dozen orders, written in the background
ARCHIVE_EVERY, KEPT = 10, timedelta(hours=40)  # orders
FIRST_AT, STEP = datetime(2026, 1, 5, tzinfo=UTC), timedelta(hours=1)
CONFIDENCE = 0.95


@dataclass
class Figures:
    """What came of it. `lost` and `twice` are orders, `refused` openings that were refused."""

    kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    twice: int = 0
    changed: int = 0  # acknowledged orders of which the store has something else than was committed
    refused: int = 0
    mended: int = 0  # openings that kept an unfinished write aside
    unopened: int = 0  # kills before the first acknowledgement
    seconds: float = 0.0
    damaged_kills: int = 0  # after which anything of the above was wrong
    upper_bound: float = field(default=1.0)  # of the share of kills that do damage

    @property
    def wrong(self) -> int:
        return self.lost + self.twice + self.changed + self.refused


def order_of(number: int) -> Order:
    """The same number is always the same order."""
    at = FIRST_AT + number * STEP
    filled = Decimal(number % 9 + 1)
    return Order(
        *(f"k-{number:08d}", Mode.REAL, "consensus", f"KXBTC15M-{number:08d}", Side.BID, Decimal("0.52"), filled),
        *(OrderStatus.EXECUTED, at, at),
        filled=filled,
        reported=filled,
        why="both signals say yes, and the price lies in the band; what a reason may well say at this length",
    )


def trade_of(order: Order) -> Trade:
    return Trade(
        *(order.client_order_id, order.mode, order.strategy, order.ticker, Outcome.YES, order.created_at),
        *(order.created_at, order.price, order.count),
        outcome=TradeOutcome.WIN,
        closed_at=order.created_at,
    )


def work(folder: Path) -> None:
    """The worker: enter orders until the end comes."""
    store = TinyStore.open(folder, limits=BUSY)
    newest = cast(list[Order], store.tail("orders", 1))
    number = int(newest[0].client_order_id[2:]) + 1 if newest else 0
    while True:
        order = order_of(number)
        opened = replace(trade_of(order), outcome=TradeOutcome.OPEN, closed_at=None)
        store.commit([Put("orders", order.client_order_id, order), Put("trades", opened.trade_id, opened)])
        os.write(sys.stdout.fileno(), b"%d\n" % number)
        store.commit([Put("trades", opened.trade_id, trade_of(order))])
        if number % ARCHIVE_EVERY == 0:
            store.archive(order.created_at - KEPT)
        number += 1


def one_life(folder: Path, seconds: float) -> list[int]:
    """The numbers that a worker acknowledged before it was killed."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        _become_worker(folder, reading, writing)
    os.close(writing)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    with os.fdopen(reading) as said:
        numbers = [int(line) for line in said if line.endswith("\n")]
    _, status = os.waitpid(child, 0)
    if os.WTERMSIG(status) != signal.SIGKILL:
        raise RuntimeError(f"the worker ended by itself: status {status}, after {len(numbers)} orders in {folder}")
    return numbers


def _become_worker(folder: Path, reading: int, writing: int) -> None:
    try:
        os.close(reading)
        os.dup2(writing, 1)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        work(folder)
    finally:
        os._exit(1)


@dataclass
class Round:
    """One folder and all that was ever acknowledged in it."""

    folder: Path
    sent: Counter[int] = field(default_factory=Counter)

    def check(self, numbers: list[int], figures: Figures) -> None:
        """Hold the folder against what was acknowledged: these numbers and all before them."""
        before = figures.wrong
        figures.kills += 1
        figures.acknowledged += len(numbers)
        figures.unopened += not numbers
        figures.twice += sum(1 for number in numbers if self.sent[number])
        self.sent.update(numbers)
        self._compare(figures)
        figures.damaged_kills += figures.wrong > before

    def _compare(self, figures: Figures) -> None:
        try:
            store = TinyStore.open(self.folder)
            found = cast(list[Order], [*store.archived("orders"), *store.select("orders")])
        except StoreRefused as error:
            print(error, file=sys.stderr)
            figures.refused += 1
            return
        figures.mended += bool(store.recovered)
        store.close()
        held = Counter(int(order.client_order_id[2:]) for order in found)
        figures.lost += sum(1 for number in self.sent if not held[number])
        figures.twice += sum(count - 1 for count in held.values())
        figures.changed += sum(1 for order in found if order != order_of(int(order.client_order_id[2:])))


def upper_bound(failures: int, trials: int) -> float:
    """Clopper and Pearson's: the largest share of failures that is not refuted at CONFIDENCE, on one side. With no
    failures it is close to 3 / trials."""
    low, high = 0.0, 1.0
    for _ in range(60):
        share = (low + high) / 2
        at_most = sum(comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(failures + 1))
        low, high = (share, high) if at_most > 1 - CONFIDENCE else (low, share)
    return high


def run(kills: int, seed: int) -> Figures:
    """So many workers, one after the other."""
    random, figures, start = Random(seed), Figures(), monotonic()
    while figures.kills < kills:
        with tempfile.TemporaryDirectory(prefix="kills-") as name:
            played = Round(Path(name))
            for _ in range(min(KILLS_A_ROUND, kills - figures.kills)):
                played.check(one_life(played.folder, random.uniform(0, LIFE_SECONDS_MAX)), figures)
    figures.seconds = round(monotonic() - start, 1)
    figures.upper_bound = upper_bound(figures.damaged_kills, figures.kills)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON value in place of the sentences")
    given = parser.parse_args()
    figures = run(given.kills, given.seed)
    if given.json:
        print(json.dumps(asdict(figures)))
        return
    print(f"{figures.kills} kills in {figures.seconds} s, {figures.acknowledged} orders acknowledged")
    print(f"lost {figures.lost}, entered twice {figures.twice}, changed {figures.changed}, refused {figures.refused}")
    print(f"kills before the first order {figures.unopened}, unfinished writes kept aside {figures.mended}")
    print(f"share of kills that do damage: at most {figures.upper_bound:.4%} ({CONFIDENCE:.0%} confidence)")


if __name__ == "__main__":
    main()
