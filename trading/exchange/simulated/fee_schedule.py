"""The fee terms in force: each series' own, scheduled changes of them, and what single events override.

An event's override goes before its series' terms; both may change at a scheduled time (fact: the pages on fee changes
of series and of events, 3.34). Changes are facts of the world, or ordered by hand and then kept in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trading.exchange.simulated.windows import Series, Window


class HasFeeTerms(Protocol):
    """What a fee follows from: `fee_type` says who pays, `fee_multiplier` scales it."""

    @property
    def fee_type(self) -> str: ...

    @property
    def fee_multiplier(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """Fee terms from `at` (aware UTC) on, until the next ones."""

    at: datetime
    fee_type: str
    fee_multiplier: Decimal


@dataclass(frozen=True, slots=True)
class SeriesChange:
    series: str
    terms: Terms


class FeeSchedule:
    """Every change of fee terms that a world has; `planned` are its series'."""

    def __init__(self, planned: Iterable[SeriesChange] = ()) -> None:
        self._series: dict[str, list[Terms]] = {}
        self._events: dict[str, list[Terms]] = {}
        for change in planned:
            self.change_series(change.series, change.terms)

    def change_series(self, series: str, terms: Terms) -> None:
        """Order other terms for a series."""
        self._series.setdefault(series, []).append(terms)

    def override_event(self, event: str, terms: Terms) -> None:
        """Order terms for one event's markets."""
        self._events.setdefault(event, []).append(terms)

    def of(self, window: Window, at: datetime) -> HasFeeTerms:
        """What a fill in that market is charged by at that time."""
        if window.override is None and not self._events and not self._series:
            return window.series
        return self.override(window, at) or self.of_series(window.series, at)

    def of_series(self, series: Series, at: datetime) -> HasFeeTerms:
        return _latest(self._series.get(series.ticker, ()), at) or series

    def override(self, window: Window, at: datetime) -> Terms | None:
        """The event's own terms at that time, if it has any."""
        return _latest(self.event_changes(window), at)

    def series_changes(self) -> Iterator[SeriesChange]:
        """Every change of any series, past and planned."""
        return (SeriesChange(series, terms) for series, changes in self._series.items() for terms in changes)

    def event_changes(self, window: Window) -> Iterable[Terms]:
        """Every change of the override of a market's event, past and planned."""
        ordered = self._events.get(window.event_ticker, ()) if self._events else ()
        return (window.override, *ordered) if window.override else ordered

    @property
    def overridden(self) -> Iterable[str]:
        """The events that were given an override by hand."""
        return self._events


def _latest(changes: Iterable[Terms], at: datetime) -> Terms | None:
    past = [terms for terms in changes if terms.at <= at]
    return max(past, key=lambda terms: terms.at) if past else None
