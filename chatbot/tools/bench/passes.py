"""Passes over a listing, as a process whose memory is nothing else's: the scanner's, or its transport's alone.

    python -m chatbot.tools.bench.passes BASE_URL scan|transport

Each order (a line of JSON on standard input) is one pass and gets one line back: how long it took, the longest block of
the loop meanwhile, and the process's peak of memory so far. Transport alone asks for the same pages on the same lane,
as many at once, and looks at nothing but the cursor.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from chatbot.tools.heap import frugal
from trading.clock import VirtualClock, monotonic
from trading.engine.scanning import survey
from trading.exchange.kalshi.calls import Calls
from trading.exchange.kalshi.http import Timeouts
from trading.exchange.kalshi.open_markets import PAGES_AT_ONCE, OpenMarkets, Window, windows
from trading.exchange.kalshi.ratelimit import BucketSize, Limits
from trading.strategies.scanner import Scanner

AT = datetime(2026, 1, 7, 15, 7, tzinfo=UTC)  # where the clock of both sides stands
TICK_SECONDS = 0.001  # the loop is asked this often whether it still turns
UNLIMITED = BucketSize(1e9, 1e9)  # tokens: what is measured is the work, not the waiting for the budget
SWITCH_SECONDS = 0.0005
MEGABYTE = 1e6
STATUS = Path("/proc/self/status")  # of a process, where there is Linux

Json = dict[str, Any]


class Passes:
    """Over one listing."""

    def __init__(self, base_url: str) -> None:
        clock = VirtualClock(AT)
        self._calls = Calls(base_url, None, clock, Timeouts(), 1)
        self._calls.limits.update(Limits(read=UNLIMITED))
        self._open, self._scanner = OpenMarkets(self._calls), Scanner()

    async def scan(self) -> Json:
        """What each market is looked through for, and what is left."""
        listed, dropped = await survey(self._open, self._scanner)
        funnel = await asyncio.to_thread(self._scanner.sift, listed, AT, Decimal(0), frozenset[str](), dropped)
        return {"markets": funnel.kept["hydrate"], "candidates": len(funnel.candidates)}

    async def transport(self) -> Json:
        """The same pages, unread."""
        ahead = deque(windows(AT))
        await asyncio.gather(*(self._fetch(ahead) for _ in range(PAGES_AT_ONCE)))
        return {}

    async def _fetch(self, ahead: deque[Window]) -> None:
        while ahead:
            window, cursor = ahead.popleft(), ""
            while True:
                more = {"cursor": cursor} if cursor else {}
                cursor = await self._calls.scan("/markets", _cursor, {**window.params, **more})
                if not cursor:
                    break


def _cursor(body: bytes) -> str:
    return body[body.rindex(b'"cursor":"') + len('"cursor":"') :].partition(b'"')[0].decode()


class Turning:
    """Watches how long the loop's turns take."""

    def __init__(self) -> None:
        self.longest = 0.0  # seconds by which one came late

    async def run(self) -> None:
        before = monotonic()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = monotonic()
            self.longest, before = max(self.longest, now - before - TICK_SECONDS), now


async def measured(work: Callable[[], Awaitable[Json]]) -> Json:
    """One pass, with its figures: seconds, the loop's longest block in seconds, the peak so far in MB."""
    turning = Turning()
    watching = asyncio.create_task(turning.run())
    await asyncio.sleep(0)
    began = monotonic()
    result = await work()
    seconds = monotonic() - began
    await asyncio.sleep(TICK_SECONDS)  # the turn that comes late because the work never gave way counts too
    watching.cancel()
    return {**result, "seconds": seconds, "block": turning.longest, "peak_mb": _peak()}


def _peak() -> float:
    """The most memory that this process has held, in MB. Linux's `ru_maxrss` begins with that of whoever started it, so
    there the kernel's own mark of this program is read."""
    if STATUS.exists():
        [mark] = [line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(mark) * 1024 / MEGABYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE


async def main(base_url: str, kind: str) -> None:
    """One pass for each line of standard input, until it ends; set up as the bot is."""
    frugal()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    passes = Passes(base_url)
    print(json.dumps({"ready": kind}), flush=True)
    work = {"scan": passes.scan, "transport": passes.transport}[kind]
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await measured(work)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
