"""How soon the bot is there after its start, and how much memory it holds, with one, two and three chats.

Ready is: in every chat the owner's /status, which has been waiting there, is answered, and the notice that the bot has
started has come; so connections stand, the store is open and the exchange has been asked. The exchange and the chats
are in other processes. Beside each start stands that of the bare libraries, which connect and answer the same /status;
beside a command that ends at once, a Python that does nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from chatbot.tools.bench import starts
from chatbot.tools.bench.chats import DISCORD, STDIN, TELEGRAM, Chats, chats
from chatbot.tools.bench.children import Json, child
from chatbot.tools.bench.figures import Row, row
from chatbot.tools.bench.starts import Kind, Start

BOTH: Kind = (TELEGRAM, DISCORD)
KINDS: tuple[Kind, ...] = ((TELEGRAM,), (DISCORD,), BOTH, (*BOTH, STDIN))
READY_MS, MEMORY_MB = 2_000.0, 120.0  # to reach with both chats
AT_ONCE_MS = 500.0  # to reach by what ends at once: who types it does not feel a wait
SPEED = 60.0  # of the exchange's clock: a minute of beats is a second
LIVE_SECONDS = 1.0  # of real time, until memory is looked at
HELP, WRONG, NOTHING = "--help", "a wrong setting", "nothing"
MISCONFIGURED = 2  # the exit code
MS = 1_000.0

Pair = tuple[Start, Start]  # the bot's and the bare libraries'


async def starting(
    folder: Path, times: int, progress: Callable[[int, int], None], kinds: Sequence[Kind] = KINDS
) -> list[Row]:
    """Start the bot so many times with each choice of chats, in turns with the bare libraries, and as often what ends
    at once. Raises Unavailable where the bench itself fails."""
    measured: defaultdict[Kind, list[Pair]] = defaultdict(list)
    ended: defaultdict[str, list[float]] = defaultdict(list)
    words = ("exchange", "--speed", f"{SPEED:g}", "--data", str(folder / "exchange"))
    async with child("-m", "chatbot", *words) as exchange, chats() as both:
        await _pair(folder / "cold", kinds[-1], both, exchange.where)
        for n in range(times):
            for kind in kinds:
                measured[kind].append(await _pair(folder / f"{n}-{'-'.join(kind)}", kind, both, exchange.where))
                progress(sum(map(len, measured.values())), times * len(kinds))
            for what, seconds in (await _ended(folder)).items():
                ended[what].append(seconds)
    return [row for kind in kinds for row in _rows(kind, measured[kind])] + _ended_rows(ended)


async def _pair(folder: Path, kind: Kind, both: Chats, exchange: Json) -> Pair:
    bot = await starts.bot(folder / "bot", kind, both, exchange, LIVE_SECONDS)
    return bot, await starts.bare(folder / "bare", kind, both, LIVE_SECONDS)


async def _ended(folder: Path) -> dict[str, float]:
    """The seconds of each command that ends at once."""
    return {
        HELP: await starts.ended(folder, "-m", "chatbot", "--help"),
        WRONG: await starts.ended(folder, "-m", "chatbot", "run", code=MISCONFIGURED, KALSHI_ENV="nowhere"),
        NOTHING: await starts.ended(folder, "-c", "pass"),
    }


def _rows(kind: Kind, pairs: Sequence[Pair]) -> list[Row]:
    """Of the starts with these chats. What is to be reached is said of both chats."""
    name, promised = f"start, {_listed(kind)}", kind == BOTH
    took, bare = ([start.seconds * MS for start in side] for side in zip(*pairs, strict=True))
    ready = READY_MS if promised else None
    rows = [
        row(f"{name}: ready, median", median(took), median(bare), ready),
        row(f"{name}: ready, worst", max(took), max(bare), ready),
    ]
    held, bare_held = ([start.megabytes for start in side if start.megabytes] for side in zip(*pairs, strict=True))
    if held:  # the system tells
        reach = MEMORY_MB if promised else None
        rows.append(row(f"{name}: memory, worst", max(held), max(bare_held), reach, unit="MB"))
    return rows


def _ended_rows(ended: dict[str, list[float]]) -> list[Row]:
    """Of the commands that end at once."""
    nothing = median(ended[NOTHING]) * MS
    return [row(f"{what}: answered, median", median(ended[what]) * MS, nothing, AT_ONCE_MS) for what in (HELP, WRONG)]


def _listed(kind: Kind) -> str:
    """A, B and C."""
    *first, last = kind
    return f"{', '.join(first)} and {last}" if first else last
