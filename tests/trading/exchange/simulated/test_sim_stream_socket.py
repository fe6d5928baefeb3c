"""The stream over a real WebSocket: the signed handshake, pings, frames by clock and by order, faults and ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from trading.clock import RealClock, VirtualClock
from trading.domain.errors import StoreFailed
from trading.domain.order import Side
from trading.exchange.simulated import stream_socket
from trading.exchange.simulated.keys import Credentials
from trading.exchange.simulated.records import NewOrder
from trading.exchange.simulated.server import SimulatedServer
from trading.exchange.simulated.stream import SESSIONS_MAX
from trading.exchange.simulated.stream_socket import STREAM_PATH, StreamSockets
from trading.exchange.simulated.venue import Venue, open_venue

TICKER = "KXBTC15M-26JAN050715-15"
WAIT_SECONDS = 5.0  # of real time for a frame that must come
ENDS = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR)


class Client:
    """A WebSocket client that checks every frame."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, check: Callable[[dict[str, Any]], None]) -> None:
        self.socket, self._check = socket, check

    async def say(self, cmd: str, **params: Any) -> None:
        await self.socket.send_json({"id": 1, "cmd": cmd, "params": params})

    async def next(self, kind: str = "") -> dict[str, Any]:
        """The next frame, of that type if one is given."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                frame: dict[str, Any] = json.loads((await self.socket.receive()).data)
                self._check(frame)
                if kind in ("", frame["type"]):
                    return frame

    async def end(self) -> int:
        """Read on to the end of the connection; the frames that came before it."""
        async with asyncio.timeout(WAIT_SECONDS):
            frames = 0
            while (await self.socket.receive()).type not in ENDS:
                frames += 1
            return frames


@pytest.fixture
def connect(caller: Any, frame_check: Callable[[dict[str, Any]], None]) -> Callable[..., Any]:
    @asynccontextmanager
    async def connected(**options: Any) -> AsyncIterator[Client]:
        headers = caller.headers("GET", STREAM_PATH)
        async with caller.session.ws_connect(caller.server.ws_url, headers=headers, **options) as socket:
            yield Client(socket, frame_check)

    return connected


async def left(server: SimulatedServer) -> None:
    """Return once the server has noticed that its clients are gone."""
    for _ in range(500):
        if not server.stream.sessions:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("sessions stay")


async def refused(caller: Any, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Status and error of a handshake that fails."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
    }
    url = caller.server.ws_url.replace("ws://", "http://")
    async with caller.session.get(url, headers=upgrade | headers) as answer:
        return answer.status, (await answer.json())["error"]


async def test_a_handshake_must_be_signed(caller: Any) -> None:
    good = caller.headers("GET", STREAM_PATH)
    old = caller.headers("GET", STREAM_PATH, timestamp="1700000000000")
    unsigned = {name: value for name, value in good.items() if not name.endswith("SIGNATURE")}
    cases = [
        ({}, "token_authentication_failure", None),
        (unsigned, "signature_is_missing_from_headers", None),
        (old, "header_timestamp_expired", None),
        (caller.headers("GET", "/"), "authentication_error", "INCORRECT_API_KEY_SIGNATURE"),
        (good | {"KALSHI-ACCESS-KEY": "nobody"}, "authentication_error", "NOT_FOUND"),
    ]
    for headers, code, details in cases:
        status, error = await refused(caller, headers)
        assert (status, error["code"], error.get("details")) == (401, code, details)
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await caller.session.ws_connect(caller.server.ws_url)
    assert caught.value.status == 401


async def test_no_more_sessions_than_there_is_room_for(caller: Any, connect: Callable[..., Any]) -> None:
    async with connect() as client:
        await client.say("list_subscriptions")
        await client.next("ok")
        sessions = caller.server.stream.sessions
        sessions.extend(sessions * (SESSIONS_MAX - 1))
        assert (await refused(caller, caller.headers("GET", STREAM_PATH)))[0] == 429
        del sessions[1:]


async def test_a_handshake_may_be_refused_on_order(caller: Any, connect: Callable[..., Any]) -> None:
    caller.server.stream_faults.refuse(times=2)
    for _ in range(2):
        status, error = await refused(caller, caller.headers("GET", STREAM_PATH))
        assert (status, error["code"]) == (503, "service_unavailable")
    assert caller.server.stream_faults.pending == 0
    async with connect() as client:
        await client.say("list_subscriptions")
        assert (await client.next("ok"))["msg"] == []


async def test_frames_come_when_the_clock_is_moved(
    caller: Any, connect: Callable[..., Any], clock: VirtualClock
) -> None:
    async with connect() as client:
        await client.say("subscribe", channels=["orderbook_delta", "cfbenchmarks_value"], market_ticker=TICKER)
        assert (await client.next("subscribed"))["msg"]["channel"] == "orderbook_delta"
        await client.next("orderbook_snapshot")
        clock.advance_to(clock.now() + timedelta(seconds=3))
        await caller.server.tick()
        assert (await client.next("orderbook_delta"))["seq"] == 2
        clock.advance_to(clock.now() + timedelta(seconds=3))
        await caller.get("/portfolio/balance")
        await client.next("orderbook_delta")


async def test_an_order_over_rest_is_told_to_every_client(
    caller: Any, connect: Callable[..., Any], venue: Venue
) -> None:
    bid = venue.shown(TICKER).bids[0][0]
    body = {
        "ticker": TICKER,
        "side": "ask",
        "count": "5.00",
        "price": f"{bid / 10_000:.4f}",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        "client_order_id": "one",
        "exchange_index": 2,
    }
    async with connect() as first, connect() as second:
        for client in (first, second):
            await client.say("subscribe", channels=["fill"])
            await client.next("subscribed")
        status, placed = await caller.call("POST", "/portfolio/events/orders", body)
        assert status == 201
        for client in (first, second):
            fill = await client.next()
            assert (fill["type"], fill["msg"]["order_id"]) == ("fill", placed["order_id"])


@pytest.fixture
async def fast(
    credentials: Credentials, caller: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SimulatedServer]:
    """The caller's server, with a venue whose clock runs twenty times as fast as the world."""
    server = SimulatedServer(open_venue(RealClock(20.0, datetime(2026, 1, 5, 12, 5, tzinfo=UTC))), keys=[credentials])
    await server.start()
    monkeypatch.setattr(caller, "server", server)
    yield server
    await server.stop()


async def test_a_running_clock_ticks_only_while_somebody_listens(
    fast: SimulatedServer, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = 0
    plain = fast.stream.tick

    def counted() -> None:
        nonlocal ticks
        ticks += 1
        plain()

    monkeypatch.setattr(fast.stream, "tick", counted)
    async with connect() as client:
        await client.say("subscribe", channels=["cfbenchmarks_value", "user_orders"], index_ids=["BRTI"])
        told = [(await client.next("cfbenchmarks_value"))["msg"]["received_at"] for _ in range(6)]
        assert told == list(range(told[0], told[0] + 6000, 1000))
        fast.venue.create(NewOrder(TICKER, Side.BID, Decimal("0.01"), Decimal(1)))
        assert (await client.next("user_order"))["msg"]["status"] == "resting"
    await left(fast)
    seen = ticks
    await asyncio.sleep(0.15)
    assert ticks == seen


async def test_a_venue_that_cannot_write_cuts_its_clients_off(
    fast: SimulatedServer, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise StoreFailed("disk full")

    async with connect() as client:
        await client.say("list_subscriptions")
        await client.next("ok")
        monkeypatch.setattr(fast.venue, "sync", full)
        await client.end()
    await left(fast)


async def test_the_server_pings(
    caller: Any, connect: Callable[..., Any], venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller.server, "_sockets", StreamSockets(venue, caller.server.stream, ping_seconds=0.05))
    async with connect(autoping=False) as client, asyncio.timeout(WAIT_SECONDS):
        for _ in range(2):
            message = await client.socket.receive()
            assert (message.type, bytes(message.data)) == (aiohttp.WSMsgType.PING, b"heartbeat")
            await client.socket.pong(message.data)
        await client.socket.ping(b"mine")
        while message.type is not aiohttp.WSMsgType.PONG:
            message = await client.socket.receive()
        assert bytes(message.data) == b"mine"


async def test_a_disconnect_and_a_new_start(caller: Any, connect: Callable[..., Any], clock: VirtualClock) -> None:
    for _ in range(2):
        async with connect() as client:
            await client.say("subscribe", channels=["orderbook_delta"], market_ticker=TICKER)
            assert (await client.next("subscribed"))["msg"]["sid"] == 1
            assert (await client.next("orderbook_snapshot"))["seq"] == 1
            caller.server.stream_faults.next("orderbook_delta", "disconnect")
            clock.advance_to(clock.now() + timedelta(seconds=3))
            await caller.server.tick()
            assert await client.end() == 0
    await left(caller.server)


async def test_a_client_that_falls_behind_is_told_and_closed(
    caller: Any, connect: Callable[..., Any], clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller.server.stream, "_frames_max", 50)
    async with connect() as client:
        await client.say("subscribe", channels=["orderbook_delta"], market_ticker=TICKER)
        await client.next("orderbook_snapshot")
        for _ in range(60):
            clock.advance_to(clock.now() + timedelta(seconds=1))
            caller.server.stream.tick()
        assert (await client.next("error"))["msg"]["code"] == 25
        assert await client.end() == 0
        assert client.socket.close_code == aiohttp.WSCloseCode.TRY_AGAIN_LATER


async def test_a_client_that_reads_no_more_is_cut_off(
    caller: Any, connect: Callable[..., Any], clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stuck(socket: web.WebSocketResponse, text: str) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(caller.server.stream, "_frames_max", 50)
    monkeypatch.setattr(stream_socket, "CLOSE_SECONDS", 0.05)
    async with connect() as client:
        await client.say("subscribe", channels=["orderbook_delta"], market_ticker=TICKER)
        await client.next("orderbook_snapshot")
        monkeypatch.setattr(web.WebSocketResponse, "send_str", stuck)
        for _ in range(60):
            clock.advance_to(clock.now() + timedelta(seconds=1))
            caller.server.stream.tick()
        assert await client.end() == 0
    await left(caller.server)


async def test_a_server_that_stops_says_good_bye(caller: Any, connect: Callable[..., Any]) -> None:
    async with connect() as client:
        await client.say("list_subscriptions")
        await client.next("ok")
        stopping = asyncio.create_task(caller.server.stop())
        assert await client.end() == 0
        await stopping
        assert client.socket.close_code == aiohttp.WSCloseCode.GOING_AWAY
    assert caller.server.stream.sessions == []
