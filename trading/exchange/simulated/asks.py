"""A request as the routes see it, after HTTP: path, query and body, with typed and checked access; and the answer.

Wrong parameters raise VenueError 400 in the exchange's own form.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from trading.exchange.simulated.refusals import invalid_parameters
from trading.exchange.simulated.wire import Json

LIMIT_DEFAULT, LIMIT_MAX = 100, 1000  # items on a page
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `query` keeps repeated parameters in order; `restricted`: its key is locked to a subaccount."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    restricted: bool = False

    def text(self, name: str) -> str:
        """The first value of a query parameter; empty when absent."""
        return next((value for key, value in self.query if key == name), "")

    def every(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]

    def words(self, name: str) -> tuple[str, ...]:
        """A comma list."""
        return tuple(word for word in self.text(name).split(",") if word)

    def number(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise invalid_parameters(f"{name} must be a whole number") from None

    def time(self, name: str) -> datetime | None:
        """Unix seconds."""
        second = self.number(name)
        try:
            return None if second is None else datetime.fromtimestamp(second, UTC)
        except (ValueError, OverflowError, OSError):
            raise invalid_parameters(f"{name} is not a time") from None

    def flag(self, name: str) -> bool:
        return self.text(name).lower() == "true"

    def limit(self) -> int:
        limit = self.number("limit") or LIMIT_DEFAULT
        if not 0 < limit <= LIMIT_MAX:
            raise invalid_parameters(f"limit must be from 1 to {LIMIT_MAX}")
        return limit

    def cursor(self) -> str:
        """What the last page's cursor said; empty on the first."""
        try:
            return urlsafe_b64decode(self.text("cursor")).decode()
        except ValueError:
            raise invalid_parameters("cursor is not one of ours") from None

    def decoded(self, shape: type[_T]) -> _T:
        """The JSON body in that shape; unknown fields are refused, so that removed ones are noticed."""
        try:
            return msgspec.json.decode(self.body or b"{}", type=shape)
        except msgspec.DecodeError as problem:
            raise invalid_parameters(str(problem)) from problem


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; no payload means no body. `max_age` is how long anybody may keep it, seconds."""

    payload: Json | msgspec.Raw | None
    status: int = 200
    max_age: int = 0


def primary(ask: Ask) -> None:
    """Nothing for the primary subaccount, which is the only one. Raises VenueError 400."""
    if ask.number("subaccount"):
        raise invalid_parameters("this exchange has no subaccounts but the primary, 0")


def page(ask: Ask, found: Iterable[tuple[str, _T]]) -> tuple[list[_T], str]:
    """One page of (key, item) pairs and the cursor to the next one; keys must fall.

    A page begins below the last one's end, so that what has come or gone in between loses and repeats nothing.
    """
    limit, after = ask.limit(), ask.cursor()
    items: list[_T] = []
    last = ""
    for key, item in found:
        if after and key >= after:
            continue
        if len(items) == limit:
            return items, urlsafe_b64encode(last.encode()).decode()
        items.append(item)
        last = key
    return items, ""
