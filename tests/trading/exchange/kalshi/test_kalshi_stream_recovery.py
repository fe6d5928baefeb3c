"""Gaps, repetitions and what cannot be read, against a scripted server: books are healed, missed news is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from kalshi_stream_rig import QUICK, Tape, next_of, record, streaming, until
from scripted_stream import BOOK, FILL, SHOWN, A, B, ScriptedStream, book, scripted, touch

from trading.clock import VirtualClock
from trading.domain.market import Level
from trading.domain.news import FillNews, GroupNews, Missed

D = Decimal


@pytest.fixture
def tape(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tape]:
    recorded = record(monkeypatch)
    yield recorded
    assert recorded.wrong == []


@pytest.fixture
async def server() -> AsyncIterator[ScriptedStream]:
    async with scripted() as running:
        running.books = {A: dict(BOOK), B: dict(BOOK)}
        yield running


async def test_a_gap_is_healed_by_a_snapshot(server: ScriptedStream, clock: VirtualClock, tape: Tape) -> None:
    async with streaming(server.ws_url, clock, follow=[A, B]) as stream:
        await until(lambda: touch(stream, A) and touch(stream, B))
        server.refusals["get_snapshot"] = {"code": 18, "msg": "not now"}
        await server.line.delta(A, "yes", "0.4000", "1.00", skip=3)
        await until(lambda: stream.quote(A) is None and stream.quote(B) is None)
        await server.line.delta(A, "yes", "0.4000", "1.00")
        server.refusals.clear()
        assert await until(lambda: touch(stream)) == (Level(D("0.40"), D(7)), SHOWN[1])
        assert await until(lambda: touch(stream, B)) == SHOWN
        assert stream.health.gaps == 1
        await server.line.socket.close()
        await until(lambda: stream.health.connections == 2)
        assert stream.health.gaps == 1
    assert tape.cmds("unsubscribe") == []
    assert tape.cmds("update_subscription", "get_snapshot")[0]["market_tickers"] == [A, B]


async def test_what_comes_twice_counts_once(server: ScriptedStream, clock: VirtualClock) -> None:
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        await until(lambda: touch(stream))
        await next_of(stream, Missed)
        line = server.line
        change = {"market_ticker": A, "price_dollars": "0.4000", "delta_fp": "1.00", "side": "yes"}
        event = {"event_type": "triggered", "order_group_id": "g"}
        for _ in range(2):
            sid = line.sids["orderbook_delta"]
            await line.say({"type": "orderbook_delta", "sid": sid, "seq": 2, "msg": change})
            sid = line.sids["order_group_updates"]
            await line.say({"type": "order_group_updates", "sid": sid, "seq": 1, "msg": event})
        await line.say({"type": "fill", "sid": line.sids["fill"], "msg": FILL})
        kinds = [type(await stream.news()) for _ in range(2)]
        assert kinds == [GroupNews, FillNews]
        assert touch(stream) == (Level(D("0.40"), D(6)), SHOWN[1])
        assert stream.health.gaps == 0


async def test_an_unreadable_change_is_healed_too(server: ScriptedStream, clock: VirtualClock) -> None:
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        await until(lambda: touch(stream))
        for change in ({"side": "both"}, {"delta_fp": "NaN"}, {"delta_fp": "-9.00"}, {"price_dollars": None}):
            wrong = {"market_ticker": A, "price_dollars": "0.4000", "delta_fp": "1.00", "side": "yes", **change}
            await server.line.tell("orderbook_delta", "orderbook_delta", wrong)
            await until(lambda: stream.quote(A) is None)
            assert await until(lambda: touch(stream)) == SHOWN


async def test_without_snapshots_it_subscribes_anew(server: ScriptedStream, clock: VirtualClock, tape: Tape) -> None:
    server.mute_books = True
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        await until(lambda: tape.cmds("unsubscribe"))
        assert tape.cmds("update_subscription", "get_snapshot")
        server.mute_books = False
        assert await until(lambda: touch(stream)) == SHOWN
        assert stream.health.connections == 1


async def test_a_book_that_went_wrong_unseen_is_shown_again(server: ScriptedStream, clock: VirtualClock) -> None:
    async with streaming(server.ws_url, clock, follow=[A], patience=replace(QUICK, audit_seconds=0.1)) as stream:
        await until(lambda: touch(stream))
        server.books[A] = book({"0.3000": "1.00"}, {})
        await until(lambda: touch(stream) == (Level(D("0.30"), D(1)), None))


async def test_a_gap_in_a_channel_of_news_is_missed_news(server: ScriptedStream, clock: VirtualClock) -> None:
    async with streaming(server.ws_url, clock) as stream:
        await next_of(stream, Missed)
        event = {"event_type": "triggered", "order_group_id": "g"}
        await server.line.tell("order_group_updates", "order_group_updates", event, skip=1)
        assert (await next_of(stream, Missed)).why == "a gap in order_group_updates"
        assert (await stream.news()).step == "triggered"
