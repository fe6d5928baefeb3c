"""Sends letters: what is still to be sent of one message, page by page, each with one attempt.

A page that arrived leaves its letter, so that a later attempt goes on where the last one stopped. What Telegram cannot
parse is sent again plain, what it finds too long is halved, and a topic that is gone gives way to the chat itself: each
of these follows a refusal, so nothing arrives twice by it. Waiting and trying again is the caller's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from telegram import Bot, InlineKeyboardMarkup, InputMediaPhoto, LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, TelegramError

from chatbot.channels.telegram_markup import (
    CAPTION_UNITS_MAX,
    MARK_UNITS,
    Page,
    html,
    keyboard,
    pages_of,
    plain,
    repeated,
    split,
    units,
)
from chatbot.channels.telegram_reading import Place
from chatbot.channels.telegram_wire import (
    GARBLED,
    NOT_MODIFIED,
    REFUSED_TOPIC,
    TOO_LONG,
    UNPARSED,
    Garbled,
    refuses_chat,
    says,
)
from chatbot.message import File, Picture, Reply
from chatbot.render import Block
from trading.clock import monotonic

PAGE_UNITS_MIN = 256  # a page this short is not halved again
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

T = TypeVar("T")
Attach = Callable[[str | None, Place, InlineKeyboardMarkup | None], Awaitable[Message]]
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Letter:
    """What is still to be sent of one message; `first_id` is its first part's id, once that is there."""

    pages: list[Page]
    buttons: InlineKeyboardMarkup | None = None
    picture: Picture | None = None
    file: File | None = None
    first_id: int | None = None

    @property
    def one_message(self) -> bool:
        """Whether all of it fits into one message, and so into the place of one."""
        return len(self.pages) == 1 and (self.picture is None or self.fits_under)

    @property
    def fits_under(self) -> bool:
        """Whether its text may stand under what is attached."""
        return len(self.pages) == 1 and units(plain(self.pages[0])) <= CAPTION_UNITS_MAX - MARK_UNITS

    @property
    def begun(self) -> bool:
        return self.first_id is not None

    def arrived(self, message: Message) -> None:
        self.first_id = self.first_id or message.message_id

    def marked_repeat(self) -> None:
        """Mark the page that is next: an earlier attempt at it had an unknown outcome."""
        if self.pages:
            self.pages[0] = repeated(self.pages[0])


def letter_of(reply: Reply) -> Letter:
    return Letter(pages_of(reply), keyboard(reply), reply.picture, reply.file)


class Pace:
    """Lets `at_once` through, then one every `every_seconds`: what comes too fast would be refused with the rest."""

    def __init__(self, at_once: int, every_seconds: float) -> None:
        self._slack, self._every = (at_once - 1) * every_seconds, every_seconds
        self._next_at = 0.0

    async def turn(self) -> None:
        """Wait for one's turn, `every_seconds` at most where turns are taken one after the other."""
        wait = self._next_at - self._slack - monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        self._next_at = max(self._next_at, monotonic()) + self._every


class Sender:
    """Sends through one Bot. Every method raises TelegramError, after at most one attempt that may have arrived.

    `moved` is told a group's old and new id when it became a supergroup, `topic_gone` that a topic takes nothing more.
    """

    def __init__(self, bot: Bot, moved: Callable[[str, int], None], topic_gone: Callable[[Place], None]) -> None:
        self._bot, self._moved, self._topic_gone = bot, moved, topic_gone

    async def post(self, letter: Letter, place: Place, pace: Pace | None = None) -> None:
        """Send what is left of a letter; its first part replies to the place's message, its last has the buttons."""
        try:
            await self._parts(letter, place, pace)
        except ChatMigrated as error:
            self._moved(str(place.chat_id), error.new_chat_id)
            await self._parts(letter, replace(place, chat_id=error.new_chat_id, reply_to=None), pace)
        except BadRequest as error:
            if place.topic_id is None or not says(error, *REFUSED_TOPIC):
                raise
            self._topic_gone(place)
            await self._parts(letter, replace(place, topic_id=None, reply_to=None), pace)

    async def _parts(self, letter: Letter, place: Place, pace: Pace | None) -> None:
        if letter.picture:
            await self._attached(letter, place, partial(self._photo, letter.picture))
            letter.picture = None
        if letter.file:
            if not await self._attached(letter, _after(letter, place), partial(self._document, letter.file)):
                letter.pages.append([Block("note", (f"Telegram does not take the file {letter.file.name}.",))])
            letter.file = None
        while letter.pages:
            if pace:
                await pace.turn()
            await self._next_page(letter, _after(letter, place))

    async def edit(self, letter: Letter, place: Place, message_id: int) -> None:
        """Put a letter of one message in the place of another; one that says the same already is left as it is."""
        try:
            await (self._edit_picture if letter.picture else self._edit_text)(letter, place.chat_id, message_id)
        except BadRequest as error:
            if not says(error, *NOT_MODIFIED):
                raise
        letter.pages.clear()

    async def _edit_text(self, letter: Letter, chat: int | str, message_id: int) -> None:
        await _read(
            self._bot.edit_message_text(
                html(letter.pages[0]),
                chat_id=chat,
                message_id=message_id,
                parse_mode=ParseMode.HTML,
                reply_markup=letter.buttons,
                link_preview_options=NO_PREVIEW,
            )
        )

    async def _edit_picture(self, letter: Letter, chat: int | str, message_id: int) -> None:
        assert letter.picture
        shown = InputMediaPhoto(letter.picture.png, caption=html(letter.pages[0]), parse_mode=ParseMode.HTML)
        await _read(self._bot.edit_message_media(shown, chat, message_id, reply_markup=letter.buttons))

    async def disarm(self, place: Place, message_id: int) -> None:
        """Take the buttons away from under a message."""
        await _read(self._bot.edit_message_reply_markup(place.chat_id, message_id))

    async def pressed(self, press_id: str) -> None:
        """Say that a press was heard, so that the button no longer shows that it is busy."""
        await _read(self._bot.answer_callback_query(press_id))

    async def _next_page(self, letter: Letter, place: Place) -> None:
        page = letter.pages[0]
        buttons = letter.buttons if len(letter.pages) == 1 else None
        try:
            message = await self._page(page, place, buttons)
        except BadRequest as error:
            size = units(plain(page))
            if not says(error, *TOO_LONG) or size <= PAGE_UNITS_MIN:
                raise
            letter.pages[:1] = split(page, size // 2)
            return
        letter.arrived(message)
        del letter.pages[0]

    async def _page(self, page: Page, place: Place, buttons: InlineKeyboardMarkup | None) -> Message:
        """As it should look; and where Telegram will not have that, as little as needs be left of it."""
        try:
            return await self._text(html(page), place, buttons, ParseMode.HTML)
        except BadRequest as error:
            if refuses_chat(error) or says(error, *TOO_LONG, *REFUSED_TOPIC):
                raise
            if says(error, *UNPARSED):
                return await self._text(plain(page), place, buttons)
            return await self._text(plain(page), replace(place, reply_to=None), None)

    async def _text(
        self, text: str, place: Place, buttons: InlineKeyboardMarkup | None, parse_mode: str | None = None
    ) -> Message:
        return await _read(
            self._bot.send_message(
                place.chat_id,
                text,
                parse_mode=parse_mode,
                message_thread_id=place.topic_id,
                disable_notification=place.silent or None,
                reply_parameters=_answering(place),
                reply_markup=buttons,
                link_preview_options=NO_PREVIEW,
            )
        )

    async def _attached(self, letter: Letter, place: Place, send: Attach) -> bool:
        """Send what is attached, which goes first; the text stands under it where it fits there, and follows where it
        does not. Whether Telegram took it: else it gives way to its text."""
        under = letter.fits_under
        text, buttons = (html(letter.pages[0]), letter.buttons) if under else (None, None)
        try:
            letter.arrived(await send(text, place, buttons))
        except BadRequest as error:
            if refuses_chat(error) or says(error, *REFUSED_TOPIC):
                raise
            log.warning("Telegram does not take what is attached: %s", type(error).__name__)
            return False
        if under:
            letter.pages.clear()
        return True

    async def _photo(
        self, picture: Picture, caption: str | None, place: Place, buttons: InlineKeyboardMarkup | None
    ) -> Message:
        return await _read(
            self._bot.send_photo(
                place.chat_id,
                picture.png,
                caption=caption,
                parse_mode=ParseMode.HTML if caption else None,
                message_thread_id=place.topic_id,
                disable_notification=place.silent or None,
                reply_parameters=_answering(place),
                reply_markup=buttons,
            )
        )

    async def _document(
        self, file: File, caption: str | None, place: Place, buttons: InlineKeyboardMarkup | None
    ) -> Message:
        return await _read(
            self._bot.send_document(
                place.chat_id,
                file.data,
                filename=file.name,
                caption=caption,
                parse_mode=ParseMode.HTML if caption else None,
                message_thread_id=place.topic_id,
                disable_notification=place.silent or None,
                reply_parameters=_answering(place),
                reply_markup=buttons,
            )
        )


def _after(letter: Letter, place: Place) -> Place:
    """Only the first part of a letter is a reply."""
    return replace(place, reply_to=None) if letter.begun else place


def _answering(place: Place) -> ReplyParameters | None:
    """A message that is gone by now is answered all the same."""
    return ReplyParameters(place.reply_to, allow_sending_without_reply=True) if place.reply_to else None


async def _read(call: Awaitable[T]) -> T:
    """What the Bot gives; an answer that the SDK cannot read becomes one of its own errors."""
    try:
        return await call
    except TelegramError:
        raise
    except GARBLED as error:
        raise Garbled(f"the server's answer cannot be read ({type(error).__name__})") from error
