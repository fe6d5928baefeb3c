"""Series, events and their fee changes: what is asked, and what is made of the answers."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from described import EVENT, MARKET, SERIES, answer
from loopback_exchange import Loopback, Reply

from trading.domain.errors import NotFound, Unavailable
from trading.domain.reference import FeeChange
from trading.exchange.kalshi.client import KalshiExchange

AT = datetime(2026, 10, 1, 4, tzinfo=UTC)


async def test_a_series_is_read_exactly(loopback: Loopback, kalshi: KalshiExchange) -> None:
    answer(loopback, "GET", "/series/KXBTC15M", {"series": {**SERIES, "fee_multiplier": 0.1}})
    series = await kalshi.listings.series("KXBTC15M")
    assert (series.fee_type, series.fee_multiplier, series.exchange_index) == ("quadratic", Decimal("0.1"), 2)
    assert (series.categories, series.tags, series.sources) == (("Crypto",), ("BTC", "15 min"), ("CF Benchmarks",))
    assert (series.frequency, series.terms_url) == ("fifteen_min", "https://example.invalid/terms")
    assert series.updated_at == datetime(2026, 9, 18, 15, 20, 18, 321673, tzinfo=UTC)


async def test_series_are_listed_by_category_and_tags(loopback: Loopback, kalshi: KalshiExchange) -> None:
    bare = {**SERIES, "ticker": "KXNEW", "tags": None, "settlement_sources": None}
    answer(loopback, "GET", "/series", {"series": [SERIES, bare]})
    found = await kalshi.listings.all_series(category="Crypto", tags=["BTC", "15 min"], updated_after=AT)
    assert [(s.ticker, s.tags) for s in found] == [("KXBTC15M", ("BTC", "15 min")), ("KXNEW", ())]
    assert loopback.seen[0].query == {
        "category": ["Crypto"],
        "tags": ["BTC,15 min"],
        "min_updated_ts": [str(int(AT.timestamp()))],
    }


async def test_unknown_series_and_events_are_not_found(kalshi: KalshiExchange) -> None:
    with pytest.raises(NotFound):
        await kalshi.listings.series("NO/SUCH")
    with pytest.raises(NotFound):
        await kalshi.listings.event("NO/SUCH")


@pytest.mark.parametrize("inside", [True, False])
async def test_an_event_has_its_markets_wherever_they_stand(
    loopback: Loopback, kalshi: KalshiExchange, inside: bool
) -> None:
    event = {**EVENT, "markets": [MARKET]} if inside else EVENT
    answer(loopback, "GET", f"/events/{EVENT['event_ticker']}", {"event": event, "markets": [] if inside else [MARKET]})
    found = await kalshi.listings.event(EVENT["event_ticker"])
    assert [market.ticker for market in found.markets] == [MARKET["ticker"]]
    assert (found.ticker, found.series_ticker, found.strike_at) == (
        EVENT["event_ticker"],
        "KXBTC15M",
        datetime(2026, 9, 19, 1, 30, tzinfo=UTC),
    )
    assert (found.fee_type_override, found.fee_multiplier_override) == (None, None)
    assert loopback.seen[0].query == {"with_nested_markets": ["true"]}


async def test_events_are_listed_with_every_filter_and_all_pages(loopback: Loopback, kalshi: KalshiExchange) -> None:
    free = {**EVENT, "event_ticker": "FREE", "fee_type_override": "quadratic", "fee_multiplier_override": 0}
    answer(loopback, "GET", "/events", {"events": [EVENT], "cursor": "c1"}, {"events": [free], "cursor": ""})
    found = await kalshi.listings.events(
        series="KXBTC15M", status="open", tickers=["A", "B"], closes_after=AT, updated_after=AT, with_markets=True
    )
    assert [(e.ticker, e.fee_multiplier_override) for e in found] == [(EVENT["event_ticker"], None), ("FREE", 0)]
    second = str(int(AT.timestamp()))
    assert loopback.seen[1].query == {
        "limit": ["200"],
        "series_ticker": ["KXBTC15M"],
        "status": ["open"],
        "tickers": ["A,B"],
        "min_close_ts": [second],
        "min_updated_ts": [second],
        "with_nested_markets": ["true"],
        "cursor": ["c1"],
    }


async def test_changes_of_a_series_fee_are_read(loopback: Loopback, kalshi: KalshiExchange) -> None:
    change = {
        "id": "x",
        "series_ticker": "KXBTC15M",
        "fee_type": "quadratic_with_maker_fees",
        "fee_multiplier": 0.5,
        "scheduled_ts": "2026-10-01T04:00:00Z",
    }
    answer(loopback, "GET", "/series/fee_changes", {"series_fee_change_arr": [change]})
    expected = FeeChange("x", "KXBTC15M", "quadratic_with_maker_fees", Decimal("0.5"), AT)
    assert await kalshi.listings.series_fee_changes("KXBTC15M", past_too=True) == [expected]
    assert await kalshi.listings.series_fee_changes() == [expected]
    assert [seen.query for seen in loopback.seen] == [
        {"series_ticker": ["KXBTC15M"], "show_historical": ["true"]},
        {"show_historical": ["false"]},
    ]


async def test_changes_of_an_events_fee_may_take_an_override_away(loopback: Loopback, kalshi: KalshiExchange) -> None:
    change = {
        "id": "y",
        "event_ticker": "E",
        "series_ticker": "S",
        "fee_type_override": None,
        "fee_multiplier_override": None,
        "scheduled_ts": "2026-10-01T04:00:00Z",
    }
    answer(loopback, "GET", "/events/fee_changes", {"event_fee_changes": [change], "cursor": ""})
    assert await kalshi.listings.event_fee_changes("E") == [FeeChange("y", "S", None, None, AT, "E")]
    assert loopback.seen[0].query == {"limit": ["1000"], "event_ticker": ["E"]}


async def test_a_multiplier_that_is_no_number_is_not_guessed(loopback: Loopback, kalshi: KalshiExchange) -> None:
    for multiplier in ("NaN", None, "much"):
        loopback.on("GET", "/series/S", Reply(200, {"series": {**SERIES, "fee_multiplier": multiplier}}))
        with pytest.raises(Unavailable, match="cannot be read"):
            await kalshi.listings.series("S")
