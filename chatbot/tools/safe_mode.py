"""Safe mode: the store refuses to open, and the chat starts all the same.

Nothing is traded. /status and /kill are answered straight from the exchange, every other command with the reason, and
each channel is told that reason once. People are those of the settings: what was changed since stands in the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

from chatbot.access import Access
from chatbot.channels.stdin import StdinChannel
from chatbot.command import SHOWN_LENGTH_MAX, find
from chatbot.commands.registry import COMMANDS
from chatbot.config import Settings
from chatbot.front import Front
from chatbot.line import read_line
from chatbot.message import Incoming, Reply
from chatbot.notices.words import NoticeWriter, Where
from chatbot.outbox.channel import Channel
from chatbot.outbox.outbox import Outbox
from chatbot.tools.ending import Ending
from chatbot.tools.signals import on_end, on_hangup
from chatbot.tools.talking import speaking
from chatbot.tools.without_bot import Account, kill_alone, looked, status
from chatbot.wiring.people import access_of
from chatbot.wiring.places import Places, open_places
from storage.memory import MemoryStore
from storage.store import locked
from trading.clock import real_now
from trading.domain.errors import ChatopsError, StoreInUse, StoreRefused, Unavailable
from trading.domain.events import HaltRaised
from trading.domain.state import Reason, State
from trading.engine.book import Book
from trading.ports import Clock, Exchange

log = logging.getLogger("kalshi-chatops")

TRADING = f"HALTED ({Reason.STORAGE})"


async def safe_mode(settings: Settings, why: str, *, terminal: bool, ending: Ending | None = None) -> None:
    """Talk until a signal or the end of the terminal; `ending` bounds what comes then. Raises StoreInUse where another
    bot has the folder."""
    with _held(settings):
        log.error("safe mode, nothing is traded: %s", why)  # where there is no chat, nothing else says it
        places, problem = await _places(settings)
        store = MemoryStore()
        access = access_of(settings, store)
        answers = Answers(settings, why, _account(places, problem), access)
        channels = speaking(
            settings,
            Front(answers.handle, lambda *asked: [], access),
            log.warning,
            (lambda: TRADING) if terminal else None,
        )
        try:
            await _talk(settings, why, store, channels, _asked_to_end(terminal, ending))
        finally:
            if ending:
                ending.begin()
            for channel in channels:
                await channel.close()
            if places:
                await places.close()


class Answers:
    """What people are told by a bot that knows nothing but its settings and the exchange."""

    def __init__(self, settings: Settings, why: str, account: Account, access: Access) -> None:
        self._settings, self._why, self._account, self._access = settings, why, account, access

    async def handle(self, incoming: Incoming) -> Reply | None:
        """The answer to one line; None for a stranger. Never raises a ChatopsError."""
        role = self._access.role_of(incoming.person)
        if role is None or incoming.unowned:
            return None
        word = read_line(incoming.text).word
        found = find(COMMANDS, word)
        name = found.name if found else word[:SHOWN_LENGTH_MAX]
        if found and role < found.role:
            return Reply(f"/{name} needs the {found.role.word} role; yours is {role.word}: ask who has it", failed=True)
        if name == "kill":
            return await kill_alone(self._settings, self._why, self._account, "in safe mode")
        if name == "status":
            known = (("Trading", TRADING), ("Why", self._why))
            return await looked(self._settings, "Status, in safe mode", known, status, self._account)
        return Reply(f"/{name}: not in safe mode", note=f"Only /status and /kill work: {self._why}", failed=True)


def _asked_to_end(terminal: bool, ending: Ending | None) -> asyncio.Event:
    """Set by a signal; a terminal that goes is an end too."""
    ended = asyncio.Event()
    on_end(ended.set, ending)
    unread = "the settings are not read again in safe mode: start the bot anew"
    on_hangup(ended.set if terminal else lambda: log.warning(unread))
    return ended


async def _talk(
    settings: Settings, why: str, store: MemoryStore, channels: Sequence[Channel], ended: asyncio.Event
) -> None:
    """Tell everybody, and listen until something ends it."""
    where = Where(settings.instance_name, settings.environment, settings.zone, settings.custom_address)
    book = Book(store, State(), NoticeWriter(where), settings.zone)
    book.record(HaltRaised(real_now(), Reason.STORAGE, "engine", why))
    outbox = Outbox(store, channels, lambda name, error: log.error("%s: %s", name, error), zone=settings.zone)
    tasks = [asyncio.create_task(outbox.run())]
    tasks += [asyncio.create_task(_listening(channel, len(channels) == 1, ended)) for channel in channels]
    for task in tasks:
        task.add_done_callback(lambda done: _failed(done, ended))
    try:
        await ended.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _failed(done: asyncio.Task[None], ended: asyncio.Event) -> None:
    """What nobody foresaw ends the program, and is said."""
    if not done.cancelled() and (error := done.exception()):
        log.error("safe mode ends", exc_info=error)
        ended.set()


async def _listening(channel: Channel, alone: bool, ended: asyncio.Event) -> None:
    """As with any bot: the end of a terminal is the end, that of standard input where nobody else listens."""
    try:
        await channel.run()
    finally:
        if alone or not isinstance(channel, StdinChannel):
            ended.set()


@contextlib.contextmanager
def _held(settings: Settings) -> Iterator[None]:
    """Hold the folder's lock where that can be had: a second bot is refused as ever."""
    try:
        lock = locked(settings.data_folder / "store")
    except StoreInUse:
        raise
    except StoreRefused:
        yield
        return
    try:
        yield
    finally:
        lock.release()


async def _places(settings: Settings) -> tuple[Places | None, str]:
    try:
        return await open_places(settings), ""
    except ChatopsError as error:
        return None, str(error)


def _account(places: Places | None, problem: str) -> Account:
    @asynccontextmanager
    async def opened() -> AsyncIterator[tuple[Exchange, Clock]]:
        if places is None:
            raise Unavailable(problem)
        if not places.signed:
            raise Unavailable("KALSHI_API_KEY_ID is not set: without a key nothing of the account can be seen or done")
        yield places.exchange, places.clock

    return opened
