"""Pictures, drawn in a process of their own: matplotlib is large and busy, and this one must stay small and quick.

One process, started at the first picture and ended after some minutes without one. It is given plain data and nothing
of our environment, so that no secret is ever there. Whatever becomes of it is one sentence to who asked; the next
picture gets a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from pathlib import Path

from chatbot.charts.data import SIZE_BYTES, Drawing, encode
from trading.domain.errors import ChatopsError

DRAW_SECONDS_MAX = 20.0  # for one picture; the first one on a machine also looks for its fonts
IDLE_SECONDS_MAX = 300.0  # without a picture, after which the process ends
WHY_CHARACTERS_MAX = 200  # of the last thing that the process said
WORKER = "chatbot.charts.worker"
SOURCES = Path(__file__).resolve().parents[2]

Draw = Callable[[Drawing], Awaitable[bytes]]


class Undrawn(ChatopsError):
    """A picture that could not be drawn, in one sentence."""


async def undrawable(drawing: Drawing) -> bytes:
    """Where there is nothing to draw with. Raises Undrawn."""
    raise Undrawn("pictures are not drawn here")


class Charts:
    """`folder` is where fonts that were found are remembered; `worker` is the module that is run."""

    def __init__(
        self,
        folder: Path,
        *,
        draw_seconds: float = DRAW_SECONDS_MAX,
        idle_seconds: float = IDLE_SECONDS_MAX,
        worker: str = WORKER,
    ) -> None:
        self._folder, self._worker = folder, worker
        self._draw_seconds, self._idle_seconds = draw_seconds, idle_seconds
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._idle: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process that draws, while there is one."""
        return self._process.pid if self._process else None

    async def draw(self, drawing: Drawing) -> bytes:
        """The picture as a PNG; drawings wait for each other. Raises Undrawn."""
        async with self._turn:
            self._stay()
            drawn = False
            try:
                async with asyncio.timeout(self._draw_seconds):
                    picture = await self._asked(encode(drawing))
                drawn = True
            except TimeoutError:
                raise Undrawn(f"the picture took longer than {self._draw_seconds:g} s: try again") from None
            except (OSError, asyncio.IncompleteReadError) as error:
                raise Undrawn(f"the picture could not be drawn ({await self._why(error)}): try again") from None
            finally:
                if not drawn:
                    await self._end()  # what it has begun to say would be taken for the next picture
            self._idle = asyncio.create_task(self._end_later())
            return picture

    async def close(self) -> None:
        """End the process, if there is one. Idempotent."""
        self._stay()
        await self._end()

    async def _asked(self, document: bytes) -> bytes:
        process = self._process = self._process or await self._started()
        assert process.stdin
        assert process.stdout
        process.stdin.write(len(document).to_bytes(SIZE_BYTES) + document)
        await process.stdin.drain()
        size = int.from_bytes(await process.stdout.readexactly(SIZE_BYTES))
        return await process.stdout.readexactly(size)

    async def _started(self) -> Process:
        """In a session of its own: a Ctrl-C at the terminal is not meant for it."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-W", "ignore", "-m", self._worker),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={"PYTHONPATH": str(SOURCES), "MPLCONFIGDIR": str(self._folder)},
            start_new_session=True,
        )

    async def _why(self, error: Exception) -> str:
        """The last line that it said before it ended."""
        process = self._process
        if process is None or process.stderr is None:
            return str(error)
        _kill(process)
        said = (await process.stderr.read()).decode(errors="replace").split("\n")
        lines = [line.strip() for line in said if line.strip()]
        return lines[-1][:WHY_CHARACTERS_MAX] if lines else "the process that draws has ended"

    def _stay(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None

    async def _end_later(self) -> None:
        await asyncio.sleep(self._idle_seconds)
        await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process:
            _kill(process)
            await process.wait()


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
