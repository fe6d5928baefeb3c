"""Reads updates from Telegram for as long as it is let: whatever fails, it comes back by itself.

The SDK's Updater gives up at start when the server is down and for good when a token is refused, and reads nothing at
all while one update of a batch cannot be parsed; hence a loop of ours over the SDK's Bot. Nothing that waited is
dropped: the router honours what lowers risk and refuses what is stale. The batch is confirmed by the next poll, which
goes out after every line of it has begun to be handled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from chatbot.channels.telegram_wire import GARBLED, Bounds, Garbled, says, seconds_of, without_token
from trading.clock import monotonic, real_now

BATCH_MAX = 100  # updates of one poll
WANTED = ("message", "edited_message", "channel_post", "edited_channel_post", "callback_query")
TOLD_AGAIN_SECONDS = 3600.0
CONFLICTS_UNTOLD = 1  # a restart runs into its own last poll once; a second conflict is another program

REFUSED = (
    "Telegram refuses TELEGRAM_BOT_TOKEN: open @BotFather, /mybots, your bot, API Token; put that token into .env and "
    "start again (and if TELEGRAM_API_BASE is set, check it). Until then nothing goes in or out through Telegram."
)
TWO_READERS = (
    "Another program reads this bot's Telegram messages with the same TELEGRAM_BOT_TOKEN, so commands may not get "
    "here: stop it, or give it a bot of its own from @BotFather. Nobody else running it? Then the token has leaked: "
    "/revoke it there."
)
TWO_READERS_WEBHOOK = "A webhook was set for this Telegram bot, which takes its messages away; it is removed again."

log = logging.getLogger(__name__)
Take = Callable[[Sequence[Any]], Awaitable[None]]


@dataclass(slots=True)
class Trouble:
    """How the polling fails at the moment: what is told about it and how long to wait."""

    bounds: Bounds
    token: str
    told: Callable[[str], None]
    failures: int = 0  # in a row
    conflicts: int = 0  # none of them longer than TOLD_AGAIN_SECONDS after the one before
    conflict_at: float = 0.0
    said_at: dict[str, float] = field(default_factory=dict)

    def over(self) -> None:
        if self.failures:
            log.info("Telegram is read again, after %s tries that failed", self.failures)
        self.failures = 0

    def wait_seconds(self, error: TelegramError) -> float:
        """How long to wait after this failure; tells the operator what only a person can mend."""
        self.failures += 1
        if self.failures == 1:
            log.warning("Telegram cannot be read: %s", without_token(str(error), self.token))
        if isinstance(error, RetryAfter):
            return min(seconds_of(error), self.bounds.retry_after_seconds_max)
        if isinstance(error, InvalidToken):
            self._say(REFUSED)
            return self.bounds.token_seconds
        doubled: float = self.bounds.backoff_first_seconds * 2.0 ** min(self.failures - 1, 30)
        if isinstance(error, Conflict):
            self._conflict(error)
            return min(doubled, self.bounds.conflict_seconds)
        return min(doubled, self.bounds.backoff_max_seconds)

    def _conflict(self, error: Conflict) -> None:
        recent = monotonic() - self.conflict_at < TOLD_AGAIN_SECONDS
        self.conflicts, self.conflict_at = (self.conflicts if recent else 0) + 1, monotonic()
        if says(error, "webhook"):
            self._say(TWO_READERS_WEBHOOK)
        elif self.conflicts > CONFLICTS_UNTOLD:
            self._say(TWO_READERS)

    def _say(self, text: str) -> None:
        """Once, and again only when it still holds long after."""
        last = self.said_at.get(text)
        if last is None or monotonic() - last >= TOLD_AGAIN_SECONDS:
            self.said_at[text] = monotonic()
            log.warning("%s", text)
            self.told(text)


class Poller:
    """Polls one Bot. `take` gets every batch; `connected` is called with the bot's own name whenever it is known
    anew. `heard_at` is when Telegram last answered a poll (real time)."""

    def __init__(
        self, bot: Bot, take: Take, connected: Callable[[str], None], trouble: Trouble, bounds: Bounds
    ) -> None:
        self._bot, self._take, self._connected = bot, take, connected
        self._trouble, self._bounds = trouble, bounds
        self._offset: int | None = None
        self._known = False
        self.heard_at: datetime | None = None

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            try:
                await self._connect()
                batch = await self._batch()
            except TelegramError as error:
                self._known = self._known and not isinstance(error, Conflict | InvalidToken)
                await asyncio.sleep(self._trouble.wait_seconds(error))
                continue
            self._trouble.over()
            self.heard_at = real_now()
            await self._take(batch)
            self._confirm(batch)

    async def _connect(self) -> None:
        """Learn our own name, and take the messages back from a webhook; nothing that waits is dropped."""
        if self._known:
            return
        try:
            me = await self._bot.get_me()
        except GARBLED as error:
            raise Garbled("getMe: the answer cannot be read") from error
        with suppress(InvalidToken):  # the token was taken just now: a server that has no webhooks has no such method
            await self._bot.delete_webhook(drop_pending_updates=False)
        self._known = True
        self._connected(me.username or "")

    async def _batch(self) -> Sequence[Any]:
        """The next updates as plain JSON; an empty list when none came for `poll_seconds`."""
        wanted = {"offset": self._offset, "timeout": self._bounds.poll_seconds, "limit": BATCH_MAX}
        patience = self._bounds.poll_seconds + self._bounds.poll_margin_seconds
        try:
            batch = await self._bot._post("getUpdates", {**wanted, "allowed_updates": WANTED}, read_timeout=patience)
        except GARBLED as error:
            raise Garbled("getUpdates: the answer cannot be read") from error
        if not isinstance(batch, list):
            raise Garbled("getUpdates: the answer is no list")
        return batch

    def _confirm(self, batch: Sequence[Any]) -> None:
        """By the last one's number, not the highest: after a quiet week Telegram numbers from anywhere."""
        numbers = [each.get("update_id") for each in batch if isinstance(each, dict)]
        if numbers and isinstance(numbers[-1], int):
            self._offset = numbers[-1] + 1
