"""The crowd behind a venue: its listing page by page, every read of it, and its trading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from trading.clock import VirtualClock
from trading.domain.market import MarketStatus
from trading.domain.order import OrderStatus, Side, TimeInForce
from trading.exchange.simulated.asks import Ask
from trading.exchange.simulated.listing import MarketFilter
from trading.exchange.simulated.records import NewOrder
from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.routes_market import markets
from trading.exchange.simulated.street import StreetBook
from trading.exchange.simulated.tape import tape
from trading.exchange.simulated.units import contracts, dollars
from trading.exchange.simulated.venue import Venue, open_venue
from trading.exchange.simulated.windows import Window
from trading.exchange.simulated.world import SeededWorld

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BIG = SeededWorld(1, (), 3000)
SMALL = SeededWorld(1, ("KXBTC15M", "KXETH15M"), 400)
YEAR = timedelta(days=400)


@pytest.fixture
def venue(clock: VirtualClock) -> Venue:
    return open_venue(clock, world=SMALL, cash={shard: Decimal(1000) for shard in range(4)})


def trading(world: SeededWorld, at: datetime) -> list[Window]:
    return [w for w in world.listed("", at, at + YEAR, at) if w.trades_at(at)]


async def test_pages_lose_and_repeat_nothing_while_time_goes_on(
    checked: Any, venue: Venue, clock: VirtualClock
) -> None:
    wanted = {
        w.ticker for w in venue.windows(MarketFilter(status="open")) if w.close_time > clock.now() + timedelta(hours=1)
    }
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await checked.get(f"/markets?status=open&limit=37&cursor={cursor}")
        found += page["markets"]
        clock.advance_to(clock.now() + timedelta(seconds=30))
        cursor = page["cursor"]
        if not cursor:
            break
    tickers = [m["ticker"] for m in found]
    assert len(tickers) == len(set(tickers))
    assert wanted <= set(tickers)
    assert [m["close_time"] for m in found] == sorted((m["close_time"] for m in found), reverse=True)
    assert {"KXBTC15M", "KXETH15M"} < {t.partition("-")[0] for t in tickers}


async def test_every_read_of_the_crowd_has_the_exchanges_shape(checked: Any, venue: Venue, clock: VirtualClock) -> None:
    window = max(trading(SMALL, clock.now()), key=lambda w: SMALL.activity(w, clock.now()).volume_day)
    second = int(clock.now().timestamp())
    candles = f"start_ts={second - 86_400}&end_ts={second}&period_interval=60"
    for path in (
        f"/markets/{window.ticker}",
        f"/markets/{window.ticker}/orderbook",
        f"/events/{window.event_ticker}",
        f"/events/{window.event_ticker}?with_nested_markets=true",
        f"/series/{window.series.ticker}",
        "/series",
        "/events?status=open&limit=200&with_nested_markets=true",
        f"/markets/trades?ticker={window.ticker}",
        "/markets/trades?limit=1000",
        f"/series/{window.series.ticker}/markets/{window.ticker}/candlesticks?{candles}",
        f"/markets?event_ticker={window.event_ticker}",
        "/events/fee_changes",
        "/series/fee_changes?show_historical=true",
    ):
        assert await checked.get(path)
        clock.advance_to(clock.now() + timedelta(seconds=1))
    event = await checked.get(f"/events/{window.event_ticker}")
    assert [m["ticker"] for m in event["markets"]] == [w.ticker for w in SMALL.event(window.event_ticker)]
    categories = {s["category"] for s in (await checked.get("/series?category=Sports"))["series"]}
    assert categories == {"Sports"}


async def test_events_are_listed_once_with_all_their_markets(checked: Any, venue: Venue, clock: VirtualClock) -> None:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await checked.get(f"/events?status=open&limit=20&with_nested_markets=true&cursor={cursor}")
        found += page["events"]
        clock.advance_to(clock.now() + timedelta(seconds=1))
        cursor = page["cursor"]
        if not cursor:
            break
    assert len({e["event_ticker"] for e in found}) == len(found)
    assert sum(len(e["markets"]) for e in found) == 400 + 2
    assert all(e["mutually_exclusive"] == (e["collateral_return_type"] == "MECNET") for e in found)


def test_the_tape_of_a_market_fits_its_volume(clock: VirtualClock, venue: Venue) -> None:
    """The busiest markets: executions of a day are of the order of what the market says was traded."""
    now = clock.now()
    found = [w for w in trading(SMALL, now) if w.about and now - w.open_time > timedelta(days=1)]
    busy = sorted(found, key=lambda w: SMALL.activity(w, now).volume_day)[-25:]
    told = sum(SMALL.activity(w, now).volume_day for w in busy)
    printed = sum(p.count for w in busy for p in tape(venue, w, now - timedelta(days=1), now))
    assert 0.02 * told < printed < 2 * told
    quiet = [w for w in found if not SMALL.activity(w, now).volume]
    assert not any(p for w in quiet[:50] for p in tape(venue, w, now - timedelta(days=1), now))


def test_orders_fill_rest_and_are_paid_at_the_close(clock: VirtualClock, venue: Venue) -> None:
    now = clock.now()
    found = [w for w in trading(SMALL, now) if w.about and w.close_time - now < timedelta(hours=12)]
    window = next(w for w in found if venue.shown(w.ticker).asks and venue.shown(w.ticker).bids)
    book = venue.shown(window.ticker)
    ask, bid = book.asks[0], book.bids[-1]
    taken = venue.create(NewOrder(window.ticker, Side.BID, dollars(ask[0]), Decimal(2), TimeInForce.IOC))
    resting = venue.create(NewOrder(window.ticker, Side.BID, dollars(window.grid.lowest), Decimal(3)))
    assert contracts(taken.filled) == 2
    assert venue.shown(window.ticker).asks[0] == (ask[0], ask[1] - 200) or ask[1] == 200
    assert venue.order(resting.order_id).resting
    clock.advance_to(window.settled_time)
    venue.sync()
    verdict = venue.verdict(window)
    assert verdict is not None
    assert venue.order(resting.order_id).status in (OrderStatus.CANCELED, OrderStatus.EXECUTED)
    [paid] = venue.account.settlements
    assert (paid.ticker, paid.result, paid.settled_at) == (window.ticker, verdict.result, window.settled_time)
    assert bid[0] < ask[0]


def test_the_street_takes_what_rests_at_the_touch(clock: VirtualClock) -> None:
    venue = open_venue(clock, world=BIG, cash={shard: Decimal(10_000) for shard in range(4)})
    busy = sorted(trading(BIG, clock.now()), key=lambda w: BIG.activity(w, clock.now()).volume_day)[-10:]
    for window in busy:
        book = venue.shown(window.ticker)
        if book.bids:
            venue.create(NewOrder(window.ticker, Side.BID, dollars(book.bids[0][0]), Decimal(5), post_only=True))
    clock.advance_to(clock.now() + timedelta(days=2))
    venue.sync()
    makers = [fill for fill in venue.account.fills if not fill.is_taker]
    assert len({fill.ticker for fill in makers}) >= 3


def test_an_order_off_the_grid_of_its_own_market_is_refused(clock: VirtualClock, venue: Venue) -> None:
    for window in trading(SMALL, clock.now())[::20]:
        grid = venue.world.grids.of(window, clock.now())
        for text in ("0.005", "0.055", "0.505", "0.955"):
            wish = NewOrder(window.ticker, Side.BID, Decimal(text), Decimal(1), TimeInForce.IOC)
            if grid.takes(Decimal(text)):
                assert venue.create(wish).remaining == 0
            else:
                with pytest.raises(VenueError, match="not on the market's grid"):
                    venue.create(wish)


def test_a_market_lives_by_its_own_times(clock: VirtualClock, venue: Venue) -> None:
    window = next(w for w in trading(SMALL, clock.now()) if w.about and w.close_time < clock.now() + timedelta(days=1))
    following = next(
        w
        for w in SMALL.windows(window.series.ticker, window.close_time, window.close_time + YEAR)
        if w.open_time == window.close_time
    )
    states = []
    for at in (window.close_time, window.determined_time, window.settled_time):
        clock.advance_to(at)
        venue.sync()
        states.append(venue.status_of(window))
    assert states == [MarketStatus.CLOSED, MarketStatus.DETERMINED, MarketStatus.FINALIZED]
    assert following.created_time < window.close_time
    assert window in venue.windows(MarketFilter(tickers=(window.ticker,), status="settled"))
    assert window not in venue.windows(MarketFilter(tickers=(window.ticker,), status="open"))


def test_fifteen_thousand_markets_are_listed_without_making_books(clock: VirtualClock) -> None:
    """A page of a thousand looks at about a thousand markets, at one level a side."""
    venue = open_venue(clock, world=SeededWorld(1, ("KXBTC15M",), 15_000))
    looks: list[str] = []
    touch = venue.world.touch

    def looking(window: Window, moment: datetime) -> StreetBook:
        looks.append(window.ticker)
        return touch(window, moment)

    venue.world.touch = looking  # type: ignore[method-assign]
    venue.world.street = None  # type: ignore[method-assign,assignment]
    cursor, tickers = "", set()
    for _ in range(16):
        page: Any = markets(venue, Ask({}, (("status", "open"), ("limit", "1000"), ("cursor", cursor)))).payload
        tickers |= {m["ticker"] for m in page["markets"]}
        cursor = page["cursor"]
    assert (len(tickers), cursor) == (15_001, "")
    assert len(looks) == 15_001
