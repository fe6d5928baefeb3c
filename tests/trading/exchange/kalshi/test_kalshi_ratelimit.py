"""Token buckets: what a second allows, what cancels may take before all others, and what is given up."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from trading.clock import VirtualClock
from trading.domain.errors import Unavailable
from trading.exchange.kalshi.ratelimit import BucketSize, Limits, RateLimits, TokenBucket

EPOCH = datetime(2026, 11, 21, tzinfo=UTC)


def passed(clock: VirtualClock) -> float:
    return (clock.now() - EPOCH).total_seconds()


async def test_a_second_holds_twenty_reads_of_the_basic_tier() -> None:
    clock = VirtualClock(EPOCH)
    limits = RateLimits(clock)
    for _ in range(20):
        await limits.read()
    assert passed(clock) == 0
    for _ in range(20):
        await limits.read()
    assert passed(clock) == pytest.approx(1.0, abs=0.02)


async def test_a_scan_leaves_room_for_reads_which_do_not_stand_behind_it() -> None:
    clock = VirtualClock(EPOCH)
    limits = RateLimits(clock)
    for _ in range(15):
        await limits.scan()
    assert passed(clock) == 0
    pages = [asyncio.create_task(limits.scan()) for _ in range(3)]
    for _ in range(5):  # 50 of 200 tokens are theirs
        await limits.read()
    assert passed(clock) == 0
    assert not any(page.done() for page in pages)
    await asyncio.gather(*pages)
    assert passed(clock) == pytest.approx(0.4, abs=0.02)  # 30 tokens, and the 50 that reads had taken


async def test_orders_leave_the_reserve_to_cancels() -> None:
    clock = VirtualClock(EPOCH)
    limits = RateLimits(clock)
    for _ in range(8):
        await limits.write(2)
    assert passed(clock) == 0
    for _ in range(10):  # 20 of 100 tokens are theirs
        await limits.cancel(2)
    assert passed(clock) == 0
    await limits.write(2)  # 10 tokens and the reserve must come first
    assert passed(clock) == pytest.approx(0.3, abs=0.01)


async def test_a_cancel_does_not_stand_behind_waiting_orders() -> None:
    clock = VirtualClock(EPOCH)
    bucket = TokenBucket(clock, BucketSize(1, 100), reserve_share=0.2)
    await bucket.take(80)
    orders = [asyncio.create_task(bucket.take(10)) for _ in range(3)]
    await asyncio.sleep(0)
    await bucket.take(2, reserved=True)
    assert not any(task.done() for task in orders)
    await asyncio.gather(*orders, return_exceptions=True)


async def test_shards_have_buckets_of_their_own_and_zero_is_the_common_one() -> None:
    clock = VirtualClock(EPOCH)
    limits = RateLimits(clock)
    for shard in (0, 1, 2):
        for _ in range(8):
            await limits.write(shard)
    assert passed(clock) == 0
    await limits.write(-1)
    assert passed(clock) > 0


async def test_what_takes_too_long_is_given_up_without_taking() -> None:
    bucket = TokenBucket(VirtualClock(EPOCH), BucketSize(0.1, 10))
    await bucket.take(10)
    with pytest.raises(Unavailable, match="30 s"):
        await bucket.take(10)


async def test_limits_read_later_apply_to_buckets_in_use() -> None:
    clock = VirtualClock(EPOCH)
    limits = RateLimits(clock)
    await limits.write(2)
    limits.update(Limits(BucketSize(300, 900), BucketSize(300, 900), "advanced"))
    clock.advance_to(datetime(2026, 11, 21, 0, 0, 10, tzinfo=UTC))
    started = passed(clock)
    for _ in range(72):  # 900 less the reserve of a fifth
        await limits.write(2)
    assert passed(clock) == started
