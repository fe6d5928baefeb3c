"""Wire to domain: exact values, absent values, unknown words; and what is sent reads back as what was meant."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback_exchange import violations

from trading.domain.market import LINEAR_CENT, TAPERED_DECI_CENT, MarketStatus
from trading.domain.order import Mode, Order, OrderStatus, Side, TimeInForce
from trading.exchange.kalshi import codec, wire

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
prices = st.integers(1, 9999).map(lambda n: Decimal(n) / 10_000)
counts = st.integers(1, 10_000_000).map(lambda n: Decimal(n) / 100)
moments = st.integers(0, 4 * 10**15).map(lambda n: datetime(1971, 1, 1, tzinfo=UTC) + timedelta(microseconds=n))


def market(**changes: Any) -> Any:
    fields = {
        "ticker": "M",
        "event_ticker": "E",
        "open_time": "2026-09-19T01:15:00Z",
        "close_time": "2026-09-19T01:30:00Z",
        "status": "active",
        **changes,
    }
    return codec.market(wire.reader(wire.MarketWire)(json.dumps(fields).encode()))


def trimmed(at: datetime) -> str:
    """RFC 3339 as the exchange writes it: no trailing zeros in the fraction."""
    whole, _, fraction = at.strftime("%Y-%m-%dT%H:%M:%S.%f").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"


@given(moments)
def test_times_with_trimmed_fractions_are_exact(at: datetime) -> None:
    assert codec.moment(trimmed(at)) == at


@pytest.mark.parametrize("text", ["", None, "0001-01-01T00:00:00Z"])
def test_no_time_is_none(text: str | None) -> None:
    assert codec.moment(text) is None
    with pytest.raises(ValueError, match="missing"):
        codec.required_moment(text)


def test_times_without_a_zone_or_in_another_one() -> None:
    with pytest.raises(ValueError, match="zone"):
        codec.moment("2026-09-19T01:15:00")
    assert codec.moment("2026-09-18T21:15:00-04:00") == datetime(2026, 9, 19, 1, 15, tzinfo=UTC)
    with pytest.raises(ValueError, match="not a time"):
        codec.timestamp(1e18)
    with pytest.raises(ValueError, match="not a time"):
        codec.moment("9999-12-31T23:59:59-23:59")


def test_absent_values_of_a_market_may_be_missing_null_or_empty() -> None:
    bare = market()
    nulls = market(result=None, floor_strike=None, expiration_value=None, price_ranges=None, title=None)
    empty = market(result="", floor_strike="", expiration_value="", settlement_value_dollars="", price_ranges=[])
    assert bare == nulls == empty
    assert (bare.strike, bare.price_ranges) == (None, LINEAR_CENT)


def test_words_where_numbers_stand_elsewhere_are_no_crash() -> None:
    found = market(expiration_value="The Home Team", floor_strike="TBD", unknown_field={"deep": [1]})
    assert (found.expiration_value, found.strike) == (None, None)


def test_an_unknown_status_does_not_trade() -> None:
    found = market(status="hibernating")
    assert found.status is MarketStatus.INACTIVE
    assert not found.open_at(found.open_time)


def test_the_label_of_the_grid_helps_only_where_ranges_are_missing() -> None:
    assert market(price_level_structure="tapered_deci_cent").price_ranges == TAPERED_DECI_CENT
    one = [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}]
    assert market(price_level_structure="tapered_deci_cent", price_ranges=one).price_ranges == LINEAR_CENT


def test_a_strike_is_exact() -> None:
    raw = b'{"ticker":"M","event_ticker":"E","open_time":"2026-09-19T01:15:00Z","close_time":"2026-09-19T01:30:00Z",'
    raw += b'"status":"finalized","floor_strike":81263.650000000000001,"settlement_value_dollars":"1.0000"}'
    found = codec.market(wire.reader(wire.MarketWire)(raw))
    assert found.strike == Decimal("81263.650000000000001")
    assert found.settled


def book(yes: Any, no: Any) -> Any:
    body = json.dumps({"orderbook_fp": {"yes_dollars": yes, "no_dollars": no}}).encode()
    return codec.touch(wire.reader(wire.BookAnswer)(body).orderbook_fp)


def test_the_touch_is_the_best_with_size_in_either_order() -> None:
    up = [["0.4000", "5.00"], ["0.4100", "2.50"], ["0.4200", "0.00"]]
    for levels in (up, up[::-1]):
        bid, ask = book(levels, levels)
        assert (bid.price, bid.count) == (Decimal("0.41"), Decimal("2.50"))
        assert (ask.price, ask.count) == (Decimal("0.59"), Decimal("2.50"))
    assert book(None, []) == (None, None)
    assert book([["0.0000", "9.00"]], [["1.0000", "9.00"]]) == (None, None)


def report(**changes: Any) -> Any:
    fields = {
        "order_id": "o",
        "ticker": "T",
        "book_side": "bid",
        "status": "resting",
        "yes_price_dollars": "0.5700",
        "fill_count_fp": "0.00",
        "remaining_count_fp": "0.00",
        "initial_count_fp": "5.00",
        **changes,
    }
    return codec.order_report(wire.reader(wire.OrderWire)(json.dumps(fields).encode()))


@pytest.mark.parametrize(
    ("status", "filled", "remaining", "expected"),
    [
        ("resting", "0.00", "5.00", OrderStatus.RESTING),
        ("executed", "5.00", "0.00", OrderStatus.EXECUTED),
        ("canceled", "2.00", "0.00", OrderStatus.CANCELED),
        ("unknown", "1.00", "4.00", OrderStatus.RESTING),
        ("pending", "5.00", "0.00", OrderStatus.EXECUTED),
        ("", "0.00", "0.00", OrderStatus.CANCELED),
    ],
)
def test_order_words_and_what_stands_behind_unknown_ones(
    status: str, filled: str, remaining: str, expected: OrderStatus
) -> None:
    assert report(status=status, fill_count_fp=filled, remaining_count_fp=remaining).status is expected


def test_direction_comes_from_the_new_fields_and_is_never_guessed() -> None:
    assert report(book_side="", outcome_side="no").side is Side.ASK
    assert report(side="yes", action="sell").side is Side.BID
    with pytest.raises(ValueError, match="neither bid nor ask"):
        report(book_side="", side="yes", action="buy")


def fill(**changes: Any) -> Any:
    fields = {
        "trade_id": "t-1",
        "order_id": "o",
        "ticker": "T",
        "book_side": "ask",
        "count_fp": "0.05",
        "yes_price_dollars": "0.123400",
        "fee_cost": "0.000600",
        "is_taker": True,
        "ts": 1785089792,
        **changes,
    }
    return codec.fill(wire.reader(wire.FillWire)(json.dumps(fields).encode()))


def test_a_fill_may_have_its_older_id_and_time() -> None:
    found = fill()
    assert (found.fill_id, found.at) == ("t-1", datetime(2026, 7, 26, 18, 16, 32, tzinfo=UTC))
    assert (found.price, found.count, found.fee) == (Decimal("0.1234"), Decimal("0.05"), Decimal("0.0006"))
    for changes in ({"trade_id": ""}, {"ticker": ""}, {"ts": None}, {"count_fp": "NaN"}, {"fee_cost": ""}):
        with pytest.raises(ValueError):
            fill(**changes)


@settings(max_examples=60)
@given(
    side=st.sampled_from(Side),
    price=prices,
    count=counts,
    force=st.sampled_from(TimeInForce),
    lives=st.none() | st.integers(1, 100_000),
    shard=st.integers(0, 5),
    reduce_only=st.booleans(),
    post_only=st.booleans(),
)
def test_what_is_sent_means_what_was_ordered(
    side: Side,
    price: Decimal,
    count: Decimal,
    force: TimeInForce,
    lives: int | None,
    shard: int,
    reduce_only: bool,
    post_only: bool,
) -> None:
    order = Order(
        client_order_id="c-1",
        mode=Mode.REAL,
        strategy="s",
        ticker="T",
        side=side,
        price=price,
        count=count,
        status=OrderStatus.PENDING,
        created_at=NOW,
        updated_at=NOW,
        time_in_force=force,
        expires_at=NOW + timedelta(seconds=lives) if lives else None,
        exchange_index=shard,
        reduce_only=reduce_only,
        post_only=post_only,
    )
    raw = msgspec.json.encode(codec.new_order(order, 0))
    body = json.loads(raw)
    assert violations("POST", "/portfolio/events/orders", {}, raw) == []
    assert (body["side"], Decimal(body["price"]), Decimal(body["count"])) == (side.value, price, count)
    assert (body["exchange_index"], body["subaccount"]) == (shard, 0)
    resting = force is TimeInForce.GTC
    assert ("cancel_order_on_pause" in body) is resting
    assert ("expiration_time" in body) is (resting and lives is not None)
    assert body.get("reduce_only", False) is reduce_only
    assert body.get("post_only", False) is post_only


@given(prices, counts, counts, moments)
def test_an_order_reads_back_exactly(price: Decimal, filled: Decimal, remaining: Decimal, at: datetime) -> None:
    found = report(
        yes_price_dollars=f"{price:.6f}",
        fill_count_fp=f"{filled:.2f}",
        remaining_count_fp=f"{remaining:.2f}",
        created_time=trimmed(at),
    )
    assert (found.price, found.filled, found.remaining, found.created_at) == (price, filled, remaining, at)
