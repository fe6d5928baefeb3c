"""Does a chat that hangs delay a beat? `python -m tests.bench_hanging_chat` prints how late beats begin.

The same bot three times in one run, on a simulated market twenty times as fast as the world (a beat every 250 ms):
without chats, with both chats well, and with both chats taking every request and answering none. Lateness is how long
after its due time a beat begins; the loop's own lag is measured beside it by a probe that wakes every 5 ms.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles

from chatbot.app import build
from chatbot.config import load
from chatbot.life.life import App
from tests.flows.talkers import Discord, Talker, Telegram
from trading.clock import monotonic
from trading.domain.events import ErrorSeen

BEAT_SECONDS, PROBE_SECONDS, BEATS = 0.25, 0.005, 80


class Lateness:
    """Milliseconds by which something came late."""

    def __init__(self) -> None:
        self.ms: list[float] = []

    def add(self, due: float) -> None:
        self.ms.append(max(monotonic() - due, 0.0) * 1000)

    def __str__(self) -> str:
        return f"p50 {median(self.ms):6.2f}   p99 {quantiles(self.ms, n=100)[98]:6.2f}   max {max(self.ms):6.2f} ms"


async def measure(app: App, beats: int) -> tuple[Lateness, Lateness]:
    """Beat on time and, beside each beat, owe the chats a notice; how late the beats began, and the loop's lag."""
    late, lag = Lateness(), Lateness()
    probing = asyncio.create_task(_probe(lag))
    due = monotonic() + BEAT_SECONDS
    for number in range(beats):
        await asyncio.sleep(max(due - monotonic(), 0.0))
        late.add(due)
        app.book.record(ErrorSeen(app.places.clock.now(), f"test-{number}", "one more notice that is owed"))
        await app.beat()
        due = max(due + BEAT_SECONDS, monotonic())
    probing.cancel()
    return late, lag


async def _probe(lag: Lateness) -> None:
    while True:
        due = monotonic() + PROBE_SECONDS
        await asyncio.sleep(PROBE_SECONDS)
        lag.add(due)


async def one(folder: Path, talkers: Sequence[Talker], *, hang: bool) -> tuple[Lateness, Lateness]:
    """One bot with these chats."""
    given = {"DATA_DIR": str(folder), "KALSHI_ENV": "simulated"}
    channels = lambda settings, handle, desk, told: tuple(t.channel(handle) for t in talkers)  # noqa: E731
    app = await build(load(None, given), channels=channels)
    tasks = [asyncio.create_task(work) for work in (app.outbox.run(), *(c.run() for c in app.channels))]
    await app.start()
    await measure(app, 8)  # connections stand, code is warm
    for talker in talkers if hang else ():
        if isinstance(talker, Telegram):
            talker.double.fail("*", "hang")
            talker.double.fail("getUpdates", "hang")
        elif isinstance(talker, Discord):
            talker.double.fault("*", "hang")
    measured = await measure(app, BEATS)
    await app.stop("measured")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return measured


async def main() -> None:
    sys.setswitchinterval(0.0005)
    for name, chats, hang in (("no chat", False, False), ("both well", True, False), ("both hanging", True, True)):
        talkers: list[Talker] = [Telegram(), Discord()] if chats else []
        for talker in talkers:
            await talker.start()
        with tempfile.TemporaryDirectory() as folder:
            late, lag = await one(Path(folder), talkers, hang=hang)
        for talker in talkers:
            await talker.stop()
        print(f"{name:<13} beats late: {late}")
        print(f"{'':<13} loop's lag: {lag}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
