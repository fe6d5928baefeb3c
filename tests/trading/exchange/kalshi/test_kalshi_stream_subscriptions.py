"""What the stream subscribes to, and what it does about refusals and lost subscriptions, on a scripted server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from kalshi_stream_rig import QUICK, Tape, next_of, record, streaming, until
from scripted_stream import BOOK, SHOWN, A, B, ScriptedStream, scripted, touch

from trading.clock import VirtualClock
from trading.domain.market import Level
from trading.domain.news import Missed, QuoteNews, TradeNews

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


async def test_what_is_subscribed_to(server: ScriptedStream, clock: VirtualClock, tape: Tape) -> None:
    async with streaming(server.ws_url, clock, follow=[A], index_ids=["BRTI"]) as stream:
        await next_of(stream, Missed)
    asked = {params["channels"][0]: params for params in tape.cmds("subscribe")}
    assert asked == {
        "fill": {"channels": ["fill"]},
        "user_orders": {"channels": ["user_orders"]},
        "order_group_updates": {"channels": ["order_group_updates"]},
        "market_lifecycle_v2": {"channels": ["market_lifecycle_v2"]},
        "orderbook_delta": {"channels": ["orderbook_delta"], "market_tickers": [A], "use_yes_price": False},
        "cfbenchmarks_value": {"channels": ["cfbenchmarks_value"], "index_ids": ["BRTI"]},
    }
    assert len({command["id"] for command in tape.said}) == len(tape.said)


async def test_markets_come_and_go_by_follow(server: ScriptedStream, clock: VirtualClock, tape: Tape) -> None:
    async with streaming(server.ws_url, clock) as stream:
        await next_of(stream, Missed)
        assert not server.on("orderbook_delta")
        stream.follow([A])
        assert await until(lambda: touch(stream)) == SHOWN
        stream.follow([B])
        assert stream.quote(A) is None
        assert await until(lambda: touch(stream, B)) == SHOWN
        await until(lambda: tape.cmds("update_subscription", "delete_markets"))
        stream.follow([])
        await until(lambda: not server.on("orderbook_delta"))
        stream.follow([A, B])
        assert await until(lambda: touch(stream, A) and touch(stream, B)) == SHOWN
    added = [c["market_tickers"] for c in tape.cmds("update_subscription", "add_markets")]
    dropped = [c["market_tickers"] for c in tape.cmds("update_subscription", "delete_markets")]
    assert (added, dropped) == ([[B]], [[A]])
    assert stream.health.gaps == 0


async def test_a_new_wish_is_seen_to_at_once(server: ScriptedStream, clock: VirtualClock) -> None:
    async with streaming(server.ws_url, clock, patience=replace(QUICK, look_seconds=60.0)) as stream:
        await next_of(stream, Missed)
        for wish in ([A], [B]):
            stream.follow(wish)
            assert await until(lambda wish=wish: touch(stream, wish[0])) == SHOWN


async def test_a_market_that_is_wanted_again_at_once_stays(
    server: ScriptedStream, clock: VirtualClock, tape: Tape
) -> None:
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        await until(lambda: touch(stream))
        stream.follow([])
        stream.follow([A])
        assert touch(stream) == SHOWN


@pytest.mark.parametrize("code", [8, 9, 10, 11])
async def test_a_refused_channel_is_said_and_the_rest_goes_on(
    server: ScriptedStream, clock: VirtualClock, tape: Tape, code: int
) -> None:
    server.refusals["cfbenchmarks_value"] = {"code": code, "msg": "not entitled"}
    async with streaming(server.ws_url, clock, follow=[A], index_ids=["BRTI"]) as stream:
        assert await until(lambda: touch(stream)) == SHOWN
        assert await until(lambda: stream.health.problem) == f"no cfbenchmarks_value: not entitled (code {code})"
        assert stream.health.connected
        assert stream.tick("BRTI") is None
        await asyncio.sleep(0.1)  # it is not asked again
        assert [p["channels"][0] for p in tape.cmds("subscribe")].count("cfbenchmarks_value") == 1
        server.refusals.clear()
        await server.line.socket.close()
        await until(lambda: server.on("cfbenchmarks_value"))
        await until(lambda: stream.health.problem == "")


async def test_a_command_that_may_succeed_later_is_asked_again(
    server: ScriptedStream, clock: VirtualClock, tape: Tape
) -> None:
    server.refusals["orderbook_delta"] = {"code": 27, "msg": "too many commands"}
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        await until(lambda: len([p for p in tape.cmds("subscribe") if p["channels"] == ["orderbook_delta"]]) > 2)
        server.refusals.clear()
        assert await until(lambda: touch(stream)) == SHOWN
        server.refusals["add_markets"] = {"code": 18, "msg": "timed out"}
        stream.follow([A, B])
        await until(lambda: len(tape.cmds("update_subscription", "add_markets")) > 2)
        assert touch(stream) == SHOWN
        server.refusals.clear()
        assert await until(lambda: touch(stream, B)) == SHOWN
        assert stream.health.problem == ""


async def test_a_reply_that_cannot_be_read_is_no_subscription(server: ScriptedStream, clock: VirtualClock) -> None:
    server.mumbles = True
    async with streaming(server.ws_url, clock, follow=[A], patience=replace(QUICK, pause_seconds_max=5.0)) as stream:
        await until(lambda: "fill is away" in stream.health.problem)
        assert stream.quote(A) is None
        server.mumbles = False
        assert await until(lambda: touch(stream)) == SHOWN
        await until(lambda: stream.health.problem == "")


async def test_what_failed_is_not_asked_again_at_once(server: ScriptedStream, clock: VirtualClock, tape: Tape) -> None:
    server.refusals["fill"] = {"code": 27, "msg": "too many commands"}
    async with streaming(server.ws_url, clock, patience=replace(QUICK, first_pause_seconds=60.0)) as stream:
        await until(lambda: stream.health.problem == "fill is away")
        await asyncio.sleep(0.1)
        assert tape.cmds("subscribe").count({"channels": ["fill"]}) == 1


@pytest.mark.parametrize("named", [{"market_ticker": "NOBODY"}, {"market_tickers": ["NOBODY"]}, {}])
async def test_a_market_that_the_exchange_does_not_know(
    server: ScriptedStream, clock: VirtualClock, tape: Tape, named: dict[str, Any]
) -> None:
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        await until(lambda: touch(stream))
        server.refusals["add_markets"] = {"code": 11, "msg": "no such market", **named}
        stream.follow([A, "NOBODY"])
        await until(lambda: stream.health.problem)
        assert stream.health.problem == "no stream of NOBODY"
        assert touch(stream) == SHOWN
        server.refusals.clear()
        stream.follow([A, B])
        assert await until(lambda: touch(stream, B)) == SHOWN
        assert stream.health.problem == ""


async def test_an_unknown_market_does_not_keep_the_others_away(
    server: ScriptedStream, clock: VirtualClock, tape: Tape
) -> None:
    server.unknown = {"NOBODY"}
    async with streaming(server.ws_url, clock, follow=[A, "NOBODY"]) as stream:
        assert await until(lambda: touch(stream)) == SHOWN
        assert stream.health.problem == "no stream of NOBODY"
        stream.follow([A, "NOBODY", B])
        assert await until(lambda: touch(stream, B)) == SHOWN
    assert len(tape.cmds("subscribe")) == 6
    assert tape.cmds("update_subscription", "add_markets")[0]["market_tickers"] == [B]


@pytest.mark.parametrize("code", [10, 25])
async def test_an_error_that_ends_a_subscription(
    server: ScriptedStream, clock: VirtualClock, tape: Tape, code: int
) -> None:
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        await until(lambda: touch(stream))
        await next_of(stream, Missed)
        for channel in ("orderbook_delta", "fill"):
            sid = server.line.sids.pop(channel)
            await server.line.say({"type": "error", "sid": sid, "msg": {"code": code, "msg": "over"}})
        await until(lambda: server.on("orderbook_delta") and server.on("fill"))
        assert await until(lambda: touch(stream)) == SHOWN
        assert (await next_of(stream, Missed)).why == "fill was away"
        assert stream.health.connections == 1


async def test_a_subscription_that_is_unknown_is_made_anew(
    server: ScriptedStream, clock: VirtualClock, tape: Tape
) -> None:
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        await until(lambda: touch(stream))
        server.refusals["add_markets"] = {"code": 7, "msg": "unknown subscription"}
        stream.follow([A, B])
        assert await until(lambda: touch(stream, A) and touch(stream, B)) == SHOWN


async def test_a_subscription_lost_in_silence_is_found(server: ScriptedStream, clock: VirtualClock, tape: Tape) -> None:
    async with streaming(server.ws_url, clock, follow=[A], patience=replace(QUICK, audit_seconds=0.1)) as stream:
        await until(lambda: touch(stream))
        await next_of(stream, Missed)
        del server.line.sids["user_orders"], server.line.sids["orderbook_delta"]
        assert (await next_of(stream, Missed)).why == "user_orders was away"
        await until(lambda: server.on("orderbook_delta"))
        assert await until(lambda: touch(stream)) == SHOWN


async def test_channels_of_the_market_follow_too(server: ScriptedStream, clock: VirtualClock, tape: Tape) -> None:
    channels = ("ticker", "trade", "market_positions")
    async with streaming(server.ws_url, clock, follow=[A], channels=channels) as stream:
        await next_of(stream, Missed)
        assert tape.cmds("subscribe")[0] == {
            "channels": ["ticker"],
            "market_tickers": [A],
            "send_initial_snapshot": True,
        }
        stream.follow([B])
        await until(lambda: len(tape.cmds("update_subscription", "delete_markets")) == 2)
        quote = {"yes_bid_dollars": "0.4000", "yes_ask_dollars": "1.0000", "yes_bid_size_fp": "3.00"}
        msg = {"market_ticker": B, "yes_ask_size_fp": "0.00", "ts_ms": 1795262400000, **quote}
        await server.line.say({"type": "ticker", "sid": server.line.sids["ticker"], "msg": msg | TICKER_REST})
        told = (await next_of(stream, QuoteNews)).quote
        assert (told.ticker, told.bid, told.ask) == (B, Level(D("0.40"), D(3)), None)
        await server.line.tell("trade", "trade", TRADE)
        trade = (await next_of(stream, TradeNews)).trade
        assert (trade.price, trade.count, trade.taker) == (D("0.21"), D("22.56"), "no")
        assert stream.quote(B) is None


TICKER_REST = {
    "market_id": "m",
    "price_dollars": "0.4000",
    "volume_fp": "1.00",
    "open_interest_fp": "1.00",
    "dollar_volume": 1,
    "dollar_open_interest": 1,
    "last_trade_size_fp": "1.00",
    "ts": 1795262400,
    "time": "2026-11-21T12:00:00Z",
}
TRADE = {
    "trade_id": "p-1",
    "market_ticker": B,
    "yes_price_dollars": "0.2100",
    "no_price_dollars": "0.7900",
    "count_fp": "22.56",
    "taker_side": "yes",
    "taker_outcome_side": "no",
    "taker_book_side": "ask",
    "is_block_trade": False,
    "ts": 1795262400,
    "ts_ms": 1795262400000,
}
