"""The intent log of a running bot: files in its data folder. A disk that refuses them is told to people, no more."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from chatbot.config import Settings
from chatbot.life.life import App
from storage.intent_log import IntentFiles
from trading.domain.errors import StoreError
from trading.domain.events import ErrorSeen
from trading.research.intent_log import text_of

FOLDER = "intents"  # of the data folder


def intent_files(settings: Settings) -> IntentFiles:
    """Those of the settings' environment, by the owner's days; nothing is written yet."""
    return IntentFiles(settings.data_folder / FOLDER, settings.zone, text_of)


def keep(files: IntentFiles, app: App) -> None:
    """Let the bot tell when lines are lost, and close the files when it ends."""
    files.told = lambda text: app.book.record(ErrorSeen(app.places.clock.now(), "intent log", text))

    async def close() -> None:
        await asyncio.to_thread(files.wait)
        with suppress(StoreError):  # at the end of a bot whose store fails nobody can be told
            files.close()

    app.places.closing.append(close)
