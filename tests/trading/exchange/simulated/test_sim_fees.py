"""Fee terms: series', events' overrides, scheduled changes, and what takers and makers are charged at the moment."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.clock import VirtualClock
from trading.domain.fees import MAKER_SHARE, model_fee
from trading.domain.money import CENTI_CENT, ONE, ZERO, ceil_to
from trading.domain.order import Side, TimeInForce
from trading.exchange.simulated.direct import DirectExchange
from trading.exchange.simulated.fee_schedule import FeeSchedule, SeriesChange, Terms
from trading.exchange.simulated.records import NewOrder
from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.spot import ANCHOR
from trading.exchange.simulated.units import contracts, dollars
from trading.exchange.simulated.venue import Venue, open_venue
from trading.exchange.simulated.windows import KNOWN_SERIES, Window
from trading.exchange.simulated.world import SeededWorld

TICKER = "KXBTC15M-26JAN050715-15"
MAKERS_PAY = "quadratic_with_maker_fees"
HALF = Decimal("0.5")
YEAR = timedelta(days=400)


@pytest.fixture
def venue(clock: VirtualClock) -> Venue:
    world = SeededWorld(1, ("KXBTC15M",), 600)
    return open_venue(clock, world=world, cash={shard: Decimal(5000) for shard in range(4)})


def take(venue: Venue, ticker: str, count: str = "2") -> Decimal:
    """The fee of an order that takes; all of it fills at one price."""
    ask = venue.shown(ticker).asks[0][0]
    placed = venue.create(NewOrder(ticker, Side.BID, dollars(ask), Decimal(count), TimeInForce.IOC))
    assert contracts(placed.filled) == Decimal(count)
    return placed.taker_fees


def taker_fee(venue: Venue, multiplier: Decimal, count: str = "2") -> Decimal:
    """What the last fill costs a taker by the formula."""
    return ceil_to(model_fee(dollars(venue.account.fills[-1].price), Decimal(count), multiplier), CENTI_CENT)


def make(venue: Venue, clock: VirtualClock) -> Decimal:
    """The maker fee of an order that rests at the touch until the street takes it."""
    bid = venue.shown(TICKER).bids[0][0]
    placed = venue.create(NewOrder(TICKER, Side.BID, dollars(bid), Decimal(5), post_only=True))
    for _ in range(500):
        clock.advance_to(clock.now() + timedelta(seconds=1))
        order = venue.order(placed.order_id)
        if order.filled:
            assert not order.taker_fees
            assert not venue.account.fills[-1].is_taker
            return order.maker_fees
    raise AssertionError("nobody took it")


def test_terms_in_force_are_those_of_the_moment(venue: Venue, clock: VirtualClock) -> None:
    fees, event, now = venue.world.fees, TICKER.rpartition("-")[0], clock.now()
    assert take(venue, TICKER) == taker_fee(venue, ONE) > 0
    fees.override_event(event, Terms(now + timedelta(seconds=10), "quadratic", ZERO))
    fees.override_event(event, Terms(now + timedelta(seconds=20), "quadratic", HALF))
    for seconds, multiplier in ((9, ONE), (10, ZERO), (19, ZERO), (20, HALF)):
        clock.advance_to(now + timedelta(seconds=seconds))
        assert take(venue, TICKER) == taker_fee(venue, multiplier)


def test_makers_pay_where_the_type_says_so_and_only_there(venue: Venue, clock: VirtualClock) -> None:
    assert make(venue, clock) == ZERO
    event = TICKER.rpartition("-")[0]
    venue.world.fees.override_event(event, Terms(clock.now(), MAKERS_PAY, ONE))
    paid = make(venue, clock)
    price = dollars(venue.account.fills[-1].price)
    count = contracts(venue.account.fills[-1].count)
    expected = ceil_to(model_fee(price, count, ONE, MAKER_SHARE[MAKERS_PAY]), CENTI_CENT)
    assert paid == expected > 0


def test_an_event_goes_before_its_series_and_later_terms_before_earlier(venue: Venue, clock: VirtualClock) -> None:
    fees, window, now = venue.world.fees, venue.window(TICKER), clock.now()
    hour = timedelta(hours=1)
    fees.change_series("KXBTC15M", Terms(now - hour, MAKERS_PAY, HALF))
    assert fees.of(window, now).fee_type == MAKERS_PAY
    fees.override_event(window.event_ticker, Terms(now - 2 * hour, "quadratic", ZERO))
    assert (fees.of(window, now).fee_type, fees.of(window, now).fee_multiplier) == ("quadratic", ZERO)
    assert fees.of(window, now - 3 * hour) is window.series
    assert fees.of_series(window.series, now - 3 * hour) is window.series


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from([ZERO, HALF, ONE])), unique_by=lambda t: t[0]))
def test_the_latest_change_up_to_a_time_is_in_force(changes: list[tuple[int, Decimal]]) -> None:
    series = KNOWN_SERIES["KXBTC15M"]
    at = [Terms(ANCHOR + timedelta(hours=hour), "quadratic", multiplier) for hour, multiplier in changes]
    fees = FeeSchedule(SeriesChange(series.ticker, terms) for terms in at)
    for hour in range(51):
        past = [(h, m) for h, m in changes if h <= hour]
        expected = max(past)[1] if past else series.fee_multiplier
        assert fees.of_series(series, ANCHOR + timedelta(hours=hour)).fee_multiplier == expected


def test_an_order_that_rests_where_makers_pay_needs_the_fee_too(clock: VirtualClock) -> None:
    world = SeededWorld(1)
    venue = open_venue(clock, world=world, cash={2: Decimal("0.50")})
    world.fees.override_event(TICKER.rpartition("-")[0], Terms(clock.now(), MAKERS_PAY, ONE))
    wish = NewOrder(TICKER, Side.BID, Decimal("0.10"), Decimal(5))
    with pytest.raises(VenueError, match="balance"):
        venue.create(wish)
    assert venue.create(NewOrder(TICKER, Side.BID, Decimal("0.10"), Decimal(4))).resting


def test_the_crowd_has_every_kind_of_terms_and_charges_them(venue: Venue, clock: VirtualClock) -> None:
    now = clock.now()
    seen: dict[tuple[str, Decimal], Window] = {}
    for window in venue.world.listed("", now, now + YEAR, now):
        book = venue.shown(window.ticker)
        if window.trades_at(now) and book.asks and book.asks[0][1] >= 200:
            terms = venue.world.fees.of(window, now)
            seen.setdefault((terms.fee_type, terms.fee_multiplier), window)
    assert {multiplier for _, multiplier in seen} >= {ZERO, HALF, ONE}
    assert {fee_type for fee_type, _ in seen} == {"quadratic", MAKERS_PAY}
    for (_, multiplier), window in seen.items():
        assert take(venue, window.ticker) == taker_fee(venue, multiplier)


async def test_the_engine_sees_the_terms_of_the_moment(venue: Venue, clock: VirtualClock) -> None:
    exchange, event = DirectExchange(venue), TICKER.rpartition("-")[0]
    [before] = await exchange.markets(tickers=[TICKER])
    venue.world.fees.override_event(event, Terms(clock.now(), MAKERS_PAY, HALF))
    [after] = await exchange.markets(tickers=[TICKER])
    assert (before.fees.fee_type, before.fees.multiplier) == ("quadratic", ONE)
    assert (after.fees.fee_type, after.fees.multiplier) == (MAKERS_PAY, HALF)


async def test_planned_changes_of_series_are_told_and_come_true(
    checked: Any, venue: Venue, clock: VirtualClock
) -> None:
    ahead = (await checked.get("/series/fee_changes"))["series_fee_change_arr"]
    every = (await checked.get("/series/fee_changes?show_historical=true"))["series_fee_change_arr"]
    assert 0 < len(ahead) < len(every)
    first = ahead[0]
    assert first["scheduled_ts"] > "2026-01-05T12:05:00Z"
    own = await checked.get(f"/series/fee_changes?series_ticker={first['series_ticker']}")
    assert {c["series_ticker"] for c in own["series_fee_change_arr"]} == {first["series_ticker"]}
    path = f"/series/{first['series_ticker']}"
    before = (await checked.get(path))["series"]
    clock.advance_to(clock.now() + timedelta(days=31))
    after = (await checked.get(path))["series"]
    assert (after["fee_type"], after["fee_multiplier"]) == (first["fee_type"], first["fee_multiplier"])
    assert (before["fee_type"], before["fee_multiplier"]) != (after["fee_type"], after["fee_multiplier"])


async def test_overrides_of_events_are_told_and_shown(checked: Any, venue: Venue, clock: VirtualClock) -> None:
    event = TICKER.rpartition("-")[0]
    assert (await checked.get(f"/events/fee_changes?event_ticker={event}"))["event_fee_changes"] == []
    assert (await checked.get(f"/events/{event}"))["event"]["fee_type_override"] is None
    venue.world.fees.override_event(event, Terms(clock.now() + timedelta(seconds=30), MAKERS_PAY, HALF))
    [change] = (await checked.get(f"/events/fee_changes?event_ticker={event}"))["event_fee_changes"]
    assert (change["event_ticker"], change["series_ticker"]) == (event, "KXBTC15M")
    assert (change["fee_type_override"], change["fee_multiplier_override"]) == (MAKERS_PAY, 0.5)
    assert (await checked.get(f"/events/{event}"))["event"]["fee_type_override"] is None
    clock.advance_to(clock.now() + timedelta(seconds=30))
    shown = (await checked.get(f"/events/{event}"))["event"]
    assert (shown["fee_type_override"], shown["fee_multiplier_override"]) == (MAKERS_PAY, 0.5)
    assert shown["last_updated_ts"] == change["scheduled_ts"]
    assert (await checked.get("/series/KXBTC15M"))["series"]["fee_type"] == "quadratic"


async def test_the_changes_of_events_come_in_pages(checked: Any, clock: VirtualClock) -> None:
    found, cursor = [], ""
    while True:
        page = await checked.get(f"/events/fee_changes?limit=3&cursor={cursor}")
        found += page["event_fee_changes"]
        clock.advance_to(clock.now() + timedelta(seconds=1))
        cursor = page["cursor"]
        if not cursor:
            break
    assert len({c["id"] for c in found}) == len(found) > 3
    assert [c["scheduled_ts"] for c in found] == sorted((c["scheduled_ts"] for c in found), reverse=True)
