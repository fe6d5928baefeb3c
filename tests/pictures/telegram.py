"""The bot as it looks on Telegram, and its charts: `python -m tests.pictures.telegram docs/pictures`.

A real bot trades on the simulated exchange and talks to the double of the Bot API; a trade that is over, and some
commands of its owner, are drawn from the messages that it sent. It takes some minutes, and needs a browser.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.doubles.telegram import TelegramDouble
from tests.doubles.telegram_chats import Message
from tests.flows.processes import environment
from tests.pictures.paper import Bubble, breaks, drawn, image, page, telegram

OWNER, SPEED, PATIENCE_SECONDS = 11, "60", 300.0
ASKED = ("/status", "/chart", "/kill", "/resume")
TITLES = {"/status": "Status", "/chart": "Equity", "/kill": "KILLED", "/resume": "Resume"}
CHARTS = {"equity light": "Equity", "days dark": "Each day", "market dark": "Market"}
HELD_SECONDS = 8.0  # of real time, after a fill: half of a market's life
OVER = ("WIN", "LOSS")
TRADES_MIN = 6  # for a curve worth looking at


@asynccontextmanager
async def bot(double: TelegramDouble, folder: str) -> AsyncIterator[None]:
    """A bot in a folder of its own, on this double alone."""
    mine = {
        "TELEGRAM_BOT_TOKEN": double.token,
        "TELEGRAM_API_BASE": double.base,
        "TELEGRAM_USERS": f"{OWNER}:owner",
        "DATA_DIR": folder,
        "SIM_SPEED": SPEED,
    }
    command = (sys.executable, "-m", "chatbot", "run", "--no-terminal", "--log-level", "ERROR")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment(**mine), stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def bubble(message: Message) -> str:
    text = breaks(str(message.sent.get("text") or message.sent.get("caption") or ""))
    shown = (image(message.photo) if message.photo else "") + text
    return telegram(Bubble(shown, tuple((str(key["text"]),) for key in message.keys)))


async def main(folder: Path) -> None:
    double = TelegramDouble()
    await double.start()
    with tempfile.TemporaryDirectory() as data:
        async with bot(double, data):
            over = await double.wait_for(lambda: _enough(_titled(double, OVER)), PATIENCE_SECONDS)
            fills = len(_titled(double, ("FILLED",)))
            filled = await double.wait_for(lambda: _more(_titled(double, ("FILLED",)), fills), PATIENCE_SECONDS)
            await asyncio.sleep(HELD_SECONDS)
            shown = [bubble(m) for m in (next(m for m in filled if m.replies_to == over[-1].replies_to), over[-1])]
            for name, title in CHARTS.items():
                chart = await _answer(double, f"/chart {name}", title)
                (folder / f"chart-{name.replace(' ', '-')}.png").write_bytes(chart.photo)
            for line in ASKED:
                shown += [telegram(Bubble(line, mine=True)), bubble(await _answer(double, line, TITLES[line]))]
    assert double.violations == []
    await double.stop()
    drawn(page(shown), folder / "telegram.png")


def _more(messages: list[Message], than: int) -> list[Message]:
    return messages if len(messages) > than else []


def _enough(over: list[Message]) -> list[Message]:
    return over if len(over) >= TRADES_MIN else []


def _titled(double: TelegramDouble, titles: tuple[str, ...]) -> list[Message]:
    return [message for message in double.messages() if message.title.startswith(titles)]


async def _answer(double: TelegramDouble, line: str, title: str) -> Message:
    """What comes back under the line, which begins with the command's own title, not what is told meanwhile."""
    before = len(double.messages())
    double.say(OWNER, line)

    def came() -> Message | None:
        return next((m for m in double.messages()[before:] if m.title.startswith(title)), None)

    found = await double.wait_for(came, PATIENCE_SECONDS)
    assert found is not None, "it was waited for"
    return found


if __name__ == "__main__":
    os.chdir(Path(__file__).parent.parent.parent)
    asyncio.run(main(Path(sys.argv[1]).resolve()))
