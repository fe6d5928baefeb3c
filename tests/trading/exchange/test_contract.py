"""One suite for every Exchange: what the port promises holds over HTTP, in memory and on paper alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trading.clock import VirtualClock
from trading.domain.errors import NotFound, Rejected, Unresolved
from trading.domain.market import Market, MarketStatus, Quote
from trading.domain.money import ONE, ZERO
from trading.domain.order import Mode, Order, OrderStatus, Placed, Side, TimeInForce
from trading.exchange.kalshi.auth import Signer, load_private_key
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.paper import PaperExchange
from trading.exchange.simulated.direct import DirectExchange, DirectFeed
from trading.exchange.simulated.keys import make_key, member_keys
from trading.exchange.simulated.server import SimulatedServer
from trading.exchange.simulated.venue import Venue, open_venue
from trading.feeds.brti import IndexFeed
from trading.ports import Exchange
from trading.risk.gate import Ticket

EPOCH = datetime(2026, 3, 4, 12, 5, tzinfo=UTC)
SERIES = "KXBTC15M"
SWEEP = timedelta(minutes=10)  # longer than the exchange takes to sweep what expired
KINDS: dict[str, Callable[[DirectExchange, VirtualClock], Exchange] | None] = {
    "http": None,  # the simulated exchange over loopback
    "direct": lambda direct, _: direct,
    "paper": lambda direct, clock: PaperExchange(direct, clock, {"test": Decimal(1000)}),
}


@dataclass
class Place:
    """An exchange under test with its clock and the market that is open."""

    kind: str
    clock: VirtualClock
    exchange: Exchange
    paper: PaperExchange | None
    venue: Venue
    count: int = 0

    async def market(self) -> Market:
        (market,) = await self.exchange.markets(series=SERIES, status="open")
        return market

    def order(self, market: Market, **changes: Any) -> Order:
        self.count += 1
        fields: dict[str, Any] = {
            "client_order_id": f"k-{self.count}",
            "mode": Mode.DRY_RUN if self.paper else Mode.REAL,
            "strategy": "test",
            "ticker": market.ticker,
            "side": Side.BID,
            "price": Decimal("0.01"),
            "count": Decimal(5),
            "status": OrderStatus.PENDING,
            "created_at": self.clock.now(),
            "updated_at": self.clock.now(),
            "expires_at": self.clock.now() + timedelta(seconds=30),
            "close_time": market.close_time,
            "exchange_index": market.exchange_index,
        }
        if changes.get("time_in_force", TimeInForce.GTC) is not TimeInForce.GTC:
            fields["expires_at"] = None
        return Order(**{**fields, **changes})

    async def place(self, order: Order) -> tuple[Order, Placed]:
        """The acknowledged order, and the acknowledgement."""
        placed = await self.exchange.place(Ticket(order))
        return replace(order, order_id=placed.order_id), placed

    async def settle(self, market: Market) -> Market:
        """Let the market close and pay; the paper book is told by its owner."""
        self.clock.advance_to(market.close_time + timedelta(seconds=30))
        (paid,) = await self.exchange.markets(tickers=[market.ticker])
        assert paid.settlement_value is not None
        if self.paper:
            self.paper.settle(market.ticker, paid.settlement_value)
        return paid


@pytest.fixture(params=KINDS)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    clock = VirtualClock(EPOCH)
    make = KINDS[request.param]
    credentials = None if make else make_key(tmp_path)
    venue = open_venue(clock, seed=7, keys=member_keys(credentials) if credentials else {})
    if make:
        exchange = make(DirectExchange(venue), clock)
        paper = exchange if isinstance(exchange, PaperExchange) else None
        yield Place(request.param, clock, exchange, paper, venue)
    elif credentials:
        server = SimulatedServer(venue)
        await server.start()
        signer = Signer(credentials.key_id, load_private_key(credentials.private_key_path.read_bytes()))
        http = KalshiExchange(server.base_url, signer, clock)
        yield Place(request.param, clock, http, None, venue)
        http.close()
        await server.stop()
    venue.close()


def touch(quote: Quote) -> tuple[Decimal, Decimal]:
    assert quote.bid is not None
    assert quote.ask is not None
    return quote.bid.price, quote.ask.price


async def test_the_index_over_http_is_the_worlds(place: Place) -> None:
    if not isinstance(place.exchange, KalshiExchange):
        pytest.skip("index values are asked for over HTTP only")
    tick = await IndexFeed(place.exchange, SERIES).read()
    assert tick == replace(await DirectFeed(place.venue, "BRTI").read(), venues=tick.venues)
    limits = await place.exchange.limits()
    assert limits.read.refill_per_second > 0


async def test_markets_are_filtered_exactly(place: Place) -> None:
    market = await place.market()
    assert market.status is MarketStatus.ACTIVE
    assert market.open_at(place.clock.now())
    assert market.exchange_index == 2
    assert market.strike is not None
    close = market.close_time
    found = await place.exchange.markets(series=SERIES, closes_after=close, closes_before=close)
    assert [m.ticker for m in found] == [market.ticker]
    just_after = close + timedelta(microseconds=1)
    assert await place.exchange.markets(series=SERIES, closes_after=just_after, closes_before=just_after) == []
    both = await place.exchange.markets(series=SERIES, status="open", closes_before=close)
    assert [m.ticker for m in both] == [market.ticker]
    assert [m.ticker for m in await place.exchange.markets(tickers=[market.ticker])] == [market.ticker]


async def test_a_quote_is_the_touch_and_an_unknown_market_has_none(place: Place) -> None:
    quote = await place.exchange.quote((await place.market()).ticker)
    bid, ask = touch(quote)
    assert ZERO < bid < ask < ONE
    assert quote.seen_at <= place.clock.now()
    unknown = await place.exchange.quote("KXBTC15M-NOSUCH-00")
    assert (unknown.bid, unknown.ask) == (None, None)


async def test_it_says_that_it_trades_and_how_fresh_it_is(place: Place) -> None:
    status = await place.exchange.status(2)
    assert (status.exchange_active, status.trading_active) == (True, True)
    assert await place.exchange.as_of() <= place.clock.now()


@pytest.mark.parametrize("side", Side)
async def test_a_marketable_order_fills_and_is_paid_for(place: Place, side: Side) -> None:
    market = await place.market()
    before = (await place.exchange.balance()).total
    bid, ask = touch(await place.exchange.quote(market.ticker))
    price = ask if side is Side.BID else bid
    order, placed = await place.place(place.order(market, side=side, price=price, time_in_force=TimeInForce.IOC))
    assert placed.filled == Decimal(5)
    assert placed.remaining == ZERO
    fills = await place.exchange.fills(order_id=order.order_id)
    assert sum((fill.count for fill in fills), ZERO) == Decimal(5)
    assert {(fill.ticker, fill.side, fill.is_taker) for fill in fills} == {(market.ticker, side, True)}
    (position,) = await place.exchange.positions()
    assert (position.ticker, position.contracts) == (market.ticker, side.sign * Decimal(5))
    spent = sum((fill.cost + fill.fee for fill in fills), ZERO)
    assert (await place.exchange.balance()).total == before - spent
    report = await place.exchange.order(order.order_id)
    assert (report.status, report.filled, report.client_order_id) == ("executed", Decimal(5), order.client_order_id)


async def test_fills_come_oldest_first_and_by_filter(place: Place) -> None:
    market = await place.market()
    began = place.clock.now()
    for seconds in (0, 20, 40):
        place.clock.advance_to(began + timedelta(seconds=seconds))
        _, ask = touch(await place.exchange.quote(market.ticker))
        await place.place(place.order(market, price=ask, time_in_force=TimeInForce.IOC, count=Decimal(1)))
    fills = await place.exchange.fills()
    assert [fill.at for fill in fills] == sorted(fill.at for fill in fills)
    assert len({fill.fill_id for fill in fills}) == len(fills) >= 3
    late = await place.exchange.fills(since=began + timedelta(seconds=30))
    assert late == fills[-len(late) :]
    assert 0 < len(late) < len(fills)
    assert await place.exchange.fills(ticker="other") == []


async def test_a_resting_order_is_listed_until_it_is_cancelled(place: Place) -> None:
    market = await place.market()
    order, placed = await place.place(place.order(market))
    assert (placed.filled, placed.remaining) == (ZERO, Decimal(5))
    (report,) = await place.exchange.orders(status="resting", ticker=market.ticker)
    assert (report.order_id, report.client_order_id) == (order.order_id, order.client_order_id)
    assert (report.side, report.price, report.remaining) == (Side.BID, Decimal("0.01"), Decimal(5))
    assert await place.exchange.orders(status="resting", ticker="other") == []
    assert await place.exchange.cancel(order) == Decimal(5)
    assert (await place.exchange.order(order.order_id)).status is OrderStatus.CANCELED
    assert await place.exchange.orders(status="resting") == []
    with pytest.raises(NotFound):
        await place.exchange.cancel(order)


async def test_what_is_not_there_is_not_found(place: Place) -> None:
    market = await place.market()
    with pytest.raises(NotFound):
        await place.exchange.order("no-such-order")
    with pytest.raises(NotFound):
        await place.exchange.cancel(place.order(market, order_id="no-such-order"))


async def test_cancel_all_leaves_nothing(place: Place) -> None:
    market = await place.market()
    for _ in range(3):
        await place.place(place.order(market))
    await place.exchange.cancel_all()
    await place.exchange.cancel_all()
    assert await place.exchange.orders(status="resting") == []


async def test_a_resting_order_dies_by_itself(place: Place) -> None:
    order, _ = await place.place(place.order(await place.market(), close_time=None))
    place.clock.advance_to(place.clock.now() + SWEEP)
    assert await place.exchange.orders(status="resting") == []
    assert (await place.exchange.order(order.order_id)).status is OrderStatus.CANCELED


async def test_a_client_id_is_taken_once(place: Place) -> None:
    order = place.order(await place.market())
    await place.place(order)
    with pytest.raises(Unresolved):
        await place.place(order)
    assert len(await place.exchange.orders()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"count": Decimal(100_000), "price": Decimal("0.99"), "time_in_force": TimeInForce.IOC},
        {"expires_at": EPOCH - timedelta(seconds=1)},
        {"reduce_only": True},
        {"count": ZERO},
        {"price": ONE},
    ],
    ids=["money", "expired", "reduce-only", "count", "price"],
)
async def test_what_is_refused_is_rejected_and_changes_nothing(place: Place, changes: dict[str, Any]) -> None:
    before = await place.exchange.balance()
    with pytest.raises(Rejected):
        await place.place(place.order(await place.market(), **changes))
    assert await place.exchange.orders(status="resting") == []
    assert (await place.exchange.balance()).total == before.total


async def test_fill_or_kill_is_whole_or_nothing(place: Place) -> None:
    market = await place.market()
    bid, _ = touch(await place.exchange.quote(market.ticker))
    with pytest.raises(Rejected, match="fill_or_kill"):
        await place.place(place.order(market, price=bid, time_in_force=TimeInForce.FOK))
    assert await place.exchange.fills() == []


@pytest.mark.parametrize("side", Side)
async def test_post_only_rests_or_is_refused(place: Place, side: Side) -> None:
    market = await place.market()
    bid, ask = touch(await place.exchange.quote(market.ticker))
    marketable, own = (ask, bid) if side is Side.BID else (bid, ask)
    with pytest.raises(Rejected, match="post only cross"):
        await place.place(place.order(market, side=side, price=marketable, post_only=True))
    assert await place.exchange.orders(status="resting") == []
    _, placed = await place.place(place.order(market, side=side, price=own, post_only=True))
    assert (placed.filled, placed.remaining) == (ZERO, Decimal(5))
    assert await place.exchange.fills() == []


async def test_a_closed_market_takes_no_order_and_knows_no_cancel(place: Place) -> None:
    market = await place.market()
    order, _ = await place.place(place.order(market, expires_at=market.close_time + timedelta(minutes=1)))
    place.clock.advance_to(market.close_time)
    with pytest.raises(Rejected):
        await place.place(place.order(market))
    with pytest.raises(NotFound):
        await place.exchange.cancel(order)


@pytest.mark.parametrize("side", Side)
async def test_a_settled_market_pays_to_the_last_cent(place: Place, side: Side) -> None:
    market = await place.market()
    bid, ask = touch(await place.exchange.quote(market.ticker))
    before = (await place.exchange.balance()).total
    price = ask if side is Side.BID else bid
    await place.place(place.order(market, side=side, price=price, time_in_force=TimeInForce.IOC))
    spent = sum((fill.cost + fill.fee for fill in await place.exchange.fills()), ZERO)
    paid = await place.settle(market)
    (settlement,) = await place.exchange.settlements(ticker=market.ticker)
    assert paid.settled
    assert settlement.result == paid.result
    assert settlement.value == paid.settlement_value
    won = paid.result == side.outcome.value
    assert settlement.revenue == (Decimal(5) if won else ZERO)
    assert (await place.exchange.balance()).total == before - spent + settlement.revenue
    assert await place.exchange.positions() == []
    assert await place.exchange.settlements(since=place.clock.now() + timedelta(seconds=1)) == []
