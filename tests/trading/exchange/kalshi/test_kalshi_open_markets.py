"""Every open market page by page: each once, what a glance drops only counted, categories and fees of the series."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from described import MARKET, SERIES, answer
from hypothesis import given
from hypothesis import strategies as st
from loopback_exchange import Loopback, Reply

from trading.clock import VirtualClock
from trading.domain.errors import Unavailable
from trading.domain.fees import FeeTerms
from trading.domain.market import Level
from trading.exchange.kalshi.auth import Signer, load_private_key
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.open_markets import ENDS, SERIES_SECONDS, SeriesTerms, terms_of
from trading.exchange.simulated.keys import make_key, member_keys
from trading.exchange.simulated.server import SimulatedServer
from trading.exchange.simulated.venue import open_venue
from trading.exchange.simulated.world import SeededWorld
from trading.strategies.scanner import Drop, Page, Scanner

D = Decimal
CROWD = 2_400
NEAR = "2026-11-21T12:30:00Z"  # half an hour after the clock's start: the first window of close times


def keep(bid: Decimal | None, ask: Decimal | None, volume: Decimal) -> Drop | None:
    return None


async def read(kalshi: KalshiExchange, glance: Any = keep) -> list[Page]:
    return [page async for page in kalshi.open_markets.pages(glance)]


def near(**changes: Any) -> dict[str, Any]:
    """An open market of the first window."""
    return MARKET | {"open_time": "2026-11-21T11:00:00Z", "close_time": NEAR} | changes


def serve(loopback: Loopback, *rows: dict[str, Any]) -> None:
    """These rows as the answer to every window."""
    answer(loopback, "GET", "/series", {"series": [SERIES]})
    answer(loopback, "GET", "/markets", {"markets": list(rows), "cursor": ""})


async def test_a_market_has_its_touch_its_volume_and_its_series_terms(
    loopback: Loopback, kalshi: KalshiExchange
) -> None:
    answer(loopback, "GET", "/series", {"series": [SERIES | {"fee_multiplier": 0.5, "category": "Crypto"}]})
    answer(loopback, "GET", "/markets", {"markets": [near()], "cursor": ""})
    (row,) = [row for page in await read(kalshi) for row in page.listed]
    assert row.market.ticker == MARKET["ticker"]
    assert row.market.exchange_index == 2
    assert (row.quote.bid, row.quote.ask) == (Level(D("0.86"), D("2760.70")), Level(D("0.87"), D("4499.65")))
    assert row.volume_24h == D("821996.21")
    assert (row.category, row.market.fees) == ("Crypto", FeeTerms("quadratic", D("0.5")))


async def test_windows_of_close_times_are_asked_without_combos_and_without_a_status(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    serve(loopback, near())
    assert sum(page.read for page in await read(kalshi)) == 1, "every window has it, and one of them counts it"
    asked = [seen.query for seen in loopback.seen if seen.path == "/markets"]
    assert all(query["mve_filter"] == ["exclude"] and query["limit"] == ["1000"] for query in asked)
    assert all("status" not in query for query in asked)
    start = int(clock.now().timestamp())
    begins = sorted(int(query["min_close_ts"][0]) - start for query in asked)
    ends = sorted(int(query["max_close_ts"][0]) - start for query in asked if "max_close_ts" in query)
    assert begins == [0, *(end.total_seconds() for end in ENDS)]
    assert ends == [end.total_seconds() for end in ENDS]


@pytest.mark.parametrize(
    ("changes", "glanced"),
    [
        ({"yes_bid_size_fp": "0.00", "yes_bid_dollars": "0.0000"}, (None, D("0.87"))),
        ({"yes_bid_size_fp": "0.00"}, (None, D("0.87"))),
        ({"yes_ask_size_fp": "0.00", "yes_ask_dollars": "1.0000"}, (D("0.86"), None)),
        ({"yes_ask_size_fp": "0.00", "yes_ask_dollars": "0.0000"}, (D("0.86"), None)),
        ({"yes_bid_size_fp": "5.00", "yes_bid_dollars": "0.0000"}, (None, D("0.87"))),
        ({}, (D("0.86"), D("0.87"))),
    ],
)
async def test_a_glance_sees_the_touch_an_empty_side_as_none(
    loopback: Loopback, kalshi: KalshiExchange, changes: dict[str, str], glanced: tuple[Decimal | None, ...]
) -> None:
    serve(loopback, near(**changes))
    seen: list[tuple[Decimal | None, Decimal | None, Decimal]] = []

    def glance(bid: Decimal | None, ask: Decimal | None, volume: Decimal) -> Drop | None:
        seen.append((bid, ask, volume))
        return "band", "price"

    pages = await read(kalshi, glance)
    assert [(bid, ask) for bid, ask, _ in seen] == [glanced]
    assert sum((Counter(page.dropped) for page in pages), Counter()) == {("band", "price"): 1}
    assert not any(page.listed for page in pages)


@pytest.mark.parametrize("status", ["initialized", "inactive", "closed", "determined", "finalized", "unheard_of"])
async def test_what_does_not_trade_is_counted_and_no_more(
    loopback: Loopback, kalshi: KalshiExchange, status: str
) -> None:
    serve(loopback, near())
    row = near() | {"status": status}
    loopback.on("GET", "/markets", Reply(body={"markets": [row], "cursor": None}))
    pages = await read(kalshi)
    assert sum((Counter(page.dropped) for page in pages), Counter()) == {("hydrate", "not_open"): 1}


@pytest.mark.parametrize(("volume", "kept"), [("8000.00", 1), ("5746.99", 0), ("0.00", 0)])
async def test_the_volume_counts_too(loopback: Loopback, kalshi: KalshiExchange, volume: str, kept: int) -> None:
    """At 87 cents $5,000 are 5,747.12 contracts."""
    serve(loopback, near(volume_24h_fp=volume))
    pages = await read(kalshi, Scanner().glance)
    assert sum(len(page.listed) for page in pages) == kept
    dropped = sum((Counter(page.dropped) for page in pages), Counter())
    assert dropped == ({} if kept else {("validation", "volume"): 1})


async def test_series_are_read_once_in_hours(loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock) -> None:
    serve(loopback, near())

    def asked() -> int:
        return sum(seen.path == "/series" for seen in loopback.seen)

    await read(kalshi)
    await read(kalshi)
    assert asked() == 1
    clock.advance_to(clock.now() + timedelta(seconds=SERIES_SECONDS))
    await read(kalshi)
    assert asked() == 2


async def test_a_page_that_fails_for_good_is_raised(loopback: Loopback, kalshi: KalshiExchange) -> None:
    serve(loopback, near())
    loopback.on("GET", "/markets", Reply(500))
    with pytest.raises(Unavailable, match="/markets"):
        await read(kalshi)


async def test_who_stops_listening_leaves_nothing_behind(loopback: Loopback, kalshi: KalshiExchange) -> None:
    serve(loopback, near())
    before = asyncio.all_tasks()
    async with aclosing(kalshi.open_markets.pages(keep)) as pages:
        async for _ in pages:
            break
    assert asyncio.all_tasks() == before


KNOWN = {"KX": SeriesTerms("a"), "KX-LONG": SeriesTerms("b"), "KXOTHER": SeriesTerms("c")}


@pytest.mark.parametrize(
    ("event", "category"),
    [("KX-26NOV", "a"), ("KX-LONG-26NOV", "b"), ("KX-LONGER-26NOV", "a"), ("KXOTHER", "c"), ("KXNEW-26", ""), ("", "")],
)
def test_the_longest_series_that_an_event_begins_with_is_its_own(event: str, category: str) -> None:
    assert terms_of(event, KNOWN).category == category


@given(st.text(max_size=30), st.dictionaries(st.text(min_size=1, max_size=8), st.just(SeriesTerms("x")), max_size=5))
def test_any_name_of_an_event_has_some_terms(event: str, series: Mapping[str, SeriesTerms]) -> None:
    found = terms_of(event, series)
    assert (found.category == "x") == any(event == name or event.startswith(f"{name}-") for name in series)


@pytest.fixture
async def crowd(clock: VirtualClock, tmp_path: Path) -> AsyncIterator[KalshiExchange]:
    """A simulated exchange with thousands of other markets, which bills like the real one."""
    credentials = make_key(tmp_path)
    world = SeededWorld(5, ("KXBTC15M",), CROWD)
    server = SimulatedServer(open_venue(clock, seed=5, world=world, keys=member_keys(credentials)))
    await server.start()
    signer = Signer(credentials.key_id, load_private_key(credentials.private_key_path.read_bytes()))
    exchange = KalshiExchange(server.base_url, signer, clock)
    yield exchange
    exchange.close()
    await server.stop()
    server.venue.close()


async def test_it_lists_what_the_plain_listing_does_each_market_once(crowd: KalshiExchange) -> None:
    plain = {market.ticker: market for market in await crowd.markets(status="open")}
    pages = await read(crowd)
    found = [row for page in pages for row in page.listed]
    assert len(found) == len({row.market.ticker for row in found}) >= CROWD
    assert {row.market.ticker for row in found} == plain.keys()
    assert all(len(page.listed) <= 1_000 for page in pages)
    series = {each.ticker: each for each in await crowd.listings.all_series()}
    for row in found:
        own = series[row.market.ticker.partition("-")[0]]
        assert row.category == own.category
        assert row.market.fees == FeeTerms(own.fee_type, own.fee_multiplier)
        assert row.market.price_ranges == plain[row.market.ticker].price_ranges


async def test_the_touches_are_those_of_the_books(crowd: KalshiExchange) -> None:
    rows = [row for page in await read(crowd) for row in page.listed][:100]
    books = await crowd.quotes([row.market.ticker for row in rows])
    for row in rows:
        book = books[row.market.ticker]
        assert (row.quote.bid, row.quote.ask) == (book.bid, book.ask)
        assert row.quote.seen_at <= book.seen_at
