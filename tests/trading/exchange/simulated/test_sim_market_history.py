"""The historical tier: what was settled or traded before the cutoff has moved there, and only there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from trading.clock import VirtualClock
from trading.exchange.simulated.venue import Venue

OLD = "KXBTC15M-25OCT061945-45"  # closed on 6 October 2025, 23:45 UTC
YOUNG = "KXBTC15M-25OCT062000-00"  # closed at the cutoff itself, 7 October 00:00 UTC, and paid after it
OLD_OPEN = int(datetime(2025, 10, 6, 23, 30, tzinfo=UTC).timestamp())


async def test_the_cutoff_parts_the_two_tiers(checked: Any, venue: Venue) -> None:
    cutoff = (await checked.get("/historical/cutoff"))["market_settled_ts"]
    assert cutoff == "2025-10-07T00:00:00Z"
    for ticker, live, past in ((OLD, 404, 200), (YOUNG, 200, 404), ("NOBODY", 404, 404)):
        assert (await checked.call("GET", f"/markets/{ticker}"))[0] == live
        assert (await checked.call("GET", f"/historical/markets/{ticker}"))[0] == past
    listed = (await checked.get(f"/markets?tickers={OLD},{YOUNG}"))["markets"]
    assert [m["ticker"] for m in listed] == [YOUNG]
    listed = (await checked.get(f"/historical/markets?tickers={OLD},{YOUNG}"))["markets"]
    assert [m["ticker"] for m in listed] == [OLD]
    market = (await checked.get(f"/historical/markets/{OLD}"))["market"]
    assert (market["status"], market["settlement_ts"]) == ("finalized", "2025-10-06T23:45:06Z")
    assert market["result"] in ("yes", "no")


async def test_the_two_listings_meet_without_a_gap(checked: Any, clock: VirtualClock) -> None:
    bound = int(datetime(2025, 10, 7, 1, tzinfo=UTC).timestamp())
    live = (await checked.get(f"/markets?series_ticker=KXBTC15M&status=settled&max_settled_ts={bound}"))["markets"]
    assert [m["close_time"][11:16] for m in live] == ["00:45", "00:30", "00:15", "00:00"]
    found, cursor = [], ""
    for _ in range(3):
        clock.advance_to(clock.now() + timedelta(seconds=1))
        page = await checked.get(f"/historical/markets?series_ticker=KXBTC15M&limit=5&cursor={cursor}")
        cursor = page["cursor"]
        found += [m["ticker"] for m in page["markets"]]
    assert cursor
    assert found[0] == OLD
    assert len(set(found)) == 15
    closes = [datetime.strptime(ticker[9:20], "%y%b%d%H%M").replace(tzinfo=UTC) for ticker in found]
    assert {earlier - later for later, earlier in zip(closes[1:], closes, strict=False)} == {timedelta(minutes=15)}


async def test_an_old_event_is_there_without_its_market(checked: Any) -> None:
    event = await checked.get(f"/events/{OLD.rpartition('-')[0]}")
    assert event["markets"] == []
    assert event["event"]["series_ticker"] == "KXBTC15M"
    assert (await checked.get(f"/historical/markets?event_ticker={OLD.rpartition('-')[0]}"))["markets"][0][
        "ticker"
    ] == OLD


async def test_candles_of_the_old_have_no_suffixes(checked: Any) -> None:
    query = f"?start_ts={OLD_OPEN}&end_ts={OLD_OPEN + 900}&period_interval=1"
    answer = await checked.get(f"/historical/markets/{OLD}/candlesticks{query}")
    assert len(answer["candlesticks"]) == 15
    for candle in answer["candlesticks"]:
        assert set(candle) == {"end_period_ts", "yes_bid", "yes_ask", "price", "volume", "open_interest"}
        assert set(candle["yes_bid"]) == {"open", "low", "high", "close"}
        assert set(candle["price"]) == {"open", "low", "high", "close", "mean", "previous"}
    assert answer["candlesticks"][0]["price"]["previous"] is None
    live = f"/series/KXBTC15M/markets/{OLD}/candlesticks{query}"
    assert (await checked.call("GET", live))[0] == 404
    batch = await checked.get(f"/markets/candlesticks{query}&market_tickers={OLD}")
    assert batch["markets"] == []
    assert (await checked.call("GET", f"/historical/markets/{YOUNG}/candlesticks{query}"))[0] == 404


async def test_trades_are_in_one_tier_or_the_other(checked: Any, clock: VirtualClock) -> None:
    assert (await checked.get(f"/markets/trades?ticker={OLD}"))["trades"] == []
    seen: list[str] = []
    cursor = ""
    while True:
        page = await checked.get(f"/historical/trades?ticker={OLD}&limit=200&cursor={cursor}")
        seen += [t["created_time"] for t in page["trades"]]
        clock.advance_to(clock.now() + timedelta(seconds=1))
        cursor = page["cursor"]
        if not cursor:
            break
    assert len(seen) > 400
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] >= "2025-10-06T23:30:00Z"
    assert (await checked.get(f"/historical/trades?ticker={YOUNG}&limit=1000"))["trades"]
    assert (await checked.get(f"/markets/trades?ticker={YOUNG}"))["trades"] == []
    everybody = (await checked.get("/historical/trades?limit=20"))["trades"]
    assert {t["ticker"] for t in everybody} == {YOUNG}
    assert everybody[0]["created_time"] < "2025-10-07T00:00:00Z"
