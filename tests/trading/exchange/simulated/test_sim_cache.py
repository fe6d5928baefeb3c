"""The cache in front of the exchange, over HTTP: what may be old, how old, and what may not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from trading.clock import VirtualClock
from trading.exchange.simulated.asks import Answer
from trading.exchange.simulated.cache import ENTRIES_MAX, Cache
from trading.exchange.simulated.keys import Credentials
from trading.exchange.simulated.refusals import VenueError, not_found
from trading.exchange.simulated.server import SimulatedServer
from trading.exchange.simulated.venue import Venue

TICKER = "KXBTC15M-26JAN050715-15"
LISTED = "/markets?series_ticker=KXBTC15M&status=open"


@pytest.fixture
async def cached(
    venue: Venue, credentials: Credentials, calling: Callable[[SimulatedServer, aiohttp.ClientSession], Any]
) -> AsyncIterator[Any]:
    """A client of a server with the cache in front of it."""
    server = SimulatedServer(venue, keys=[credentials], cached=True)
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield calling(server, session)
    await server.stop()


def later(clock: VirtualClock, seconds: float) -> None:
    clock.advance_to(clock.now() + timedelta(seconds=seconds))


async def header(caller: Any, path: str) -> str | None:
    async with caller.session.get(caller.server.base_url + path) as answer:
        assert answer.status == 200, path
        found: str | None = answer.headers.get("cache-control")
        return found


@pytest.mark.parametrize(("path", "seconds"), [(LISTED, 15), (f"/markets/{TICKER}", 15)])
async def test_a_market_may_be_fifteen_seconds_old(cached: Any, clock: VirtualClock, path: str, seconds: int) -> None:
    first = await cached.get(path)
    later(clock, seconds - 0.001)
    assert await cached.get(path) == first
    later(clock, 0.001)
    assert await cached.get(path) != first


async def test_a_result_comes_late_through_it(cached: Any, venue: Venue, clock: VirtualClock) -> None:
    window = venue.window(TICKER)
    clock.advance_to(window.close_time - timedelta(seconds=1))
    assert (await cached.get(f"/markets/{TICKER}"))["market"]["status"] == "active"
    clock.advance_to(window.close_time + timedelta(seconds=10))
    assert (await cached.get(f"/markets/{TICKER}"))["market"]["status"] == "active"
    assert (await cached.get(f"/markets?tickers={TICKER}"))["markets"][0]["status"] == "finalized"
    later(clock, 5)
    assert (await cached.get(f"/markets/{TICKER}"))["market"]["status"] == "finalized"


async def test_the_state_of_the_exchange_is_kept_for_a_second(cached: Any, venue: Venue, clock: VirtualClock) -> None:
    assert (await cached.get("/exchange/status"))["trading_active"]
    venue.pause(clock.now(), clock.now() + timedelta(minutes=1), whole=False)
    assert (await cached.get("/exchange/status"))["trading_active"]
    later(clock, 1)
    assert not (await cached.get("/exchange/status"))["trading_active"]


async def test_books_and_trades_are_never_kept(cached: Any, clock: VirtualClock) -> None:
    for path in (
        f"/markets/{TICKER}/orderbook",
        f"/markets/trades?ticker={TICKER}",
        f"/markets/orderbooks?tickers={TICKER}",
    ):
        first = await cached.get(path)
        later(clock, 10)
        assert await cached.get(path) != first, path


async def test_each_query_has_its_own_entry(cached: Any, clock: VirtualClock) -> None:
    first = await cached.get(LISTED)
    later(clock, 10)
    other = await cached.get(f"{LISTED}&limit=1000")
    assert other != first
    assert await cached.get(LISTED) == first


async def test_the_answers_say_how_long_they_may_be_kept(cached: Any, caller: Any) -> None:
    expected = {
        LISTED: "public, max-age=15",
        f"/markets/{TICKER}": "public, max-age=15",
        "/series": "public, max-age=15",
        "/series/KXBTC15M": "public, max-age=15",
        "/exchange/status": "public, max-age=1",
        "/historical/cutoff": "public, max-age=1",
        f"/markets/{TICKER}/orderbook": None,
        "/markets/trades?limit=1": None,
        "/events?limit=1": None,
    }
    for path, said in expected.items():
        assert await header(cached, path) == said, path
        assert await header(caller, path) is None, path


async def test_without_it_every_answer_is_of_the_moment(caller: Any, clock: VirtualClock) -> None:
    first = await caller.get(f"/markets/{TICKER}")
    later(clock, 5)
    assert await caller.get(f"/markets/{TICKER}") != first


async def test_a_refusal_is_not_kept(cached: Any, venue: Venue, clock: VirtualClock) -> None:
    ahead = venue.world.window("KXBTC15M-26JAN051215-15")
    assert ahead is not None
    clock.advance_to(ahead.created_time - timedelta(seconds=1))
    assert (await cached.call("GET", f"/markets/{ahead.ticker}"))[0] == 404
    later(clock, 1)
    assert (await cached.call("GET", f"/markets/{ahead.ticker}"))[0] == 200


def test_it_holds_a_bounded_number_of_answers(clock: VirtualClock) -> None:
    cache, made = Cache(on=True), []

    def make(number: int) -> Answer:
        made.append(number)
        return Answer({"number": number})

    for number in (*range(ENTRIES_MAX + 1), ENTRIES_MAX, 0):
        cache.answer(number, 15, clock.now(), lambda number=number: make(number))  # type: ignore[misc]
    assert made == [*range(ENTRIES_MAX + 1), 0]

    def refuse() -> Answer:
        raise not_found("page")

    with pytest.raises(VenueError):
        cache.answer("refused", 15, clock.now(), refuse)
    assert cache.answer("refused", 15, clock.now(), lambda: Answer({})).status == 200
