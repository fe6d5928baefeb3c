"""One start of the bot as a process, or of the bare libraries: how long until it is ready, and what it then holds.

Every process gets an environment of its own, so that no setting and no token of this machine's user comes into it.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chatbot.tools.bench import discord_api
from chatbot.tools.bench.bot_api import GROUP, OWNER
from chatbot.tools.bench.chats import (
    ANSWER,
    ANSWERED,
    DISCORD,
    LINE,
    NOTICE,
    STARTED,
    STDIN,
    TELEGRAM,
    TOKEN,
    Chats,
    Sign,
)
from chatbot.tools.bench.children import Child, Json
from trading.clock import monotonic
from trading.domain.errors import Unavailable

READY_SECONDS_MAX = 60.0  # on a busy machine
ENDED_SECONDS_MAX = 30.0  # of a command that ends by itself
PROCESSES = Path("/proc")  # where there is Linux
ROOT = Path(__file__).parents[3]  # where the packages are
MEGABYTE = 1e6

Kind = tuple[str, ...]  # the chats that are configured


@dataclass(frozen=True, slots=True)
class Start:
    """What was measured of one: seconds from before its process was made; MB, None where the system does not tell."""

    seconds: float
    megabytes: float | None


async def bot(folder: Path, kind: Kind, chats: Chats, exchange: Json, live_seconds: float) -> Start:
    """Start the bot with an empty data folder, let it live for so long, and stop it. Raises Unavailable."""
    signs = {(chat, what) for chat in kind for what in (ANSWER, NOTICE)}
    words = ("-m", "chatbot", "run", *(() if STDIN in kind else ("--no-terminal",)))
    return await _measured(folder, words, _settings(folder, kind, chats, exchange), signs, chats, live_seconds)


async def bare(folder: Path, kind: Kind, chats: Chats, live_seconds: float) -> Start:
    """The same of the bare libraries, which know no notice. Raises Unavailable."""
    words = ["-m", "chatbot.tools.bench.bare_chats"]
    words += ["--telegram", chats.telegram, TOKEN] if TELEGRAM in kind else []
    words += ["--discord", chats.discord.base, chats.discord.gateway, discord_api.TOKEN] if DISCORD in kind else []
    signs = {(chat, ANSWER) for chat in kind if chat != STDIN}
    return await _measured(folder, words, {}, signs, chats, live_seconds)


async def ended(folder: Path, *words: str, code: int = 0, **settings: str) -> float:
    """The seconds of a command that ends by itself. Raises Unavailable where it does not, or with another code."""
    began = monotonic()
    async with _process(folder, words, settings) as process:
        try:
            await asyncio.wait_for(process.communicate(), ENDED_SECONDS_MAX)
        except TimeoutError:
            raise Unavailable(f"{' '.join(words)} does not end within {ENDED_SECONDS_MAX:g} s") from None
        took = monotonic() - began
    if process.returncode != code:
        raise Unavailable(f"{' '.join(words)} ended with {process.returncode}, not {code}")
    return took


async def _measured(
    folder: Path,
    words: Sequence[str],
    settings: Mapping[str, str],
    signs: set[Sign],
    chats: Chats,
    live_seconds: float,
) -> Start:
    chats.forget()
    began = monotonic()
    async with _process(folder, words, settings) as process:
        reading = asyncio.create_task(_read(process, chats))
        if (STDIN, ANSWER) in signs:
            assert process.stdin, "made with a pipe"
            process.stdin.write(f"{LINE}\n".encode())
        try:
            await chats.until(signs, READY_SECONDS_MAX)
            seconds = monotonic() - began
            await asyncio.sleep(live_seconds)
            return Start(seconds, _megabytes(process))
        finally:
            reading.cancel()


@asynccontextmanager
async def _process(folder: Path, words: Sequence[str], settings: Mapping[str, str]) -> AsyncIterator[Process]:
    """`python` with these words in `folder`, where no .env is, stopped at the end of the block."""
    made = await asyncio.create_subprocess_exec(
        *(sys.executable, *words),
        cwd=_made(folder),
        env={"PYTHONPATH": str(ROOT), **settings},
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        start_new_session=True,  # a Ctrl-C is ours to pass on
    )
    try:
        yield made
    finally:
        await Child(made, {}).close()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def _read(process: Process, chats: Chats) -> None:
    """Take what the process prints, so that it never waits for us, and see what comes to its terminal."""
    assert process.stdout, "made with a pipe"
    while line := (await process.stdout.readline()).decode():
        chats.see(STDIN, ANSWER, line.startswith(ANSWERED))
        chats.see(STDIN, NOTICE, line.startswith(STARTED))


def _megabytes(process: Process) -> float | None:
    """The memory that it holds at this moment."""
    status = PROCESSES / f"{process.pid}" / "status"
    if not status.exists():
        return None
    [held] = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS:")]
    return int(held) * 1024 / MEGABYTE


def _settings(folder: Path, kind: Kind, chats: Chats, exchange: Json) -> dict[str, str]:
    """Dry run: what is ordered on paper here is nothing to the next start, which has the same account."""
    given = {
        "KALSHI_ENV": "simulated",
        "KALSHI_API_BASE": exchange["base_url"],
        "KALSHI_API_KEY_ID": exchange["key_id"],
        "KALSHI_PRIVATE_KEY_PATH": exchange["private_key_path"],
        "DATA_DIR": str(folder / "data"),
        "DRY_RUN": "true",
    }
    telegram = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_BASE": chats.telegram,
        "TELEGRAM_CHAT_ID": str(GROUP),
        "TELEGRAM_USERS": f"{OWNER}:owner",
    }
    discord = {
        "DISCORD_BOT_TOKEN": discord_api.TOKEN,
        "DISCORD_API_BASE": chats.discord.base,
        "DISCORD_GUILD_ID": discord_api.GUILD,
        "DISCORD_CHANNEL_ID": discord_api.CHANNEL,
        "DISCORD_USERS": f"{discord_api.OWNER}:owner",
    }
    return given | (telegram if TELEGRAM in kind else {}) | (discord if DISCORD in kind else {})
