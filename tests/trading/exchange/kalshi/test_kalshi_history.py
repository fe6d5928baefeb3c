"""Public trades, the historical tier, and a market that may stand in either."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from described import FILL, MARKET, ORDER, TRADE, answer
from loopback_exchange import Loopback, Reply

from trading.domain.errors import NotFound, Unauthorized, Unavailable
from trading.domain.market import MarketStatus, Outcome
from trading.domain.order import Side
from trading.exchange.kalshi.client import KalshiExchange

Client = Callable[..., KalshiExchange]
TICKER = MARKET["ticker"]
LIVE, OLD = f"/markets/{TICKER}", f"/historical/markets/{TICKER}"
CUTOFF = datetime(2026, 9, 1, tzinfo=UTC)
CUTOFFS = {
    "market_settled_ts": "2026-09-01T00:00:00Z",
    "trades_created_ts": "2026-09-02T00:00:00.5Z",
    "orders_updated_ts": "2026-09-03T00:00:00Z",
    "market_positions_last_updated_ts": None,
}
SETTLED = {
    **MARKET,
    "status": "finalized",
    "result": "no",
    "settlement_value_dollars": "0.0000",
    "expiration_value": "81263.64",
}


async def test_trades_come_oldest_first_from_all_pages(loopback: Loopback, kalshi: KalshiExchange) -> None:
    older = {
        **TRADE,
        "trade_id": "t-0",
        "created_time": "2026-09-19T01:19:00Z",
        "taker_outcome_side": "no",
        "taker_book_side": "ask",
        "is_block_trade": True,
    }
    pages = ({"trades": [TRADE], "cursor": "c"}, {"trades": [older], "cursor": ""})
    answer(loopback, "GET", "/markets/trades", *pages)
    since, until = CUTOFF + timedelta(seconds=0.5), CUTOFF + timedelta(seconds=1.5)
    first, second = await kalshi.history.trades(TICKER, since, until)
    assert (first.trade_id, first.taker, first.is_block) == ("t-0", Outcome.NO, True)
    assert (second.price, second.count, second.taker) == (Decimal("0.21"), Decimal("22.56"), Outcome.YES)
    assert second.at == datetime(2026, 9, 19, 1, 20, 0, 250_000, tzinfo=UTC)
    query = {name: value for name, (value,) in loopback.seen[1].query.items()}
    begin = int(CUTOFF.timestamp())
    assert query == {
        "limit": "1000",
        "ticker": TICKER,
        "min_ts": str(begin),
        "max_ts": str(begin + 2),
        "cursor": "c",
    }


async def test_old_trades_stand_in_the_historical_tier(loopback: Loopback, kalshi: KalshiExchange) -> None:
    answer(loopback, "GET", "/historical/trades", {"trades": [TRADE], "cursor": ""})
    (trade,) = await kalshi.history.trades(old=True)
    assert (trade.trade_id, trade.ticker) == ("t-1", TICKER)


async def test_every_kind_has_a_cutoff_of_its_own(loopback: Loopback, kalshi: KalshiExchange) -> None:
    answer(loopback, "GET", "/historical/cutoff", CUTOFFS)
    cutoff = await kalshi.history.cutoff()
    assert (cutoff.markets_settled, cutoff.positions_updated) == (CUTOFF, None)
    assert cutoff.trades_created == CUTOFF + timedelta(days=1, seconds=0.5)
    assert cutoff.orders_updated == CUTOFF + timedelta(days=2)


@pytest.mark.parametrize(
    ("settled_at", "asked"),
    [
        (None, [LIVE, OLD]),
        (CUTOFF - timedelta(seconds=1), ["/historical/cutoff", OLD]),
        (CUTOFF, ["/historical/cutoff", LIVE, OLD]),
    ],
)
async def test_a_market_that_has_moved_is_found(
    loopback: Loopback, kalshi: KalshiExchange, settled_at: datetime | None, asked: list[str]
) -> None:
    answer(loopback, "GET", "/historical/cutoff", CUTOFFS)
    answer(loopback, "GET", OLD, {"market": SETTLED})
    market = await kalshi.history.market(TICKER, settled_at)
    assert (market.status, market.result, market.expiration_value) == (
        MarketStatus.FINALIZED,
        "no",
        Decimal("81263.64"),
    )
    assert [seen.path for seen in loopback.seen] == asked


async def test_a_market_that_has_not_moved_yet_is_found_too(loopback: Loopback, kalshi: KalshiExchange) -> None:
    answer(loopback, "GET", "/historical/cutoff", CUTOFFS)
    answer(loopback, "GET", LIVE, {"market": SETTLED})
    assert (await kalshi.history.market(TICKER, CUTOFF - timedelta(days=1))).settled
    assert (await kalshi.history.market(TICKER)).settled
    assert [seen.path for seen in loopback.seen] == ["/historical/cutoff", OLD, LIVE, LIVE]


async def test_a_market_that_no_tier_knows_is_not_found_and_one_that_cannot_be_read_is_unavailable(
    loopback: Loopback, kalshi: KalshiExchange
) -> None:
    with pytest.raises(NotFound):
        await kalshi.history.market(TICKER)
    loopback.on("GET", LIVE, Reply(503))
    with pytest.raises(Unavailable):
        await kalshi.history.market(TICKER)
    assert OLD not in [seen.path for seen in loopback.seen[2:]]


async def test_old_markets_are_listed(loopback: Loopback, kalshi: KalshiExchange) -> None:
    answer(loopback, "GET", "/historical/markets", {"markets": [SETTLED], "cursor": ""})
    assert [m.ticker for m in await kalshi.history.old_markets(series="S", event="E")] == [TICKER]
    assert len(await kalshi.history.old_markets(tickers=[f"T{i}" for i in range(101)])) == 2
    first, second, third = (seen.query for seen in loopback.seen)
    assert first == {
        "limit": ["1000"],
        "series_ticker": ["S"],
        "event_ticker": ["E"],
        "mve_filter": ["exclude"],
    }
    assert len(second["tickers"][0].split(",")) == 100
    assert third == {"limit": ["1000"], "tickers": ["T100"]}


async def test_old_records_of_the_account_are_read(loopback: Loopback, client: Client) -> None:
    older = {**FILL, "fill_id": "f-0", "created_time": "2026-08-24T13:50:01Z"}
    position = {
        "ticker": TICKER,
        "exchange_index": 2,
        "total_traded_dollars": "2.150000",
        "position_fp": "-5.00",
        "market_exposure_dollars": "2.150000",
        "realized_pnl_dollars": "0.000000",
        "fees_paid_dollars": "0.085800",
        "last_updated_ts": "2026-08-24T13:50:01Z",
    }
    answer(loopback, "GET", "/historical/fills", {"fills": [FILL, older], "cursor": ""})
    answer(loopback, "GET", "/historical/orders", {"orders": [ORDER], "cursor": ""})
    positions = {"market_positions": [position], "event_positions": [], "cursor": ""}
    answer(loopback, "GET", "/historical/positions", positions)
    kalshi = client(subaccount=3)
    fills = await kalshi.history.old_fills(TICKER, CUTOFF - timedelta(days=30), CUTOFF)
    assert [(fill.fill_id, fill.fee) for fill in fills] == [("f-0", Decimal("0.0858")), ("f-1", Decimal("0.0858"))]
    (order,) = await kalshi.history.old_orders()
    assert (order.side, order.filled, order.price) == (Side.ASK, Decimal(5), Decimal("0.57"))
    (held,) = await kalshi.history.old_positions(TICKER)
    assert held.contracts == Decimal(-5)
    assert {seen.query["subaccount"][0] for seen in loopback.seen} == {"3"}
    assert set(loopback.seen[0].query) == {"limit", "subaccount", "ticker", "min_ts", "max_ts"}


async def test_old_records_need_a_key_and_old_markets_do_not(loopback: Loopback, client: Client) -> None:
    public = client(signer=None)
    for ask in (public.history.old_fills, public.history.old_orders, public.history.old_positions):
        with pytest.raises(Unauthorized, match="KALSHI_API_KEY_ID"):
            await ask()
    answer(loopback, "GET", "/historical/markets", {"markets": [], "cursor": ""})
    assert await public.history.old_markets() == []
