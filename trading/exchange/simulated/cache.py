"""The cache in front of the exchange: listings, markets and series may be 15 seconds old, the exchange's state one.

As the live delivery network does it: the first request of a path with its query is answered by the exchange, and the
same answer serves all others until it is too old by the venue's clock. Order books, trades, events and everything of
an account are never kept (seen live, October 2026). Refusals are not kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from trading.exchange.simulated.asks import Answer

LISTING_SECONDS = 15
STATE_SECONDS = 1
ENTRIES_MAX = 64  # the oldest goes first; a page of markets is some two megabytes


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    at: datetime


class Cache:
    """Answers by what was asked for. `on` False: nothing is kept, and no answer says that it may be."""

    def __init__(self, *, on: bool) -> None:
        self._on = on
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    def answer(self, asked: Hashable, max_age: int, now: datetime, make: Callable[[], Answer]) -> Answer:
        """A kept answer of at most `max_age` seconds, or the one that `make` gives; what it raises passes."""
        if not (self._on and max_age):
            return make()
        kept = self._kept.get(asked)
        if kept is not None and (now - kept.at).total_seconds() < max_age:
            return kept.answer
        answer = _ready(make(), max_age)
        self._kept[asked] = _Kept(answer, now)
        self._kept.move_to_end(asked)
        if len(self._kept) > ENTRIES_MAX:
            self._kept.popitem(last=False)
        return answer


def _ready(answer: Answer, max_age: int) -> Answer:
    """The answer as its bytes, which cannot change any more, with the header that says how long it may be kept."""
    return replace(answer, payload=msgspec.Raw(msgspec.json.encode(answer.payload)), max_age=max_age)
