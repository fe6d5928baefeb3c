"""Log lines for a Discord channel of their own: warnings and errors, a few messages at a time, without secrets.

They are for convenience, and the file has them all: so they wait in a bounded queue, of which the oldest go first when
it is full (the next message says how many), and nothing ever waits for them. What sending them has to say of itself
stays out of it, or one failure would feed the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from chatbot.channels.discord_post import Mendable, Poster, Refused
from chatbot.channels.discord_text import CONTENT_LENGTH_MAX, fenced, length
from chatbot.channels.discord_troubles import Troubles
from chatbot.channels.discord_waits import Waits
from chatbot.outbox.channel import DeliveryFailed
from chatbot.render import clean as printable

LEVEL = logging.WARNING  # and above, however much LOG_LEVEL lets into the file
LINES_MAX = 500  # that wait; beyond, the oldest is left out
LINE_LENGTH_MAX = 300  # characters of a line; a whole traceback is in the file
MESSAGE_LENGTH_MAX = CONTENT_LENGTH_MAX - 100  # leaves room for the fences and the word about what was left out
SILENT = 1 << 12  # SUPPRESS_NOTIFICATIONS: log lines ring nobody's phone
OWN = (__name__, "aiohttp")  # loggers whose lines may come of sending lines
LOG = "log"  # what may be wrong

log = logging.getLogger(__name__)


class Lines(logging.Handler):
    """Keeps the newest lines; any thread may log. `clean` blots secrets out."""

    def __init__(self, clean: Callable[[str], str]) -> None:
        super().__init__(LEVEL)
        self._clean = clean
        self._waiting: deque[str] = deque()
        self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(OWN):
            return
        self._waiting.append(self._line(record))
        if len(self._waiting) > LINES_MAX:
            self._waiting.popleft()
            self._left_out += 1

    def take(self) -> str:
        """What fits into one message, oldest first; empty where nothing waits."""
        with self.lock or contextlib.nullcontext():
            taken = "\n".join(self._fitting())
            left_out, self._left_out = self._left_out, 0
        said = f"-# {left_out} older lines are in the log file only\n" if left_out else ""
        return f"{said}```\n{taken}\n```" if taken else ""

    def _fitting(self) -> Iterator[str]:
        room = MESSAGE_LENGTH_MAX
        while self._waiting and (room := room - length(self._waiting[0]) - 1) >= 0:
            yield self._waiting.popleft()

    def _line(self, record: logging.LogRecord) -> str:
        try:
            said = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit their text
            said = str(record.msg)
        error = record.exc_info[1] if record.exc_info else None
        said = f"{said}: {type(error).__name__}: {error}" if error else said
        at = f"{datetime.fromtimestamp(record.created, UTC):%H:%M:%S}"
        return _short(f"{at} {record.levelname} {record.name}: {self._clean(said)}")


class LogLines:
    """Sends what is logged anywhere in this program by way of `poster`, from `start` to `close`."""

    def __init__(self, poster: Poster, clean: Callable[[str], str], troubles: Troubles, waits: Waits) -> None:
        self._poster, self._troubles, self._waits = poster, troubles, waits
        self._lines = Lines(clean)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        logging.getLogger().addHandler(self._lines)
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Lines that wait are lost: the file has them."""
        logging.getLogger().removeHandler(self._lines)
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._poster.close()

    async def _run(self) -> None:
        """One message, then a pause; a message that fails is tried again, while others gather behind it."""
        wait, text = self._waits.log, ""
        while True:
            await asyncio.sleep(wait)
            if text := text or self._lines.take():
                asked = await self._failed(text)
                text = text if asked is not None else ""
                wait = self._waits.log if asked is None else asked or min(wait * 2, self._waits.mend)

    async def _failed(self, text: str) -> float | None:
        """None when it is sent, or never will be; otherwise how many seconds Discord asks to wait, 0 for no matter."""
        body = {"content": text, "flags": SILENT, "allowed_mentions": {"parse": []}}
        try:
            await self._poster.post(body)
        except Refused as error:
            log.info("log lines are refused: %s", error)
        except DeliveryFailed as failure:
            log.info("log lines are not sent yet: %s", failure)
            if isinstance(failure, Mendable):
                self._troubles.tell(LOG, str(failure))
            return failure.retry_after or 0.0
        self._troubles.over(LOG)
        return None


def _short(line: str) -> str:
    """One line that cannot end the code block it stands in."""
    flat = fenced(printable(line).replace("\n", " "))
    return flat if len(flat) <= LINE_LENGTH_MAX else flat[: LINE_LENGTH_MAX - 1] + "…"
