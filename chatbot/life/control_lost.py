"""When no phone can command the bot any more, it takes no new risk; it goes on by itself once one can again.

A phone is a chat that says when it was last heard from (Telegram, Discord). The terminal is none: whoever has only that
loses nothing by this rule, and it cannot stand in for a chat that people rely on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol, runtime_checkable

from chatbot.formats import span
from trading.clock import monotonic
from trading.domain.events import HaltCleared, HaltRaised
from trading.domain.state import Reason
from trading.engine.book import Book
from trading.ports import Clock

BY = "engine"


@runtime_checkable
class Phone(Protocol):
    """A chat through which people can command the bot from afar."""

    name: str

    @property
    def heard_at(self) -> datetime | None:
        """When commands could last come through (real time), None for never; it moves on while they can."""


class ControlLost:
    """`minutes` of real time until the rule holds; None, or no phone at all: never."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        channels: Iterable[object],
        minutes: float | None,
        monotonic: Callable[[], float] = monotonic,
    ) -> None:
        self._book, self._clock, self._monotonic = book, clock, monotonic
        self._phones = [each for each in channels if isinstance(each, Phone)]
        self._seconds = None if minutes is None else minutes * 60
        self._heard: dict[str, datetime | None] = {}
        self._began = monotonic()
        self._reached: float | None = None  # since this start

    def look(self) -> None:
        """Raise or clear the halt, as it is now. Raises StoreFailed."""
        heard = {phone.name: phone.heard_at for phone in self._phones}
        if any(at and at != self._heard.get(name) for name, at in heard.items()):
            self._reached = self._monotonic()
        self._heard = heard
        if Reason.CONTROL_LOST in self._book.state.halts:
            self._clear()
        elif self._in_force and self._silent >= (self._seconds or 0.0):
            detail = f"{' and '.join(heard)} not reached for {span(self._silent)}"
            self._book.record(HaltRaised(self._clock.now(), Reason.CONTROL_LOST, BY, detail))

    @property
    def _in_force(self) -> bool:
        return bool(self._phones) and self._seconds is not None

    @property
    def _silent(self) -> float:
        """Seconds since a phone was reached, or since the start."""
        return self._monotonic() - (self._began if self._reached is None else self._reached)

    def _clear(self) -> None:
        """Where a phone is back, or the rule has gone; a restart alone brings none back."""
        back = self._reached is not None and self._silent < (self._seconds or 0.0)
        if back or not self._in_force:
            self._book.record(HaltCleared(self._clock.now(), Reason.CONTROL_LOST, BY))
