"""How long /status takes from the update to the answer: our channel beside a bare python-telegram-bot echo.

    python -m tests.bench_chat_telegram [--count 300]

Both talk to the same double in the same process, one after the other, in alternating rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "chatbot"), str(HERE / "chatbot" / "channels"), str(HERE.parent)]

from doubles.telegram import TelegramDouble  # noqa: E402
from telegram import Update  # noqa: E402
from telegram.ext import Application, CommandHandler  # noqa: E402
from telegram_rig import make, running  # noqa: E402

from chatbot.channels.telegram_wire import Bounds  # noqa: E402

ROUNDS = 4
WARM_UP = 20
Bot = Callable[[TelegramDouble], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def echo(double: TelegramDouble) -> AsyncIterator[None]:
    """The bare library: a command handler that sends the line back."""

    async def answer(update: Update, context: Any) -> None:
        assert update.message
        await update.message.reply_text(update.message.text or "")

    base = f"{double.base}/bot"
    app = Application.builder().token(double.token).base_url(base).build()
    app.add_handler(CommandHandler("status", answer))
    async with app:
        assert app.updater
        await app.start()
        await app.updater.start_polling(timeout=1)
        yield
        await app.updater.stop()
        await app.stop()


@asynccontextmanager
async def ours(double: TelegramDouble) -> AsyncIterator[None]:
    """The whole way: channel, router, /status, its page marked up, its button."""
    rig = make(double, bounds=Bounds(poll_seconds=1))
    async with running(rig):
        await rig.ready()
        yield


async def times(bot: Bot, count: int, line: str) -> list[float]:
    """Milliseconds from the update's being there to the answer's being taken."""
    double, took = TelegramDouble(), []
    await double.start()
    async with bot(double):
        for _ in range(WARM_UP + count):
            before, began = len(double.messages(1)), perf_counter()
            double.say(1, line)
            await double.wait_for(lambda before=before: len(double.messages(1)) > before)  # type: ignore[misc]
            took.append((perf_counter() - began) * 1000)
            await asyncio.sleep(0.002)
    await double.stop()
    return took[WARM_UP:]


def row(name: str, took: list[float]) -> str:
    cuts = statistics.quantiles(took, n=100)
    return f"{name:<28} {len(took):>5} {cuts[49]:>8.2f} {cuts[94]:>8.2f} {cuts[98]:>8.2f}"


async def main(count: int) -> None:
    took: dict[str, list[float]] = {}
    bots: list[tuple[str, Bot, str]] = [
        ("bare library, echo", echo, "/status"),
        ("ours, /status", ours, "/status"),
        ("ours, /kill", ours, "/kill"),
    ]
    for _ in range(ROUNDS):
        for name, bot, line in bots:
            gc.collect()
            took.setdefault(name, []).extend(await times(bot, count // ROUNDS, line))
    print(f"{'update -> answer, ms':<28} {'n':>5} {'p50':>8} {'p95':>8} {'p99':>8}")
    for name, each in took.items():
        print(row(name, each))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=400)
    asyncio.run(main(parser.parse_args().count))
