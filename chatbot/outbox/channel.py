"""What a channel is to the outbox: it brings one notice at a time, in the way it is told, or says why it could not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chatbot.message import Picture
from trading.domain.records import Notice


class DeliveryFailed(Exception):
    """A channel could not deliver. `retry_after` seconds were asked for by the platform; `unknown`: it may have got
    there all the same."""

    def __init__(self, text: str = "", *, retry_after: float | None = None, unknown: bool = False) -> None:
        super().__init__(text)
        self.retry_after, self.unknown = retry_after, unknown


@dataclass(frozen=True, slots=True)
class How:
    """How a notice is to be brought. `repeat`: an earlier attempt at it may have arrived; `silent`: without a sound;
    `reply_to`: the message, by what `deliver` gave for it, that it belongs under; `picture`: goes with it."""

    repeat: bool = False
    late_seconds: float = 0.0
    silent: bool = False
    reply_to: str = ""
    picture: Picture | None = None


class Channel(Protocol):
    """What carries notices to people, and their lines to the router."""

    @property
    def name(self) -> str:
        """Lower case, unique, and never changed: the durable cursor is named after it."""

    async def deliver(self, notice: Notice, how: How) -> str:
        """Bring one notice to people, as a new message; what names that message on this channel, empty where nothing
        does. Raises DeliveryFailed."""

    async def run(self) -> None:
        """Listen until there is nothing more to listen to, or until closed."""

    async def close(self) -> None: ...
