"""Notices into one Discord channel: in parts where they are long, each part retried until it is known to have arrived.

One call is one attempt at what is left of a notice; the outbox does all the retrying. A nonce lets Discord itself drop
what it has taken already (`enforce_nonce`: "unique in the past few minutes").
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from chatbot.channels.discord_post import MISSING_PERMISSIONS, Mendable, Poster, Refused
from chatbot.channels.discord_text import NOTICE_LENGTH_MAX, PICTURE, Page, pages_of
from chatbot.channels.discord_troubles import Troubles
from chatbot.message import Picture
from chatbot.outbox.channel import DeliveryFailed, How
from chatbot.render import of_notice
from trading.domain.records import Notice

UNDER_WAY_MAX = 8  # notices in parts that wait for their next try
NONCE_BYTES = 12  # 24 of the 25 characters that there may be
SILENT = 1 << 12  # SUPPRESS_NOTIFICATIONS
CAPTION_LENGTH_MAX = 1_024
WRITING, EMBEDS = "writing", "embeds"  # what may be wrong
EMBEDS_FIX = (
    "the bot may write in the Discord channel {channel}, but in plain text only: "
    "allow it Embed Links and Attach Files there"
)


@dataclass(slots=True)
class Way:
    """How far a notice has come: pages before `done` have arrived, those before `unsure` may have been seen; `first`
    is the id of its first message."""

    pages: list[Page] = field(default_factory=list)
    done: int = 0
    unsure: int = 0
    first: str = ""


class Notices:
    """Sends notices by way of `poster`."""

    def __init__(self, poster: Poster, troubles: Troubles) -> None:
        self._poster, self._troubles = poster, troubles
        self._under_way: OrderedDict[str, Way] = OrderedDict()

    async def deliver(self, notice: Notice, how: How) -> str:
        """Send what is left of a notice; the id of its first message. Raises DeliveryFailed; Refused for one that
        cannot be shown at all."""
        key = _identity(notice)
        way = self._way(key)
        if way.done == 0:
            fresh = not way.pages
            reply = of_notice(notice, repeat=how.repeat, late_seconds=how.late_seconds)
            way.pages = pages_of(reply, NOTICE_LENGTH_MAX)
            way.unsure = len(way.pages) if how.repeat and fresh else way.unsure
        while way.done < len(way.pages):
            await self._step(notice, how, way)
        self._under_way.pop(key, None)
        return way.first

    async def close(self) -> None:
        await self._poster.close()

    def _way(self, key: str) -> Way:
        way = self._under_way.setdefault(key, Way())
        self._under_way.move_to_end(key)
        if len(self._under_way) > UNDER_WAY_MAX:
            self._under_way.popitem(last=False)
        return way

    async def _step(self, notice: Notice, how: How, way: Way) -> None:
        """Send the next page; until it is known to have failed, it may have been seen."""
        page, unsure = way.pages[way.done], way.unsure
        way.unsure = max(unsure, page.number)
        try:
            message_id = await self._sent(notice, how, page, repeat=page.number <= unsure)
        except DeliveryFailed as failure:
            way.unsure = way.unsure if failure.unknown else unsure
            if isinstance(failure, Mendable):
                self._troubles.tell(WRITING, str(failure))
            raise
        self._troubles.over(WRITING)
        way.done, way.first = way.done + 1, way.first or message_id

    async def _sent(self, notice: Notice, how: How, page: Page, *, repeat: bool) -> str:
        """The id of the message. One that is refused is sent again plain, without its reference and its picture."""
        nonce, flags = _nonce(notice, page), {"flags": SILENT} if how.silent else {}
        picture = how.picture if page.last else None
        rich = page.notice(repeat=repeat, pictured=picture is not None) | _attached(picture)
        try:
            sent = await self._poster.post(
                _body(nonce) | flags | rich | self._reference(how, page), picture.png if picture else b""
            )
        except Refused:
            return await self._poster.post(_body(f"{nonce}p") | flags | {"content": page.plain})
        except Mendable as failure:
            if failure.code != MISSING_PERMISSIONS:
                raise
            plain = await self._poster.post(_body(f"{nonce}p") | flags | {"content": page.plain})
            self._troubles.tell(EMBEDS, EMBEDS_FIX.format(channel=self._poster.channel_id))
            return plain
        if "embeds" in rich:
            self._troubles.over(EMBEDS)
        return sent

    def _reference(self, how: How, page: Page) -> dict[str, Any]:
        """What it belongs under; that one may be gone."""
        if not how.reply_to or page.number > 1:
            return {}
        where = {"message_id": how.reply_to, "channel_id": self._poster.channel_id, "fail_if_not_exists": False}
        return {"message_reference": where}


def _body(nonce: str) -> dict[str, Any]:
    return {"nonce": nonce, "enforce_nonce": True, "allowed_mentions": {"parse": []}}


def _attached(picture: Picture | None) -> dict[str, Any]:
    if picture is None:
        return {}
    return {"attachments": [{"id": 0, "filename": PICTURE, "description": picture.caption[:CAPTION_LENGTH_MAX]}]}


def _identity(notice: Notice) -> str:
    return f"{notice.seq}/{notice.kind}/{notice.at.isoformat()}/{notice.title}"


def _nonce(notice: Notice, page: Page) -> str:
    """The same for the same part of the same notice, also after a restart and with another word about its lateness.

    It covers the page's own lines: pages cut elsewhere, because the title grew, are not taken for the ones before.
    """
    text = f"{_identity(notice)}/{page.number}/{page.body}"
    return hashlib.blake2b(text.encode(), digest_size=NONCE_BYTES).hexdigest()
