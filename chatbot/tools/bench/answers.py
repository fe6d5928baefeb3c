"""How long a command's answer takes: from the update's bytes being readable on the bot's socket until the message has
come to the chat, beside the bare library that sends the line back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from chatbot.message import Incoming, Person
from chatbot.tools.bench.bot_api import GROUP, OWNER
from chatbot.tools.bench.figures import Answers, Spread
from chatbot.tools.bench.rig import Rig, rig
from chatbot.tools.bench.world import BARE_TOKEN, BOT_TOKEN
from trading.clock import real_now
from trading.domain.errors import Unavailable

LINE, WORD = "/status", "Status"
BESIDE = {"quiet": "", "while a chart is drawn": "/chart", "while a report is written": "/report"}
WARM_UP = 20
ASKED_EVERY_SECONDS = 0.5  # of what goes on beside

Progress = Callable[[int, int], None]


async def answers(folder: Path, count: int, progress: Progress) -> list[Answers]:
    """So many answers under each load, in turns with the echo. Raises Unavailable where the bench itself fails."""
    measured = []
    async with rig(folder) as ready:
        for number, (load, beside) in enumerate(BESIDE.items()):
            taken, echo = [], []
            async with _going_on(ready, beside):
                for n in range(WARM_UP + count):
                    taken.append(await _round(ready, BOT_TOKEN, WORD))
                    echo.append(await _round(ready, BARE_TOKEN, LINE))
                    progress(number * count + max(n + 1 - WARM_UP, 0), count * len(BESIDE))
            measured.append(Answers(LINE, load, Spread.of(taken[WARM_UP:]), Spread.of(echo[WARM_UP:])))
    return measured


async def _round(ready: Rig, token: str, word: str) -> float:
    """Milliseconds of one answer."""
    seen = await ready.world.ask("round", token=token, line=LINE, word=word)
    took: float = (seen["reply"] - seen["readable"]) * 1000
    return took


@asynccontextmanager
async def _going_on(ready: Rig, line: str) -> AsyncIterator[None]:
    """The owner has this line answered in the group again and again."""
    asking = asyncio.create_task(_asking(ready, line)) if line else None
    try:
        yield
        if asking and asking.done():
            asking.result()  # it ended, and so nothing was measured beside it: why
    finally:
        if asking:
            asking.cancel()
            await asyncio.wait([asking])


async def _asking(ready: Rig, line: str) -> None:
    while True:
        asked = Incoming(Person("telegram", str(OWNER)), str(GROUP), line, real_now())
        reply = await ready.app.router.handle(asked)
        if reply is None or reply.failed:
            raise Unavailable(f"{line} is not done, so nothing was measured beside it: {reply and reply.note}")
        await asyncio.sleep(ASKED_EVERY_SECONDS)
