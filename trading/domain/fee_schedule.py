"""Which fee terms hold for an event now: its own where it has some, else its series', as announced changes left them.

Source: `GET /series`, `GET /events` and their `fee_changes` in the exchange's spec 3.34.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from trading.domain.fees import FeeTerms
from trading.domain.reference import Event, FeeChange, Series


def fee_terms(series: Series, event: Event | None, changes: Iterable[FeeChange], now: datetime) -> FeeTerms:
    """The terms at `now`: the event's override where it has one, else the series', each as its last due change left it.

    `changes` may hold those of other series and events, in any order.
    """
    due = sorted((c for c in changes if c.at <= now), key=lambda change: change.at)
    fee_type, multiplier = series.fee_type, series.fee_multiplier
    for change in (c for c in due if c.series_ticker == series.ticker and not c.event_ticker):
        fee_type = fee_type if change.fee_type is None else change.fee_type
        multiplier = multiplier if change.multiplier is None else change.multiplier
    if event is None:
        return FeeTerms(fee_type, multiplier)
    overrides = event.fee_type_override, event.fee_multiplier_override
    for change in (c for c in due if c.event_ticker == event.ticker):
        overrides = change.fee_type, change.multiplier
    return FeeTerms(overrides[0] or fee_type, multiplier if overrides[1] is None else overrides[1])
