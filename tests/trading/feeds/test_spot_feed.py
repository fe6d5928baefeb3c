"""The median of venues over loopback: who counts, who is dropped, and what is said when too few are left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from trading.clock import VirtualClock, real_now
from trading.domain.errors import Misconfigured, Unavailable
from trading.domain.market import Tick
from trading.feeds.brti import IndexFeed
from trading.feeds.coins import coin_of, index_of
from trading.feeds.spot import SpotBounds, SpotFeed
from trading.feeds.venues import Venue, venues_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUICK = SpotBounds(connect_seconds=0.5, read_seconds=0.3, total_seconds=0.4)


def answers(price: str, at: datetime | None = None) -> dict[str, Any]:
    """What each venue says when its touch is `price` on both sides."""
    return {
        "coinbase": {"bid": price, "ask": price, "price": "1", "time": "2020-01-01T00:00:00Z"},
        "kraken": {"error": [], "result": {"XXBTZUSD": {"a": [price, "1", "1"], "b": [price, "1", "1"]}}},
        "bitstamp": {"bid": price, "ask": price, "timestamp": str(int((at or real_now()).timestamp()))},
        "gemini": {"bid": price, "ask": price, "last": "1"},
        "binance.us": {"symbol": "BTCUSDT", "bidPrice": price, "askPrice": price},
    }


class Venues:
    """All venues on one loopback server; each answers what `says` has for it."""

    def __init__(self) -> None:
        self.says: dict[str, Any] = answers("90000")
        self.asked: list[str] = []
        self.base = ""

    async def answer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append(name)
        said = self.says.get(name)
        if said == "hang":
            await asyncio.sleep(0.6)
        return web.json_response(said, status=200 if isinstance(said, dict) else 503)

    def listed(self) -> tuple[Venue, ...]:
        return tuple(Venue(v.name, f"{self.base}/{v.name}", v.read) for v in venues_of("BTC"))


@pytest.fixture
async def venues() -> AsyncIterator[Venues]:
    made = Venues()
    app = web.Application()
    app.router.add_get("/{name}", made.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def feed(venues: Venues) -> AsyncIterator[SpotFeed]:
    made = SpotFeed("KXBTC15M", VirtualClock(NOW), venues=venues.listed(), bounds=QUICK)
    yield made
    made.close()


async def test_the_price_is_the_median_of_the_middles(venues: Venues, feed: SpotFeed) -> None:
    venues.says["coinbase"].update(bid="90010", ask="90030")
    venues.says["gemini"].update(bid="89990.5", ask="89990.5")
    tick = await feed.read()
    assert (tick.symbol, tick.price, tick.seen_at) == ("BTC", Decimal(90000), NOW)
    assert tick.venues == ("binance.us", "bitstamp", "coinbase", "gemini", "kraken")


async def test_old_far_broken_and_silent_venues_are_left_out(venues: Venues, feed: SpotFeed) -> None:
    venues.says = answers("90000", real_now() - timedelta(minutes=5))
    venues.says["gemini"].update(bid="99000", ask="99000")
    venues.says["kraken"] = {"error": ["EQuery:Unknown asset pair"], "result": {}}
    tick = await feed.read()
    assert tick.venues == ("binance.us", "coinbase")
    venues.says["coinbase"] = "hang"
    with pytest.raises(Unavailable) as caught:
        await feed.read()
    for word in (" s old", "gemini", "kraken", "coinbase"):
        assert word in str(caught.value)


async def test_a_venue_that_hangs_is_not_asked_again_meanwhile(venues: Venues, feed: SpotFeed) -> None:
    slow = SpotBounds(connect_seconds=0.5, read_seconds=2.0, total_seconds=0.1)
    patient = SpotFeed("KXBTC15M", VirtualClock(NOW), venues=venues.listed(), bounds=slow)
    venues.says["coinbase"] = "hang"
    for _ in range(3):
        assert len((await patient.read()).venues) == 4
    assert venues.asked.count("coinbase") == 1
    patient.close()


async def test_two_that_disagree_are_no_price(venues: Venues, feed: SpotFeed) -> None:
    venues.says = {"coinbase": answers("90000")["coinbase"], "gemini": answers("92000")["gemini"]}
    with pytest.raises(Unavailable, match="0 of 5 venues usable"):
        await feed.read()


@pytest.mark.parametrize("bid", ["0", "-1", "90001", "NaN", "", None])
async def test_a_touch_that_is_none_is_not_used(venues: Venues, feed: SpotFeed, bid: Any) -> None:
    venues.says["coinbase"] = {"bid": bid, "ask": "90000"}
    assert "coinbase" not in (await feed.read()).venues


async def test_an_answer_without_end_is_not_read(venues: Venues, feed: SpotFeed) -> None:
    venues.says["coinbase"]["note"] = "x" * 100_000
    assert "coinbase" not in (await feed.read()).venues


@pytest.mark.parametrize(
    ("series", "coin", "index"),
    [
        ("KXBTC15M", "BTC", "BRTI"),
        ("KXETH15M", "ETH", "ETHUSD_RTI"),
        ("KXXRP15M", "XRP", "XRPUSD_RTI"),
        ("KXBTC15M-26SEP182130-30", "BTC", "BRTI"),
    ],
)
def test_the_series_says_which_coin_and_index(series: str, coin: str, index: str) -> None:
    assert (coin_of(series), index_of(series)) == (coin, index)


@pytest.mark.parametrize("series", ["", "KXBTCD", "BTC15M", "KX15M"])
def test_other_series_have_no_spot_price(series: str) -> None:
    with pytest.raises(Misconfigured, match="KALSHI_EVENT_TICKER_PREFIX"):
        coin_of(series)


def test_addresses_are_https_and_name_the_coin() -> None:
    for coin in ("BTC", "DOGE"):
        venues = venues_of(coin)
        assert len({v.name for v in venues}) == len(venues) >= 5
        assert all(v.url.startswith("https://") for v in venues)
    assert "pair=XDGUSD" in next(v.url for v in venues_of("DOGE") if v.name == "kraken")


async def test_the_index_feed_asks_the_exchange() -> None:
    class Source:
        async def spot(self, index_id: str) -> Tick:
            return Tick(index_id, Decimal("90000.12"), NOW)

    assert await IndexFeed(Source(), "KXETH15M").read() == Tick("ETHUSD_RTI", Decimal("90000.12"), NOW)
