"""Delivery: order, at least once, repeats after unknown outcomes, backoff, dead channels, digests, and the cursor."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest
from fakes_outbox import FakeChannel, MemoryStore, down, notice
from fakes_pages import NOW, ago
from outbox_post import ALERT, INFO, NOTICE, Post, cursor, seqs, stored

from chatbot.outbox import outbox as module
from trading.domain.errors import StoreFailed
from trading.domain.records import Control, Put, Severity


async def test_alerts_go_first_and_order_holds_within_a_severity() -> None:
    channel = FakeChannel()
    post = Post(channel)
    post.store.owe(*(notice(n, s) for n, s in enumerate((INFO, NOTICE, ALERT, NOTICE, INFO, ALERT), 1)))
    async with post.running():
        assert await post.outbox.drain(1)
    assert seqs(channel) == [3, 6, 2, 4, 1, 5]
    assert stored(post.store) == []
    assert cursor(post.store) == {
        "alert": "6",
        "notice": "4",
        "info": "5",
        "alert_tried": "6",
        "notice_tried": "4",
        "info_tried": "5",
    }


async def test_new_rows_are_delivered_when_woken() -> None:
    channel = FakeChannel()
    post = Post(channel)
    async with post.running():
        await post.settle()
        for seq in (1, 2, 3):
            post.store.owe(notice(seq))
            post.outbox.wake()
            await post.settle()
        assert seqs(channel) == [1, 2, 3]
        assert post.outbox.queued() == {"telegram": 0}


async def test_what_was_owed_before_a_restart_is_delivered_after_it() -> None:
    store = MemoryStore()
    store.owe(notice(1), notice(2))
    first = FakeChannel()
    async with Post(first, store=store).running():
        await asyncio.sleep(0.01)
    store.owe(notice(3))
    second = FakeChannel()
    async with Post(second, store=store).running() as post:
        assert await post.outbox.drain(1)
    assert (seqs(first), seqs(second)) == ([1, 2], [3])


async def test_a_crash_between_delivery_and_cursor_gives_a_marked_repeat_of_just_that_one() -> None:
    store = MemoryStore()
    store.owe(notice(1), notice(2), notice(3, INFO))

    class Crashing(FakeChannel):
        async def deliver(self, *args: object, **kwargs: object) -> None:
            await super().deliver(*args, **kwargs)  # type: ignore[arg-type]
            store.broken = StoreFailed("power cut")

    first = Crashing()
    with pytest.raises(StoreFailed):
        await Post(first, store=store).outbox.run()
    assert seqs(first) == [1]
    store.broken = None
    second = FakeChannel()
    async with Post(second, store=store).running() as post:
        assert await post.outbox.drain(1)
    assert [(seq, repeat) for seq, repeat, _ in second.got] == [(1, True), (2, False), (3, False)]


async def test_an_alert_in_between_does_not_make_a_repeat_forgotten() -> None:
    channel = FakeChannel(plan=[down(unknown=True)])
    post = Post(channel)
    backing_off = asyncio.Event()
    post.outbox._sleep = lambda seconds: backing_off.wait()
    post.store.owe(notice(1, INFO))
    async with post.running():
        await post.settle()
        post.store.owe(notice(2, ALERT))
        post.outbox.wake()
        backing_off.set()
        await post.settle()
    assert [(seq, repeat) for seq, repeat, _ in channel.got] == [(2, False), (1, True)]


async def test_a_failure_of_known_outcome_is_no_repeat_but_an_unknown_one_stays_one() -> None:
    channel = FakeChannel(plan=[down(), down()])
    post = Post(channel)
    post.store.owe(notice(1))
    async with post.running():
        await post.settle()
    assert channel.got[0][:2] == (1, False)

    channel = FakeChannel(plan=[down(unknown=True), down(), None])
    post = Post(channel)
    post.store.owe(notice(1))
    async with post.running():
        await post.settle()
    assert channel.got[0][:2] == (1, True)


async def test_retry_after_is_honoured_to_the_second() -> None:
    channel = FakeChannel(plan=[down(7.5), down(3.0)])
    post = Post(channel)
    post.store.owe(notice(1))
    async with post.running():
        await post.settle()
    assert post.times.slept == [7.5, 3.0]
    assert seqs(channel) == [1]


async def test_waits_double_up_to_a_bound_with_jitter() -> None:
    channel = FakeChannel(plan=[down()] * 10)
    post = Post(channel)
    post.outbox._lanes[0].told_unreachable = True  # its own waiting apart
    post.store.owe(notice(1))
    async with post.running():
        await post.settle(100)
    for n, slept in enumerate(post.times.slept):
        assert slept == pytest.approx(min(2.0**n, 60), rel=module.BACKOFF_JITTER)
    assert len(post.times.slept) == 10
    assert len(set(post.times.slept[6:])) == 4  # jittered


async def test_a_delivery_that_hangs_is_of_unknown_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DELIVERY_SECONDS_MAX", 0.01)
    channel = FakeChannel(plan=["hang"])
    post = Post(channel)
    post.store.owe(notice(1))
    async with post.running():
        await asyncio.sleep(0.05)
    assert channel.got[0][:2] == (1, True)


async def test_a_hanging_channel_delays_no_other() -> None:
    hanging, living = FakeChannel("discord", ["hang"]), FakeChannel()
    post = Post(hanging, living)
    post.store.owe(*(notice(n) for n in range(1, 21)))
    async with post.running():
        await post.settle(100)
        assert seqs(living) == list(range(1, 21))
        assert post.outbox.queued() == {"discord": 20, "telegram": 0}
        assert len(stored(post.store)) == 20  # kept until everybody has them
        assert not await post.outbox.drain(0.01)


async def test_drain_does_not_wait_for_the_dead() -> None:
    dead, living = FakeChannel("discord", [down(3600)]), FakeChannel()
    post = Post(dead, living)
    post.outbox._sleep = lambda seconds: asyncio.Event().wait()
    post.store.owe(notice(1))
    async with post.running():
        await post.settle()
        post.store.owe(notice(2))
        assert await post.outbox.drain(1)
    assert seqs(living)[-1] == 2


async def test_the_living_are_told_of_the_dead_once_and_of_its_return() -> None:
    dead, living = FakeChannel("discord", [down()] * 9), FakeChannel()
    post = Post(dead, living)
    post.store.owe(*(notice(n) for n in range(1, 8)))
    async with post.running():
        await post.settle(200)
    said = [title for title in living.titles if "iscord" in title]
    assert said == ["Discord unreachable since 14:05, 7 queued", "Discord is back, 7 notices on the way"]
    assert seqs(dead) == list(range(1, 8))
    assert post.times.now() - NOW >= module.UNREACHABLE_AFTER
    assert stored(post.store) == []


async def test_a_short_failure_is_told_to_nobody() -> None:
    ill, living = FakeChannel("discord", [down(30)]), FakeChannel()
    post = Post(ill, living)
    post.store.owe(notice(1))
    async with post.running():
        await post.settle()
    assert living.titles == ["notice 1"]


async def test_a_long_retry_after_is_told_after_a_minute_of_it() -> None:
    ill, living = FakeChannel("discord", [down(600)]), FakeChannel()
    post = Post(ill, living)
    post.store.owe(notice(1))
    async with post.running():
        await post.settle()
    assert post.times.slept == [60, 540]
    assert living.titles[1] == "Discord unreachable since 14:05, 1 queued"


async def test_too_many_infos_fold_into_one_line_and_alerts_never() -> None:
    channel = FakeChannel()
    post = Post(channel)
    most = module.QUEUED_MAX[INFO]
    post.store.owe(*(notice(n, INFO, kind="order") for n in range(1, most + 2)))
    post.store.owe(*(notice(n, ALERT) for n in range(most + 2, 2 * most + 10)))
    async with post.running():
        assert await post.outbox.drain(1)
    assert len(channel.got) == most + 8 + 1
    assert channel.titles[-1] == f"{most + 1} notices in one"
    assert stored(post.store) == []
    assert cursor(post.store)["info"] == str(most + 1)


async def test_a_late_notice_says_how_late_by_the_clock_that_dated_it() -> None:
    channel = FakeChannel()
    post = Post(channel)
    post.store.owe(notice(1, at=ago(185)), notice(2, at=NOW + timedelta(hours=1)))
    async with post.running():
        assert await post.outbox.drain(1)
    assert [late for _, _, late in channel.got] == [185, 0]


async def test_a_channel_that_breaks_over_a_notice_gets_it_bare() -> None:
    bug = ValueError("cannot encode")
    channel = FakeChannel(plan=[bug, bug, bug])
    post = Post(channel)
    post.store.owe(notice(1), notice(2))
    async with post.running():
        await post.settle()
    assert channel.titles == ["Notice 1 (fill) cannot be shown here", "notice 2"]
    assert post.errors == [("telegram", bug)]


async def test_without_channels_nothing_piles_up() -> None:
    post = Post()
    post.store.owe(notice(1))
    async with post.running():
        post.outbox.wake()
    assert stored(post.store) == []
    assert post.outbox.queued() == {}
    assert await post.outbox.drain(1)


async def test_a_channel_that_is_no_longer_configured_keeps_nothing_back() -> None:
    store = MemoryStore()
    store.commit([Put("control", "cursor:discord", Control("cursor:discord", {}, NOW))])
    store.owe(notice(1))
    async with Post(FakeChannel(), store=store).running() as post:
        assert await post.outbox.drain(1)
    assert stored(store) == []


async def test_a_shout_needs_no_store_and_waits_for_no_dead_channel() -> None:
    dead, living = FakeChannel("discord", [down()]), FakeChannel()
    post = Post(dead, living)
    post.store.broken = StoreFailed("disk")
    await post.outbox.shout(notice(0, ALERT, title="the store failed"))
    assert living.titles == ["the store failed"]


async def test_a_shout_tells_nobody_of_a_channel_that_breaks_for_that_needs_the_store() -> None:
    broken, living = FakeChannel("discord", [ValueError("bug")]), FakeChannel()
    post = Post(broken, living)
    await post.outbox.shout(notice(0, ALERT, title="the store failed"))
    assert (living.titles, post.errors) == (["the store failed"], [])


@pytest.mark.parametrize("seed", range(20))
async def test_every_notice_reaches_every_channel_whatever_fails(seed: int) -> None:
    chance = random.Random(seed)
    faults = [None, down(), down(unknown=True), down(5), ValueError("bug")]
    channels = [FakeChannel(name, chance.choices(faults, k=60)) for name in ("telegram", "discord")]
    post = Post(*channels)
    expected = {}
    async with post.running():
        for seq in range(1, 31):
            expected[seq] = chance.choice([ALERT, NOTICE, INFO])
            post.store.owe(notice(seq, expected[seq]))
            post.outbox.wake()
            await post.settle(chance.randrange(4))
        for _ in range(100):
            await post.settle()
    for channel in channels:
        stored_ones = [seq for seq in seqs(channel) if seq]
        assert sorted(set(stored_ones)) == list(range(1, 31))
        for severity in Severity:
            order = [seq for seq in stored_ones if expected[seq] is severity]
            assert order == sorted(order)
    assert stored(post.store) == []
