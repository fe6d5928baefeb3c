"""Cells of a CSV file that somebody else wrote: words, numbers and times.

What cannot be read is refused in one sentence that says the fix. A cell that is not there counts as blank.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from trading.domain.money import ONE, ZERO, exact

CENTS = 100  # in a dollar

Cells = Mapping[str, str]
T = TypeVar("T")


class BadLine(Exception):
    """One sentence: the column, its value and the fix."""


def word(cells: Cells, name: str, words: Mapping[str, T]) -> T:
    """What the word of this cell means, in any case. Raises BadLine."""
    if (found := words.get(cells.get(name, "").casefold())) is None:
        raise BadLine(f"{name} {cells.get(name, '')!r} is unknown: use one of {', '.join(words)}")
    return found


def moment(cells: Cells, name: str, otherwise: str = "") -> datetime:
    """An aware moment; a time without a zone is UTC, as the field's bots write it. Raises BadLine."""
    text = cells.get(name) or otherwise
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadLine(f"{name} {text!r} is no time: write it like 2026-03-01T12:15:05Z") from None


def dollars(cells: Cells, name: str, least: Decimal | None = ZERO) -> Decimal | None:
    """The number of a cell, at least `least`; None where it is blank. Raises BadLine."""
    if not (text := cells.get(name, "")):
        return None
    try:
        value = exact(text.replace("$", "").replace(",", "").replace(" ", ""))
    except ValueError:
        raise BadLine(f"{name} {text!r} is no number: write it like 4.68") from None
    if least is not None and value < least:
        raise BadLine(f"{name} {text} is below 0: give what was paid, without a sign")
    return value


def above_zero(cells: Cells, name: str) -> Decimal:
    """A number above 0. Raises BadLine."""
    value = dollars(cells, name)
    if not value:
        raise BadLine(f"{name} {cells.get(name, '')!r} is nothing: give a number above 0, or take the line out")
    return value


def price_of(cells: Cells) -> Decimal:
    """Dollars a contract, from dollars or whole cents. Raises BadLine."""
    price = above_zero(cells, "price_usd")
    if ONE < price < CENTS and price == price.to_integral_value():
        price /= CENTS
    if price > ONE:
        raise BadLine(f"price_usd {cells['price_usd']} is above a dollar: give dollars (0.52) or whole cents (52)")
    return price
