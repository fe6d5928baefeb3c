"""Listings and market data over HTTP: filters, pages, exact values, and the recorded samples."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from loopback_exchange import REFERENCE_DIR, Loopback, Reply

from trading.clock import VirtualClock
from trading.domain.errors import Unavailable
from trading.domain.market import TAPERED_DECI_CENT, Level, MarketStatus
from trading.exchange.kalshi import calls
from trading.exchange.kalshi.client import KalshiExchange

SAMPLES = REFERENCE_DIR / "data" / "api_samples"
CLOSE = datetime(2026, 9, 19, 1, 30, tzinfo=UTC)
TICKER = "KXBTC15M-26SEP182130-30"
Client = Callable[..., KalshiExchange]


def sample(name: str) -> Any:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the recorded sample {name} is not on this machine")
    return json.loads(path.read_text())


def market(ticker: str = "M", **changes: Any) -> dict[str, Any]:
    return {
        "ticker": ticker,
        "event_ticker": "E",
        "open_time": "2026-09-19T01:15:00Z",
        "close_time": "2026-09-19T01:30:00Z",
        "status": "active",
        **changes,
    }


async def test_a_recorded_market_is_read_exactly(loopback: Loopback, kalshi: KalshiExchange) -> None:
    loopback.on("GET", "/markets", Reply(200, sample("get_markets_open_2026-09-19.json")))
    (found,) = await kalshi.markets(series="KXBTC15M", status="open")
    assert (found.ticker, found.strike, found.exchange_index) == (TICKER, Decimal("81263.65"), 2)
    assert (found.close_time, found.status) == (CLOSE, MarketStatus.ACTIVE)
    assert found.price_ranges == TAPERED_DECI_CENT
    assert (found.expiration_value, found.settlement_value, found.result) == (None, None, "")


async def test_a_recorded_book_gives_the_touch(loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock) -> None:
    loopback.on("GET", f"/markets/{TICKER}/orderbook", Reply(200, sample("get_orderbook_prod_2026-09-19.json")))
    quote = await kalshi.quote(TICKER)
    assert quote.bid == Level(Decimal("0.54"), Decimal("1670.79"))
    assert quote.ask == Level(Decimal("0.55"), Decimal("6445.03"))
    assert quote.seen_at == clock.now()


async def test_a_quote_is_as_old_as_the_try_that_was_answered(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    started = clock.now()
    loopback.on("GET", f"/markets/{TICKER}/orderbook", Reply(500), Reply(200, {"orderbook_fp": {"yes_dollars": []}}))
    quote = await kalshi.quote(TICKER)
    assert started < quote.seen_at <= clock.now()


async def test_an_unknown_market_has_an_empty_quote(loopback: Loopback, kalshi: KalshiExchange) -> None:
    quote = await kalshi.quote("NO/SUCH?")
    assert (quote.bid, quote.ask) == (None, None)
    assert loopback.seen[0].path == "/markets/NO%2FSUCH%3F/orderbook"


async def test_filters_of_the_exchange_are_used_where_they_go_together(
    loopback: Loopback, kalshi: KalshiExchange
) -> None:
    loopback.on("GET", "/markets", Reply(200, {"markets": [], "cursor": ""}))
    await kalshi.markets(series="KXBTC15M", status="open")
    await kalshi.markets(series="KXBTC15M", status="closed", closes_after=CLOSE)
    await kalshi.markets(tickers=["A", "B"])
    first, second, third = (seen.query for seen in loopback.seen)
    assert first == {"limit": ["1000"], "series_ticker": ["KXBTC15M"], "mve_filter": ["exclude"], "status": ["open"]}
    assert second["status"] == ["closed"]
    assert int(second["min_close_ts"][0]) <= CLOSE.timestamp()
    assert third == {"limit": ["1000"], "tickers": ["A,B"]}


async def test_bounds_are_exact_and_status_words_are_ours_where_the_exchange_refuses_both(
    loopback: Loopback, kalshi: KalshiExchange
) -> None:
    listed = [
        market("early", close_time="2026-09-19T01:29:59.9Z"),
        market("in"),
        market("paused", status="inactive"),
        market("new-word", status="hibernating"),
        market("late", close_time="2026-09-19T01:30:00.1Z"),
    ]
    loopback.on("GET", "/markets", Reply(200, {"markets": listed}))
    found = await kalshi.markets(status="open", closes_after=CLOSE, closes_before=CLOSE)
    assert [m.ticker for m in found] == ["in"]
    assert "status" not in loopback.seen[0].query
    found = await kalshi.markets(closes_after=CLOSE, closes_before=CLOSE)
    assert [m.ticker for m in found] == ["in", "paused", "new-word"]
    assert found[2].status is MarketStatus.INACTIVE


@pytest.mark.parametrize(
    ("status", "after", "before", "sent"),
    [
        ("open", None, CLOSE, {"status"}),
        ("open", CLOSE, None, {"status"}),
        ("unopened", CLOSE, CLOSE, {"min_close_ts", "max_close_ts"}),
        ("settled", CLOSE, None, {"min_close_ts"}),
        ("settled", None, CLOSE, {"status"}),
        ("closed", None, CLOSE, {"status", "max_close_ts"}),
        ("", CLOSE, None, {"min_close_ts"}),
    ],
)
async def test_what_lists_less_is_sent_and_the_rest_is_checked(
    loopback: Loopback,
    kalshi: KalshiExchange,
    status: str,
    after: datetime | None,
    before: datetime | None,
    sent: set[str],
) -> None:
    loopback.on("GET", "/markets", Reply(200, {"markets": []}))
    await kalshi.markets(status=status, closes_after=after, closes_before=before)
    assert set(loopback.seen[0].query) == sent | {"limit", "mve_filter"}


async def test_many_tickers_are_asked_in_groups(loopback: Loopback, kalshi: KalshiExchange) -> None:
    loopback.on("GET", "/markets", Reply(200, {"markets": [market()], "cursor": None}))
    assert len(await kalshi.markets(tickers=[f"T{i}" for i in range(250)])) == 3
    assert [len(seen.query["tickers"][0].split(",")) for seen in loopback.seen] == [100, 100, 50]


async def test_all_pages_are_read_up_to_a_bound(
    loopback: Loopback, kalshi: KalshiExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    loopback.on(
        "GET",
        "/markets",
        Reply(200, {"markets": [market("A")], "cursor": "c/1="}),
        Reply(200, {"markets": [market("B")], "cursor": "c2"}),
        Reply(200, {"markets": [market("C")]}),
    )
    assert [m.ticker for m in await kalshi.markets()] == ["A", "B", "C"]
    assert [seen.query.get("cursor") for seen in loopback.seen] == [None, ["c/1="], ["c2"]]
    monkeypatch.setattr(calls, "PAGES_MAX", 3)
    loopback.on("GET", "/markets", Reply(200, {"markets": [], "cursor": "again"}))
    with pytest.raises(Unavailable, match="3 pages"):
        await kalshi.markets()


async def test_recorded_fills_come_oldest_first(loopback: Loopback, client: Client) -> None:
    entry = sample("portfolio_v2_samples.json")["fills_entry_maker"]
    older = {**entry, "fill_id": "older", "created_time": "2026-07-26T18:16:32.5Z", "side": "no", "action": "sell"}
    loopback.on("GET", "/portfolio/fills", Reply(200, {"fills": [entry, older], "cursor": ""}))
    since = datetime(2026, 7, 26, 18, 0, 0, 900_000, tzinfo=UTC)
    first, second = await client(subaccount=2).fills(since=since, ticker="T", order_id="O")
    assert (first.fill_id, first.side, first.at.microsecond) == ("older", "bid", 500_000)
    assert (second.price, second.count, second.fee, second.is_taker) == (Decimal("0.39"), Decimal(1), Decimal(0), False)
    assert loopback.seen[0].query == {
        "limit": ["1000"],
        "subaccount": ["2"],
        "ticker": ["T"],
        "order_id": ["O"],
        "min_ts": [str(int(since.timestamp()))],
    }


async def test_positions_are_signed_and_name_the_subaccount(loopback: Loopback, kalshi: KalshiExchange) -> None:
    entry = sample("portfolio_v2_samples.json")["positions_entry_no_leg"]
    flat = {"ticker": "flat", "position_fp": "0.00"}
    loopback.on("GET", "/portfolio/positions", Reply(200, {"market_positions": [entry, flat], "cursor": ""}))
    (position,) = await kalshi.positions()
    assert position.contracts == Decimal(-5)
    assert loopback.seen[0].query["subaccount"] == ["0"]


async def test_orders_and_settlements_are_listed(loopback: Loopback, kalshi: KalshiExchange) -> None:
    listed = {
        "order_id": "o",
        "client_order_id": "c",
        "ticker": "T",
        "book_side": "ask",
        "outcome_side": "no",
        "status": "resting",
        "yes_price_dollars": "0.5700",
        "fill_count_fp": "1.00",
        "remaining_count_fp": "4.00",
        "initial_count_fp": "5.00",
        "created_time": None,
        "exchange_index": 2,
    }
    paid = {
        "ticker": "T",
        "market_result": "no",
        "yes_count_fp": "0.00",
        "yes_total_cost_dollars": "0.000000",
        "no_count_fp": "5.00",
        "no_total_cost_dollars": "2.150000",
        "revenue": 500,
        "settled_time": "2026-08-24T14:00:06.25Z",
        "fee_cost": "0.0858",
        "value": 0,
    }
    loopback.on("GET", "/portfolio/orders", Reply(200, {"orders": [listed], "cursor": ""}))
    loopback.on("GET", "/portfolio/orders/o", Reply(200, {"order": listed}))
    loopback.on("GET", "/portfolio/settlements", Reply(200, {"settlements": [paid], "cursor": None}))
    (order,) = await kalshi.orders(status="resting", ticker="T")
    assert await kalshi.order("o") == order
    assert (order.side, order.filled, order.remaining) == ("ask", Decimal(1), Decimal(4))
    (settlement,) = await kalshi.settlements(since=CLOSE - timedelta(days=30))
    assert (settlement.revenue, settlement.value, settlement.fees) == (Decimal(5), Decimal(0), Decimal("0.0858"))


async def test_cash_is_exact_and_by_shard(loopback: Loopback, kalshi: KalshiExchange) -> None:
    full = {
        "balance": 200012,
        "balance_dollars": "2000.1234",
        "portfolio_value": 150,
        "updated_ts": 1,
        "balance_breakdown": [{"exchange_index": 0, "balance": "1000"}, {"exchange_index": 2, "balance": "1000.1234"}],
    }
    loopback.on(
        "GET", "/portfolio/balance", Reply(200, full), Reply(200, {"balance": 123}), Reply(200, {"balance": "x"})
    )
    balance = await kalshi.balance()
    assert (balance.total, balance.portfolio_value) == (Decimal("2000.1234"), Decimal("1.50"))
    assert balance.shards == {0: Decimal(1000), 2: Decimal("1000.1234")}
    assert (await kalshi.balance()).total == Decimal("1.23")
    with pytest.raises(Unavailable):
        await kalshi.balance()


async def test_status_is_of_the_shard_and_also_read_from_a_503(loopback: Loopback, kalshi: KalshiExchange) -> None:
    shard = {"exchange_index": 2, "description": "Crypto", "exchange_active": True, "trading_active": False}
    body = {"exchange_active": True, "trading_active": True, "exchange_index_statuses": [shard]}
    down = {"exchange_active": False, "trading_active": False, "exchange_estimated_resume_time": "2026-11-26T10:00:00Z"}
    loopback.on("GET", "/exchange/status", Reply(200, body), Reply(200, body), Reply(503, down))
    assert (await kalshi.status(2)).trading_active is False
    assert (await kalshi.status(0)).trading_active is True
    status = await kalshi.status(2)
    assert (status.exchange_active, status.resumes_at) == (False, datetime(2026, 11, 26, 10, tzinfo=UTC))
    loopback.on("GET", "/exchange/status", Reply(503, b"down"))
    with pytest.raises(Unavailable):
        await kalshi.status(2)


@pytest.mark.parametrize(
    "body",
    [
        {"payload": [{"time": 1785089354000, "value": "81000.00"}, {"time": 1785089355000, "value": "81263.65"}]},
        {"id": "BRTI", "value": "81263.65", "time": "2026-07-26T18:09:15Z"},
        {"values": {"BRTI": {"time": 1785089355000, "value": "81263.65"}}},
    ],
)
async def test_an_index_value_is_read_from_what_is_passed_through(
    loopback: Loopback, kalshi: KalshiExchange, body: Any
) -> None:
    loopback.on("GET", "/cfbenchmarks/values", Reply(200, body))
    tick = await kalshi.spot("BRTI")
    assert (tick.symbol, tick.price) == ("BRTI", Decimal("81263.65"))
    assert tick.seen_at == datetime(2026, 7, 26, 18, 9, 15, tzinfo=UTC)
    assert loopback.seen[0].query == {"id": ["BRTI"]}


@pytest.mark.parametrize("body", [{}, {"payload": []}, {"payload": [{"time": 1, "value": "0"}]}, [], 7])
async def test_an_answer_without_a_value_is_unavailable(loopback: Loopback, kalshi: KalshiExchange, body: Any) -> None:
    loopback.on("GET", "/cfbenchmarks/values", Reply(200, body))
    with pytest.raises(Unavailable):
        await kalshi.spot("BRTI")
