"""Processes beside the measured one: their first line says where they are, then orders and answers are JSON lines.

Moments that they tell are of the machine's monotonic clock, which all processes share.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from trading.domain.errors import Unavailable

START_SECONDS_MAX = 60.0  # of a Python with its imports on a busy machine
LINE_SECONDS_MAX = 40.0  # the longest that a kill may take, and then some
STOP_SECONDS_MAX = 10.0

Json = dict[str, Any]


class Child:
    """One process; `where` is its first line."""

    def __init__(self, process: Process, where: Json) -> None:
        self._process, self.where = process, where

    async def ask(self, do: str, **order: object) -> Json:
        """Give an order; its answer. Raises Unavailable."""
        assert self._process.stdin, "orders go in by a pipe"
        self._process.stdin.write(json.dumps({"do": do, **order}).encode() + b"\n")
        return await self.line()

    async def line(self, seconds: float = LINE_SECONDS_MAX) -> Json:
        """The next line. Raises Unavailable where none comes for so long."""
        return await _line(self._process, seconds)

    async def close(self) -> None:
        """Ask it to stop, and kill it if it will not."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS_MAX)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def child(*words: str) -> AsyncIterator[Child]:
    """`python` with these words, until the end of the block. Raises Unavailable where it does not start."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *words),
        stdin=PIPE,
        stdout=PIPE,
        start_new_session=True,  # a Ctrl-C is ours to pass on
    )
    made = Child(process, {})
    try:
        made.where = await _line(process, START_SECONDS_MAX)
        yield made
    finally:
        await made.close()


async def _line(process: Process, seconds: float) -> Json:
    assert process.stdout, "answers come out by a pipe"
    try:
        line = await asyncio.wait_for(process.stdout.readline(), seconds)
        answer: Json = json.loads(line)
    except (TimeoutError, ValueError) as error:
        raise Unavailable(f"process {process.pid} of the bench does not answer ({type(error).__name__})") from error
    return answer
