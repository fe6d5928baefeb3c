"""What the stream tells of markets' and events' lives, of changing grids and fees, and of the fast index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from trading.clock import VirtualClock
from trading.domain.order import Side
from trading.exchange.simulated.fee_schedule import Terms
from trading.exchange.simulated.grids import LINEAR, TAPERED, Regrid
from trading.exchange.simulated.listing import MarketFilter
from trading.exchange.simulated.records import NewOrder
from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.venue import Venue, open_venue
from trading.exchange.simulated.windows import Window
from trading.exchange.simulated.world import SeededWorld

TICKER = "KXBTC15M-26JAN050715-15"
EVENT = TICKER.rpartition("-")[0]
HOUR, MINUTE, YEAR = timedelta(hours=1), timedelta(minutes=1), timedelta(days=400)


@pytest.fixture
def venue(clock: VirtualClock) -> Venue:
    return open_venue(clock, world=SeededWorld(1, ("KXBTC15M",), 300), cash={s: Decimal(1000) for s in range(4)})


@pytest.fixture
def told(listener: Any, clock: VirtualClock) -> Callable[..., list[dict[str, Any]]]:
    """Everything that the lifecycle channel tells up to a time, in steps."""
    listener.say("subscribe", channels=["market_lifecycle_v2"])

    def go(until: timedelta, step: timedelta = 10 * MINUTE) -> list[dict[str, Any]]:
        end, frames = clock.now() + until, []
        while clock.now() < end:
            clock.advance_to(min(clock.now() + step, end))
            frames += listener.tick()
        return frames

    return go


def test_every_market_and_event_of_the_crowd_is_told_once(told: Any, venue: Venue, clock: VirtualClock) -> None:
    start = clock.now()
    frames = told(3 * HOUR)
    end = clock.now()
    windows = set(venue.world.listed("", start - 2 * HOUR, end + YEAR, end))
    kinds = Counter((f["type"], f["msg"].get("event_type", "")) for f in frames)

    def happened(times: Callable[[Window], Any]) -> int:
        return sum(start < times(w) <= end for w in windows)

    assert kinds["market_lifecycle_v2", "created"] == happened(lambda w: w.created_time) > 12
    assert kinds["market_lifecycle_v2", "determined"] == happened(lambda w: w.determined_time) > 12
    assert kinds["market_lifecycle_v2", "settled"] == happened(lambda w: w.settled_time) > 12
    events = {w.event_ticker for w in windows if start < w.created_time <= end}
    assert Counter(f["msg"]["event_ticker"] for f in frames if f["type"] == "event_lifecycle") == Counter(events)
    assert {kind for _, kind in kinds} <= {
        "",
        "created",
        "metadata_updated",
        "determined",
        "settled",
        "price_level_structure_updated",
    }


def test_an_event_is_told_before_its_markets_as_rest_has_it(told: Any, venue: Venue) -> None:
    frames = told(HOUR)
    seen: set[str] = set()
    created = 0
    for frame in frames:
        msg = frame["msg"]
        if frame["type"] == "event_lifecycle":
            seen.add(msg["event_ticker"])
            window = venue.world.event(msg["event_ticker"])[0]
            assert msg["series_ticker"] == window.series.ticker
            assert msg["strike_date"] == window.close_time.timestamp()
            assert msg["exchange_index"] == window.exchange_index
        elif msg["event_type"] == "created":
            created += 1
            window = venue.world.window(msg["market_ticker"])
            assert window is not None
            assert window.event_ticker in seen
            assert (msg["open_ts"], msg["close_ts"]) == (window.open_time.timestamp(), window.close_time.timestamp())
            assert msg["price_level_structure"] == window.grid.name
    assert created > 4


def test_that_a_market_opens_or_closes_is_not_told(told: Any, clock: VirtualClock, venue: Venue) -> None:
    clock.advance_to(venue.window(TICKER).close_time - timedelta(seconds=30))
    told(timedelta(0))
    frames = told(timedelta(seconds=30.5))
    assert [f for f in frames if f["type"] == "market_lifecycle_v2" and TICKER[:10] in f["msg"]["market_ticker"]] == []


def test_an_override_of_fees_is_told_when_it_comes_into_force(told: Any, venue: Venue, clock: VirtualClock) -> None:
    venue.world.fees.override_event(EVENT, Terms(clock.now() + timedelta(seconds=90), "quadratic", Decimal("0.5")))
    first = [f for f in told(timedelta(seconds=89)) if f["type"] == "event_fee_update"]
    assert [f for f in first if f["msg"]["event_ticker"] == EVENT] == []
    [update] = [f["msg"] for f in told(timedelta(seconds=2)) if f["type"] == "event_fee_update"]
    assert update == {"event_ticker": EVENT, "fee_type_override": "quadratic", "fee_multiplier_override": 0.5}


def test_planned_overrides_and_grids_are_told_at_their_time(told: Any, venue: Venue, clock: VirtualClock) -> None:
    start = clock.now()
    frames = told(60 * HOUR, 3 * HOUR)
    end = clock.now()
    windows = list(venue.world.listed("", start, end + YEAR, end))
    fees = {w.event_ticker for w in windows if w.override and start < w.override.at <= end}
    grids = {w.ticker for w in windows if w.regrid and start < w.regrid.at <= end}
    assert fees
    assert grids
    assert Counter(f["msg"]["event_ticker"] for f in frames if f["type"] == "event_fee_update") == Counter(fees)
    regridded = [f["msg"] for f in frames if f["msg"].get("event_type") == "price_level_structure_updated"]
    assert Counter(m["market_ticker"] for m in regridded) == Counter(grids)
    assert {m["price_level_structure"] for m in regridded} == {"deci_cent"}
    assert regridded[0]["price_ranges"] == [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]


async def test_a_new_grid_is_in_force_at_once(told: Any, venue: Venue, clock: VirtualClock, caller: Any) -> None:
    window = next(w for w in venue.windows(MarketFilter(status="open")) if w.grid is LINEAR and w.regrid is None)
    path = f"/markets/{window.ticker}"
    fine = NewOrder(window.ticker, Side.BID, Decimal("0.005"), Decimal(1))
    assert (await caller.get(path))["market"]["price_level_structure"] == "linear_cent"
    with pytest.raises(VenueError, match="grid"):
        venue.create(fine)
    venue.world.grids.change(window.ticker, Regrid(clock.now() + timedelta(seconds=5), TAPERED))
    [msg] = [f["msg"] for f in told(timedelta(seconds=6)) if f["msg"].get("market_ticker") == window.ticker]
    assert (msg["event_type"], msg["price_level_structure"]) == ("price_level_structure_updated", "tapered_deci_cent")
    market = (await caller.get(path))["market"]
    assert market["price_ranges"] == msg["price_ranges"]
    assert venue.create(fine).resting
    with pytest.raises(VenueError, match="grid"):
        venue.create(NewOrder(window.ticker, Side.BID, Decimal("0.505"), Decimal(1)))


def test_the_trades_and_tickers_of_everybody_have_the_crowd_in_them(
    listener: Any, venue: Venue, clock: VirtualClock
) -> None:
    listener.say("subscribe", channels=["ticker", "trade"], send_initial_snapshot=True)
    assert len({t["market_ticker"] for t in listener.of("ticker")}) == 301
    for _ in range(60):
        clock.advance_to(clock.now() + timedelta(seconds=30))
        listener.tick()
    assert {t["market_ticker"][:8] for t in listener.of("trade")} > {"KXBTC15M"}
    later = listener.of("ticker")[301:]
    assert len({t["market_ticker"] for t in later if not t["market_ticker"].startswith("KXBTC15M")}) > 30


def test_an_own_order_moves_the_ticker_of_a_quiet_market(listener: Any, stream: Any, venue: Venue) -> None:
    listener.say("subscribe", channels=["ticker"], send_initial_snapshot=True)
    found = (w for w in venue.windows(MarketFilter(status="open")) if w.about)
    window = next(w for w in found if not (book := venue.shown(w.ticker)).bids and book.asks[0][0] > w.grid.lowest)
    listener.read()
    listener.frames.clear()
    price = window.grid.lowest
    venue.create(NewOrder(window.ticker, Side.BID, Decimal(price).scaleb(-4), Decimal(7)))
    stream.tick()
    listener.read()
    [ticker] = [t for t in listener.of("ticker") if t["market_ticker"] == window.ticker]
    assert ticker["yes_bid_size_fp"] == "7.00"


def test_the_fast_index_is_told_five_times_a_second(listener: Any, clock: VirtualClock, venue: Venue) -> None:
    listener.say("subscribe", channels=["cfbenchmarks_value_5hz"], index_ids=["BRTI"])
    [sid] = [f["msg"]["sid"] for f in listener.frames if f["type"] == "subscribed"]
    for _ in range(30):
        clock.advance_to(clock.now() + timedelta(seconds=0.1))
        listener.tick()
    values = listener.of("cfbenchmarks_value_5hz")
    assert [b["received_at"] - a["received_at"] for a, b in pairwise(values)] == [200] * 14
    assert len(values) == 15
    for value in values:
        tick = venue.spot("BRTI") if value is values[-1] else None
        assert tick is None or Decimal(value["value_usd"]) == tick.price
        assert 0 <= value["received_at"] - value["source_ts_ms"] < 1000
    listener.say("update_subscription", sid=sid, action="unsubscribe_indices", index_ids=["BRTI"])
    listener.frames.clear()
    clock.advance_to(clock.now() + timedelta(seconds=2))
    listener.tick()
    assert listener.of("cfbenchmarks_value_5hz") == []


def test_the_crowd_has_no_index(listener: Any, venue: Venue) -> None:
    [refused] = listener.say("subscribe", channels=["cfbenchmarks_value_5hz"], index_ids=[""])
    assert refused["msg"]["code"] == 11
    assert venue.world.spot("", venue.now) is None
