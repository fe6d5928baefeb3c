"""A listing of many open markets, as a process: pages made beforehand, so that serving them costs nearly nothing.

    python -m chatbot.tools.bench.listing MARKETS

The markets are those of the simulated crowd at one instant (`passes.AT`); a scanner whose clock stands there asks
for just the windows of close times that are made. Its first line of output says where it listens.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from chatbot.tools.bench.passes import AT
from trading.clock import VirtualClock
from trading.exchange.kalshi.open_markets import Window, windows
from trading.exchange.simulated import wire_market
from trading.exchange.simulated.listing import MarketFilter
from trading.exchange.simulated.venue import open_venue
from trading.exchange.simulated.world import SeededWorld

SEED = 1
PAGE_ROWS = 1_000
SERIES = 15_000  # as many as the live exchange has; it gives them in one answer
ROOT = "/trade-api/v2"

Json = dict[str, Any]
Pages = dict[tuple[str, str], list[bytes]]  # compressed, by the bounds of close times that are asked for


def pages_of(markets: int) -> Pages:
    """The listing's pages for every window of a scanner that begins at AT."""
    rows = sorted(_rows(markets), key=lambda row: row[0])
    return {_bounds(window): _pages([body for at, body in rows if window.has(at)]) for window in windows(AT)}


def series_of(count: int) -> bytes:
    """So many series in one answer, as long as those of the exchange, compressed."""
    venue = open_venue(VirtualClock(AT), world=SeededWorld(SEED, ("KXBTC15M",), PAGE_ROWS))
    known = [wire_market.series(s, venue.world.fees.of_series(s, AT)) for s in venue.world.series]
    padded = {"settlement_sources": [{"name": "A source of the result", "url": "https://example.invalid/" + "x" * 200}]}
    rows = [known[n % len(known)] | padded | ({"ticker": f"KXB{n}"} if n >= len(known) else {}) for n in range(count)]
    return gzip.compress(json.dumps({"series": rows}).encode(), compresslevel=1)


def _rows(markets: int) -> Iterator[tuple[datetime, bytes]]:
    """The open markets, each with its close time, as JSON."""
    venue = open_venue(VirtualClock(AT), world=SeededWorld(SEED, ("KXBTC15M",), markets))
    for window in venue.windows(MarketFilter(status="open")):
        yield window.close_time, msgspec.json.encode(wire_market.market(venue, window))


def _pages(rows: list[bytes]) -> list[bytes]:
    cuts = range(0, max(len(rows), 1), PAGE_ROWS)
    return [_page(rows[cut : cut + PAGE_ROWS], str(n + 1) if cut != cuts[-1] else "") for n, cut in enumerate(cuts)]


def _page(rows: list[bytes], cursor: str) -> bytes:
    body = b'{"markets":[' + b",".join(rows) + b'],"cursor":"' + cursor.encode() + b'"}'
    return gzip.compress(body, compresslevel=1)


def _bounds(window: Window) -> tuple[str, str]:
    asked = window.params
    return str(asked["min_close_ts"]), str(asked.get("max_close_ts", ""))


def application(pages: Pages, series: bytes) -> web.Application:
    """Serves them."""

    async def markets(request: web.Request) -> web.Response:
        asked = request.query
        found = pages[asked["min_close_ts"], asked.get("max_close_ts", "")]
        return _sent(found[int(asked.get("cursor") or 0)])

    async def all_series(request: web.Request) -> web.Response:
        return _sent(series)

    made = web.Application()
    made.router.add_get(f"{ROOT}/markets", markets)
    made.router.add_get(f"{ROOT}/series", all_series)
    return made


def _sent(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json", headers={"Content-Encoding": "gzip"})


async def main(markets: int) -> None:
    """Serve until standard input ends."""
    runner = web.AppRunner(application(pages_of(markets), series_of(SERIES)), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port: int = runner.addresses[0][1]
    print(json.dumps({"base_url": f"http://127.0.0.1:{port}{ROOT}"}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
