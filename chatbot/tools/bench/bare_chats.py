"""The least that a bot's start can take, as a process: the SDKs are imported, connect, and answer a /status.

    python -m chatbot.tools.bench.bare_chats [--telegram API_BASE TOKEN] [--discord API_BASE GATEWAY TOKEN]

It does nothing else, and runs until it is stopped.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

ANSWER = "Status: the bare library"
POLL_SECONDS = 10  # as the measured bot polls


async def telegram(api_base: str, token: str) -> None:
    """Answer on Telegram."""
    from telegram import Update  # here, so that the other SDK's turn does not pay for it
    from telegram.ext import ApplicationBuilder, CommandHandler

    async def status(update: Update, context: Any) -> None:
        assert update.message, "only messages are commands"
        await update.message.reply_text(ANSWER)

    app = ApplicationBuilder().token(token).base_url(f"{api_base}/bot").build()
    app.add_handler(CommandHandler("status", status))
    async with app:
        await app.start()
        assert app.updater, "made with one by default"
        await app.updater.start_polling(timeout=POLL_SECONDS)
        await asyncio.Event().wait()


async def discord(api_base: str, gateway: str, token: str) -> None:
    """Answer on Discord."""
    import discord as sdk  # here, so that the other SDK's turn does not pay for it
    import yarl
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

    class Client(sdk.Client):
        async def on_interaction(self, interaction: sdk.Interaction[Any]) -> None:
            await interaction.response.send_message(ANSWER, ephemeral=True)

    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = api_base, yarl.URL(gateway)
    await Client(intents=sdk.Intents(guilds=True)).start(token)


async def main() -> None:
    """Both at once, those that are named."""
    words = argparse.ArgumentParser()
    words.add_argument("--telegram", nargs=2, metavar=("API_BASE", "TOKEN"))
    words.add_argument("--discord", nargs=3, metavar=("API_BASE", "GATEWAY", "TOKEN"))
    given = words.parse_args()
    named = [telegram(*given.telegram)] if given.telegram else []
    named += [discord(*given.discord)] if given.discord else []
    await asyncio.gather(*named)


if __name__ == "__main__":
    asyncio.run(main())
