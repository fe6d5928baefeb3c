"""The adapter's operations beside the port, against the simulated exchange over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from kalshi_orders import order

from trading.clock import VirtualClock
from trading.domain.account_records import needless_scopes
from trading.domain.errors import NotFound, Rejected
from trading.domain.fee_schedule import fee_terms
from trading.domain.market import Market, on_grid
from trading.domain.order import Order, Placed, Side, TimeInForce
from trading.domain.reference import Candle, Period
from trading.exchange.kalshi.auth import Signer, load_private_key
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.market_data import MarketFilter
from trading.exchange.simulated.keys import make_key, member_keys
from trading.exchange.simulated.server import SimulatedServer
from trading.exchange.simulated.venue import open_venue
from trading.risk.gate import Ticket

START = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)  # a Monday, five minutes into a window
SERIES = "KXBTC15M"
LONG = timedelta(days=100)  # until everything of today is historical
LOW = Decimal("0.01")  # nobody sells that cheap in the middle of a window


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
async def kalshi(clock: VirtualClock, tmp_path: Path) -> AsyncIterator[KalshiExchange]:
    credentials = make_key(tmp_path)
    server = SimulatedServer(open_venue(clock, seed=7, keys=member_keys(credentials)))
    await server.start()
    signer = Signer(credentials.key_id, load_private_key(credentials.private_key_path.read_bytes()))
    exchange = KalshiExchange(server.base_url, signer, clock)
    yield exchange
    exchange.close()
    await server.stop()
    server.venue.close()


async def open_market(kalshi: KalshiExchange) -> Market:
    (market,) = await kalshi.markets(series=SERIES, status="open")
    return market


def bid(clock: VirtualClock, market: Market, number: int = 0, **changes: Any) -> Order:
    """To buy 5 YES, in that market, cheap enough to rest."""
    fields = {"ticker": market.ticker, "side": Side.BID, "price": LOW, "exchange_index": market.exchange_index}
    return order(clock, **{**fields, "client_order_id": f"sim-{number}", **changes})


async def rest(kalshi: KalshiExchange, wanted: Order) -> Order:
    placed = await kalshi.place(Ticket(wanted))
    return replace(wanted, order_id=placed.order_id)


async def test_a_market_its_event_and_its_series_belong_together(kalshi: KalshiExchange) -> None:
    market = await open_market(kalshi)
    assert await kalshi.market(market.ticker) == market
    event = await kalshi.listings.event(market.event_ticker)
    assert market in event.markets
    assert event.series_ticker == SERIES
    events = await kalshi.listings.events(series=SERIES, status="open", with_markets=True)
    assert [(e.ticker, e.markets) for e in events] == [(event.ticker, event.markets)]
    series = await kalshi.listings.series(SERIES)
    assert series in await kalshi.listings.all_series()
    assert (series.fee_type, series.fee_multiplier, series.exchange_index) == ("quadratic", 1, market.exchange_index)
    changes = await kalshi.listings.series_fee_changes(SERIES, past_too=True)
    changes += await kalshi.listings.event_fee_changes(event.ticker)
    assert fee_terms(series, event, changes, START).known
    with pytest.raises(NotFound):
        await kalshi.market("NO-SUCH")


async def test_markets_are_found_by_the_exchanges_filters(kalshi: KalshiExchange) -> None:
    market = await open_market(kalshi)
    assert await kalshi.find_markets(MarketFilter(event=market.event_ticker)) == [market]
    settled = await kalshi.find_markets(
        MarketFilter(SERIES, status="settled", settled_after=START - timedelta(hours=1))
    )
    assert {m.status for m in settled} == {"finalized"}
    assert len(settled) == 4


async def test_books_of_many_are_the_books_of_each(kalshi: KalshiExchange) -> None:
    market = await open_market(kalshi)
    quotes = await kalshi.quotes([market.ticker, "NO-SUCH"])
    assert quotes[market.ticker] == await kalshi.quote(market.ticker)
    assert (quotes["NO-SUCH"].bid, quotes["NO-SUCH"].ask) == (None, None)


async def test_trades_and_candles_tell_the_same_story(kalshi: KalshiExchange, clock: VirtualClock) -> None:
    market = await open_market(kalshi)
    clock.advance_to(market.close_time + timedelta(minutes=1))
    trades = await kalshi.history.trades(market.ticker)
    assert trades
    assert trades == sorted(trades, key=lambda trade: trade.at)
    assert all(on_grid(trade.price, market.price_ranges) for trade in trades)
    span = (market.open_time + timedelta(seconds=1), market.close_time)
    candles = await kalshi.candles.of_market(SERIES, market.ticker, *span, Period.MINUTE)
    assert len(candles) == 15
    for candle in candles:
        begin = candle.ends_at - timedelta(minutes=1)
        _check(candle, [t.price for t in trades if begin < t.at <= candle.ends_at])
    assert sum(candle.volume for candle in candles) >= sum(trade.count for trade in trades)
    many = await kalshi.candles.of_markets([market.ticker], *span, Period.MINUTE)
    assert many == {market.ticker: candles}


def _check(candle: Candle, prices: list[Decimal]) -> None:
    if not prices:
        assert candle.trades is None
        return
    assert candle.trades is not None
    assert (candle.trades.open, candle.trades.close) == (prices[0], prices[-1])
    assert (candle.trades.low, candle.trades.high) == (min(prices), max(prices))


async def test_what_is_old_moves_to_the_historical_tier(kalshi: KalshiExchange, clock: VirtualClock) -> None:
    market = await open_market(kalshi)
    quote = await kalshi.quote(market.ticker)
    assert quote.ask is not None
    taking = bid(clock, market, price=quote.ask.price, count=Decimal(1), time_in_force=TimeInForce.IOC)
    placed = await kalshi.place(Ticket(replace(taking, expires_at=None)))
    (fill,) = await kalshi.fills()
    trades = await kalshi.history.trades(market.ticker)
    clock.advance_to(START + LONG)
    cutoff = await kalshi.history.cutoff()
    assert market.close_time < cutoff.markets_settled < clock.now()
    with pytest.raises(NotFound):
        await kalshi.market(market.ticker)
    old = await kalshi.history.market(market.ticker)
    assert old.settled
    assert await kalshi.history.market(market.ticker, market.close_time) == old
    assert await kalshi.history.old_markets(tickers=[market.ticker]) == [old]
    again = await kalshi.history.trades(market.ticker, until=START, old=True)
    assert [t.trade_id for t in again] == [t.trade_id for t in trades]
    assert await kalshi.history.old_fills(market.ticker) == [fill]
    (order_report,) = await kalshi.history.old_orders(market.ticker)
    assert order_report.order_id == placed.order_id
    assert await kalshi.fills() == []
    candles = await kalshi.candles.of_old_market(market.ticker, market.open_time, market.close_time, Period.HOUR)
    assert [candle.ends_at.minute for candle in candles] == [0] * len(candles)
    assert [p.ticker for p in await kalshi.history.old_positions()] == [market.ticker]


async def test_the_timetable_has_the_thursday_pause(kalshi: KalshiExchange) -> None:
    hours = await kalshi.info.hours()
    thursday = datetime(2026, 1, 8, 8, 30, tzinfo=UTC)  # 03:30 in the East
    assert hours.open_at(START)
    assert not hours.open_at(thursday)
    assert hours.open_at(thursday + timedelta(hours=2))


async def test_costs_limits_and_scopes_are_told(kalshi: KalshiExchange) -> None:
    costs = await kalshi.info.endpoint_costs()
    assert (costs.create, costs.cancel, costs.of("GET", "/cfbenchmarks/values")) == (10, 2, 50)
    assert (await kalshi.limits()).grants == ()
    assert set(needless_scopes((await kalshi.info.scopes()).scopes, funding=True)) <= {"write"}


async def test_cash_flows_are_listed(kalshi: KalshiExchange) -> None:
    assert await kalshi.cash_flows.withdrawals() == []
    assert all(flow.amount > 0 for flow in await kalshi.cash_flows.deposits())


async def test_an_order_is_amended_decreased_and_found_in_the_queue(
    kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    market = await open_market(kalshi)
    resting = await rest(kalshi, bid(clock, market))
    wanted = replace(resting, price=Decimal("0.012"), count=Decimal(7), client_order_id="sim-again")
    amended = await kalshi.amend(resting, Ticket(wanted))
    assert (amended.order_id, amended.remaining) == (resting.order_id, Decimal(7))
    assert await kalshi.decrease(wanted, by=Decimal("1.5")) == Decimal("5.5")
    assert await kalshi.decrease(wanted, to=Decimal(2)) == Decimal(2)
    report = await kalshi.order(resting.order_id)
    assert (report.client_order_id, report.price, report.remaining) == ("sim-again", Decimal("0.012"), Decimal(2))
    (position,) = await kalshi.queue_positions(tickers=[market.ticker])
    assert (position.order_id, position.ahead) == (resting.order_id, await kalshi.queue_position(resting.order_id))
    await kalshi.cancel(wanted)
    for change in (kalshi.amend(wanted, Ticket(wanted)), kalshi.decrease(wanted, to=Decimal(1))):
        with pytest.raises(Rejected):
            await change


async def test_a_batch_is_placed_and_cancelled_item_by_item(kalshi: KalshiExchange, clock: VirtualClock) -> None:
    market = await open_market(kalshi)
    wanted = [bid(clock, market, number) for number in range(12)]
    wanted[3] = replace(wanted[3], price=Decimal("0.5005"))  # off the grid
    wanted[5] = replace(wanted[5], count=Decimal(1_000_000))
    endings = await kalshi.place_batch([Ticket(each) for each in wanted])
    assert [type(ending) for ending in endings] == [Rejected if number in (3, 5) else Placed for number in range(12)]
    assert isinstance(endings[5], Rejected)
    assert f"fund --to {market.exchange_index}" in endings[5].message
    placed = [replace(w, order_id=e.order_id) for w, e in zip(wanted, endings, strict=True) if isinstance(e, Placed)]
    gone = replace(placed[0], order_id="00000000-0000-4000-8000-000000000000")
    ends = await kalshi.cancel_batch([*placed, gone])
    assert ends[:-1] == [Decimal(5)] * 10
    assert isinstance(ends[-1], NotFound)
    assert await kalshi.orders(status="resting") == []


async def test_a_group_is_made_joined_triggered_reset_and_removed(kalshi: KalshiExchange, clock: VirtualClock) -> None:
    market = await open_market(kalshi)
    shard = market.exchange_index
    group_id = await kalshi.groups.create(Decimal(10), shard)
    kalshi.use_group(shard, group_id)
    resting = await rest(kalshi, bid(clock, market))
    group = await kalshi.groups.get(group_id)
    assert (group.order_ids, group.contracts_limit, group.exchange_index) == ((resting.order_id,), Decimal(10), shard)
    await kalshi.groups.set_limit(group_id, Decimal("20.5"), shard)
    (listed,) = await kalshi.groups.all()
    assert listed == replace(group, contracts_limit=Decimal("20.5"), order_ids=())
    await kalshi.groups.trigger(group_id, shard)
    assert (await kalshi.order(resting.order_id)).remaining == 0
    with pytest.raises(Rejected):
        await kalshi.place(Ticket(bid(clock, market, 1)))
    await kalshi.groups.reset(group_id, shard)
    await rest(kalshi, bid(clock, market, 2))
    await kalshi.groups.delete(group_id, shard)
    assert await kalshi.orders(status="resting") == []
    with pytest.raises(NotFound):
        await kalshi.groups.get(group_id)
