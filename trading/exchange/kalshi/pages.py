"""What all listings share: decoding a page, and the query's optional parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol, TypeVar

from trading.exchange.kalshi.calls import Params

T = TypeVar("T")
P = TypeVar("P", bound="Page")


class Page(Protocol):
    """What every listing's page has."""

    cursor: str | None


def page_of(read: Callable[[bytes], P], rows_of: Callable[[P], Iterable[T]]) -> Callable[[bytes], tuple[list[T], str]]:
    """A page's decoder: translated rows, and the cursor of the next page."""

    def decode(body: bytes) -> tuple[list[T], str]:
        page = read(body)
        return list(rows_of(page)), page.cursor or ""

    return decode


def from_time(moment: datetime | None, name: str = "min_ts") -> Params:
    """Whole seconds, rounded down: a row too many is told by its id, a row too few is lost."""
    return {} if moment is None else {name: math.floor(moment.timestamp())}


def to_time(moment: datetime | None, name: str = "max_ts") -> Params:
    """Whole seconds, rounded up."""
    return {} if moment is None else {name: math.ceil(moment.timestamp())}


def given(**params: str) -> Params:
    """Those that are not empty."""
    return {name: value for name, value in params.items() if value}
