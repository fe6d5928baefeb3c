"""A double of Polymarket's public order books over loopback, in the documented form, and with what can go wrong.

Form: docs.polymarket.com, "Get order book": text for every number, levels from the worst to the best, `timestamp` in
milliseconds, 404 with `{"error": "No orderbook exists for the requested token id"}`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from aiohttp import web

from trading.clock import real_now

Levels = Sequence[tuple[str, str]]  # price and size, the best first


def book(
    token: str, bids: Levels = (), asks: Levels = (), at: datetime | None = None, **changes: Any
) -> dict[str, Any]:
    """An answer of `GET /book`."""
    told = {
        "market": "0xccc51cccefaae9546754ac4785db8fa14e617573d86da599c0ac8f36850eae9f",
        "asset_id": token,
        "timestamp": str(int((at or real_now()).timestamp() * 1000)),
        "hash": "d856c9e7cc1e86a81dd6038416582bf5313856f0",
        "bids": [{"price": price, "size": size} for price, size in reversed(bids)],
        "asks": [{"price": price, "size": size} for price, size in reversed(asks)],
        "min_order_size": "5",
        "tick_size": "0.01",
        "neg_risk": False,
        "last_trade_price": "0.45",
    }
    return told | changes


class PolymarketDouble:
    """`says` has the answer of each token: a dict as JSON, bytes as they are, a number as a bare HTTP status, or
    "hang"."""

    def __init__(self) -> None:
        self.says: dict[str, Any] = {}
        self.asked: list[str] = []
        self.base = ""

    async def answer(self, request: web.Request) -> web.Response:
        token = request.query.get("token_id", "")
        self.asked.append(token)
        said = self.says.get(token)
        if said == "hang":
            await asyncio.sleep(30)
        if isinstance(said, bytes):
            return web.Response(body=said, content_type="application/json")
        if isinstance(said, int):
            return web.Response(status=said)
        if said is None:
            return web.json_response({"error": "No orderbook exists for the requested token id"}, status=404)
        return web.json_response(said)


@asynccontextmanager
async def polymarket() -> AsyncIterator[PolymarketDouble]:
    """It, listening."""
    double = PolymarketDouble()
    app = web.Application()
    app.router.add_get("/book", double.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    double.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield double
    await runner.cleanup()
