"""The parts of the bench, in the order in which they are run; a part is a line in `PARTS`."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chatbot.tools.bench.answers import answers
from chatbot.tools.bench.figures import Row
from chatbot.tools.bench.kills import kill_latency
from chatbot.tools.bench.markets import markets

Progress = Callable[[int, int], None]  # done, of


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much each part does."""

    kills: int = 1_000  # under each load
    answers: int = 500  # under each load
    passes: int = 9  # over all markets


@dataclass(frozen=True, slots=True)
class Part:
    """`measure` gives the rows. Raises Unavailable where the bench itself fails."""

    title: str
    measure: Callable[[Sizes, Progress], list[Row]]


def _answers(sizes: Sizes, progress: Progress) -> list[Row]:
    with _folder() as folder:
        measured = asyncio.run(answers(Path(folder), sizes.answers, progress))
    return [row for each in measured for row in each.rows()]


def _kills(sizes: Sizes, progress: Progress) -> list[Row]:
    with _folder() as folder:
        measured = asyncio.run(kill_latency(Path(folder), sizes.kills, progress))
    return [row for each in measured for row in each.rows()]


def _markets(sizes: Sizes, progress: Progress) -> list[Row]:
    measured = asyncio.run(markets(sizes.passes, progress))
    return [row for each in measured for row in each.rows()]


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="kalshi-chatops-bench-")


PARTS = {
    "answers": Part("Answers, beside the bare library's echo", _answers),
    "kills": Part("/kill, beside an update heard by the bare library and one row committed", _kills),
    "markets": Part("All open markets read and sifted, beside their transport alone", _markets),
}
