"""Many seeds over the machine's cores, and what came of them: figures, and each violation with the way to see it again.

Seeds run in spawned processes, a few at a time; the figures are the same however many processes there are.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from chatbot.tools.simulation.machine import DIED, LOST_POWER, RESTARTED
from chatbot.tools.simulation.run import Outcome, simulate
from trading.clock import monotonic

BATCH_SEEDS = 5  # run by a process before it answers

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Report:
    """Sums over seeds; `failed` are the outcomes with violations, by seed."""

    seeds: int = 0
    beats: int = 0
    orders: int = 0
    fills: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    failed: dict[int, Outcome] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.beats += outcome.beats
        self.orders += outcome.orders
        self.fills += outcome.fills
        self.counts += outcome.counts
        if outcome.violations:
            self.failed[outcome.seed] = outcome

    def figures(self) -> dict[str, Any]:
        """What `--json` shows."""
        return {
            "seeds": self.seeds,
            "violations": sum(len(outcome.violations) for outcome in self.failed.values()),
            "beats": self.beats,
            "orders": self.orders,
            "fills": self.fills,
            "crashes": self.counts[DIED] + self.counts[LOST_POWER],
            "faults": {str(kind): n for kind, n in sorted(self.counts.items()) if kind not in _ENDS},
            "seconds": round(self.seconds, 2),
        }

    def violations(self) -> Iterator[str]:
        """Each violation in words, with the command line that replays it."""
        for seed, outcome in sorted(self.failed.items()):
            for each in outcome.violations:
                yield f"seed {seed}, beat {each.beat}: broken: {each.invariant} ({each.detail})"
            yield f"    again: kalshi-chatops simulate --first-seed {seed} --seeds 1"


_ENDS = frozenset({DIED, LOST_POWER, RESTARTED})


def simulate_all(first: int, count: int, progress: Progress = lambda done, total: None) -> Report:
    """Run `count` seeds from `first` on over all cores."""
    report, started = Report(), monotonic()
    for outcomes in _outcomes(range(first, first + count)):
        for outcome in outcomes:
            report.add(outcome)
        progress(report.seeds, count)
    report.seconds = monotonic() - started
    return report


def _outcomes(seeds: Sequence[int]) -> Iterator[list[Outcome]]:
    batches = [seeds[i : i + BATCH_SEEDS] for i in range(0, len(seeds), BATCH_SEEDS)]
    workers = min(os.cpu_count() or 1, len(batches))
    if workers <= 1:
        yield from map(run_batch, batches)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(run_batch, batch) for batch in batches]):
            yield done.result()


def run_batch(seeds: Sequence[int]) -> list[Outcome]:
    """Some seeds, one after the other, in this process."""
    return [simulate(seed) for seed in seeds]
