"""The parts of the bench, in the order in which they are run; a part is a line in `PARTS`."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from chatbot.tools.bench.answers import answers
from chatbot.tools.bench.beats import beats
from chatbot.tools.bench.commits import commits
from chatbot.tools.bench.figures import Row
from chatbot.tools.bench.kills import kill_latency
from chatbot.tools.bench.many_trades import many_trades
from chatbot.tools.bench.markets import markets
from chatbot.tools.bench.orders import orders
from chatbot.tools.bench.replaying import replaying
from chatbot.tools.bench.starting import starting
from chatbot.tools.bench.year import simulated_year

Progress = Callable[[int, int], None]  # done, of


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much each part does."""

    kills: int = 1_000  # under each load
    answers: int = 500  # under each load
    passes: int = 9  # over all markets
    starts: int = 4  # with each choice of chats
    orders: int = 400  # with each number of orders before
    beats: int = 40  # with each number of open orders
    commits: int = 400  # with each number of trades
    lines: int = 50  # of each command, with each number of trades
    replays: int = 7  # of all windows
    days: int = 365
    recorded: Path | None = None  # a folder of recorded windows; without one they are made


@dataclass(frozen=True, slots=True)
class Part:
    """`measure` is given an empty folder and gives the rows. Raises Unavailable where the bench itself fails."""

    title: str
    measure: Callable[[Path, Sizes, Progress], Awaitable[list[Row]]]


def run(part: Part, sizes: Sizes, progress: Progress) -> list[Row]:
    """Its rows. Raises Unavailable, Misconfigured."""

    async def measured(folder: Path) -> list[Row]:
        return await part.measure(folder, sizes, progress)

    with tempfile.TemporaryDirectory(prefix="kalshi-chatops-bench-") as folder:
        return asyncio.run(measured(Path(folder)))


async def _answers(folder: Path, sizes: Sizes, progress: Progress) -> list[Row]:
    return [row for each in await answers(folder, sizes.answers, progress) for row in each.rows()]


async def _kills(folder: Path, sizes: Sizes, progress: Progress) -> list[Row]:
    return [row for each in await kill_latency(folder, sizes.kills, progress) for row in each.rows()]


async def _markets(folder: Path, sizes: Sizes, progress: Progress) -> list[Row]:
    return [row for each in await markets(sizes.passes, progress) for row in each.rows()]


PARTS = {
    "starts": Part(
        "Starts and memory, beside the bare libraries that connect",
        lambda folder, sizes, progress: starting(folder, sizes.starts, progress),
    ),
    "answers": Part("Answers, beside the bare library's echo", _answers),
    "kills": Part("/kill, beside an update heard by the bare library and one row committed", _kills),
    "orders": Part(
        "An order until it is acknowledged, beside a signed POST and two syncs",
        lambda folder, sizes, progress: orders(folder, sizes.orders, progress),
    ),
    "beats": Part(
        "A beat and a reconciliation, beside those with one open order",
        lambda folder, sizes, progress: beats(folder, sizes.beats, progress),
    ),
    "commits": Part(
        "A commit, beside a synced write and SQLite",
        lambda folder, sizes, progress: commits(folder, sizes.commits, progress),
    ),
    "trades": Part(
        "Commands over many trades, beside the same over few",
        lambda folder, sizes, progress: many_trades(folder, sizes.lines, progress),
    ),
    "markets": Part("All open markets read and sifted, beside their transport alone", _markets),
    "replay": Part(
        "Recorded windows played, beside strategy and ledger alone",
        lambda folder, sizes, progress: replaying(folder, sizes.replays, progress, sizes.recorded),
    ),
    "year": Part(
        "A simulated year with faults",
        lambda folder, sizes, progress: simulated_year(progress, sizes.days),
    ),
}
