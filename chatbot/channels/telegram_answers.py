"""Sends answers until they arrive or are too old to matter: twice is better than never.

A chat that has refused a message refuses all of them, and a hundred answers that knock again each second would keep
the loop from the one that counts. So what was refused queues, one answer knocks for all, and the first that passes
lets the others follow. What lowers risk never queues: its answer knocks for itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from telegram.error import RetryAfter, TelegramError

from chatbot.channels.telegram_reading import Place
from chatbot.channels.telegram_sending import Letter, Sender
from chatbot.channels.telegram_wire import Bounds, passing, seconds_of, without_token
from trading.clock import monotonic

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Door:
    """A chat that refuses until `opens_at` (seconds of the monotonic clock), and whose turn it is to knock."""

    opens_at: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Answers:
    """The sending of answers through one Sender."""

    def __init__(self, sender: Sender, bounds: Bounds, token: str) -> None:
        self._sender, self._bounds, self._token = sender, bounds, token
        self._doors: dict[int | str, Door] = {}

    async def send(self, letter: Letter, place: Place, *, urgent: bool) -> None:
        """Send a letter, again and again while that may help and is not too late. `urgent`: it waits for no other."""
        until, wait = monotonic() + self._bounds.answer_seconds_max, self._bounds.backoff_first_seconds
        while True:
            try:
                return await self._once(letter, place, urgent, until)
            except TelegramError as error:
                told = seconds_of(error) if isinstance(error, RetryAfter) else wait
                if not passing(error) or monotonic() + told > until:
                    log.warning("an answer is given up: %s", without_token(str(error), self._token))
                    return None
                if urgent or not isinstance(error, RetryAfter):
                    await asyncio.sleep(told)
                wait = min(2 * wait, self._bounds.backoff_max_seconds)

    async def _once(self, letter: Letter, place: Place, urgent: bool, until: float) -> None:
        """One attempt, in its turn. Raises TelegramError."""
        async with self._turn(place.chat_id, urgent, until):
            try:
                await self._sender.post(letter, place)
            except RetryAfter as error:
                self._refused(place.chat_id, seconds_of(error))
                raise
        self._doors.pop(place.chat_id, None)

    def _refused(self, chat: int | str, seconds: float) -> None:
        opens_at = monotonic() + seconds
        door = self._doors.setdefault(chat, Door(opens_at))
        door.opens_at = max(door.opens_at, opens_at)

    @asynccontextmanager
    async def _turn(self, chat: int | str, urgent: bool, until: float) -> AsyncIterator[None]:
        """One's turn at a chat; at once where it does not refuse. Raises RetryAfter where the turn would come after
        `until`."""
        door = None if urgent else self._doors.get(chat)
        if door is None:
            yield
            return
        async with door.turn:
            wait = door.opens_at - monotonic()
            if monotonic() + wait > until:
                raise RetryAfter(int(wait) + 1)
            await asyncio.sleep(max(wait, 0.0))
            yield
