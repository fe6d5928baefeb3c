"""The venue as the engine's Exchange: the same words, the same errors."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest

from trading import ports
from trading.clock import VirtualClock
from trading.domain.errors import NotFound, Paused, Rejected, Unavailable, Unresolved
from trading.domain.market import MarketStatus
from trading.domain.order import Mode, Order, OrderStatus, Side
from trading.exchange.simulated.direct import DirectExchange, DirectFeed
from trading.exchange.simulated.venue import Venue
from trading.risk.gate import Ticket

TICKER = "KXBTC15M-26JAN050715-15"


@pytest.fixture
def exchange(venue: Venue) -> ports.Exchange:
    return DirectExchange(venue)


def order(clock: VirtualClock, name: str, price: str, count: str = "5", side: Side = Side.BID) -> Order:
    now = clock.now()
    return Order(
        name, Mode.REAL, "s", TICKER, side, D(price), D(count), OrderStatus.PENDING, now, now, exchange_index=2
    )


async def test_a_bet_from_the_quote_to_the_settlement(exchange: ports.Exchange, clock: VirtualClock) -> None:
    quote = await exchange.quote(TICKER)
    assert quote.ask
    placed = await exchange.place(Ticket(order(clock, "one", str(quote.ask.price))))
    assert (placed.filled, placed.remaining) == (5, 0)
    [fill] = await exchange.fills(since=clock.now())
    assert (fill.order_id, fill.price, fill.count, fill.is_taker) == (placed.order_id, quote.ask.price, 5, True)
    [report] = await exchange.orders(ticker=TICKER)
    assert (report.client_order_id, report.status, report.filled) == ("one", OrderStatus.EXECUTED, 5)
    assert await exchange.order(placed.order_id) == report
    assert (await exchange.positions())[0].contracts == 5
    balance = await exchange.balance()
    assert balance.shards[2] == 1000 - fill.cost - fill.fee
    clock.advance_to(clock.now() + timedelta(minutes=11))
    [paid] = await exchange.settlements(since=clock.now() - timedelta(minutes=2))
    [market] = await exchange.markets(tickers=[TICKER])
    assert market.settled
    assert paid.result == market.result
    assert paid.revenue == 5 * (market.settlement_value or 0)
    assert await exchange.as_of() == clock.now()


async def test_refusals_are_the_ports_errors(exchange: ports.Exchange, venue: Venue, clock: VirtualClock) -> None:
    await exchange.place(Ticket(order(clock, "one", "0.01")))
    with pytest.raises(Unresolved, match="order_already_exists"):
        await exchange.place(Ticket(order(clock, "one", "0.01")))
    for wrong, code in (
        (order(clock, "two", "0.99", "9999"), "insufficient_balance"),
        (replace(order(clock, "three", "0.01"), ticker="NOBODY"), "market_not_found"),
    ):
        with pytest.raises(Rejected) as refused:
            await exchange.place(Ticket(wrong))
        assert refused.value.code == code
    with pytest.raises(NotFound):
        await exchange.order("nothing")
    with pytest.raises(NotFound):
        await exchange.cancel(replace(order(clock, "x", "0.01"), order_id="nothing"))
    with pytest.raises(Unavailable):
        await exchange.markets(status="strange")
    venue.pause(clock.now(), clock.now() + timedelta(seconds=5), whole=True)
    with pytest.raises(Paused):
        await exchange.cancel_all()
    with pytest.raises(Rejected, match="exchange_is_paused"):
        await exchange.place(Ticket(order(clock, "four", "0.01")))


async def test_resting_orders_are_listed_reserved_and_cancelled(exchange: ports.Exchange, clock: VirtualClock) -> None:
    rests = replace(order(clock, "one", "0.01", "100"), expires_at=clock.now() + timedelta(seconds=60))
    placed = await exchange.place(Ticket(rests))
    assert (await exchange.balance()).shards[2] == 999
    [listed] = await exchange.orders(status="resting")
    assert listed.remaining == 100
    assert await exchange.cancel(replace(rests, order_id=placed.order_id)) == 100
    with pytest.raises(NotFound):
        await exchange.cancel(replace(rests, order_id=placed.order_id))
    assert await exchange.orders(status="resting") == []
    await exchange.place(Ticket(replace(rests, client_order_id="two")))
    await exchange.cancel_all()
    assert (await exchange.balance()).shards[2] == 1000


async def test_markets_by_word_and_by_time(exchange: ports.Exchange, clock: VirtualClock) -> None:
    [now] = await exchange.markets(series="KXBTC15M", status="open")
    assert [now] == await exchange.markets(series="KXBTC15M", status="active")
    [before] = await exchange.markets(series="KXBTC15M", closes_after=now.open_time, closes_before=now.open_time)
    assert before.status is MarketStatus.FINALIZED
    assert before.expiration_value == now.strike
    assert now.exchange_index == 2
    assert (await exchange.quote("NOBODY")).bid is None
    assert (await exchange.status(2)).trading_active


async def test_the_feed_reads_the_worlds_index(venue: Venue, clock: VirtualClock) -> None:
    feed: ports.Feed = DirectFeed(venue)
    tick = await feed.read()
    assert (tick.symbol, tick.seen_at) == ("BRTI", clock.now())
    with pytest.raises(NotFound):
        await DirectFeed(venue, "NONE").read()
