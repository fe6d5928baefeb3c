"""Delivery by the rules, threads of trades and pictures: what is off counts as told, and who replies to what."""

from __future__ import annotations

import asyncio

import pytest
from fakes_outbox import FakeChannel, MemoryStore, down, notice
from outbox_post import ALERT, INFO, NOTICE, Post, cursor, seqs, stored

from chatbot.message import Picture
from chatbot.outbox import outbox
from chatbot.outbox.lanes import THREADS_MAX
from chatbot.outbox.outbox import QUEUED_MAX
from chatbot.rules import EVERYWHERE, Rule, Rules
from trading.domain.records import Control, Notice

PICTURE = Picture(b"png", "a curve")


# --- rules ----------------------------------------------------------------------------------------------------------


async def test_what_is_off_counts_as_delivered_in_its_turn() -> None:
    channel, other = FakeChannel(), FakeChannel("discord")
    post = Post(channel, other, rules=Rules("telegram/order:off"))
    post.store.owe(*(notice(n, kind=kind) for n, kind in enumerate(("order", "fill", "order", "order"), 1)))
    async with post.running():
        assert await post.outbox.drain(1)
        assert post.outbox.queued() == {"telegram": 0, "discord": 0}
    assert (seqs(channel), seqs(other)) == ([2], [1, 2, 3, 4])
    assert stored(post.store) == []
    assert cursor(post.store)["notice"] == "4"


async def test_what_is_silent_is_told_so_and_an_alert_is_never_off() -> None:
    channel = FakeChannel()
    post = Post(channel, rules=Rules("fill:silent,order:off"))
    post.store.owe(notice(1), notice(2, kind="settlement"), notice(3, ALERT, kind="order"))
    async with post.running():
        assert await post.outbox.drain(1)
    assert [(n.seq, how.silent) for n, how in zip(channel.notices, channel.hows, strict=True)] == [
        (3, True),
        (1, True),
        (2, False),
    ]


async def test_a_rule_holds_for_what_is_queued_already_and_for_the_count_of_it() -> None:
    channel = FakeChannel(plan=[down()])
    rules = Rules()
    post = Post(channel, rules=rules)
    waiting = asyncio.Event()
    post.outbox._sleep = lambda seconds: waiting.wait()
    post.store.owe(notice(1), notice(2, kind="order"))
    async with post.running():
        await post.settle()
        rules.say("fill", Rule.OFF, EVERYWHERE, "Ann")
        assert post.outbox.queued() == {"telegram": 1}
        waiting.set()
        assert await post.outbox.drain(1)
        await post.settle()
    assert seqs(channel) == [2]
    assert stored(post.store) == []


async def test_what_is_off_is_not_in_the_digest_either() -> None:
    channel, most = FakeChannel(), QUEUED_MAX[INFO]
    post = Post(channel, rules=Rules("order:off"))
    post.store.owe(*(notice(n, INFO, kind="order" if n % 2 else "fill") for n in range(1, 2 * most + 3)))
    async with post.running():
        assert await post.outbox.drain(1)
    assert channel.titles == [f"{most + 1} notices in one"]
    assert dict(channel.notices[0].fields)["Were"] == f"{most + 1} fill"
    assert stored(post.store) == []


# --- threads --------------------------------------------------------------------------------------------------------


def thread(store: MemoryStore) -> dict[str, str]:
    row = store.get("control", "thread:telegram")
    return row.value if isinstance(row, Control) else {}


def of_trade(seq: int, trade_id: str = "kc-1", *, over: bool = False) -> Notice:
    return notice(seq, trade_id=trade_id, over=over)


async def test_the_notices_of_a_trade_reply_to_its_first_also_after_a_restart() -> None:
    store, first, second = MemoryStore(), FakeChannel(), FakeChannel()
    store.owe(of_trade(1), of_trade(2, "kc-2"), of_trade(3), notice(4))
    async with Post(first, store=store).running() as post:
        assert await post.outbox.drain(1)
    store.owe(of_trade(5), of_trade(6, over=True))
    async with Post(second, store=store).running() as post:
        assert await post.outbox.drain(1)
    assert [how.reply_to for how in first.hows] == ["", "", "telegram-1", ""]
    assert [how.reply_to for how in second.hows] == ["telegram-1", "telegram-1"]
    assert thread(store) == {"kc-2": "telegram-2"}


async def test_the_first_message_is_the_first_one_that_was_told() -> None:
    channel = FakeChannel()
    post = Post(channel, rules=Rules("order:off"))
    post.store.owe(notice(1, kind="order", trade_id="kc-1"), of_trade(2), of_trade(3))
    async with post.running():
        assert await post.outbox.drain(1)
    assert [how.reply_to for how in channel.hows] == ["", "telegram-1"]


async def test_a_trade_is_forgotten_when_all_of_it_is_told() -> None:
    channel = FakeChannel()
    post = Post(channel)
    post.store.owe(of_trade(1), of_trade(2, over=True), of_trade(3, over=True))
    async with post.running():
        assert await post.outbox.drain(1)
    assert [how.reply_to for how in channel.hows] == ["", "telegram-1", "telegram-1"]
    assert thread(post.store) == {}


async def test_a_trade_whose_end_is_off_is_forgotten_too() -> None:
    post = Post(FakeChannel(), rules=Rules("settlement:off"))
    post.store.owe(of_trade(1), notice(2, kind="settlement", trade_id="kc-1", over=True))
    async with post.running():
        assert await post.outbox.drain(1)
    assert thread(post.store) == {}


async def test_the_threads_are_bounded_and_written_with_the_cursor() -> None:
    channel = FakeChannel()
    post = Post(channel)
    post.store.owe(*(of_trade(n, f"kc-{n}") for n in range(1, THREADS_MAX + 3)))
    before = post.store.commits
    async with post.running():
        assert await post.outbox.drain(5)
    assert list(thread(post.store)) == [f"kc-{n}" for n in range(3, THREADS_MAX + 3)]
    assert post.store.commits - before == 2 * (THREADS_MAX + 2)  # tried, delivered


# --- pictures -------------------------------------------------------------------------------------------------------


async def test_a_report_goes_with_its_picture_which_is_drawn_once() -> None:
    drawn: list[int] = []

    async def pictured(owed: Notice) -> Picture:
        drawn.append(owed.seq)
        await asyncio.sleep(0)
        return PICTURE

    one, other = FakeChannel(plan=[down(), None]), FakeChannel("discord")
    post = Post(one, other, pictured=pictured)
    post.store.owe(notice(1, kind="report"), notice(2))
    async with post.running():
        await post.settle()
    assert [how.picture for how in one.hows] == [how.picture for how in other.hows] == [PICTURE, None]
    assert drawn == [1]


@pytest.mark.parametrize("wrong", ["hangs", "breaks"])
async def test_a_picture_that_fails_never_holds_up_the_words(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def pictured(owed: Notice) -> Picture:
        if wrong == "hangs":
            await asyncio.Event().wait()
        raise ValueError("no pen")

    monkeypatch.setattr(outbox, "PICTURE_SECONDS_MAX", 0.01)
    channel = FakeChannel()
    post = Post(channel, pictured=pictured)
    post.store.owe(notice(1, kind="report"))
    async with post.running():
        assert await post.outbox.drain(5)
    assert [(how.picture, how.repeat) for how in channel.hows] == [(None, False)]


async def test_an_alert_that_comes_while_a_picture_is_drawn_goes_first() -> None:
    ready = asyncio.Event()

    async def pictured(owed: Notice) -> Picture:
        await ready.wait()
        return PICTURE

    channel = FakeChannel()
    post = Post(channel, pictured=pictured)
    post.store.owe(notice(1, kind="report"))
    async with post.running():
        await post.settle()
        post.store.owe(notice(2, ALERT))
        post.outbox.wake()
        ready.set()
        assert await post.outbox.drain(1)
    assert seqs(channel) == [2, 1]


async def test_what_breaks_a_channel_is_sent_without_its_picture() -> None:
    async def pictured(owed: Notice) -> Picture:
        return PICTURE

    bug = ValueError("cannot encode")
    channel = FakeChannel(plan=[bug, bug, bug])
    post = Post(channel, pictured=pictured)
    post.store.owe(notice(1, kind="report"), notice(2, NOTICE))
    async with post.running():
        await post.settle()
    assert [how.picture for how in channel.hows] == [None, None]
    assert channel.titles[0].startswith("Notice 1 (report)")
