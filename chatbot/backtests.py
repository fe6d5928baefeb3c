"""Backtests for the chat, each in a process of its own: they are minutes of hard work, and the bot must stay quick.

One at a time, within a bounded time, and given way to everybody else on the machine. The process is given plain data
and nothing of our environment, so that no secret is ever there; whatever becomes of it is one sentence to who asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from trading.domain.errors import ChatopsError

PLAY_SECONDS_MAX = 90.0
WHY_CHARACTERS_MAX = 200  # of the last thing that the process said
WORKER = "chatbot.tools.backtest_worker"
SOURCES = Path(__file__).resolve().parent.parent


class Unplayed(ChatopsError):
    """A backtest that came to nothing, in one sentence."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to play: a strategy with its parameters, over the last `days` that are kept of a series in `folder`."""

    strategy: str
    parameters: Mapping[str, str]
    folder: str
    series: str
    days: int


@dataclass(frozen=True, slots=True)
class Short:
    """What came of it, for a small screen: `rows` are name, trades, share won, share needed and dollars a trade;
    `points` the running sum of profits."""

    material: str
    first: datetime
    last: datetime
    facts: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str, str, str, str], ...]
    sentences: tuple[str, ...]
    assumed: tuple[str, ...]
    profit: Decimal
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Of the process: what came of it, or the sentence that says why nothing did."""

    short: Short | None = None
    problem: str = ""


Play = Callable[[str, int], Awaitable[Short]]  # a strategy's name, and how many days


async def unplayable(strategy: str, days: int) -> Short:
    """Where there is nothing to play with. Raises Unplayed."""
    raise Unplayed("backtests are not played here")


class Backtests:
    """`wish` makes a whole wish of a strategy's name and days, and raises ChatopsError; `worker` is the module that is
    run."""

    def __init__(
        self, wish: Callable[[str, int], Wish], *, play_seconds: float = PLAY_SECONDS_MAX, worker: str = WORKER
    ) -> None:
        self._wish, self._play_seconds, self._worker = wish, play_seconds, worker
        self._turn = asyncio.Lock()
        self.pid: int | None = None  # of the process, while there is one

    async def play(self, strategy: str, days: int) -> Short:
        """What it came to. Raises Unplayed, and what `wish` raises."""
        wish = self._wish(strategy, days)
        if self._turn.locked():
            raise Unplayed("a backtest is running: wait until it has answered")
        async with self._turn:
            process = await self._started()
            try:
                async with asyncio.timeout(self._play_seconds):
                    said, complained = await process.communicate(msgspec.json.encode(wish))
            except TimeoutError:
                raise Unplayed(f"the backtest took longer than {self._play_seconds:g} s: ask for fewer days") from None
            finally:
                await self._end(process)
        return _read(said, complained)

    async def _started(self) -> Process:
        """In a session of its own: a Ctrl-C at the terminal is not meant for it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-W", "ignore", "-m", self._worker),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={"PYTHONPATH": str(SOURCES)},
            start_new_session=True,
        )
        self.pid = process.pid
        return process

    async def _end(self, process: Process) -> None:
        """Also where whoever asked has given up."""
        self.pid = None
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()


def _read(said: bytes, complained: bytes) -> Short:
    try:
        answer = msgspec.json.decode(said, type=Answer)
    except msgspec.DecodeError:
        lines = [line.strip() for line in complained.decode(errors="replace").splitlines() if line.strip()]
        why = lines[-1][:WHY_CHARACTERS_MAX] if lines else "its process has ended"
        raise Unplayed(f"the backtest came to nothing ({why}): try again") from None
    if answer.short is None:
        raise Unplayed(answer.problem)
    return answer.short
