"""The stream's client against the simulated exchange: books, news and index values as they come over a real socket."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from kalshi_stream_rig import KEY, Tape, next_of, record, streaming, until

from trading.clock import VirtualClock
from trading.domain.market import Quote
from trading.domain.news import FillNews, MarketNews, Missed, OrderNews, PositionNews
from trading.domain.order import Mode, Order, OrderStatus, Side, TimeInForce
from trading.exchange.kalshi import stream_queue
from trading.exchange.kalshi.auth import Signer, load_private_key
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.stream import KalshiStream
from trading.exchange.kalshi.stream_channels import ENGINE_CHANNELS
from trading.exchange.simulated.keys import make_key
from trading.exchange.simulated.server import SimulatedServer
from trading.exchange.simulated.units import dollars
from trading.exchange.simulated.venue import Venue, open_venue
from trading.risk.gate import Ticket

START = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)  # five minutes into a window
CLOSE = datetime(2026, 1, 5, 12, 15, tzinfo=UTC)
NOW, NEXT = "KXBTC15M-26JAN050715-15", "KXBTC15M-26JAN050730-30"
D = Decimal


@dataclass
class Place:
    """A running exchange on a virtual clock, a REST client of it, and what the stream's client needs."""

    clock: VirtualClock
    venue: Venue
    server: SimulatedServer
    exchange: KalshiExchange
    signer: Signer

    async def move(self, seconds: float = 1.0) -> None:
        """Let time pass, and the stream tell it."""
        self.clock.advance_to(self.clock.now() + timedelta(seconds=seconds))
        await self.server.tick()

    async def caught_up(self, stream: KalshiStream, ticker: str = NOW) -> Quote:
        """The stream's quote, once it is fresh and that of REST."""
        asked = await self.exchange.quote(ticker)

        def same() -> Quote | None:
            quote = stream.quote(ticker)
            fresh = quote and quote.seen_at == self.clock.now()
            return quote if quote and fresh and (quote.bid, quote.ask) == (asked.bid, asked.ask) else None

        found: Quote = await until(same)
        return found

    def order(self, side: Side, price: Decimal, **changes: object) -> Order:
        fields = {
            "client_order_id": f"k-{side.value}-{int(price * 1000)}",
            "mode": Mode.REAL,
            "strategy": "test",
            "ticker": NOW,
            "side": side,
            "price": price,
            "count": D(5),
            "status": OrderStatus.PENDING,
            "created_at": self.clock.now(),
            "updated_at": self.clock.now(),
            "close_time": CLOSE,
            "exchange_index": 2,
            "expires_at": self.clock.now() + timedelta(minutes=2),
            **changes,
        }
        return Order(**fields)  # type: ignore[arg-type]


@pytest.fixture
def tape(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tape]:
    recorded = record(monkeypatch)
    yield recorded
    assert recorded.wrong == []


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
async def place(keys: Path) -> AsyncIterator[Place]:
    clock = VirtualClock(START)
    venue, credentials = open_venue(clock), make_key(keys)
    server = SimulatedServer(venue, keys=[credentials])
    await server.start()
    signer = Signer(credentials.key_id, load_private_key(credentials.private_key_path.read_bytes()))
    exchange = KalshiExchange(server.base_url, signer, clock)
    yield Place(clock, venue, server, exchange, signer)
    exchange.close()
    await server.stop()


@pytest.fixture
async def stream(place: Place, tape: Tape) -> AsyncIterator[KalshiStream]:
    """A client that follows the open market, and has been told that it is connected."""
    options = {"signer": place.signer, "follow": [NOW], "index_ids": ["BRTI"]}
    async with streaming(place.server.ws_url, place.clock, **options) as client:
        await next_of(client, Missed)
        yield client


async def test_the_local_book_stays_equal_to_rest(place: Place, stream: KalshiStream) -> None:
    seen = set()
    for seconds in (0.0, 1.0, 0.5, 7.0, 30.0, 1.0, 120.0):
        await place.move(seconds)
        quote = await place.caught_up(stream)
        seen.add((quote.bid, quote.ask))
        assert quote.ticker == NOW
    assert len(seen) > 3
    assert (stream.health.connected, stream.health.gaps, stream.health.problem) == (True, 0, "")


async def test_the_index_is_told_with_its_own_time(place: Place, stream: KalshiStream) -> None:
    assert stream.tick("BRTI") is None
    await place.move(3)
    tick = await until(lambda: (t := stream.tick("BRTI")) and t.seen_at == place.clock.now() and t)
    spot = place.venue.world.spot("BRTI", place.clock.now())
    assert spot is not None
    assert (tick.symbol, tick.price, tick.venues) == ("BRTI", spot.price, ("BRTI",))
    assert stream.tick("ETHUSD_RTI") is None


async def test_a_fill_over_rest_is_told(place: Place, stream: KalshiStream) -> None:
    quote = await place.caught_up(stream)
    assert quote.ask is not None
    order = place.order(Side.BID, quote.ask.price, time_in_force=TimeInForce.IOC, expires_at=None)
    placed = await place.exchange.place(Ticket(order))
    told = await next_of(stream, FillNews)
    (asked,) = await place.exchange.fills(order_id=placed.order_id)
    assert told == FillNews(replace(asked, at=told.fill.at), order.client_order_id)
    assert abs(told.fill.at - asked.at) < timedelta(seconds=1)


async def test_an_order_that_ends_is_told(place: Place, stream: KalshiStream) -> None:
    order = place.order(Side.BID, D("0.01"))
    placed = await place.exchange.place(Ticket(order))
    resting = await next_of(stream, OrderNews)
    (listed,) = await place.exchange.orders(ticker=NOW)
    assert resting.report == replace(listed, created_at=resting.report.created_at)
    assert (resting.report.status, resting.why) == (OrderStatus.RESTING, "")
    await place.exchange.cancel(replace(order, order_id=placed.order_id))
    ended = (await next_of(stream, OrderNews)).report
    assert (ended.order_id, ended.client_order_id) == (placed.order_id, order.client_order_id)
    assert (ended.status, ended.remaining) == (OrderStatus.CANCELED, 0)


async def test_an_order_that_expires_says_why(place: Place, stream: KalshiStream) -> None:
    await place.exchange.place(Ticket(place.order(Side.BID, D("0.01"))))
    await next_of(stream, OrderNews)
    await place.move(600)
    assert (await next_of(stream, OrderNews)).why == "its time is over"


async def test_the_life_of_a_followed_market(place: Place, stream: KalshiStream) -> None:
    stream.follow([NOW, NEXT])
    place.clock.advance_to(CLOSE - timedelta(seconds=1))
    await place.server.tick()
    place.clock.advance_to(CLOSE + timedelta(seconds=30))
    await place.server.tick()
    told: dict[tuple[str, str], MarketNews] = {}
    while (NOW, "settled") not in told:
        news = await next_of(stream, MarketNews)
        told[news.ticker, news.step] = news
    assert {ticker for ticker, _ in told} == {NOW, NEXT}
    verdict = told[NOW, "determined"]
    (paid,) = await place.exchange.markets(tickers=[NOW])
    assert (verdict.result, verdict.settlement_value) == (paid.result, paid.settlement_value)
    (opened,) = await place.exchange.markets(tickers=[NEXT])
    assert told[NEXT, "metadata_updated"].strike == opened.strike


async def test_new_markets_of_the_series_are_told_and_no_others(place: Place, stream: KalshiStream) -> None:
    stream.follow([])
    await place.move(900)
    stream.follow([NOW])
    await place.move(900)
    news = await next_of(stream, MarketNews)
    while news.step != "created":
        news = await next_of(stream, MarketNews)
    (listed,) = await place.exchange.markets(tickers=[news.ticker])
    assert (news.close_time, news.price_ranges) == (listed.close_time, listed.price_ranges)
    assert news.ticker.startswith("KXBTC15M-")


async def test_from_one_window_to_the_next(place: Place, stream: KalshiStream, tape: Tape) -> None:
    await place.caught_up(stream)
    place.clock.advance_to(CLOSE)
    await place.server.tick()
    stream.follow([NEXT])
    assert stream.quote(NOW) is None
    await place.move(20)
    quote = await place.caught_up(stream, NEXT)
    assert quote.bid is not None
    assert [p["market_tickers"] for p in tape.cmds("update_subscription", "add_markets")] == [[NEXT]]
    await until(lambda: [p["market_tickers"] for p in tape.cmds("update_subscription", "delete_markets")] == [[NOW]])


async def test_a_connection_that_breaks_is_made_anew(place: Place, stream: KalshiStream) -> None:
    await place.caught_up(stream)
    for count in (2, 3):
        for session in list(place.server.stream.sessions):
            session.outbox.cut()
        await until(lambda: stream.quote(NOW) is None)
        await place.move()
        await until(lambda count=count: stream.health.connections == count)
        await next_of(stream, Missed)
        await place.move()
        await place.caught_up(stream)
    assert stream.health.problem == ""


async def test_a_server_that_is_away_for_a_while(place: Place, stream: KalshiStream) -> None:
    await place.caught_up(stream)
    port = int(place.server.ws_url.split(":")[2].split("/")[0])
    await place.server.stop()
    await until(lambda: not stream.health.connected)
    await until(lambda: stream.health.problem.startswith("the connection cannot be made"))
    assert stream.tick("BRTI") is None
    await place.server.start(port)
    await next_of(stream, Missed)
    await place.caught_up(stream)


async def test_positions_are_told_where_they_are_asked_for(place: Place, tape: Tape) -> None:
    channels = [*ENGINE_CHANNELS, "market_positions"]
    async with streaming(place.server.ws_url, place.clock, signer=place.signer, channels=channels) as stream:
        await next_of(stream, Missed)
        ask = place.venue.shown(NOW).asks[0][0]
        order = place.order(Side.BID, dollars(ask), time_in_force=TimeInForce.IOC, expires_at=None)
        await place.exchange.place(Ticket(order))
        assert await next_of(stream, PositionNews) == PositionNews(NOW, D(5))


async def test_a_listener_that_falls_behind_is_told_to_ask(
    place: Place, tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_queue, "NEWS_MAX", 3)
    async with streaming(place.server.ws_url, place.clock, signer=place.signer) as stream:
        await until(lambda: stream.health.connected)
        for cents in range(1, 6):
            await place.exchange.place(Ticket(place.order(Side.BID, D(cents) / 100)))
        await until(lambda: stream.health.overflows)
        assert isinstance(await stream.news(), Missed)


async def test_a_wrong_key_is_said_with_its_fix(place: Place) -> None:
    stranger = Signer("nobody", KEY)
    async with streaming(place.server.ws_url, place.clock, signer=stranger) as stream:
        problem = await until(lambda: stream.health.problem.removeprefix("connecting"))
        assert "the key id is unknown here" in problem


@pytest.mark.parametrize("kinds", [["gap"], ["duplicate", "reorder"], ["gap", "duplicate", "reorder", "disconnect"]])
async def test_books_recover_from_what_the_network_does(place: Place, stream: KalshiStream, kinds: list[str]) -> None:
    stream.follow([NOW, NEXT])
    faults, chance = place.server.stream_faults, random.Random(len(kinds))
    for _ in range(60):
        if chance.random() < 0.3:
            faults.next("orderbook_delta", chance.choice(kinds))
        await place.move(0.7)
        await asyncio.sleep(0.003)
        for quote in (stream.quote(NOW), stream.quote(NEXT)):
            assert quote is None or not (quote.bid and quote.ask) or quote.bid.price < quote.ask.price
    faults.clear()
    await until(lambda: stream.health.connected and len(place.server.stream.sessions) == 1)
    await place.move()
    await place.caught_up(stream, NOW)
    await place.caught_up(stream, NEXT)
    assert stream.health.gaps > 0
