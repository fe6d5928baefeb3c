"""Markets by every filter of the exchange, one market by its ticker, and the books of many in one request."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from described import MARKET, answer
from loopback_exchange import Loopback, Reply

from trading.clock import VirtualClock
from trading.domain.errors import NotFound
from trading.domain.market import Level
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.market_data import MarketFilter

AT = datetime(2026, 9, 19, 1, 30, 0, 400_000, tzinfo=UTC)
BEFORE, AFTER = str(int(AT.timestamp())), str(int(AT.timestamp()) + 1)


async def test_one_market_is_asked_by_its_ticker(loopback: Loopback, kalshi: KalshiExchange) -> None:
    answer(loopback, "GET", f"/markets/{MARKET['ticker']}", {"market": MARKET})
    market = await kalshi.market(MARKET["ticker"])
    assert (market.strike, market.exchange_index) == (Decimal("81263.65"), 2)
    with pytest.raises(NotFound):
        await kalshi.market("NO/SUCH")


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ({"series": "S", "event": "E"}, {"series_ticker": "S", "event_ticker": "E"}),
        ({"status": "open", "created_after": AT}, {"status": "open", "min_created_ts": BEFORE}),
        ({"status": "unopened", "created_before": AT}, {"status": "unopened", "max_created_ts": AFTER}),
        ({"status": "settled", "settled_after": AT}, {"status": "settled", "min_settled_ts": BEFORE}),
        ({"settled_before": AT}, {"max_settled_ts": AFTER}),
        ({"series": "S", "updated_after": AT}, {"series_ticker": "S", "min_updated_ts": BEFORE}),
    ],
)
async def test_filters_are_sent_as_the_exchange_names_them(
    loopback: Loopback, kalshi: KalshiExchange, wanted: dict[str, Any], sent: dict[str, str]
) -> None:
    answer(loopback, "GET", "/markets", {"markets": [MARKET], "cursor": ""})
    assert len(await kalshi.find_markets(MarketFilter(**wanted))) == 1
    query = {name: value for name, (value,) in loopback.seen[0].query.items()}
    assert query == {"limit": "1000", "mve_filter": "exclude", **sent}


async def test_combos_are_left_out_unless_asked_for(loopback: Loopback, kalshi: KalshiExchange) -> None:
    answer(loopback, "GET", "/markets", {"markets": [], "cursor": ""})
    await kalshi.find_markets(MarketFilter(combos_only=True))
    await kalshi.find_markets(MarketFilter(), ["A"])
    assert [seen.query.get("mve_filter") for seen in loopback.seen] == [["only"], None]


@pytest.mark.parametrize(
    "refused",
    [
        {"status": "closed", "created_after": AT},
        {"status": "open", "settled_before": AT},
        {"status": "open", "updated_after": AT},
        {"event": "E", "updated_after": AT},
        {"combos_only": True, "updated_after": AT},
        {"created_after": AT, "settled_after": AT},
        {"closes_before": AT, "updated_after": AT},
    ],
)
def test_what_the_exchange_refuses_is_never_asked(refused: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"bounded|updated"):
        MarketFilter(**refused)


async def test_updated_markets_are_not_asked_by_ticker(kalshi: KalshiExchange) -> None:
    with pytest.raises(ValueError, match="by ticker"):
        await kalshi.find_markets(MarketFilter(updated_after=AT), ["A"])


async def test_books_of_many_come_in_hundreds_with_the_tickers_repeated(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    book = {"yes_dollars": [["0.4000", "3.00"], ["0.5400", "1670.79"]], "no_dollars": [["0.4500", "6445.03"]]}
    empty: dict[str, Any] = {"yes_dollars": [], "no_dollars": []}
    listed = [{"ticker": "T0", "orderbook_fp": book}, {"ticker": "T1", "orderbook_fp": empty}]
    answer(loopback, "GET", "/markets/orderbooks", {"orderbooks": listed}, {"orderbooks": []})
    tickers = [f"T{i}" for i in range(101)]
    quotes = await kalshi.quotes(tickers)
    assert list(quotes) == tickers
    assert quotes["T0"].bid == Level(Decimal("0.54"), Decimal("1670.79"))
    assert quotes["T0"].ask == Level(Decimal("0.55"), Decimal("6445.03"))
    assert {(q.bid, q.ask) for t, q in quotes.items() if t != "T0"} == {(None, None)}
    assert all(quote.seen_at == clock.now() for quote in quotes.values())
    assert [seen.query["tickers"] for seen in loopback.seen] == [tickers[:100], tickers[100:]]


async def test_quotes_are_as_old_as_the_try_that_was_answered(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    started = clock.now()
    loopback.on("GET", "/markets/orderbooks", Reply(500), Reply(200, {"orderbooks": []}))
    quotes = await kalshi.quotes(["A"])
    assert started < quotes["A"].seen_at <= clock.now()
    assert await kalshi.quotes([]) == {}
