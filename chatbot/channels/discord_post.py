"""Messages into Discord's channels, one attempt a call, each ending in sent, not sent, or unknown.

They do not go through the SDK's HTTP client: on 429 and 5xx that one sleeps and tries again by itself, up to five
times, so that from outside a wait cannot be told from a request on its way, and a stopped wait would be of unknown
outcome. Here the caller does all the retrying, and interactions have nothing to wait behind.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import aiohttp
import discord

from chatbot.channels.discord_text import PICTURE
from chatbot.channels.discord_waits import Waits
from chatbot.outbox.channel import DeliveryFailed
from trading.clock import monotonic

PACE_SECONDS_MAX = 5.0  # how long a message waits here for its turn; beyond, the caller waits
MISSING_PERMISSIONS = 50013  # to write there at all, or just to embed and attach
USER_AGENT = f"DiscordBot (https://github.com/Rapptz/discord.py, {discord.__version__})"
LOGIN_FIX = (
    "Discord refuses the bot token: make a new one in the developer portal (Bot, Reset Token), "
    "set DISCORD_BOT_TOKEN and restart"
)
WRITING_FIX = (
    "the bot may not write in the Discord channel {channel} (error {code}): allow it View Channel, Send Messages, "
    "Embed Links, Attach Files and Read Message History there"
)
CHANNEL_FIX = (
    "the bot finds no Discord channel {channel}: it was deleted, or the bot is not in its server; "
    "check {variable}, and invite the bot"
)


class Refused(Exception):
    """Discord does not take this very message, however often it is sent."""


class Mendable(DeliveryFailed):
    """Only a person can mend it; the text says how. `code` is Discord's own for it."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class Poster:
    """Sends to the channel `channel_id`, which the setting `variable` names, of the API at `base`."""

    def __init__(self, token: str, channel_id: str, variable: str, base: str, waits: Waits) -> None:
        self._headers = {"Authorization": f"Bot {token}", "User-Agent": USER_AGENT}
        self._channel_id, self._variable = channel_id, variable
        self._url = f"{base}/channels/{channel_id}/messages"
        self._timeout = aiohttp.ClientTimeout(total=waits.post, connect=waits.post / 2)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._free_at = 0.0  # monotonic: when the rate limit's window opens again

    @property
    def channel_id(self) -> str:
        return self._channel_id

    async def close(self) -> None:
        self._closed = True
        if self._session:
            await self._session.close()

    async def post(self, body: Mapping[str, Any], png: bytes = b"") -> str:
        """The id of a new message; `png` is attached to it. Raises DeliveryFailed, Mendable, Refused."""
        await self._pace()
        if self._closed:
            raise DeliveryFailed("the channel is closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        sent: dict[str, Any] = {"data": _form(body, png)} if png else {"json": body}
        try:
            async with self._session.post(self._url, headers=self._headers, allow_redirects=False, **sent) as response:
                self._note_limit(response)
                return self._judged(response, await _answer(response))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise DeliveryFailed(f"Discord cannot be reached: {type(error).__name__}") from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise DeliveryFailed(f"no answer from Discord: {type(error).__name__}", unknown=True) from None

    def _judged(self, response: aiohttp.ClientResponse, answer: Mapping[str, Any]) -> str:
        """The message's id, of an answer that proves it."""
        status, said = response.status, str(answer.get("message", ""))
        if status < 300 and answer.get("id"):
            return str(answer["id"])
        if status < 300:
            raise DeliveryFailed(f"Discord answered {status} without a message", unknown=True)
        if status == 429:
            raise DeliveryFailed("Discord asks to wait", retry_after=_seconds(answer, response.headers))
        if status in (400, 413):
            raise Refused(f"Discord refuses the message: {status} {said}")
        if status in (401, 403, 404):
            raise self._mendable(status, answer.get("code"))
        raise DeliveryFailed(f"Discord answered {status} {said}".strip())

    def _mendable(self, status: int, code: object) -> Mendable:
        fix = {401: LOGIN_FIX, 403: WRITING_FIX, 404: CHANNEL_FIX}[status]
        text = fix.format(channel=self._channel_id, variable=self._variable, code=code)
        return Mendable(text, code if isinstance(code, int) else 0)

    async def _pace(self) -> None:
        """Wait for the rate limit's window rather than run into it."""
        left = self._free_at - monotonic()
        if left > PACE_SECONDS_MAX:
            raise DeliveryFailed("Discord's rate limit is used up", retry_after=left)
        if left > 0:
            await asyncio.sleep(left)

    def _note_limit(self, response: aiohttp.ClientResponse) -> None:
        """When the window opens again, if this was the last message for it; after a 429 the caller does the waiting."""
        if response.status != 429 and response.headers.get("X-RateLimit-Remaining") == "0":
            self._free_at = monotonic() + (_number(response.headers.get("X-RateLimit-Reset-After")) or 0.0)


def _form(body: Mapping[str, Any], png: bytes) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps(body), content_type="application/json")
    form.add_field("files[0]", png, filename=PICTURE, content_type="image/png")
    return form


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
