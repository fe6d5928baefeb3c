"""The stream's messages as news: exact, sifted by market and subaccount, and tolerant of what is absent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trading.domain.market import Level, Outcome, PriceRange
from trading.domain.news import FillNews, GroupNews, MarketNews, News, OrderNews, PositionNews, QuoteNews, TradeNews
from trading.domain.order import OrderStatus, Side
from trading.exchange.kalshi import stream_wire as w
from trading.exchange.kalshi.stream_news import NewsReader
from trading.exchange.kalshi.stream_wish import Wish

D = Decimal
TICKER, OTHER = "KXBTC15M-26NOV211215-15", "KXETH15M-26NOV211215-15"
AT = datetime(2026, 11, 21, 12, 0, 0, 123000, tzinfo=UTC)
MS = int(AT.timestamp() * 1000)
FILL: dict[str, Any] = {
    "trade_id": "t-1",
    "order_id": "o-1",
    "client_order_id": "c-1",
    "market_ticker": TICKER,
    "exchange_index": 2,
    "is_taker": True,
    "outcome_side": "no",
    "book_side": "ask",
    "side": "yes",
    "action": "buy",
    "yes_price_dollars": "0.5700",
    "count_fp": "5.25",
    "fee_cost": "0.085800",
    "post_position_fp": "-5.25",
    "ts_ms": MS,
}
ORDER: dict[str, Any] = {
    "order_id": "o-1",
    "ticker": TICKER,
    "exchange_index": 2,
    "status": "canceled",
    "outcome_side": "yes",
    "book_side": "bid",
    "side": "no",
    "is_yes": False,
    "yes_price_dollars": "0.4000",
    "fill_count_fp": "1.00",
    "remaining_count_fp": "0.00",
    "initial_count_fp": "5.00",
    "client_order_id": "c-1",
    "created_ts_ms": MS,
    "last_update_reason": "ExpiryCancel",
}
POSITION = {"market_ticker": TICKER, "position_fp": "-3.50", "volume_fp": "9.00"}
QUOTE = {
    "market_ticker": TICKER,
    "yes_bid_dollars": "0.4000",
    "yes_ask_dollars": "0.4100",
    "yes_bid_size_fp": "10.00",
    "yes_ask_size_fp": "2.50",
    "ts_ms": MS,
}
TRADE = {
    "trade_id": "t-9",
    "market_ticker": TICKER,
    "yes_price_dollars": "0.2100",
    "count_fp": "22.56",
    "taker_outcome_side": "no",
    "taker_book_side": "ask",
    "taker_side": "yes",
    "ts_ms": MS,
}


@pytest.fixture
def wish() -> Wish:
    made = Wish()
    made.follow([TICKER])
    return made


@pytest.fixture
def reader(wish: Wish) -> NewsReader:
    return NewsReader(wish, subaccount=3)


def read(reader: NewsReader, kind: str, msg: dict[str, Any]) -> News | None:
    assert reader.reads(kind)
    return reader.read(kind, msgspec.Raw(msgspec.json.encode(msg)))


def test_a_fill_is_exact_and_its_direction_is_the_present_fields(reader: NewsReader) -> None:
    news = read(reader, "fill", FILL)
    assert isinstance(news, FillNews)
    fill = news.fill
    assert (fill.fill_id, fill.order_id, fill.ticker, fill.exchange_index) == ("t-1", "o-1", TICKER, 2)
    assert (fill.side, fill.price, fill.count, fill.fee) == (Side.ASK, D("0.57"), D("5.25"), D("0.0858"))
    assert (fill.at, fill.is_taker, news.client_order_id) == (AT, True, "c-1")


@pytest.mark.parametrize("absent", [{"client_order_id": ""}, {"client_order_id": None}])
def test_a_foreign_fill_names_no_client(reader: NewsReader, absent: dict[str, Any]) -> None:
    news = read(reader, "fill", FILL | absent | {"ts": 1, "outcome_side": ""})
    assert isinstance(news, FillNews)
    assert (news.client_order_id, news.fill.side, news.fill.at) == ("", Side.ASK, AT)


def test_a_fill_of_an_older_exchange_has_whole_seconds(reader: NewsReader) -> None:
    news = read(reader, "fill", {**FILL, "ts_ms": None, "ts": MS // 1000})
    assert isinstance(news, FillNews)
    assert news.fill.at == AT.replace(microsecond=0)


def test_an_order_with_the_reason_of_its_last_change(reader: NewsReader) -> None:
    news = read(reader, "user_order", ORDER)
    assert isinstance(news, OrderNews)
    report = news.report
    assert (report.order_id, report.client_order_id, report.status) == ("o-1", "c-1", OrderStatus.CANCELED)
    assert (report.side, report.price, report.created_at) == (Side.BID, D("0.4"), AT)
    assert (report.filled, report.remaining, report.initial, news.why) == (D(1), D(0), D(5), "its time is over")


def test_an_unknown_status_with_contracts_left_still_rests(reader: NewsReader) -> None:
    changes = {"status": "unknown", "remaining_count_fp": "4.00", "last_update_reason": ""}
    news = read(reader, "user_order", ORDER | changes)
    assert isinstance(news, OrderNews)
    assert (news.report.status, news.why) == (OrderStatus.RESTING, "")


@pytest.mark.parametrize(
    ("kind", "msg", "name"),
    [
        ("fill", FILL, "subaccount"),
        ("user_order", ORDER, "subaccount_number"),
        ("market_position", POSITION, "subaccount"),
    ],
)
def test_only_our_subaccount(reader: NewsReader, kind: str, msg: dict[str, Any], name: str) -> None:
    assert read(reader, kind, msg) is not None
    assert read(reader, kind, {**msg, name: 3}) is not None
    assert read(reader, kind, {**msg, name: 0}) is None


def test_a_position(reader: NewsReader) -> None:
    assert read(reader, "market_position", POSITION) == PositionNews(TICKER, D("-3.5"))


LIFE: list[tuple[dict[str, Any], MarketNews]] = [
    (
        {
            "event_type": "created",
            "close_ts": MS // 1000,
            "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
            "additional_metadata": {"title": "up?", "floor_strike": 81263.65},
        },
        MarketNews(
            TICKER,
            "created",
            close_time=AT.replace(microsecond=0),
            strike=D("81263.65"),
            price_ranges=(PriceRange(D(0), D(1), D("0.01")),),
        ),
    ),
    (
        {"event_type": "metadata_updated", "floor_strike": 81263.65},
        MarketNews(TICKER, "metadata_updated", strike=D("81263.65")),
    ),
    (
        {"event_type": "determined", "result": "no", "settlement_value": "0.0000"},
        MarketNews(TICKER, "determined", result="no", settlement_value=D(0)),
    ),
    ({"event_type": "settled", "settled_ts": 1, "result": ""}, MarketNews(TICKER, "settled")),
    ({"event_type": "something_new", "more": {}}, MarketNews(TICKER, "something_new")),
]


@pytest.mark.parametrize(("msg", "news"), LIFE)
def test_the_life_of_a_followed_market(reader: NewsReader, msg: dict[str, Any], news: MarketNews) -> None:
    assert read(reader, "market_lifecycle_v2", {"market_ticker": TICKER, **msg}) == news


def test_of_other_markets_only_new_ones_of_the_series(reader: NewsReader, wish: Wish) -> None:
    def steps(ticker: str) -> list[str]:
        kinds = ("created", "metadata_updated", "settled")
        return [
            kind
            for kind in kinds
            if read(reader, "market_lifecycle_v2", {"market_ticker": ticker, "event_type": kind}) is not None
        ]

    assert steps("KXBTC15M-26NOV211300-00") == ["created"]
    assert steps("KXBTC15MX-26NOV211300-00") == steps("KXBTC") == steps(OTHER) == []
    wish.follow([OTHER])
    assert steps(OTHER) == ["created", "metadata_updated", "settled"]
    assert steps(TICKER) == []


def test_others_lives_are_not_even_read(reader: NewsReader) -> None:
    """The whole exchange floods this channel; what is not for us costs no more than its two names."""
    msg = {"market_ticker": OTHER, "event_type": "metadata_updated", "floor_strike": "words"}
    assert read(reader, "market_lifecycle_v2", msg) is None


def test_a_quote_of_the_ticker_channel(reader: NewsReader) -> None:
    news = read(reader, "ticker", QUOTE)
    assert isinstance(news, QuoteNews)
    assert (news.quote.ticker, news.quote.seen_at) == (TICKER, AT)
    assert (news.quote.bid, news.quote.ask) == (Level(D("0.4"), D(10)), Level(D("0.41"), D("2.5")))
    for changes in ({"yes_ask_dollars": "1.0000"}, {"yes_ask_dollars": "0.0000"}, {"yes_ask_size_fp": "0.00"}):
        empty = read(reader, "ticker", QUOTE | changes)
        assert isinstance(empty, QuoteNews)
        assert empty.quote.ask is None


def test_a_public_trade(reader: NewsReader) -> None:
    news = read(reader, "trade", TRADE)
    assert isinstance(news, TradeNews)
    trade = news.trade
    assert (trade.trade_id, trade.ticker, trade.price, trade.count) == ("t-9", TICKER, D("0.21"), D("22.56"))
    assert (trade.taker, trade.at, trade.is_block) == (Outcome.NO, AT, False)


def test_an_order_group(reader: NewsReader) -> None:
    msg = {"event_type": "limit_updated", "order_group_id": "g-1", "contracts_limit_fp": "100.00", "ts_ms": MS}
    assert read(reader, "order_group_updates", msg) == GroupNews("g-1", "limit_updated", D(100))
    assert read(reader, "order_group_updates", {**msg, "contracts_limit_fp": ""}) == GroupNews("g-1", "limit_updated")


@pytest.mark.parametrize(
    ("kind", "msg"),
    [
        ("fill", {**FILL, "book_side": "", "outcome_side": None}),
        ("fill", {**FILL, "ts_ms": None}),
        ("fill", {**FILL, "fee_cost": "NaN"}),
        ("user_order", {**ORDER, "yes_price_dollars": ""}),
        ("market_position", {"market_ticker": TICKER}),
        ("market_lifecycle_v2", {"event_type": "settled"}),
        ("market_lifecycle_v2", {"market_ticker": TICKER, "event_type": "determined", "settlement_value": "all"}),
        ("ticker", {**QUOTE, "ts_ms": 10**18}),
        ("trade", {**TRADE, "taker_book_side": "", "taker_outcome_side": ""}),
    ],
)
def test_nothing_is_guessed(reader: NewsReader, kind: str, msg: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        read(reader, kind, msg)


def test_types_that_are_no_news(reader: NewsReader) -> None:
    assert not any(reader.reads(kind) for kind in ("orderbook_delta", "ok", "event_lifecycle", "", "nonesuch"))


def test_frames_recorded_live_can_be_read(reader: NewsReader, reference: Path) -> None:
    frames = json.loads((reference / "data" / "api_samples" / "ws_frames.json").read_text())
    told = [w.read_frame(json.dumps(frame) + "\n") for frame in frames]
    by_type = {frame.type: frame for frame in told}
    assert w.read_subscribed(by_type["subscribed"].msg) == w.Subscribed("orderbook_delta", 1)
    snapshot = w.read_snapshot(by_type["orderbook_snapshot"].msg)
    assert (snapshot.yes_dollars_fp or [])[0] == ("0.0100", "1065161.83")
    delta = w.read_delta(by_type["orderbook_delta"].msg)
    assert (delta.side, delta.price_dollars, delta.delta_fp) == ("no", "0.7600", "-15.82")
    trade = reader.read("trade", by_type["trade"].msg)
    assert isinstance(trade, TradeNews)
    assert (trade.trade.price, trade.trade.count, trade.trade.taker) == (D("0.21"), D("22.56"), Outcome.YES)
