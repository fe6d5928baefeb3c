"""The small parts of the stream's client: the bounded queue, replies matched to commands, and pauses."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.clock import VirtualClock
from trading.domain.news import Missed, News, PositionNews
from trading.exchange.kalshi import stream_queue
from trading.exchange.kalshi.stream_commands import CommandRefused, Commands, ConnectionLost
from trading.exchange.kalshi.stream_patience import Patience, Pauses, Pulse
from trading.exchange.kalshi.stream_queue import NewsQueue
from trading.exchange.kalshi.stream_wire import read_frame


def piece(number: int) -> PositionNews:
    return PositionNews("A", Decimal(number))


async def drained(queue: NewsQueue) -> list[News]:
    """Everything that waits."""
    end = piece(-1)
    queue.put(end)
    found = []
    while (news := await queue.get()) is not end:
        found.append(news)
    return found


async def test_news_comes_in_order_and_is_waited_for() -> None:
    queue = NewsQueue()
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.put(piece(1))
    queue.put(piece(2))
    assert await waiting == piece(1)
    assert await queue.get() == piece(2)
    lost = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    lost.cancel()
    queue.put(piece(3))
    assert await queue.get() == piece(3)


async def test_a_full_queue_is_one_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_queue, "NEWS_MAX", 3)
    queue = NewsQueue()
    for number in range(4):
        queue.put(piece(number))
    queue.put(piece(9))
    first, *rest = [await queue.get(), await queue.get()]
    assert isinstance(first, Missed)
    assert rest == [piece(9)]
    assert queue.overflows == 1


async def test_missed_after_missed_is_one() -> None:
    queue = NewsQueue()
    for news in (piece(1), Missed("a"), Missed("b"), piece(2), Missed("c")):
        queue.put(news)
    assert await drained(queue) == [piece(1), Missed("b"), piece(2), Missed("c")]


class Wire:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))


async def test_replies_find_their_commands() -> None:
    wire = Wire()
    commands = Commands(wire.send, reply_seconds=5.0)
    first = asyncio.create_task(commands.call("unsubscribe", sids=[1]))
    second = asyncio.create_task(commands.call("list_subscriptions"))
    await asyncio.sleep(0)
    assert wire.sent == [
        {"id": 1, "cmd": "unsubscribe", "params": {"sids": [1]}},
        {"id": 2, "cmd": "list_subscriptions"},
    ]
    assert commands.settle(read_frame('{"id":2,"type":"ok","msg":[]}'))
    assert commands.settle(read_frame('{"id":2,"type":"ok","msg":[1]}'))  # a second reply is nobody's
    assert not commands.settle(read_frame('{"id":7,"type":"ok"}'))
    assert not commands.settle(read_frame('{"type":"ok"}'))
    assert bytes((await second).msg) == b"[]"
    text = '{"id":1,"type":"error","msg":{"code":7,"msg":"unknown","market_ticker":"A","market_tickers":["B",""]}}'
    commands.settle(read_frame(text))
    with pytest.raises(CommandRefused, match=r"unknown \(code 7\)") as caught:
        await first
    assert (caught.value.code, caught.value.tickers) == (7, {"A", "B"})
    assert not commands.settle(read_frame('{"id":1,"type":"ok"}'))


async def test_an_error_that_cannot_be_read_is_a_refusal_too() -> None:
    commands = Commands(Wire().send, reply_seconds=5.0)
    asked = asyncio.create_task(commands.call("list_subscriptions"))
    await asyncio.sleep(0)
    commands.settle(read_frame('{"id":1,"type":"error"}'))
    with pytest.raises(CommandRefused):
        await asked


async def test_no_reply_in_time_is_the_end() -> None:
    commands = Commands(Wire().send, reply_seconds=0.01)
    with pytest.raises(ConnectionLost, match="no answer to subscribe"):
        await commands.call("subscribe", channels=["fill"])
    assert not commands.settle(read_frame('{"id":1,"type":"ok"}'))


@given(seed=st.integers(0, 1000), lasted=st.lists(st.floats(0, 20), max_size=30))
def test_pauses_grow_within_their_bounds_and_begin_again(seed: int, lasted: list[float]) -> None:
    patience = replace(Patience(), first_pause_seconds=0.25, pause_seconds_max=8.0, steady_seconds=10.0)
    pauses, step = Pauses(patience, random.Random(seed)), 0.25
    for seconds in lasted:
        step = 0.25 if seconds >= 10.0 else step
        assert step / 2 <= pauses.after(seconds) <= step
        step = min(step * 2, 8.0)


def test_the_same_seed_gives_the_same_pauses() -> None:
    def drawn(seed: int) -> list[float]:
        pauses = Pauses(Patience(), random.Random(seed))
        return [pauses.after(0.0) for _ in range(8)]

    assert drawn(1) == drawn(1) != drawn(2)


def test_a_pulse_tells_the_clocks_time(clock: VirtualClock) -> None:
    pulse = Pulse(clock)
    assert pulse.heard_at is None
    pulse.beat()
    assert (pulse.heard_at, pulse.silent_seconds < 5) == (clock.now(), True)
