"""Telegram as a channel: its messages and presses go to the router, answers and notices come back.

Built on the SDK's Bot with a polling loop of ours (`telegram_polling` says why). Every line is a task of its own, and
what lowers risk is begun first and never refused for want of room: a /kill waits for no command, no delivery and no
pace. Answers are sent again until they arrive (`telegram_answers`); a notice gets one attempt, since the outbox
does the repeating, and never becomes an edit, since edits make no sound. Only a refresh is put in the place of what it
refreshes. `close` cuts off what is being sent, never what a command is doing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from telegram.error import TelegramError

from chatbot.access import Access
from chatbot.channels import telegram_polling as polling
from chatbot.channels.telegram_answers import Answers
from chatbot.channels.telegram_menu import Menu
from chatbot.channels.telegram_notices import Notices
from chatbot.channels.telegram_progress import ProgressMessage
from chatbot.channels.telegram_reading import NAME, Heard, Reader, marks_of, moved_to
from chatbot.channels.telegram_sending import Sender, letter_of
from chatbot.channels.telegram_wire import Bounds, bot, hush, wires, without_token
from chatbot.command import Command, Risk, find
from chatbot.confirming import CONFIRM, DECLINE
from chatbot.front import Handle
from chatbot.line import read_line
from chatbot.message import Reply
from chatbot.outbox.channel import How
from trading.clock import real_now
from trading.domain.records import Notice

LINES_MAX = 100  # lines under way at a time; one that comes on top is dropped, but for what lowers risk
URGENT_LINES_MAX = 1_000  # of what lowers risk: the thousandth /kill adds nothing to the first
SEEN_MAX = 10_000  # updates remembered, so that one that comes twice acts once

log = logging.getLogger(__name__)


class TelegramChannel:
    """Implements outbox.Channel for one bot.

    `handle` is the router's; `commands` the registry; `chat_id` and `topic_id` where notices go; `api_base` a Bot API
    server of one's own; `access` says who gets which menu, and no more: who may do what is the router's alone.
    `told` is called with one sentence when only a person can mend something.
    """

    name = NAME

    def __init__(
        self,
        handle: Handle,
        commands: Mapping[str, Command],
        *,
        token: str,
        chat_id: str,
        topic_id: str = "",
        api_base: str = "",
        access: Access | None = None,
        told: Callable[[str], None] = log.error,
        now: Callable[[], datetime] = real_now,
        bounds: Bounds | None = None,
    ) -> None:
        hush()
        self._handle, self._commands, self._bounds = handle, commands, bounds or Bounds()
        self._told, self._token, self._said = told, token, set[str]()
        self._wires = wires(self._bounds, own_server=bool(api_base))
        made = bot(token, api_base, *self._wires)
        self._sender = Sender(made, self._moved, lambda place: self._notices.topic_gone(place))
        self._answers = Answers(self._sender, self._bounds, token)
        self._notices = Notices(self._sender, chat_id, topic_id, self._say, self._bounds, token)
        self._access = access or Access({})
        self._menu = Menu(made, commands, self._access)
        self._reader = Reader("", self._only_lowers, now)
        trouble = polling.Trouble(self._bounds, token, told)
        self._poller = polling.Poller(made, self._take, self._connected, trouble, self._bounds)
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lines: set[asyncio.Task[None]] = set()
        self._working: set[asyncio.Future[Reply | None]] = set()  # kept when their lines are cut off
        self._asides: set[asyncio.Task[None]] = set()  # menus and the like: nobody waits for them
        self._closed = asyncio.Event()

    @property
    def heard_at(self) -> datetime | None:
        """When Telegram last answered a poll (real time): whether commands can get here at all."""
        return self._poller.heard_at

    async def run(self) -> None:
        """Listen until closed, whatever fails."""
        self._access.listen(self._access_changed)
        closed = asyncio.create_task(self._closed.wait())
        try:
            while not closed.done():
                await self._poll(closed)
        finally:
            closed.cancel()

    async def _poll(self, closed: asyncio.Task[Any]) -> None:
        """Poll until closed, or until a bug ends it, which must not be the end of /kill."""
        polls = asyncio.create_task(self._poller.run(), name="telegram:polls")
        try:
            await asyncio.wait([polls, closed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            polls.cancel()
            [ended] = await asyncio.gather(polls, return_exceptions=True)
        if not isinstance(ended, asyncio.CancelledError):
            log.error("reading Telegram broke and begins again: %s", without_token(repr(ended), self._token))
            await asyncio.wait([closed], timeout=self._bounds.backoff_max_seconds)

    async def deliver(self, notice: Notice, how: How) -> str:
        """Bring one notice to the chat. Raises DeliveryFailed."""
        return await self._notices.deliver(notice, how)

    async def close(self) -> None:
        """Stop listening; answers that are being sent get `close_seconds`, what commands do goes on by itself."""
        self._closed.set()
        self._notices.close()
        under_way = self._lines | self._asides
        if self._lines:
            await asyncio.wait(self._lines, timeout=self._bounds.close_seconds)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._bounds.close_seconds):
                await asyncio.gather(*(each.shutdown() for each in self._wires), return_exceptions=True)

    # --- in ---

    def _connected(self, username: str) -> None:
        self._reader = replace(self._reader, username=username)
        self._aside(self._menu.set_all(self._notices.chat))
        log.info("Telegram is read as @%s", username)

    async def _take(self, batch: Sequence[Any]) -> None:
        """Begin to handle every line of a batch, what lowers risk first; each starts before the next is looked at."""
        updates = [update for update in batch if isinstance(update, Mapping)]
        lines = [(heard, marks_of(update)) for update in updates if (heard := self._reader.read(update))]
        for heard, marks in sorted(lines, key=lambda line: not self._lowers(line[0].incoming.text)):
            if self._first_time(marks):
                self._begin(heard)
                await asyncio.sleep(0)
        for moved in filter(None, map(moved_to, updates)):
            self._moved(*moved)

    def _first_time(self, marks: Sequence[str]) -> bool:
        known = any(mark in self._seen for mark in marks)
        self._seen.update(dict.fromkeys(marks))
        while len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)
        return not known

    def _begin(self, heard: Heard) -> None:
        most = URGENT_LINES_MAX if self._lowers(heard.incoming.text) else LINES_MAX
        if len(self._lines) >= most:
            log.warning("%s lines are under way: one of %s is dropped", most, heard.incoming.person.by)
            return
        progress = ProgressMessage(self._sender, heard.place, self._token)
        work = asyncio.ensure_future(self._handle(replace(heard.incoming, progress=progress.paced.told)))
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        task = asyncio.create_task(self._serve(heard, work, progress))
        self._lines.add(task)
        task.add_done_callback(self._lines.discard)

    def _lowers(self, line: str) -> bool:
        """Whether it may lower risk, and so goes first."""
        found = find(self._commands, read_line(line).word)
        return found is not None and found.risk is Risk.LOWERS

    def _only_lowers(self, line: str) -> bool:
        """Whether it lowers risk whatever stands behind the command."""
        found = find(self._commands, read_line(line).word)
        return found is not None and found.risk is Risk.LOWERS and found.nature_of is None

    # --- out ---

    async def _serve(self, heard: Heard, work: asyncio.Future[Reply | None], progress: ProgressMessage) -> None:
        """Answer one line. A stranger's is handled at once and without an answer, and so gets nothing at all."""
        if heard.press_id:
            await asyncio.wait([work], timeout=self._bounds.press_seconds)
            if not work.done() or work.result():
                self._aside(self._tidied(self._sender.pressed(heard.press_id)))
        reply = await asyncio.shield(work)
        if reply is None:
            return
        if not await progress.answered(reply) and not await self._refreshed(heard, reply):
            await self._answers.send(letter_of(reply), heard.place, urgent=self._lowers(heard.incoming.text))
        if heard.under and heard.own and read_line(heard.incoming.text).word in (CONFIRM, DECLINE):
            self._aside(self._tidied(self._sender.disarm(heard.place, heard.under)))
        person, chat = heard.incoming.person.id, heard.incoming.chat_id
        if self._menu.missing(person, chat):
            await self._menu.set_for(person, chat)

    async def _tidied(self, call: Awaitable[None]) -> None:
        """What a failure of costs nobody anything: a button that looks busy or can still be pressed."""
        try:
            await call
        except TelegramError as error:
            log.debug("not tidied up: %s", without_token(str(error), self._token))

    async def _refreshed(self, heard: Heard, reply: Reply) -> bool:
        """Whether the answer could be put where the button was: it is the same page again, or another of its pages."""
        if heard.under is None or reply.file or not self._same_page(heard.incoming.text, reply):
            return False
        letter = letter_of(reply)
        if not letter.one_message:
            return False
        try:
            await self._sender.edit(letter, heard.place, heard.under)
        except TelegramError as error:
            log.info("a message could not be refreshed: %s", without_token(str(error), self._token))
            return False
        return True

    def _same_page(self, pressed: str, reply: Reply) -> bool:
        """Whether the answer to a button that only asks has a button of the same command: refresh, next, back."""
        word = read_line(pressed).word
        found = find(self._commands, word)
        asks = found is not None and found.risk is Risk.NONE
        return asks and any(read_line(button.line).word == word for button in reply.buttons)

    # --- aside ---

    def _access_changed(self, channel: str, who: str) -> None:
        """The menus follow at once: one that was revoked shows nothing more."""
        if channel == NAME and not self._closed.is_set():
            self._aside(self._menu.set_all(self._notices.chat))

    def _moved(self, old: str, new: int) -> None:
        if self._notices.moved(old, new):
            self._aside(self._menu.set_all(str(new)))

    def _say(self, text: str) -> None:
        """Tell the operator, each thing once."""
        if text not in self._said:
            self._said.add(text)
            self._told(text)

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)
