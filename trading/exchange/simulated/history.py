"""Where the live listings end and the historical ones begin: four moments that move on with the clock.

What is older than its moment is found under `/historical` alone; resting orders never move there. Source: the pages on
historical data (about three months stay live) and one live report of September 2026 (completed orders: about two
weeks). That the moments step from midnight to midnight UTC is inferred.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LIVE = timedelta(days=90)  # markets, trades, fills and positions
ORDERS_LIVE = timedelta(days=14)  # executed and canceled orders


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Aware UTC. Each is about its own kind: what is earlier is historical, what is at it or later is live."""

    market_settled: datetime
    trades_created: datetime  # of fills too
    orders_updated: datetime
    market_positions_last_updated: datetime


def cutoffs(now: datetime) -> Cutoffs:
    """The moments as of `now` (aware)."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Cutoffs(midnight - LIVE, midnight - LIVE, midnight - ORDERS_LIVE, midnight - LIVE)
