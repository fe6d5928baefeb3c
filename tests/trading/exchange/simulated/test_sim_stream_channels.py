"""What the channels of the stream tell, frame by frame against the exchange's schema, without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from trading.clock import VirtualClock
from trading.domain.order import Side, TimeInForce
from trading.exchange.simulated import wire
from trading.exchange.simulated.asks import Ask
from trading.exchange.simulated.records import Amendment, HeldOrder, NewOrder
from trading.exchange.simulated.routes_market import trades
from trading.exchange.simulated.stream import Stream
from trading.exchange.simulated.units import dollars
from trading.exchange.simulated.venue import Venue

TICKER = "KXBTC15M-26JAN050715-15"
OPEN = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
CLOSE = OPEN + timedelta(minutes=15)


@pytest.fixture
def step(stream: Stream, listener: Any, clock: VirtualClock) -> Callable[..., list[dict[str, Any]]]:
    """Moves time on and gives the new frames."""

    def go(seconds: float = 1.0) -> list[dict[str, Any]]:
        clock.advance_to(clock.now() + timedelta(seconds=seconds))
        found: list[dict[str, Any]] = listener.tick()
        return found

    return go


def order(stream: Stream, venue: Venue, side: Side, price: int, count: str = "5", name: str = "") -> HeldOrder:
    """Places an order as the server does: with a tick before and after."""
    stream.tick()
    placed = venue.create(NewOrder(TICKER, side, dollars(price), Decimal(count), client_order_id=name))
    stream.tick()
    return placed


def rest(venue: Venue, ticker: str = TICKER) -> dict[str, Any]:
    return wire.orderbook(venue.shown(ticker), 0)


def test_a_local_book_stays_equal_to_rest(
    stream: Stream, listener: Any, venue: Venue, clock: VirtualClock, step: Callable[..., Any]
) -> None:
    following = "KXBTC15M-26JAN050730-30"
    listener.say("subscribe", channels=["orderbook_delta"], market_tickers=[TICKER, following], use_yes_price=False)
    assert listener.book(TICKER) == rest(venue)
    for number in range(400):
        if number % 7 == 0 and clock.now() < CLOSE - timedelta(seconds=5):
            book = venue.shown(TICKER)
            levels, side = (book.bids, Side.BID) if number % 2 else (book.asks, Side.ASK)
            if levels:
                order(stream, venue, side, levels[0][0], "3", f"n-{number}")
        if number % 50 == 49:
            stream.tick()
            venue.cancel_all()
        step(3.1 if number % 5 == 0 else 0.7)
        assert listener.book(TICKER) == rest(venue), number
        assert listener.book(following) == rest(venue, following), number
    assert clock.now() > CLOSE - timedelta(minutes=3)
    clock.advance_to(CLOSE)
    listener.tick()
    assert listener.book(TICKER) == {"yes_dollars": [], "no_dollars": []}


def test_prices_of_the_no_side(
    stream: Stream, listener: Any, listening: Callable[[Stream], Any], step: Callable[..., Any]
) -> None:
    listener.say("subscribe", channels=["orderbook_delta"], market_ticker=TICKER, use_yes_price=True)
    plain = listening(stream)
    plain.say("subscribe", channels=["orderbook_delta"], market_ticker=TICKER)
    for _ in range(20):
        step()
    plain.read()
    ours, theirs = listener.book(TICKER), plain.book(TICKER)
    assert ours["yes_dollars"] == theirs["yes_dollars"]
    assert [[f"{1 - Decimal(p):.4f}", n] for p, n in reversed(ours["no_dollars"])] == theirs["no_dollars"]
    assert Decimal(ours["no_dollars"][0][0]) > Decimal(ours["yes_dollars"][-1][0])


def test_a_snapshot_leaves_empty_sides_out(listener: Any) -> None:
    listener.say("subscribe", channels=["orderbook_delta"], market_ticker="KXBTC15M-26JAN050745-45")
    [snapshot] = listener.of("orderbook_snapshot")
    assert set(snapshot) == {"market_ticker", "market_id"}


def test_an_own_order_signs_its_delta(stream: Stream, listener: Any, venue: Venue) -> None:
    listener.say("subscribe", channels=["orderbook_delta"], market_ticker=TICKER)
    order(stream, venue, Side.BID, 10, "5", "mine")
    listener.read()
    [delta] = listener.of("orderbook_delta")
    assert (delta["client_order_id"], delta["delta_fp"], delta["price_dollars"]) == ("mine", "5.00", "0.0010")
    ask = venue.shown(TICKER).asks[0][0]
    order(stream, venue, Side.BID, ask, "2", "taker")
    listener.read()
    taken = listener.of("orderbook_delta")[-1]
    assert (taken["client_order_id"], taken["delta_fp"], taken["side"]) == ("taker", "-2.00", "no")


def test_an_order_that_takes_tells_fill_order_position_and_trade(
    stream: Stream, listener: Any, venue: Venue, clock: VirtualClock
) -> None:
    listener.say("subscribe", channels=["fill", "user_orders", "market_positions", "trade"])
    placed = order(stream, venue, Side.ASK, venue.shown(TICKER).bids[0][0], "5", "no-5")
    frames = listener.read()
    assert [f["type"] for f in frames] == ["fill", "user_order", "market_position", "trade"]
    fill, told, position, trade = (f["msg"] for f in frames)
    assert (fill["order_id"], fill["client_order_id"], fill["is_taker"]) == (placed.order_id, "no-5", True)
    assert (fill["outcome_side"], fill["book_side"], fill["post_position_fp"]) == ("no", "ask", "-5.00")
    assert fill["ts_ms"] == trade["ts_ms"] == round(clock.now().timestamp() * 1000)
    assert (told["status"], told["last_update_reason"], told["fill_count_fp"]) == ("executed", "Trade", "5.00")
    assert (position["position_fp"], position["volume_fp"]) == ("-5.00", "5.00")
    assert trade["trade_id"] == fill["trade_id"]
    assert trade["taker_book_side"] == "ask"
    assert [("seq" in f) for f in frames] == [False, False, False, True]


def test_a_resting_order_is_told_within_a_second_of_its_match(
    stream: Stream, listener: Any, venue: Venue, clock: VirtualClock, step: Callable[..., Any]
) -> None:
    listener.say("subscribe", channels=["fill", "user_orders"], market_tickers=[TICKER])
    for number in range(30):
        book = venue.shown(TICKER)
        order(stream, venue, Side.BID, book.bids[0][0], "1", f"m-{number}")
        for _ in range(10):
            for frame in step():
                if frame["type"] == "fill":
                    late = clock.now().timestamp() * 1000 - frame["msg"]["ts_ms"]
                    assert 0 <= late <= 1000
    told = listener.of("fill")
    assert len(told) >= 5
    assert [f["trade_id"] for f in told] == [f.fill_id for f in venue.account.fills]


def test_each_change_of_an_order_has_its_reason(
    stream: Stream, listener: Any, venue: Venue, clock: VirtualClock, step: Callable[..., Any]
) -> None:
    listener.say("subscribe", channels=["user_orders"])
    placed = order(stream, venue, Side.BID, 10, "9", "first")
    venue.decrease(placed.order_id, by=Decimal(2))
    venue.amend(placed.order_id, Amendment(TICKER, Side.BID, Decimal("0.02"), Decimal(5)))
    venue.cancel(placed.order_id)
    expires = int(clock.now().timestamp()) + 2
    venue.create(NewOrder(TICKER, Side.BID, Decimal("0.01"), Decimal(1), expires_at=expires))
    step(10)
    venue.create(NewOrder(TICKER, Side.BID, Decimal("0.001"), Decimal(1)))
    clock.advance_to(CLOSE + timedelta(seconds=1))
    listener.tick()
    told = [(o["status"], o.get("last_update_reason")) for o in listener.of("user_order")]
    assert told == [
        ("resting", None),
        ("resting", "Decrease"),
        ("resting", "Amend"),
        ("canceled", None),
        ("resting", None),
        ("canceled", "ExpiryCancel"),
        ("resting", None),
        ("canceled", "CloseCancel"),
    ]


def test_a_filter_of_markets_holds_for_own_channels(stream: Stream, listener: Any, venue: Venue) -> None:
    channels = ["fill", "user_orders", "market_positions", "trade", "ticker"]
    listener.say("subscribe", channels=channels, market_ticker="KXBTC15M-26JAN050745-45")
    order(stream, venue, Side.BID, venue.shown(TICKER).asks[0][0])
    assert listener.read() == []


def test_the_trades_of_the_stream_are_those_of_rest(
    listener: Any, stream: Stream, venue: Venue, step: Callable[..., Any]
) -> None:
    step(0.0)
    listener.say("subscribe", channels=["trade"], market_tickers=[TICKER])
    since = int(venue.now.timestamp()) + 1
    for number in range(60):
        step()
        if number == 30:
            order(stream, venue, Side.BID, venue.shown(TICKER).asks[0][0])
    query = (("ticker", TICKER), ("min_ts", str(since)), ("limit", "1000"))
    listed: Any = trades(venue, Ask(query=query)).payload
    assert {t["trade_id"] for t in listener.of("trade")} == {t["trade_id"] for t in listed["trades"]}
    assert len(listener.of("trade")) == len(listed["trades"]) > 10


def test_the_ticker_follows_the_touch(listener: Any, venue: Venue, step: Callable[..., Any]) -> None:
    frames = listener.say("subscribe", channels=["ticker"], market_tickers=[TICKER], send_initial_snapshot=True)
    assert [f["type"] for f in frames] == ["subscribed", "ticker"]
    for _ in range(10):
        step()
        book, told = venue.shown(TICKER), listener.of("ticker")[-1]
        assert (told["yes_bid_dollars"], told["yes_ask_dollars"]) == tuple(
            wire.price(levels[0][0]) for levels in (book.bids, book.asks)
        )
        assert step(0.0) == []
    assert all("seq" not in frame for frame in listener.frames)


def test_the_ticker_of_every_market(listener: Any, clock: VirtualClock, step: Callable[..., Any]) -> None:
    listener.say("subscribe", channels=["ticker"])
    step()
    clock.advance_to(CLOSE + timedelta(seconds=2))
    listener.tick()
    assert {t["market_ticker"] for t in listener.of("ticker")} >= {TICKER, "KXBTC15M-26JAN050730-30"}


def test_the_life_of_a_market(
    stream: Stream, listener: Any, venue: Venue, clock: VirtualClock, step: Callable[..., Any]
) -> None:
    listener.say("subscribe", channels=["market_lifecycle_v2", "market_positions"])
    order(stream, venue, Side.BID, venue.shown(TICKER).asks[0][0])
    clock.advance_to(CLOSE)
    listener.tick()
    seen: dict[str, float] = {}
    for _ in range(80):
        for frame in step(0.1):
            if frame["type"] == "market_lifecycle_v2":
                seen[f"{frame['msg']['event_type']} {frame['msg']['market_ticker']}"] = clock.now().timestamp()
    base = CLOSE.timestamp()
    following = "KXBTC15M-26JAN050730-30"
    assert seen[f"metadata_updated {following}"] - base == pytest.approx(0.7, abs=0.01)
    assert seen[f"determined {TICKER}"] - base == pytest.approx(3, abs=0.01)
    assert seen[f"settled {TICKER}"] - base == pytest.approx(6, abs=0.01)
    events = {e["event_type"]: e for e in listener.of("market_lifecycle_v2")}
    window = venue.window(TICKER)
    verdict = venue.verdict(window)
    assert verdict is not None
    assert events["determined"]["result"] == verdict.result
    assert Decimal(str(events["metadata_updated"]["floor_strike"])) == verdict.expiration_value
    assert listener.of("market_position")[-1]["position_fp"] == "0.00"


def test_a_jump_of_the_clock_tells_every_market_that_was_passed(listener: Any, step: Callable[..., Any]) -> None:
    listener.say("subscribe", channels=["market_lifecycle_v2"])
    step(3600)
    kinds = [e["event_type"] for e in listener.of("market_lifecycle_v2")]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "created": 4,
        "metadata_updated": 4,
        "determined": 4,
        "settled": 4,
    }


def test_the_index_every_second_and_the_settlement_value_at_the_close(
    listener: Any, venue: Venue, clock: VirtualClock, step: Callable[..., Any]
) -> None:
    clock.advance_to(CLOSE - timedelta(seconds=62))
    listener.say("subscribe", channels=["cfbenchmarks_value"], index_ids=["BRTI"])
    for _ in range(130):
        step(0.5)
    told = listener.of("cfbenchmarks_value")
    assert [t["received_at"] for t in told] == [round(CLOSE.timestamp() - 61 + n) * 1000 for n in range(65)]
    counts = [t.get("last_60s_windowed_average_15min", {}).get("window_size") for t in told]
    assert counts == [None, None, *range(1, 61), None, None, None]
    last, after = told[61], told[62]
    value = Decimal(last["last_60s_windowed_average_15min"]["value"])
    verdict = venue.verdict(venue.window(TICKER))
    assert verdict is not None
    assert verdict.expiration_value is not None
    assert abs(value - verdict.expiration_value) <= Decimal("0.005")
    assert after["avg_60s_data"]["value"] == f"{value:.8f}"  # [close - 59, close + 1) holds the same sixty seconds
    raw = json.loads(last["data"])
    assert (raw["id"], raw["time"], Decimal(raw["value"])) == (
        "BRTI",
        last["received_at"],
        venue.world.spot("BRTI", CLOSE).price,  # type: ignore[union-attr]
    )
    step(3600)
    assert len(listener.of("cfbenchmarks_value")) == 65 + 60


def test_nothing_is_collected_without_a_session(
    stream: Stream, venue: Venue, listener: Any, listening: Callable[[Stream], Any]
) -> None:
    assert len(venue.account.watchers) == 1
    stream.close(listener.session)
    stream.close(listener.session)
    assert venue.account.watchers == []
    wish = NewOrder(TICKER, Side.BID, Decimal("0.01"), Decimal(1), TimeInForce.GTC)
    venue.create(wish)
    late = listening(stream)
    late.say("subscribe", channels=["user_orders"])
    assert late.of("user_order") == []
