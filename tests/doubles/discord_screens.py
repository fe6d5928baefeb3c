"""The bot as it looks on Discord, as a picture: `python -m tests.doubles.discord_screens docs/pictures/discord.png`.

A real bot trades on the simulated exchange and talks to the double of Discord; the first trade that is over, and some
commands of its owner, are drawn from the messages that it sent. It takes about a minute, and needs chromium.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from .discord import CHANNEL, GUILD, DiscordDouble
from .discord_payloads import Message
from .discord_picture import picture

OWNER, SPEED, PATIENCE_SECONDS = "11", "60", 300.0
BEFORE = ("status", "chart")
AFTER = ("kill", "resume")
OVER = ("**WIN", "**LOSS")


@asynccontextmanager
async def bot(double: DiscordDouble, folder: str) -> AsyncIterator[None]:
    """A bot in a folder of its own, on this double alone."""
    mine = {
        "DISCORD_BOT_TOKEN": double.token,
        "DISCORD_GUILD_ID": GUILD,
        "DISCORD_CHANNEL_ID": CHANNEL,
        "DISCORD_USERS": f"{OWNER}:owner",
        "DISCORD_API_BASE": double.api_base,
        "DATA_DIR": folder,
        "SIM_SPEED": SPEED,
    }
    others = {name: value for name, value in os.environ.items() if not name.startswith(("KALSHI", "TELEGRAM"))}
    command = (sys.executable, "-m", "chatbot", "run", "--no-terminal", "--log-level", "ERROR")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=others | mine | {"PYTHONPATH": os.getcwd()}, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def started(messages: list[Message], *how: str) -> list[Message]:
    return [each for each in messages if each.content.startswith(how)]


async def asked(double: DiscordDouble, line: str) -> list[tuple[str, Message]]:
    made = await double.slash(OWNER, line)
    await double.answer(made, PATIENCE_SECONDS)
    return [(f"/{line}", each) for each in made.replies]


async def main(to: Path) -> None:
    async with DiscordDouble() as double:
        with tempfile.TemporaryDirectory() as folder:
            async with bot(double, folder):
                await double.wait_for(lambda: double.commands and double.gateway.connected, PATIENCE_SECONDS)
                [over, *_] = await double.wait_for(lambda: started(double.messages, *OVER), PATIENCE_SECONDS)
                filled = [m for m in started(double.messages, "**FILLED") if m.reply_to == over.reply_to]
                shown = [("", each) for each in (*filled[:1], over)]
                for line in (*BEFORE, *AFTER):
                    shown += await asked(double, line)
        assert double.violations == []
        await picture(shown, to)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).resolve()))
