"""The exchange's token buckets, kept on our side so that its 429 stays the exception.

Reads and writes draw on separate buckets; a write to shard 1 or above draws on that shard's own write bucket, all
other writes on the common one. A share of every write bucket is reserved: only cancels may spend it, so that a kill
never waits behind orders. A share of the read bucket is kept from scans, so that a beat never waits behind a thousand
pages. Source: the exchange's rate-limit pages, `GET /account/limits`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from trading.domain.errors import Unavailable
from trading.exchange.kalshi.costs import CANCEL_COST, DEFAULT_COST, DOCUMENTED
from trading.ports import Clock

CANCEL_SHARE = 0.2  # of a write bucket's capacity, for cancels alone
SCANS_LEAVE_SHARE = 0.25  # of the read bucket's capacity: five reads at once on the Basic tier, in the middle of a scan
WAIT_SECONDS_MAX = 30.0  # of the clock: who waited longer gives up
TURNS_MAX = 1_000  # looks at the bucket while waiting


@dataclass(frozen=True, slots=True)
class BucketSize:
    """Tokens that flow in per second, and the most that can stand in the bucket."""

    refill_per_second: float
    capacity: float


@dataclass(frozen=True, slots=True)
class Grant:
    """A level that the account was given, and why: in the exchange's words. `expires_at` None: it stays."""

    exchange_instance: str
    level: str
    source: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What `GET /account/limits` says. The default is the Basic tier."""

    read: BucketSize = BucketSize(200, 200)
    write: BucketSize = BucketSize(100, 100)
    tier: str = "basic"
    grants: tuple[Grant, ...] = ()


class TokenBucket:
    """Tokens on a clock; ordinary takers stand in line, takers of the reserve do not stand behind them."""

    def __init__(self, clock: Clock, size: BucketSize, reserve_share: float = 0.0) -> None:
        self._clock, self._size, self._reserve_share = clock, size, reserve_share
        self._tokens = size.capacity
        self._filled_at = clock.now()
        self._line, self._reserve_line = asyncio.Lock(), asyncio.Lock()

    @property
    def tokens(self) -> float:
        """What stands in it now."""
        now = self._clock.now()
        passed = max((now - self._filled_at).total_seconds(), 0.0)
        self._tokens = min(self._size.capacity, self._tokens + passed * self._size.refill_per_second)
        self._filled_at = now
        return self._tokens

    def resize(self, size: BucketSize) -> None:
        """Take over what the exchange says; tokens already gained are kept up to the new capacity."""
        self._tokens = min(self.tokens, size.capacity)
        self._size = size

    async def take(self, cost: float, *, reserved: bool = False) -> None:
        """Wait until `cost` tokens are there, and take them. `reserved`: the reserve counts too.

        Raises Unavailable after WAIT_SECONDS_MAX; nothing is taken then.
        """
        async with self._reserve_line if reserved else self._line:
            floor = 0.0 if reserved else self._size.capacity * self._reserve_share
            waited = 0.0
            for _ in range(TURNS_MAX):
                missing = cost + floor - self.tokens
                if missing <= 0:
                    self._tokens -= cost
                    return
                pause = max(missing / self._size.refill_per_second, 0.001)
                waited += pause
                if waited > WAIT_SECONDS_MAX:
                    break
                await self._clock.sleep(pause)
        raise Unavailable(f"the request budget stayed empty for {WAIT_SECONDS_MAX:.0f} s: ask less often")


class RateLimits:
    """All buckets of one key; `costs` is what its calls cost."""

    def __init__(self, clock: Clock, limits: Limits | None = None) -> None:
        self._clock = clock
        self.limits = limits or Limits()
        self.costs = DOCUMENTED
        self._read = TokenBucket(clock, self.limits.read, SCANS_LEAVE_SHARE)
        self._writes = {0: self._write_bucket()}  # by shard; 0 is the common one

    def update(self, limits: Limits) -> None:
        """Take over what `GET /account/limits` says."""
        self.limits = limits
        self._read.resize(limits.read)
        for bucket in self._writes.values():
            bucket.resize(limits.write)

    async def read(self, cost: float = DEFAULT_COST) -> None:
        """Wait for a read. Raises Unavailable."""
        await self._read.take(cost, reserved=True)

    async def scan(self, cost: float = DEFAULT_COST) -> None:
        """Wait for a read that others go before, and that leaves them their share. Raises Unavailable."""
        await self._read.take(cost)

    async def write(self, exchange_index: int, cost: float = DEFAULT_COST) -> None:
        """Wait for a write on this shard that leaves the reserve alone. Raises Unavailable."""
        await self._bucket(exchange_index).take(cost)

    async def cancel(self, exchange_index: int = 0, cost: float = CANCEL_COST) -> None:
        """Wait for a cancel on this shard (a cancel-all: 0), from the reserve too. Raises Unavailable."""
        await self._bucket(exchange_index).take(cost, reserved=True)

    def tokens(self) -> dict[str, float]:
        """What stands in each bucket now: `read`, and `write_<shard>` of the shards that were written to."""
        writes = {f"write_{shard}": bucket.tokens for shard, bucket in sorted(self._writes.items())}
        return {"read": self._read.tokens, **writes}

    def creates_at_once(self) -> int:
        """The most orders in one batch: a bucket that is full, less the reserve, must pay for all of them."""
        return _at_once(self.limits.write.capacity * (1 - CANCEL_SHARE), self.costs.create)

    def cancels_at_once(self) -> int:
        """The most cancels in one batch: a full bucket must pay for all of them."""
        return _at_once(self.limits.write.capacity, self.costs.cancel)

    def _bucket(self, exchange_index: int) -> TokenBucket:
        index = max(exchange_index, 0)
        if index not in self._writes:
            self._writes[index] = self._write_bucket()
        return self._writes[index]

    def _write_bucket(self) -> TokenBucket:
        return TokenBucket(self._clock, self.limits.write, CANCEL_SHARE)


def _at_once(tokens: float, cost: int) -> int:
    return max(int(tokens / max(cost, 1)), 1)
