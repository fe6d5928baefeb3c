"""Notices into one Discord channel: one attempt a call, each ending in delivered, not delivered, or unknown.

They do not go through the SDK's HTTP client: on 429 and 5xx that one sleeps and tries again by itself, up to five
times, so that from outside a wait cannot be told from a request on its way, and a stopped wait would be of unknown
outcome. Here the outbox does all the retrying, and interactions have nothing to wait behind. A nonce lets Discord
itself drop what it has taken already (`enforce_nonce`: "unique in the past few minutes").
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import discord

from chatbot.channels.discord_text import Page, pages_of
from chatbot.channels.discord_waits import Waits
from chatbot.outbox import DeliveryFailed, How
from chatbot.render import of_notice
from trading.clock import monotonic
from trading.domain.records import Notice

TRADES_REMEMBERED_MAX = 1_000  # first messages of trades, to reply to
UNDER_WAY_MAX = 8  # notices in parts that wait for their next try
PACE_SECONDS_MAX = 5.0  # how long a message waits here for its turn; beyond, the outbox waits
NONCE_BYTES = 12  # 24 of the 25 characters that there may be
USER_AGENT = f"DiscordBot (https://github.com/Rapptz/discord.py, {discord.__version__})"
TOKEN_FIX = (
    "Discord refuses the bot token: make a new one in the developer portal (Bot, Reset Token), "
    "set DISCORD_BOT_TOKEN and restart"
)


class Refused(Exception):
    """Discord does not take this very message, however often it is sent."""


@dataclass(slots=True)
class Way:
    """How far a notice has come: pages before `done` have arrived, those before `unsure` may have been seen."""

    pages: list[Page] = field(default_factory=list)
    done: int = 0
    unsure: int = 0


class Notices:
    """Sends notices to the channel `channel_id` of the API at `base`."""

    def __init__(self, token: str, channel_id: str, base: str, waits: Waits) -> None:
        self._headers = {"Authorization": f"Bot {token}", "User-Agent": USER_AGENT}
        self._channel_id, self._url = channel_id, f"{base}/channels/{channel_id}/messages"
        self._timeout = aiohttp.ClientTimeout(total=waits.post, connect=waits.post / 2)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._free_at = 0.0  # monotonic: when the rate limit's window opens again
        self._first_messages: OrderedDict[str, str] = OrderedDict()  # by trade
        self._under_way: OrderedDict[str, Way] = OrderedDict()

    async def deliver(self, notice: Notice, how: How) -> str:
        """Send what is left of a notice. Raises DeliveryFailed; Refused for one that cannot be shown at all."""
        key = _identity(notice)
        way = self._way(key)
        if way.done == 0:
            fresh = not way.pages
            way.pages = pages_of(of_notice(notice, repeat=how.repeat, late_seconds=how.late_seconds))
            way.unsure = len(way.pages) if how.repeat and fresh else way.unsure
        while way.done < len(way.pages):
            await self._step(notice, way)
        self._under_way.pop(key, None)
        return self._first_messages.get(notice.trade_id, "")

    async def close(self) -> None:
        self._closed = True
        if self._session:
            await self._session.close()

    def _way(self, key: str) -> Way:
        way = self._under_way.setdefault(key, Way())
        self._under_way.move_to_end(key)
        if len(self._under_way) > UNDER_WAY_MAX:
            self._under_way.popitem(last=False)
        return way

    async def _step(self, notice: Notice, way: Way) -> None:
        """Send the next page; until it is known to have failed, it may have been seen."""
        page, unsure = way.pages[way.done], way.unsure
        way.unsure = max(unsure, page.number)
        try:
            message_id = await self._sent(notice, page, repeat=page.number <= unsure)
        except DeliveryFailed as failure:
            way.unsure = way.unsure if failure.unknown else unsure
            raise
        way.done += 1
        if notice.trade_id:
            self._first_messages.setdefault(notice.trade_id, message_id)
            if len(self._first_messages) > TRADES_REMEMBERED_MAX:
                self._first_messages.popitem(last=False)

    async def _sent(self, notice: Notice, page: Page, *, repeat: bool) -> str:
        """The id of the message. One that is refused is sent again plain, without its reference."""
        nonce = _nonce(notice, page)
        try:
            return await self._post(self._body(page.text(repeat=repeat), nonce) | self._reference(notice))
        except Refused:
            return await self._post(self._body(page.plain, f"{nonce}p"))

    def _body(self, content: str, nonce: str) -> dict[str, Any]:
        return {"content": content, "nonce": nonce, "enforce_nonce": True, "allowed_mentions": {"parse": []}}

    def _reference(self, notice: Notice) -> dict[str, Any]:
        first = self._first_messages.get(notice.trade_id)
        if not first:
            return {}
        where = {"message_id": first, "channel_id": self._channel_id, "fail_if_not_exists": False}
        return {"message_reference": where}

    async def _post(self, body: Mapping[str, Any]) -> str:
        await self._pace()
        if self._closed:
            raise DeliveryFailed("the channel is closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        try:
            async with self._session.post(
                self._url, json=body, headers=self._headers, allow_redirects=False
            ) as response:
                self._note_limit(response)
                return self._judged(response, await _answer(response))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise DeliveryFailed(f"Discord cannot be reached: {type(error).__name__}") from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise DeliveryFailed(f"no answer from Discord: {type(error).__name__}", unknown=True) from None

    def _judged(self, response: aiohttp.ClientResponse, answer: Mapping[str, Any]) -> str:
        """The message's id, of an answer that proves it. Raises DeliveryFailed, Refused."""
        status, said = response.status, str(answer.get("message", ""))
        if status < 300 and answer.get("id"):
            return str(answer["id"])
        if status < 300:
            raise DeliveryFailed(f"Discord answered {status} without a message", unknown=True)
        if status == 429:
            raise DeliveryFailed("Discord asks to wait", retry_after=_seconds(answer, response.headers))
        if status in (400, 413):
            raise Refused(f"Discord refuses the message: {status} {said}")
        raise DeliveryFailed(self._fix(status, answer.get("code")) or f"Discord answered {status} {said}".strip())

    def _fix(self, status: int, code: object) -> str:
        if status == 401:
            return TOKEN_FIX
        if status == 403:
            return (
                f"the bot may not write in the Discord channel {self._channel_id} (error {code}): "
                "allow it View Channel, Send Messages and Read Message History there"
            )
        if status == 404:
            return f"the bot finds no Discord channel {self._channel_id}: check DISCORD_CHANNEL_ID and invite the bot"
        return ""

    async def _pace(self) -> None:
        """Wait for the rate limit's window rather than run into it."""
        left = self._free_at - monotonic()
        if left > PACE_SECONDS_MAX:
            raise DeliveryFailed("Discord's rate limit is used up", retry_after=left)
        if left > 0:
            await asyncio.sleep(left)

    def _note_limit(self, response: aiohttp.ClientResponse) -> None:
        """When the window opens again, if this was the last message for it; after a 429 the outbox does the waiting."""
        if response.status != 429 and response.headers.get("X-RateLimit-Remaining") == "0":
            self._free_at = monotonic() + (_number(response.headers.get("X-RateLimit-Reset-After")) or 0.0)


async def _answer(response: aiohttp.ClientResponse) -> Mapping[str, Any]:
    """What was answered, empty where it is no JSON object: a proxy's page, for one."""
    try:
        answer = await response.json(content_type=None)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(answer: Mapping[str, Any], headers: Mapping[str, str]) -> float | None:
    """How long a 429 asks to wait; None where it does not say."""
    asked = _number(answer.get("retry_after"))
    return asked if asked is not None else _number(headers.get("Retry-After"))


def _number(value: object) -> float | None:
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _identity(notice: Notice) -> str:
    return f"{notice.seq}/{notice.kind}/{notice.at.isoformat()}/{notice.title}"


def _nonce(notice: Notice, page: Page) -> str:
    """The same for the same part of the same notice, also after a restart and with another word about its lateness.

    It covers the page's own lines: pages cut elsewhere, because the title grew, are not taken for the ones before.
    """
    text = f"{_identity(notice)}/{page.number}/{page.body}"
    return hashlib.blake2b(text.encode(), digest_size=NONCE_BYTES).hexdigest()
