"""Stale reads: in some spells the account and the order books are answered as they were when the spell began.

The live exchange's reads lag behind its matching, and `GET /exchange/user_data_timestamp` says how far. So here: it is
answered from the same still copy, so what any read shows is never older than the `as_of_time` that was told before it.
"""

from __future__ import annotations

from copy import copy
from datetime import datetime
from typing import TypeVar

from trading.exchange.simulated.spells import Spells, spell_end, spell_start
from trading.exchange.simulated.venue import Venue

STALE_PATHS = frozenset(
    {
        "/portfolio/orders",
        "/portfolio/orders/{order_id}",
        "/portfolio/fills",
        "/portfolio/positions",
        "/portfolio/balance",
        "/markets/{ticker}/orderbook",
        "/markets/orderbooks",
        "/exchange/user_data_timestamp",
    }
)
_T = TypeVar("_T")


class StillVenue(Venue):
    """A venue as it was at one moment, for reading only. Records are shared: they are replaced, never changed."""

    def __init__(self, venue: Venue) -> None:
        vars(self).update(vars(venue))
        self.account = _twin(venue.account)
        self.books = venue.books.still(self.account)

    def sync(self) -> datetime:
        """Its own moment: it stands still."""
        return self.now


class StaleReads:
    """Chooses the venue that a read sees; a share of 0 is always the venue itself.

    The copy is made exactly at the beginning of a spell, when the venue has been brought to that moment and no further.
    """

    def __init__(self, venue: Venue, share: float, seed: int) -> None:
        self._venue, self._spells = venue, Spells(share, seed, "stale")
        self._still: StillVenue | None = None
        if share:
            self._plan()

    def seen(self, method: str, path: str) -> Venue:
        """The venue that a request of that kind of path is answered from."""
        if self._spells.share:
            self._venue.sync()
        return self._still if self._still and method == "GET" and path in STALE_PATHS else self._venue

    def _plan(self) -> None:
        """Turn at the next spell; those that the clock has passed already are left out."""
        now = self._venue.clock.now()
        turn = max(spell_end(self._venue.now), spell_start(now))
        self._venue.later((turn - now).total_seconds(), self._turn)

    def _turn(self) -> None:
        self._still = StillVenue(self._venue) if self._spells.on(self._venue.now) else None
        self._plan()


def _twin(thing: _T) -> _T:
    """The same with containers of its own."""
    twin = copy(thing)
    for name, value in list(vars(twin).items()):
        setattr(twin, name, _copied(value))
    return twin


def _copied(value: object) -> object:
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    return copy(value) if isinstance(value, list | set) else value
