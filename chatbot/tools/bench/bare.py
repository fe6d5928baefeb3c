"""The floor, as a process: the bare library hears an update and one row is committed, or it sends an update's text
back. No bot can be faster than that.

    python -m chatbot.tools.bench.bare API_BASE TOKEN FOLDER

It prints one JSON line for each /kill that it has handled.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from telegram import Update
from telegram.ext import ApplicationBuilder, CommandHandler

from storage.store import TinyStore
from trading.clock import monotonic, real_now
from trading.domain.records import Control, Put

POLL_SECONDS = 10  # as the measured bot polls


async def main(api_base: str, token: str, folder: Path) -> None:
    """Handle updates until standard input ends."""
    store = TinyStore.open(folder)

    async def handle(update: Update, context: Any) -> None:
        store.commit([Put("control", "kill", Control("kill", {"halted": "manual"}, real_now()))])
        print(json.dumps({"handled": monotonic()}), flush=True)

    async def echo(update: Update, context: Any) -> None:
        assert update.message, "only messages are commands"
        await update.message.reply_text(update.message.text or "")

    app = ApplicationBuilder().token(token).base_url(f"{api_base}/bot").build()
    app.add_handler(CommandHandler("kill", handle))
    app.add_handler(CommandHandler("status", echo))
    async with app:
        await app.start()
        assert app.updater, "made with one by default"
        await app.updater.start_polling(timeout=POLL_SECONDS)
        print(json.dumps({}), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await app.updater.stop()
        await app.stop()
    store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
