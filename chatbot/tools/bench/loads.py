"""What goes on beside a kill: nothing, or one thing that must not hold it up."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import requests

from chatbot.tools.bench.rig import Rig
from trading.domain.errors import Unavailable
from trading.domain.records import Control, Put

Around = Callable[[Rig], AbstractAsyncContextManager[None]]

READS = 4  # as many as the lane of reads has threads
ANSWERS_HANGING = 3
STORM_LINES, STORM_LINES_A_KILL = 50, 2  # asked for in the group that refuses every message
STORED_ROWS, ROW_TEXT = 2_000, "x" * 500  # beside the bot's own rows
GROWTH = "x" * 4_000_000  # characters of one row: a change of it is less than the least journal that is compacted,
CHANGES = 2  # and so many in one segment are more than that, and than the row with all the others
BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"
LISTING_SECONDS_MAX = 5.0


@asynccontextmanager
async def nothing(rig: Rig) -> AsyncIterator[None]:
    yield


@dataclass(frozen=True, slots=True)
class Load:
    """`during` stands around all kills, `around` around each; `answers`: the exchange does, so that a kill ends."""

    name: str
    during: Around = nothing
    around: Around = nothing
    answers: bool = True


@asynccontextmanager
async def _hanging_exchange(rig: Rig) -> AsyncIterator[None]:
    """Every thread that reads waits for an answer, and so does a beat; afterwards the answers come."""
    await rig.world.ask("exchange", flowing=False)
    reads = [asyncio.create_task(rig.app.beat()), *(asyncio.create_task(_read(rig)) for _ in range(READS))]
    await rig.world.ask("held", requests=READS)
    try:
        yield
    finally:
        await rig.world.ask("exchange", flowing=True)
    await asyncio.gather(*reads)
    await rig.world.ask("answered")


async def _read(rig: Rig) -> None:
    await rig.app.places.exchange.balance()


@asynccontextmanager
async def _hanging_chat(rig: Rig) -> AsyncIterator[None]:
    """The chat takes every message, the answer to the kill too, and answers none; some hang before the kill."""
    await rig.world.ask("chat", answering=False)
    await rig.world.ask("ask", count=ANSWERS_HANGING)
    await rig.world.ask("held", messages=ANSWERS_HANGING)
    yield
    await rig.world.ask("chat", answering=True)


@asynccontextmanager
async def _refusing(rig: Rig) -> AsyncIterator[None]:
    """The group refuses everything: every notice, and answers that are sent again each second."""
    await rig.world.ask("chat", refusing=True)
    await rig.world.ask("ask", count=STORM_LINES)
    yield
    await rig.world.ask("chat", refusing=False)


@asynccontextmanager
async def _asking(rig: Rig) -> AsyncIterator[None]:
    await rig.world.ask("ask", count=STORM_LINES_A_KILL)
    yield


@asynccontextmanager
async def _scanning(rig: Rig) -> AsyncIterator[None]:
    """15,000 open markets are read, page by page, again and again."""
    await rig.world.ask("list", market=await asyncio.to_thread(_a_market, rig.exchange_url))
    scan = asyncio.create_task(_scan(rig))
    try:
        yield
        if scan.done():
            scan.result()  # it ended, and so nothing was measured beside it: why
    finally:
        scan.cancel()
        await asyncio.wait([scan])


async def _scan(rig: Rig) -> None:
    while True:
        await rig.app.places.exchange.markets(status="open")


def _a_market(base_url: str) -> dict[str, object]:
    """One open market as the exchange shows it. Raises Unavailable."""
    try:
        answer = requests.get(f"{base_url}/markets?status=open&limit=1", timeout=LISTING_SECONDS_MAX).json()
        market: dict[str, object] = answer["markets"][0]
    except (requests.RequestException, ValueError, LookupError) as error:
        raise Unavailable(f"the exchange of the bench lists nothing ({type(error).__name__})") from error
    return market


@asynccontextmanager
async def _computing(rig: Rig) -> AsyncIterator[None]:
    """Another process takes all of a core, as a backtest would."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", BUSY, stdin=DEVNULL)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def _stored(rig: Rig) -> AsyncIterator[None]:
    _store(rig, *(_row(rig, f"bench-{n}", ROW_TEXT) for n in range(STORED_ROWS)))
    yield


@asynccontextmanager
async def _compacting(rig: Rig) -> AsyncIterator[None]:
    """The journal has outgrown the snapshot: the next commit begins a new one, which a thread then writes."""
    await asyncio.to_thread(rig.app.store.wait)
    changes = 0
    while changes < CHANGES:
        before = _segment(rig)
        _store(rig, _row(rig, "bench-growth", GROWTH))
        changes = changes + 1 if _segment(rig) == before else 1
    yield


def _segment(rig: Rig) -> str:
    """The file that the store's journal is written to."""
    return max(path.name for path in (rig.app.settings.data_folder / "store").glob("journal-*"))


def _row(rig: Rig, name: str, text: str) -> Control:
    return Control(name, {"text": text}, rig.app.places.clock.now())


def _store(rig: Rig, *rows: Control) -> None:
    rig.app.store.commit([Put("control", row.name, row) for row in rows])


LOADS = (
    Load("quiet"),
    Load("hanging exchange", around=_hanging_exchange, answers=False),
    Load("hanging chat", around=_hanging_chat),
    Load("429 storm", during=_refusing, around=_asking),
    Load("15,000 markets", during=_scanning),
    Load("busy process", during=_computing),
    Load("compaction", during=_stored, around=_compacting),
)
