"""How far a command is, as one message on Telegram that is edited in place and in the end becomes the answer."""

from __future__ import annotations

import logging

from telegram.error import TelegramError

from chatbot.channels.telegram_reading import Place
from chatbot.channels.telegram_sending import Letter, Sender, letter_of
from chatbot.channels.telegram_wire import without_token
from chatbot.message import Reply
from chatbot.progress import Paced

EDIT_SECONDS = 3.0  # Telegram takes 20 messages a minute in a group, edits among them

log = logging.getLogger(__name__)


class ProgressMessage:
    """For one line heard at `place`; nothing is sent before the command says something."""

    def __init__(self, sender: Sender, place: Place, token: str) -> None:
        self._sender, self._place, self._token = sender, place, token
        self._id: int | None = None
        self.paced = Paced(self._show, EDIT_SECONDS)
        self.paced.start()

    async def answered(self, reply: Reply) -> bool:
        """Put the answer in the place of the progress; whether it stands there. What could not be put there is the
        caller's to send."""
        await self.paced.ended()
        if self._id is None or reply.picture or reply.file:
            return False
        letter = letter_of(reply)
        return letter.one_message and await self._edited(letter)

    async def _show(self, text: str) -> None:
        letter = letter_of(Reply(text))
        if self._id is not None:
            await self._edited(letter)
            return
        try:
            await self._sender.post(letter, self._place)
        except TelegramError as error:
            self._failed(error)
        self._id = letter.first_id

    async def _edited(self, letter: Letter) -> bool:
        assert self._id is not None, "there is a message to edit"
        try:
            await self._sender.edit(letter, self._place, self._id)
        except TelegramError as error:
            self._failed(error)
            return False
        return True

    def _failed(self, error: TelegramError) -> None:
        log.info("progress could not be shown: %s", without_token(str(error), self._token))
