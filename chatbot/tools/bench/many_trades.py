"""What commands take that show or sum up trades, at a hundred thousand of them, beside the same commands at a hundred.

Two bots as `build` wires them, with nobody around: a line goes in by the router as from the terminal, and the answer
comes out. The trades are those of five series of quarters of an hour; what closed in the last 90 days stands in the
store, the rest in the archives, each with its order, fill, settlement and window, as the bot moves them there. The loop
is watched meanwhile: how long it was kept from its next turn at worst.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import median

from chatbot.access import TERMINAL
from chatbot.app import build
from chatbot.config import load
from chatbot.life.life import App
from chatbot.message import Incoming, Person
from chatbot.tools.bench.children import Json
from chatbot.tools.bench.figures import Row, row
from chatbot.tools.bench.filling import aged
from chatbot.tools.bench.markets import BLOCK_MS_MAX
from chatbot.tools.bench.passes import AT, measured
from chatbot.tools.exporting import export_trades
from chatbot.tools.run import steady
from chatbot.wiring.places import Places
from trading.clock import VirtualClock, real_now
from trading.domain.errors import Unavailable
from trading.exchange.simulated.direct import DirectExchange, DirectFeed
from trading.exchange.simulated.venue import open_venue

SIZES = (100, 100_000)  # trades
EXPORT, DEEP = "export trades", "/trades 10 {oldest}"
FLAT = ("/status", "/trades", "/pnl all")  # what is to take no longer for all that was before
LONG = ("/pnl month", DEEP, "/performance", "/export")
FLAT_MAX = 2.0  # of the same with the fewest trades, p50
SHOWN = 10  # trades of a page
WARM_UP = 3
LONG_TIMES = 3
MS = 1_000.0
YOU = Person(TERMINAL, "bench")

Progress = Callable[[int, int], None]
Runs = dict[tuple[str, int], list[Json]]  # by line and size


async def many_trades(folder: Path, rounds: int, progress: Progress, sizes: Sequence[int] = SIZES) -> list[Row]:
    """Each line so many times, those that look at many trades LONG_TIMES, with as many trades as each of the sizes
    says, the fewest first. Raises Unavailable."""
    runs: Runs = {}
    async with AsyncExitStack() as stack:
        bots = {size: await stack.enter_async_context(bot(folder / f"{size}", size)) for size in sizes}
        steady()
        wanted = [*(line for line in FLAT for _ in range(WARM_UP + rounds)), *LONG * LONG_TIMES]
        for done, line in enumerate(wanted, start=1):
            for size, app in bots.items():
                said = line.format(oldest=max(size - SHOWN, 0))
                runs.setdefault((line, size), []).append(await measured(partial(ask, app, said)))
            progress(done, len(wanted))
        for size, app in bots.items():
            runs[EXPORT, size] = [await measured(partial(_exported, app, folder)) for _ in range(LONG_TIMES)]
    return [each for line in (*FLAT, *LONG, EXPORT) for each in _rows(line, runs, sizes)]


@asynccontextmanager
async def bot(folder: Path, trades: int) -> AsyncIterator[App]:
    """One that has so many trades behind it and sees a market, at an exchange in this process whose clock stands."""
    settings = load(None, {"DATA_DIR": str(folder), "KALSHI_ENV": "simulated"})
    await asyncio.to_thread(aged, settings.data_folder / "store", trades, AT)
    clock = VirtualClock(AT)
    venue = open_venue(clock)
    places = Places(clock, DirectExchange(venue), True, DirectFeed(venue), "in this process", "")
    app = await build(settings, places=places)
    app.cycle.strategies = ()
    await app.beat()
    try:
        yield app
    finally:
        await app.stop("the measuring is over")


async def ask(app: App, line: str) -> Json:
    """Have a line answered; its title, and the length of its file. Raises Unavailable where it is not done."""
    reply = await app.router.handle(Incoming(YOU, "bench", line, real_now()))
    if reply is None or reply.failed:
        raise Unavailable(f"{line} is not done, so nothing was measured: {reply and reply.note}")
    return {"title": reply.title, "bytes": len(reply.file.data) if reply.file else 0}


async def _exported(app: App, folder: Path) -> Json:
    """The host's own command, which another process runs: only its time counts."""
    made = folder / "trades.csv"
    await asyncio.to_thread(export_trades, app.settings, "csv", made)
    return {"bytes": made.stat().st_size}


def _rows(line: str, runs: Runs, sizes: Sequence[int]) -> Iterator[Row]:
    fewest, most = sizes[0], sizes[-1]
    cold = WARM_UP if line in FLAT else 0
    took, its = (median(run["seconds"] for run in runs[line, size][cold:]) * MS for size in (most, fewest))
    name = f"{line.format(oldest='to the oldest')} at {most:,} trades"
    yield row(f"{name}, beside {fewest:,}", took, its, FLAT_MAX * its if line in FLAT else None)
    if line != EXPORT:
        block = max(run["block"] for run in runs[line, most]) * MS
        yield row(f"{name}, longest block of the loop", block, None, BLOCK_MS_MAX)
