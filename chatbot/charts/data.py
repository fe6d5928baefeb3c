"""What crosses to the process that draws: plain data, as JSON.

Both sides know these and nothing else of each other. Figures are floats here, since nothing is counted from a picture;
times are those of the owner's wall clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import msgspec

SIZE_BYTES = 4  # of the length before each message, both ways

Theme = Literal["dark", "light"]
Series = tuple[tuple[datetime, float], ...]  # oldest first


@dataclass(frozen=True, slots=True)
class Head:
    """What every picture says about itself. `stamp` stands across it where the money is none, `figure` is the one
    number that it is about, with `sign` -1, 0 or 1."""

    title: str
    place: str
    at: str
    theme: Theme
    stamp: str = ""
    figure: str = ""
    sign: int = 0


@dataclass(frozen=True, slots=True)
class Curve:
    """A running sum in dollars, which begins at 0."""

    head: Head
    points: Series


@dataclass(frozen=True, slots=True)
class Bars:
    """Dollars a day."""

    head: Head
    days: tuple[tuple[date, float], ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """One fill of ours: where it stands (YES cents) and what is written beside it."""

    at: datetime
    cents: float
    text: str
    yes: bool


@dataclass(frozen=True, slots=True)
class Course:
    """One market as it went: the spot price in dollars against its strike, the touch in YES cents, our fills."""

    head: Head
    opens: datetime
    closes: datetime
    spot: Series
    bid: Series
    ask: Series
    strike: float | None = None
    marks: tuple[Mark, ...] = ()


Drawing = Curve | Bars | Course
_KINDS: dict[str, type[Drawing]] = {"curve": Curve, "bars": Bars, "course": Course}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def encode(drawing: Drawing) -> bytes:
    """The drawing as one JSON document."""
    return msgspec.json.encode((_NAMES[type(drawing)], drawing))


def decode(document: bytes) -> Drawing:
    """The drawing of a document. Raises msgspec.DecodeError, KeyError."""
    name, body = msgspec.json.decode(document, type=tuple[str, msgspec.Raw])
    return msgspec.json.decode(body, type=_KINDS[name])
