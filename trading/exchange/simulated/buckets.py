"""Token buckets as the exchange bills them (Basic tier): reads, writes, and writes of each shard from 1 up.

A request costs its endpoint's tokens; an empty bucket answers 429 and takes nothing. Buckets refill on the venue's
clock, so that a sped-up world bills as the real one would.
"""

from __future__ import annotations

from datetime import datetime

from trading.exchange.simulated.refusals import too_many_requests

USAGE_TIER = "basic"
READ_REFILL, READ_CAPACITY = 200, 200  # tokens a second, tokens
WRITE_REFILL, WRITE_CAPACITY = 100, 100
PUBLIC_REFILL, PUBLIC_CAPACITY = 200, 600  # unsigned requests: measured live, 20 a second in bursts of 60
COST_DEFAULT, COST_CANCEL, COST_PASSTHROUGH = 10, 2, 50  # tokens


class Bucket:
    """`capacity` tokens at most, `refill` more each second."""

    def __init__(self, refill: float, capacity: float) -> None:
        self._refill, self._capacity = refill, capacity
        self._level = capacity
        self._at: datetime | None = None

    def take(self, cost: float, now: datetime) -> bool:
        """Take `cost` tokens if they are there."""
        if self._at is not None:
            passed = max((now - self._at).total_seconds(), 0.0)
            self._level = min(self._level + passed * self._refill, self._capacity)
        self._at = now
        if cost > self._level:
            return False
        self._level -= cost
        return True


class Meter:
    """All buckets of one member and one of everybody who does not sign."""

    def __init__(self) -> None:
        self._public = Bucket(PUBLIC_REFILL, PUBLIC_CAPACITY)
        self._read = Bucket(READ_REFILL, READ_CAPACITY)
        self._writes: dict[int, Bucket] = {}

    def public(self, cost: int, now: datetime) -> None:
        """Bill an unsigned read. Raises VenueError 429."""
        _bill(self._public, cost, now)

    def read(self, cost: int, now: datetime) -> None:
        """Bill a signed read. Raises VenueError 429."""
        _bill(self._read, cost, now)

    def write(self, cost: int, now: datetime, shard: int = 0) -> None:
        """Bill a write on its shard's bucket; 0 is also that of batches and auto-routing. Raises VenueError 429."""
        _bill(self._writes.setdefault(max(shard, 0), Bucket(WRITE_REFILL, WRITE_CAPACITY)), cost, now)


def _bill(bucket: Bucket, cost: int, now: datetime) -> None:
    if not bucket.take(cost, now):
        raise too_many_requests()
