"""A scripted stream server on loopback: it answers commands as the exchange does, and says what a test lets it say."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from aiohttp import WSMsgType, web

from trading.domain.market import Level
from trading.exchange.kalshi.stream import KalshiStream

D = Decimal
PATH = "/trade-api/ws/v2"


def market(ticker: str) -> dict[str, str]:
    return {"market_ticker": ticker, "market_id": f"id-{ticker}"}


def book(yes: dict[str, str], no: dict[str, str]) -> dict[str, Any]:
    """A book in the wire's form."""
    return {"yes_dollars_fp": list(yes.items()), "no_dollars_fp": list(no.items())}


A, B = "KXBTC15M-26NOV211215-15", "KXBTC15M-26NOV211230-30"
BOOK = book({"0.4000": "5.00"}, {"0.5000": "6.00"})
SHOWN = (Level(D("0.40"), D(5)), Level(D("0.50"), D(6)))
FILL = {
    "trade_id": "t-1",
    "order_id": "o-1",
    "market_ticker": A,
    "exchange_index": 2,
    "is_taker": True,
    "side": "no",
    "action": "buy",
    "purchased_side": "yes",
    "outcome_side": "yes",
    "book_side": "bid",
    "yes_price_dollars": "0.4000",
    "count_fp": "2.00",
    "fee_cost": "0.033600",
    "post_position_fp": "2.00",
    "ts": 1795262400,
    "ts_ms": 1795262400123,
    "subaccount": 0,
}


class Line:
    """One connection of the scripted server: its subscriptions, and frames numbered as the exchange numbers them."""

    def __init__(self, server: ScriptedStream, socket: web.WebSocketResponse) -> None:
        self.server, self.socket = server, socket
        self.sids: dict[str, int] = {}
        self.seqs: dict[int, int] = {}
        self._last_sid = 0

    async def say(self, frame: dict[str, Any], ending: str = "") -> None:
        await self.socket.send_str(json.dumps(frame) + ending)

    async def tell(self, channel: str, kind: str, msg: dict[str, Any], skip: int = 0, **more: Any) -> None:
        """A numbered message of a channel; `skip` numbers are lost before it."""
        sid = self.sids[channel]
        self.seqs[sid] += 1 + skip
        await self.say({"type": kind, "sid": sid, "seq": self.seqs[sid], "msg": msg, **more})

    async def snapshot(self, ticker: str, **more: Any) -> None:
        sides = {name: levels for name, levels in self.server.books.get(ticker, {}).items() if levels}
        await self.tell("orderbook_delta", "orderbook_snapshot", market(ticker) | sides, **more)

    async def delta(self, ticker: str, side: str, price: str, by: str, skip: int = 0) -> None:
        """A change of a level, in the server's book too."""
        levels = dict(self.server.books[ticker][f"{side}_dollars_fp"])
        left = D(levels.pop(price, "0")) + D(by)
        self.server.books[ticker][f"{side}_dollars_fp"] = [*levels.items(), *([(price, f"{left:.2f}")] if left else [])]
        change = {"price_dollars": price, "delta_fp": by, "side": side}
        await self.tell("orderbook_delta", "orderbook_delta", market(ticker) | change, skip)

    async def answer(self, command: dict[str, Any]) -> None:
        params, what = command.get("params", {}), {"id": command["id"]}
        name = params.get("action") or (params.get("channels") or [command["cmd"]])[0]
        refusal = self.server.refusals.get(name)
        unknown = sorted(self.server.unknown & set(params.get("market_tickers", ())))
        if unknown:
            refusal = {"code": 11, "msg": "no such market", "market_tickers": unknown}
        if refusal:
            await self.say(what | {"type": "error", "msg": refusal})
        elif command["cmd"] == "subscribe":
            await self._subscribe(what, name, params)
        elif command["cmd"] == "unsubscribe":
            await self._unsubscribe(what, params["sids"])
        elif command["cmd"] == "list_subscriptions":
            held = [{"channel": channel, "sid": sid} for channel, sid in self.sids.items()]
            await self.say(what | {"type": "ok", "msg": held})
        else:
            await self._update(what, name, params)

    async def _subscribe(self, what: dict[str, Any], channel: str, params: dict[str, Any]) -> None:
        if self.server.mumbles:
            await self.say(what | {"type": "subscribed", "msg": {}})
            return
        self._last_sid += 1
        self.sids[channel] = self._last_sid
        self.seqs[self._last_sid] = 0
        await self.say(what | {"type": "subscribed", "msg": {"channel": channel, "sid": self._last_sid}})
        if channel == "orderbook_delta" and not self.server.mute_books:
            for ticker in params["market_tickers"]:
                await self.snapshot(ticker)

    async def _unsubscribe(self, what: dict[str, Any], sids: list[int]) -> None:
        for channel, sid in list(self.sids.items()):
            if sid in sids:
                del self.sids[channel]
                self.seqs[sid] += 1
                await self.say(what | {"type": "unsubscribed", "sid": sid, "seq": self.seqs[sid]})

    async def _update(self, what: dict[str, Any], action: str, params: dict[str, Any]) -> None:
        channel = next(name for name, sid in self.sids.items() if sid == params["sid"])
        if action != "get_snapshot":
            await self.tell(channel, "ok", {"market_tickers": params["market_tickers"]}, **what)
        if action != "delete_markets" and not self.server.mute_books and channel == "orderbook_delta":
            for ticker in params["market_tickers"]:
                await self.snapshot(ticker, **(what if action == "get_snapshot" else {}))


class ScriptedStream:
    """`refusals`: the `msg` of the error for a channel, an action or a command; `unknown`: markets that it knows
    nothing of; `books` by ticker and wire name.
    """

    def __init__(self) -> None:
        self.refusals: dict[str, dict[str, Any]] = {}
        self.unknown: set[str] = set()
        self.books: dict[str, dict[str, Any]] = {}
        self.lines: list[Line] = []
        self.handshakes: list[dict[str, str]] = []
        self.refused_handshake: tuple[int, dict[str, Any]] | None = None
        self.deaf = False  # hears nothing, says nothing, not even a pong
        self.mute_books = False  # gives no snapshots
        self.mumbles = False  # its replies to `subscribe` cannot be read
        self.pongs: list[bytes] = []
        self.ws_url = ""

    @property
    def line(self) -> Line:
        """The newest connection."""
        return self.lines[-1]

    def on(self, channel: str) -> bool:
        """Whether the newest connection has that channel."""
        return bool(self.lines) and channel in self.line.sids

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.handshakes.append(dict(request.headers))
        if self.refused_handshake:
            status, body = self.refused_handshake
            return web.json_response(body, status=status)
        socket = web.WebSocketResponse(autoping=False, timeout=0.1)
        await socket.prepare(request)
        line = Line(self, socket)
        self.lines.append(line)
        async for message in socket:
            if self.deaf:
                continue
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self.pongs.append(bytes(message.data))
            elif message.type is WSMsgType.TEXT:
                await line.answer(json.loads(message.data))
        return socket


@asynccontextmanager
async def scripted() -> AsyncIterator[ScriptedStream]:
    """A running scripted server."""
    server = ScriptedStream()
    app = web.Application()
    app.router.add_get(PATH, server.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.ws_url = f"ws://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    try:
        yield server
    finally:
        for line in server.lines:
            await line.socket.close()
        await runner.cleanup()


def touch(stream: KalshiStream, ticker: str = A) -> tuple[Level | None, Level | None] | None:
    """What the client shows of a book."""
    quote = stream.quote(ticker)
    return (quote.bid, quote.ask) if quote else None
