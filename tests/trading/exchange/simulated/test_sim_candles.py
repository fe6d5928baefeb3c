"""Candlesticks against the street and the tape that they are made from, and the limits of their operations."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from trading.clock import VirtualClock
from trading.domain.order import Side, TimeInForce
from trading.exchange.simulated.asks import Ask
from trading.exchange.simulated.candles import CandleRuns, projected
from trading.exchange.simulated.recorded import RecordedWorld
from trading.exchange.simulated.records import NewOrder
from trading.exchange.simulated.routes_candles import candlesticks
from trading.exchange.simulated.tape import tape
from trading.exchange.simulated.units import dollars
from trading.exchange.simulated.venue import Venue, open_venue

TICKER = "KXBTC15M-26JAN050715-15"
PATH = f"/series/KXBTC15M/markets/{TICKER}/candlesticks"
OPEN = int(datetime(2026, 1, 5, 12, 0, tzinfo=UTC).timestamp())
CLOSE = OPEN + 900


def asked(start: int = OPEN, end: int = CLOSE, period: int = 1, **more: str) -> str:
    query = {"start_ts": start, "end_ts": end, "period_interval": period, **more}
    return "?" + "&".join(f"{name}={value}" for name, value in query.items())


def at(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


async def test_every_minute_says_what_was_quoted_and_traded_in_it(
    checked: Any, venue: Venue, clock: VirtualClock
) -> None:
    clock.advance_to(at(CLOSE + 60))
    candles = (await checked.get(PATH + asked()))["candlesticks"]
    window = venue.window(TICKER)
    assert [c["end_period_ts"] for c in candles] == list(range(OPEN + 60, CLOSE + 1, 60))
    for candle in candles:
        end = candle["end_period_ts"]
        seconds = [at(s) for s in range(max(end - 60, OPEN), min(end + 1, CLOSE))]
        books = [venue.world.street(window, second) for second in seconds]
        bids = [dollars(b.bids[0][0]) if b.bids else Decimal(0) for b in books]
        asks = [dollars(b.asks[0][0]) if b.asks else Decimal(1) for b in books]
        for side, values in ((candle["yes_bid"], bids), (candle["yes_ask"], asks)):
            told = [Decimal(side[f"{name}_dollars"]) for name in ("open", "low", "high", "close")]
            assert told == [values[0], min(values), max(values), values[-1]]
        first = end - 60 + (0.000001 if end - 60 > OPEN else 0)
        prints = list(tape(venue, window, at(first), at(end)))[::-1]
        prices = [dollars(p.price) for p in prints]
        price = candle["price"]
        told = [Decimal(price[f"{name}_dollars"]) for name in ("open", "low", "high", "close")]
        assert told == [prices[0], min(prices), max(prices), prices[-1]]
        mean = sum((dollars(p.price) * p.count for p in prints), Decimal(0)) / sum(p.count for p in prints)
        assert abs(Decimal(price["mean_dollars"]) - mean) <= Decimal("0.00005")


async def test_volumes_are_those_of_the_market(checked: Any, clock: VirtualClock) -> None:
    clock.advance_to(at(CLOSE + 3600))
    candles = (await checked.get(PATH + asked()))["candlesticks"]
    market = (await checked.get(f"/markets/{TICKER}"))["market"]
    assert sum(Decimal(c["volume_fp"]) for c in candles) == Decimal(market["volume_fp"])
    assert candles[-1]["open_interest_fp"] == market["open_interest_fp"]
    [hour] = (await checked.get(PATH + asked(OPEN, CLOSE + 3600, 60)))["candlesticks"]
    assert hour["end_period_ts"] == OPEN + 3600
    assert hour["volume_fp"] == market["volume_fp"]
    for side in ("yes_bid", "yes_ask", "price"):
        assert hour[side]["low_dollars"] == min(c[side]["low_dollars"] for c in candles)
        assert hour[side]["high_dollars"] == max(c[side]["high_dollars"] for c in candles)
        assert hour[side]["close_dollars"] == candles[-1][side]["close_dollars"]
    assert "previous_dollars" not in hour["price"]
    assert candles[1]["price"]["previous_dollars"] == candles[0]["price"]["close_dollars"]


def test_a_candle_appears_when_its_period_has_ended_and_stays_as_it_is(venue: Venue, clock: VirtualClock) -> None:
    runs, window = CandleRuns(), venue.window(TICKER)
    clock.advance_to(at(OPEN + 359.5))
    venue.sync()
    early = list(runs.of(venue, window, 1))
    assert [c.end for c in early] == [OPEN + 60 * n for n in range(1, 6)]
    clock.advance_to(at(OPEN + 3600))
    venue.sync()
    late = list(runs.of(venue, window, 1))
    assert late[:5] == early
    assert late == list(CandleRuns().of(venue, window, 1))


def test_a_market_that_is_not_open_yet_has_none(venue: Venue) -> None:
    ahead = venue.window("KXBTC15M-26JAN050900-00")
    assert list(CandleRuns().of(venue, ahead, 1)) == []


def test_own_trades_are_in_them(venue: Venue, clock: VirtualClock) -> None:
    window = venue.window(TICKER)
    clock.advance_to(at(OPEN + 360.5))
    asks = venue.shown(TICKER).asks
    price, count = asks[4][0], Decimal(sum(n for _, n in asks[:5])) / 100
    venue.transfer(0, 2, Decimal(1000))
    wish = NewOrder(TICKER, Side.BID, dollars(price), min(count, Decimal(1500)), TimeInForce.IOC)
    placed = venue.create(wish)
    paid = {fill.price for fill in venue.account.fills}
    assert placed.filled > 0
    clock.advance_to(at(OPEN + 480))
    venue.sync()
    [candle] = [c for c in CandleRuns().of(venue, window, 1) if c.end == OPEN + 420]
    assert candle.price is not None
    assert candle.price.high >= max(paid)


async def test_the_newest_candle_before_the_start_is_carried_to_the_first_boundary(
    checked: Any, clock: VirtualClock
) -> None:
    clock.advance_to(at(CLOSE + 7200))
    last = (await checked.get(PATH + asked()))["candlesticks"][-1]
    start = CLOSE + 90
    [carried] = (await checked.get(PATH + asked(start, start + 600, 1, include_latest_before_start="true")))[
        "candlesticks"
    ]
    assert carried["end_period_ts"] == CLOSE + 120
    assert carried["price"] == {"previous_dollars": last["price"]["close_dollars"]}
    assert set(carried["yes_bid"].values()) == {last["yes_bid"]["close_dollars"]}
    assert (carried["volume_fp"], carried["open_interest_fp"]) == ("0.00", last["open_interest_fp"])
    real = await checked.get(PATH + asked(OPEN + 90, CLOSE, 1, include_latest_before_start="true"))
    assert [c["end_period_ts"] for c in real["candlesticks"]] == list(range(OPEN + 120, CLOSE + 1, 60))
    assert projected([], OPEN, 60) == []


async def test_a_batch_leaves_unknown_markets_out(checked: Any, clock: VirtualClock) -> None:
    clock.advance_to(at(CLOSE + 60))
    path = f"/markets/candlesticks{asked()}&market_tickers={TICKER},NOBODY,KXBTC15M-26JAN050900-00"
    markets = (await checked.get(path))["markets"]
    assert [m["market_ticker"] for m in markets] == [TICKER, "KXBTC15M-26JAN050900-00"]
    assert [len(m["candlesticks"]) for m in markets] == [15, 0]
    assert markets[0]["candlesticks"] == (await checked.get(PATH + asked()))["candlesticks"]


async def test_an_events_candles_are_those_of_its_markets(checked: Any, clock: VirtualClock) -> None:
    clock.advance_to(at(CLOSE + 60))
    path = "/series/KXBTC15M/events/KXBTC15M-26JAN050715/candlesticks"
    answer = await checked.get(path + asked())
    assert (answer["market_tickers"], answer["adjusted_end_ts"]) == ([TICKER], CLOSE)
    assert answer["market_candlesticks"] == [(await checked.get(PATH + asked()))["candlesticks"]]
    assert (await checked.get(path + asked(OPEN, OPEN + 900_000)))["adjusted_end_ts"] == OPEN + 300_000
    assert (await checked.call("GET", path.replace("0715", "0716") + asked()))[0] == 404


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (PATH + asked(period=5), 400, "period_interval must be one of 1, 60, 1440"),
        (PATH + "?period_interval=1", 400, "start_ts and end_ts are required"),
        (PATH + asked(CLOSE, OPEN), 400, "end_ts is not before start_ts"),
        (PATH + asked(OPEN, OPEN + 300_001), 400, "candlesticks: 5000.016667, max candlesticks: 5000"),
        (f"/series/KXETH15M/markets/{TICKER}/candlesticks{asked()}", 404, ""),
        (f"/series/KXBTC15M/markets/NOBODY/candlesticks{asked()}", 404, ""),
        (f"/markets/candlesticks{asked()}", 400, "from 1 to 100"),
        (f"/markets/candlesticks{asked()}&market_tickers={','.join(map(str, range(101)))}", 400, "from 1 to 100"),
        (
            f"/markets/candlesticks{asked(OPEN, OPEN + 21_600)}&market_tickers={','.join(map(str, range(100)))}",
            400,
            "requested candlesticks across all markets: 36000, max candlesticks: 10000",
        ),
    ],
)
async def test_what_is_refused(checked: Any, path: str, status: int, message: str) -> None:
    answered, payload = await checked.call("GET", path)
    assert answered == status
    assert message in payload["error"]["message"]


async def test_the_limits_themselves_are_served(checked: Any) -> None:
    assert (await checked.call("GET", PATH + asked(OPEN, OPEN + 300_000)))[0] == 200
    hundred = ",".join(map(str, range(100)))
    status, payload = await checked.call(
        "GET", f"/markets/candlesticks{asked(OPEN, OPEN + 6_000)}&market_tickers={hundred}"
    )
    assert (status, payload) == (200, {"markets": []})


def test_a_recorded_world_has_candles_of_its_quotes(
    tmp_path: Path, schema_check: Callable[[str, str, int, Any], None]
) -> None:
    quotes = [(30, 0.40, 0.42), (65, 0.44, 0.45), (70, 0.41, 0.43), (190, None, 0.47)]
    lines = [
        {"ts": OPEN + s, "ticker": TICKER, "series": "KXBTC15M", "yb": b, "ya": a, "yes_depth": 10, "no_depth": 10}
        for s, b, a in quotes
    ]
    snapshots, results = tmp_path / "quotes.jsonl.gz", tmp_path / "results.csv"
    snapshots.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    results.write_text("event_ticker,open_time_utc,close_time_utc,floor_strike,expiration_value,result\n")
    venue = open_venue(VirtualClock(at(CLOSE + 60)), world=RecordedWorld.load(snapshots, results))
    query = [("start_ts", str(OPEN)), ("end_ts", str(CLOSE)), ("period_interval", "1")]
    payload: Any = candlesticks(venue, Ask({"series_ticker": "KXBTC15M", "ticker": TICKER}, query)).payload
    schema_check("GET", PATH, 200, payload)
    found = {c["end_period_ts"] - OPEN: c for c in payload["candlesticks"]}
    assert list(found) == [60, 120, 240]
    assert found[120]["yes_bid"] == {
        "open_dollars": "0.0000",  # the first quote had grown too old
        "low_dollars": "0.0000",
        "high_dollars": "0.4400",
        "close_dollars": "0.0000",
    }
    assert found[240]["yes_ask"]["low_dollars"] == "0.4700"
    assert found[240]["yes_bid"]["high_dollars"] == "0.0000"
    assert all(c["price"] == {} for c in found.values())


def test_instants_belong_to_the_period_that_they_end(venue: Venue, clock: VirtualClock) -> None:
    """A trade exactly on a minute is the last of that minute."""
    clock.advance_to(at(OPEN + 3600))
    venue.sync()
    window = venue.window(TICKER)
    candles = {c.end: c for c in CandleRuns().of(venue, window, 1)}
    on_the_minute = [p for p in tape(venue, window, at(OPEN), at(CLOSE)) if p.at.timestamp() % 60 == 0]
    assert on_the_minute
    for printed in on_the_minute:
        candle = candles[max(int(printed.at.timestamp()), OPEN + 60)]
        assert candle.price is not None
        assert candle.price.low <= printed.price <= candle.price.high
