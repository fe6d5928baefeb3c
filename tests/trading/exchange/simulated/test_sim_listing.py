"""The filters of market and event listings, by the states and times of what they find, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from trading.clock import VirtualClock
from trading.exchange.simulated.grids import DECI, Regrid
from trading.exchange.simulated.venue import Venue, open_venue
from trading.exchange.simulated.world import SeededWorld

TICKER = "KXBTC15M-26JAN050715-15"
EVENT = "KXBTC15M-26JAN050715"
STATES = {
    "unopened": {"initialized"},
    "open": {"active"},
    "paused": set(),
    "closed": {"closed", "determined"},
    "settled": {"finalized"},
}


@pytest.fixture
def venue(clock: VirtualClock) -> Venue:
    return open_venue(clock, world=SeededWorld(1, ("KXBTC15M", "KXETH15M"), 60))


@pytest.fixture
def every(checked: Any, clock: VirtualClock) -> Callable[..., Any]:
    """The items of a listing, page by page, while the clock goes on a little; at most `pages`."""

    async def go(path: str, name: str = "markets", pages: int = 2) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = ""
        for _ in range(pages):
            page = await checked.get(f"{path}&limit=200&cursor={cursor}")
            found += page[name]
            clock.advance_to(clock.now() + timedelta(milliseconds=50))
            cursor = page["cursor"]
            if not cursor:
                break
        return found

    return go


def unix(clock: VirtualClock, **ago: float) -> int:
    return int((clock.now() - timedelta(**ago)).timestamp())


@pytest.mark.parametrize("status", STATES)
async def test_a_state_finds_its_own_and_all_of_them(
    every: Callable[..., Any], venue: Venue, clock: VirtualClock, status: str
) -> None:
    clock.advance_to(venue.window(TICKER).close_time + timedelta(seconds=2))
    found = await every(f"/markets?status={status}")
    assert {m["status"] for m in found} == (STATES[status] if status != "closed" else {"closed"})
    if status == "closed":
        assert {m["ticker"] for m in found} >= {TICKER, TICKER.replace("BTC", "ETH")}
    if status == "open":
        assert len(found) == 62


async def test_bounds_of_the_settlement_are_exact(checked: Any, clock: VirtualClock) -> None:
    clock.advance_to(clock.now() + timedelta(hours=2))
    close = unix(clock, hours=1, minutes=5)  # 13:00
    path = "/markets?series_ticker=KXBTC15M&status=settled"
    found = (await checked.get(f"{path}&min_settled_ts={close + 6}&max_settled_ts={close + 906}"))["markets"]
    assert [m["close_time"][11:16] for m in found] == ["13:15", "13:00"]
    found = (await checked.get(f"{path}&min_settled_ts={close + 7}&max_settled_ts={close + 905}"))["markets"]
    assert found == []


async def test_bounds_of_the_creation(checked: Any, venue: Venue, clock: VirtualClock) -> None:
    created = int(venue.window(TICKER).created_time.timestamp())
    query = f"series_ticker=KXBTC15M&min_created_ts={created}&max_created_ts={created}"
    for status in ("", "&status=open"):
        assert [m["ticker"] for m in (await checked.get(f"/markets?{query}{status}"))["markets"]] == [TICKER]
    assert (await checked.get(f"/markets?{query}&status=unopened"))["markets"] == []


async def test_bounds_of_the_close_go_with_closed(checked: Any, venue: Venue, clock: VirtualClock) -> None:
    close = venue.window(TICKER).close_time
    clock.advance_to(close + timedelta(seconds=2))
    second = int(close.timestamp())
    query = f"series_ticker=KXBTC15M&min_close_ts={second - 900}&max_close_ts={second}"
    assert len((await checked.get(f"/markets?{query}"))["markets"]) == 2
    [closed] = (await checked.get(f"/markets?{query}&status=closed"))["markets"]
    assert closed["ticker"] == TICKER


async def test_bounds_of_the_update_find_what_has_changed(checked: Any, venue: Venue, clock: VirtualClock) -> None:
    clock.advance_to(venue.window(TICKER).close_time + timedelta(seconds=10))
    since = unix(clock, seconds=20)
    query = f"/markets?min_updated_ts={since}&mve_filter=exclude&series_ticker=KXBTC15M"
    found = {m["ticker"]: m["updated_time"] for m in (await checked.get(query))["markets"]}
    assert found == {
        TICKER: "2026-01-05T12:15:06Z",  # paid
        "KXBTC15M-26JAN050730-30": "2026-01-05T12:15:00.7Z",  # its strike became known
    }
    changed = "KXBTC15M-26JAN050800-00"
    venue.world.grids.change(changed, Regrid(clock.now(), DECI))
    assert changed in {m["ticker"] for m in (await checked.get(query))["markets"]}
    assert (await checked.get(f"/markets?max_updated_ts={since}&mve_filter=exclude&limit=3"))["markets"]


async def test_names_find_what_they_name(checked: Any) -> None:
    both = f"{TICKER},{TICKER.replace('BTC', 'ETH')},NOBODY"
    assert {m["ticker"] for m in (await checked.get(f"/markets?tickers={both}"))["markets"]} == set(both.split(",")[:2])
    assert [m["ticker"] for m in (await checked.get(f"/markets?event_ticker={EVENT}"))["markets"]] == [TICKER]
    assert (await checked.get("/markets?series_ticker=KXNOBODY"))["markets"] == []
    assert (await checked.get("/markets?mve_filter=only"))["markets"] == []


REFUSED = [
    "/markets?status=active",
    "/markets?status=open,closed",
    "/markets?limit=1001",
    "/markets?min_close_ts=1&min_settled_ts=1",
    "/markets?max_created_ts=1&max_close_ts=1",
    "/markets?min_close_ts=1&status=open",
    "/markets?min_close_ts=1&status=settled",
    "/markets?min_created_ts=1&status=closed",
    "/markets?min_created_ts=1&status=settled",
    "/markets?max_settled_ts=1&status=closed",
    "/markets?min_updated_ts=1&status=open",
    "/markets?min_updated_ts=1&tickers=A",
    "/markets?min_updated_ts=1&event_ticker=A",
    "/markets?min_updated_ts=1&series_ticker=KXBTC15M",
    "/markets?min_updated_ts=1&min_close_ts=1",
    "/markets?mve_filter=all",
    "/markets?min_close_ts=soon",
    "/events?limit=201",
    "/events?status=paused",
    f"/markets/{TICKER}/orderbook?depth=101",
    f"/markets/{TICKER}/orderbook?depth=-1",
    "/markets/orderbooks",
    "/markets/orderbooks?" + "&".join(f"tickers=T{n}" for n in range(101)),
]


@pytest.mark.parametrize("path", REFUSED)
async def test_what_does_not_go_together_is_refused(checked: Any, path: str) -> None:
    status, payload = await checked.call("GET", path)
    assert (status, payload["error"]["code"]) == (400, "invalid_parameters")


async def test_depth_keeps_the_best_and_their_order(checked: Any) -> None:
    whole = (await checked.get(f"/markets/{TICKER}/orderbook?depth=0"))["orderbook_fp"]
    some = (await checked.get(f"/markets/{TICKER}/orderbook?depth=3"))["orderbook_fp"]
    most = (await checked.get(f"/markets/{TICKER}/orderbook?depth=100"))["orderbook_fp"]
    for side in ("yes_dollars", "no_dollars"):
        assert some[side] == whole[side][-3:]
        assert most[side] == whole[side] == sorted(whole[side])
        assert len(whole[side]) > 3


async def test_a_comma_list_of_books_is_one_name_that_nobody_has(checked: Any) -> None:
    other = TICKER.replace("BTC", "ETH")
    [bogus] = (await checked.get(f"/markets/orderbooks?tickers={TICKER},{other}"))["orderbooks"]
    assert bogus == {"ticker": f"{TICKER},{other}", "orderbook_fp": {"yes_dollars": [], "no_dollars": []}}
    both = (await checked.get(f"/markets/orderbooks?tickers={TICKER}&tickers={other}"))["orderbooks"]
    assert [b["ticker"] for b in both] == [TICKER, other]
    assert all(b["orderbook_fp"]["yes_dollars"] for b in both)


async def test_events_by_state_series_name_and_close(
    every: Callable[..., Any], checked: Any, clock: VirtualClock
) -> None:
    for status, states in STATES.items():
        if status in ("paused", "closed"):
            continue
        found = await every(f"/events?status={status}&series_ticker=KXETH15M&with_nested_markets=true", "events")
        assert found
        assert {m["status"] for e in found for m in e["markets"]} == states
    named = await every(f"/events?tickers={EVENT},NOBODY", "events")
    assert [e["event_ticker"] for e in named] == [EVENT]
    assert "markets" not in named[0]
    bound = unix(clock, hours=-2)
    late = await every(f"/events?series_ticker=KXBTC15M&min_close_ts={bound}&with_nested_markets=true", "events")
    assert late
    assert all(m["close_time"] >= "2026-01-05T14:05" for e in late for m in e["markets"])


async def test_an_event_nests_its_markets_or_shows_them_beside(checked: Any) -> None:
    beside = await checked.get(f"/events/{EVENT}")
    nested = await checked.get(f"/events/{EVENT}?with_nested_markets=true")
    assert nested["markets"] == []
    assert nested["event"]["markets"] == beside["markets"]
    assert beside["markets"][0]["ticker"] == TICKER
    assert (await checked.call("GET", "/events/NOBODY"))[0] == 404
