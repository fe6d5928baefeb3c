"""Reading and sifting all open markets, beside transport alone: how long, how much memory, and the loop meanwhile.

Three processes for each size: the listing, the scanner, and what only carries the pages; each pass of the one is
followed by a pass of the other, so that both see the same machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from chatbot.tools.bench.children import Child, Json, child
from chatbot.tools.bench.figures import Row, row

SIZES = (15_000, 60_000)
RATIO_MAX, MEMORY_MB_MAX, BLOCK_MS_MAX = 1.5, 60.0, 20.0  # that are to be reached: of transport alone, MB, ms
MS = 1_000.0


@dataclass(frozen=True, slots=True)
class Markets:
    """So many markets, in some passes of the scanner and as many of `transport` alone."""

    markets: int
    passes: Sequence[Json]
    transport: Sequence[Json]

    def rows(self) -> list[Row]:
        """As `bench --json` prints them. Of times the median counts, of blocks and memory the worst."""
        name = f"{self.markets:,} markets"
        took, bare = _times(self.passes), _times(self.transport)
        peak, bare_peak = _worst(self.passes, "peak_mb"), _worst(self.transport, "peak_mb")
        block, bare_block = _worst(self.passes, "block") * MS, _worst(self.transport, "block") * MS
        return [
            row(f"{name}: read and sifted", took, bare, round(RATIO_MAX * bare, 3)),
            row(f"{name}: peak memory", peak, bare_peak, MEMORY_MB_MAX, unit="MB"),
            row(f"{name}: longest block of the loop", block, bare_block, BLOCK_MS_MAX),
        ]


def _times(runs: Sequence[Json]) -> float:
    return float(median(run["seconds"] for run in runs)) * MS


def _worst(runs: Sequence[Json], name: str) -> float:
    return float(max(run[name] for run in runs))


async def markets(passes: int, progress: Callable[[int, int], None]) -> list[Markets]:
    """Measure so many passes over each size. Raises Unavailable."""
    done, measured = 0, list[Markets]()
    for size in SIZES:
        async with child("-m", "chatbot.tools.bench.listing", str(size)) as listing:
            words = ("-m", "chatbot.tools.bench.passes", listing.where["base_url"])
            async with child(*words, "scan") as scanner, child(*words, "transport") as transport:
                await _both(scanner, transport)  # the series, which are read once in hours, and what is cold
                runs = []
                for _ in range(passes):
                    runs.append(await _both(scanner, transport))
                    done += 1
                    progress(done, passes * len(SIZES))
        scanned, carried = zip(*runs, strict=True)
        measured.append(Markets(scanned[0]["markets"], scanned, carried))
    return measured


async def _both(scanner: Child, transport: Child) -> tuple[Json, Json]:
    return await scanner.ask("pass"), await transport.ask("pass")
