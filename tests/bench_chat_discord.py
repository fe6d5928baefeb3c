"""How long an answer on Discord takes: /status through our channel beside a bare discord.py command, on one double.

`python -m tests.bench_chat_discord [--count N]`. The double, the SDK and the bot share one process and one loop, so
the figures hold all three; what counts is the ratio. From the moment before the interaction is dispatched until the
double has the whole answer.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.doubles.discord import CHANNEL, GUILD, DiscordDouble
from tests.doubles.discord_spec import Spec

sys.path.insert(0, str(Path(__file__).parent / "chatbot"))

ROUNDS = 4  # alternating, so that a busy moment of the machine hits both
WARM_UP = 20
Starter = Callable[[DiscordDouble], Awaitable[Callable[[], Awaitable[None]]]]


async def bare(double: DiscordDouble) -> Callable[[], Awaitable[None]]:
    """The least that discord.py needs: one slash command that answers with a word."""
    Route.BASE = double.api_base
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(double.gateway.url)
    client = discord.Client(intents=discord.Intents(guilds=True), guild_ready_timeout=0.0)
    tree = app_commands.CommandTree(client)

    @tree.command(name="status", description="echo")
    async def status(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("pong", ephemeral=True)

    running = asyncio.create_task(client.start(double.token))

    async def stop() -> None:
        await client.close()
        await running

    return stop


async def ours(double: DiscordDouble) -> Callable[[], Awaitable[None]]:
    from fakes_chat import FakeDesk
    from fakes_program import FakeProgram

    from chatbot.access import Access, Confirmations
    from chatbot.beside import Beside
    from chatbot.channels.discord import DiscordChannel
    from chatbot.commands.registry import COMMANDS
    from chatbot.locking import Lock
    from chatbot.message import Role
    from chatbot.router import Router, Told

    told = Told(lambda person: None, lambda name, error: None)
    access = Access({"discord": {"1": Role.OWNER}})
    router = Router(
        FakeDesk(), Beside("0", UTC, access, Lock(), program=FakeProgram()), COMMANDS, Confirmations(), told
    )
    channel = DiscordChannel(
        router.handle,
        COMMANDS,
        token=double.token,
        guild_id=GUILD,
        channel_id=CHANNEL,
        api_base=double.api_base,
        told=print,
    )
    running = asyncio.create_task(channel.run())

    async def stop() -> None:
        await channel.close()
        await running

    return stop


async def measured(start: Starter, count: int) -> list[float]:
    """Milliseconds of `count` answers, one after the other."""
    async with DiscordDouble(spec=Spec(Path("no judge"))) as double:  # its judging takes longer than all the rest
        stop = await start(double)
        await double.wait_for(lambda: double.gateway.connected)
        await asyncio.sleep(0.1)
        taken = [await one(double) for _ in range(WARM_UP + count)]
        await stop()
    return taken[WARM_UP:]


async def one(double: DiscordDouble) -> float:
    began = time.perf_counter()
    asked = await double.slash("1", "status")
    while asked.answered_at is None:  # noqa: ASYNC110 - an event would add its own turns to what is measured
        await asyncio.sleep(0)
    return (time.perf_counter() - began) * 1000


async def main(count: int) -> None:
    taken: dict[str, list[float]] = {"bare discord.py": [], "our channel": []}
    for _ in range(ROUNDS):
        taken["bare discord.py"] += await measured(bare, count // ROUNDS)
        taken["our channel"] += await measured(ours, count // ROUNDS)
    print(f"/status on loopback, {count} answers each, milliseconds")
    print(f"{'':<18}{'p50':>8}{'p95':>8}")
    for name, values in taken.items():
        cuts = statistics.quantiles(values, n=100)
        print(f"{name:<18}{cuts[49]:>8.2f}{cuts[94]:>8.2f}")
    echo, own = (statistics.quantiles(values, n=100) for values in taken.values())
    print(f"{'ratio':<18}{own[49] / echo[49]:>8.2f}{own[94] / echo[94]:>8.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400)
    asyncio.run(main(parser.parse_args().count))
