"""Polymarket's book over real sockets against a double of its form: the touch, its age, and every refusal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles.polymarket import PolymarketDouble, book, polymarket
from trading.clock import VirtualClock, real_now
from trading.domain.errors import Misconfigured, NotFound, Unavailable
from trading.domain.fees import QUADRATIC
from trading.domain.market import Level
from trading.domain.venue import VenueFees
from trading.feeds.fetching import FetchBounds
from trading.feeds.polymarket import UNREADABLE, Polymarket, book_of

D = Decimal
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOKEN = "95392237033134859316508517411280839091542508608393424743404750464234370530991"
QUICK = FetchBounds(connect_seconds=2.0, read_seconds=1.0, total_seconds=2.0, bytes_max=20_000)


@pytest.fixture
async def double() -> AsyncIterator[PolymarketDouble]:
    async with polymarket() as made:
        yield made


@pytest.fixture
async def venue(double: PolymarketDouble) -> AsyncIterator[Polymarket]:
    made = Polymarket(VirtualClock(NOW), double.base, QUICK)
    yield made
    made.close()


async def test_the_touch_is_the_best_of_each_side(double: PolymarketDouble, venue: Polymarket) -> None:
    double.says[TOKEN] = book(TOKEN, [("0.43", "120.5"), ("0.4", "9")], [("0.45", "30"), ("0.999", "1148206.4")])
    read = await venue.book(TOKEN)
    assert (read.bid, read.ask) == (Level(D("0.43"), D("120.5")), Level(D("0.45"), D(30)))
    assert (read.tick, read.count_min, read.seen_at, read.age(NOW + timedelta(seconds=3))) == (D("0.01"), 5, NOW, 3.0)
    assert double.asked == [TOKEN]


async def test_an_empty_side_is_nobody(double: PolymarketDouble, venue: Polymarket) -> None:
    double.says[TOKEN] = book(TOKEN, [], [("0.9", "0")])
    read = await venue.book(TOKEN)
    assert (read.bid, read.ask) == (None, None)


async def test_no_book_is_told_apart_from_no_answer(double: PolymarketDouble, venue: Polymarket) -> None:
    with pytest.raises(NotFound, match="no book of token"):
        await venue.book(TOKEN)
    double.says[TOKEN] = book(TOKEN)
    assert (await venue.book(TOKEN)).ask is None  # a 404 is no failure of the venue


@pytest.mark.parametrize("token", ["", "0xabc", "12&x=1", "１２", "1" * 81])
async def test_a_token_that_is_none_is_not_asked_for(double: PolymarketDouble, venue: Polymarket, token: str) -> None:
    with pytest.raises(NotFound, match="no number"):
        await venue.book(token)
    assert double.asked == []


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (429, "HTTP 429"),
        (503, "HTTP 503"),
        (301, "HTTP 301"),
        ("hang", "polymarket: "),
        (b"<html>", "cannot be read"),
        (b"", "cannot be read"),
        (b"[" * 19_000, "cannot be read"),
        (b" " * 20_001, "longer than 19 KiB"),
        (book("1"), "another token"),
        (book(TOKEN, tick_size="0"), "tick"),
        (book(TOKEN, tick_size=0.01), "no plain number"),
        (book(TOKEN) | {"bids": None}, "no list"),
        (book(TOKEN, [("1", "5")]), "between 0 and 1"),
        (book(TOKEN, [("1e-2", "5")]), "no plain number"),
        (book(TOKEN, [("NaN", "5")]), "no plain number"),
        (book(TOKEN, [("0.5", "9" * 40)]), "no plain number"),
        (book(TOKEN, [("0.5", "5")], [("0.5", "5")]), "is not below"),
        (book(TOKEN, timestamp="yesterday"), "cannot be read"),
        (book(TOKEN, timestamp="9" * 30), "cannot be read"),
    ],
)
async def test_what_is_no_book_is_unavailable_and_the_venue_is_left_alone(
    double: PolymarketDouble, venue: Polymarket, said: Any, why: str
) -> None:
    double.says[TOKEN] = said
    with pytest.raises(Unavailable, match=why):
        await venue.book(TOKEN)
    with pytest.raises(Unavailable, match="asked again in"):
        await venue.book(TOKEN)
    assert len(double.asked) == 1


async def test_a_book_that_stands_still_is_too_old(double: PolymarketDouble, venue: Polymarket) -> None:
    double.says[TOKEN] = book(TOKEN, at=real_now() - timedelta(minutes=11))
    with pytest.raises(Unavailable, match="is from"):
        await venue.book(TOKEN)
    double.says[TOKEN] = book(TOKEN, timestamp=(real_now() - timedelta(minutes=9)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert (await venue.book(TOKEN)).told_at is not None


async def test_nobody_there() -> None:
    venue = Polymarket(VirtualClock(NOW), "http://127.0.0.1:1", QUICK)
    with pytest.raises(Unavailable, match="ConnectionError"):
        await venue.book(TOKEN)
    venue.close()


@pytest.mark.parametrize(
    "base", ["http://clob.polymarket.com", "https://me:pw@host", "ftp://127.0.0.1", "https://", ""]
)
def test_an_address_that_is_not_safe_is_refused(base: str) -> None:
    with pytest.raises(Misconfigured, match="https://"):
        Polymarket(VirtualClock(NOW), base)


@pytest.mark.parametrize(
    ("rate", "price", "count", "fee"),
    [
        ("0.07", "0.50", 100, "1.75"),  # the table of the venue's own page: $50 of crypto pays $1.75
        ("0.07", "0.65", 10, "0.15925"),
        ("0.04", "0.30", 100, "0.84"),
        ("0.04", "0.70", 100, "0.84"),  # symmetric around 50 cents
        ("0.05", "0.01", 1, "0.0005"),
        ("0", "0.50", 100, "0"),  # geopolitics
    ],
)
def test_fees_are_those_of_the_documented_formula(rate: str, price: str, count: int, fee: str) -> None:
    assert VenueFees(D(rate)).worst_fee(D(price), D(count)) == D(fee)


@given(st.integers(1, 99), st.integers(1, 500))
def test_the_highest_rate_charges_no_less_than_the_formula_of_kalshi_before_its_rounding(
    cents: int, count: int
) -> None:
    price = D(cents) / 100
    exact = QUADRATIC.model_fee(price, D(count), is_taker=True)
    assert exact <= VenueFees(D("0.07")).worst_fee(price, D(count)) < exact + D("0.00001")


sides = st.lists(st.tuples(st.integers(1, 999), st.integers(0, 10_000)), max_size=30, unique_by=lambda row: row[0])


@given(sides, sides, st.randoms())
def test_whatever_the_order_of_the_levels_the_best_is_found(bids: Any, asks: Any, chance: Any) -> None:
    bids = [row for row in bids if row[0] < 500]
    asks = [row for row in asks if row[0] >= 500]
    told = book(TOKEN, [_level(row) for row in bids], [_level(row) for row in asks])
    chance.shuffle(told["bids"])
    chance.shuffle(told["asks"])
    read = book_of(json.loads(json.dumps(told)), TOKEN, NOW)
    best_bid = max((price for price, size in bids if size), default=None)
    best_ask = min((price for price, size in asks if size), default=None)
    assert (read.bid.price * 1000 if read.bid else None) == best_bid
    assert (read.ask.price * 1000 if read.ask else None) == best_ask


def _level(row: tuple[int, int]) -> tuple[str, str]:
    return str(D(row[0]) / 1000), str(row[1])


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
keys = ("bids", "asks", "tick_size", "min_order_size", "timestamp", "asset_id")


@given(st.one_of(anything, st.dictionaries(st.sampled_from(keys), anything).map(lambda odd: book(TOKEN) | odd)))
def test_no_answer_whatever_breaks_the_reader(data: Any) -> None:
    try:
        read = book_of(data, TOKEN, NOW)
    except UNREADABLE:
        return
    assert read.token == TOKEN
    assert all(level is None or 0 < level.price < 1 for level in (read.bid, read.ask))
