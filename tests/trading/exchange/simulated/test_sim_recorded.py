"""The recorded world: the real file where it is there, and a small one of our own for what it must tolerate."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from trading.clock import VirtualClock
from trading.domain.errors import Misconfigured
from trading.domain.order import Side, TimeInForce
from trading.exchange.simulated.listing import MarketFilter
from trading.exchange.simulated.recorded import RecordedWorld
from trading.exchange.simulated.records import NewOrder
from trading.exchange.simulated.stream import Stream
from trading.exchange.simulated.venue import open_venue

OPEN = datetime(2026, 8, 17, 5, 45, tzinfo=UTC)
TICKER = "KXXRP15M-26AUG170200-00"
SECONDS = (10, 12, 40)
LINE = (
    '{{"ts": {ts}, "ticker": "{ticker}", "series": "KXXRP15M", "yb": {yb}, "ya": {ya}, "spot": 1.0019,'
    ' "yes_depth": 24202.82, "no_depth": 19844.16, "other": null}}'
)
RESULTS = """event_ticker,open_time_utc,close_time_utc,floor_strike,expiration_value,result
KXXRP15M-26AUG170145,2026-08-17T05:30:00Z,2026-08-17T05:45:00Z,,,no
KXXRP15M-26AUG170200,2026-08-17T05:45:00Z,2026-08-17T06:00:00Z,1.0018,1.0031,yes
KXXRP15M-26AUG170215,2026-08-17T06:00:00Z,2026-08-17T06:15:00Z,TBD,,
,,,,,
"""


@pytest.fixture
def world(tmp_path: Path) -> RecordedWorld:
    start = OPEN.timestamp()
    lines = [LINE.format(ts=start + s, ticker=TICKER, yb=0.07, ya=0.58 if s < 40 else 0.061) for s in SECONDS]
    lines.append(LINE.format(ts=start + 950.5, ticker="KXXRP15M-26AUG170215-15", yb="null", ya=0.9))
    (tmp_path / "s.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    (tmp_path / "r.csv").write_text(RESULTS)
    return RecordedWorld.load(tmp_path / "s.jsonl.gz", tmp_path / "r.csv")


def at(seconds: float) -> datetime:
    return OPEN + timedelta(seconds=seconds)


def test_a_snapshot_stands_until_the_next_or_until_it_is_too_old(world: RecordedWorld) -> None:
    window = world.window(TICKER)
    assert window is not None

    def bids(seconds: float) -> int:
        return len(world.street(window, world.moment(window, at(seconds))).bids)

    assert [bids(s) for s in (9, 10, 26.9, 27, 27.1, 39, 40)] == [0, 1, 1, 1, 0, 0, 0]
    assert world.moment(window, at(11)) == at(10)
    moments = list(world.moments(window, at(10), at(900)))
    assert [round((m - OPEN).total_seconds(), 3) for m in moments] == [12, 27, 40, 55]


def test_prices_are_exact_and_a_crossed_or_missing_side_is_empty(world: RecordedWorld) -> None:
    window, second = world.window(TICKER), world.window("KXXRP15M-26AUG170215-15")
    assert window is not None
    assert second is not None
    book = world.street(window, at(10))
    assert (book.bids, book.asks) == (((700, 2_420_282),), ((5800, 1_984_416),))
    assert world.street(window, at(40)).bids == ()
    assert world.street(second, at(951)).bids == ()
    assert world.street(second, at(951)).asks == ((9000, 1_984_416),)


def test_spot_comes_with_its_own_time(world: RecordedWorld) -> None:
    tick = world.spot("XRPUSD_RTI", at(39))
    assert tick is not None
    assert (tick.price, tick.seen_at) == (D("1.0019"), at(12))
    assert world.spot("XRPUSD_RTI", at(9)) is None
    assert world.spot("BRTI", at(39)) is None


def test_results_without_figures_are_tolerated(world: RecordedWorld) -> None:
    before, last = world.window("KXXRP15M-26AUG170145-45"), world.window("KXXRP15M-26AUG170215-15")
    assert before is not None
    assert last is not None
    verdict = world.verdict(before)
    assert verdict is not None
    assert (verdict.result, verdict.expiration_value) == ("no", None)
    assert (world.strike(last, last.close_time), world.verdict(last)) == (None, None)
    assert [w.ticker[-2:] for w in world.recorded] == ["00", "15"]


def test_an_order_fills_at_the_touch_up_to_its_depth_and_rests_for_the_next(world: RecordedWorld) -> None:
    clock = VirtualClock(at(10))
    venue = open_venue(clock, world=world, cash={2: D(100_000)})
    taken = venue.create(NewOrder(TICKER, Side.BID, D("0.60"), D(20_000)))
    assert (taken.filled, taken.remaining) == (1_984_416, 15_584)
    clock.advance_to(at(11))
    assert venue.create(NewOrder(TICKER, Side.BID, D("0.59"), D(1), TimeInForce.IOC)).filled == 0
    clock.advance_to(at(12))
    venue.sync()
    assert venue.account.orders[taken.order_id].remaining == 0
    assert {f.price for f in venue.account.fills} == {5800, 6000}
    clock.advance_to(at(910))
    venue.sync()
    [paid] = venue.account.settlements
    assert (paid.result, paid.revenue) == ("yes", D(20_000))


def test_files_that_are_something_else_are_named(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text('{"ts": 1}\n')
    (tmp_path / "r.csv").write_text("a,b\n")
    with pytest.raises(Misconfigured, match="no snapshot"):
        RecordedWorld.load(tmp_path / "s.jsonl", tmp_path / "r.csv")
    (tmp_path / "s.jsonl").write_text("")
    with pytest.raises(Misconfigured, match="one series"):
        RecordedWorld.load(tmp_path / "s.jsonl", tmp_path / "r.csv")
    (tmp_path / "s.jsonl").write_text(LINE.format(ts=OPEN.timestamp(), ticker=TICKER, yb=0.5, ya=0.6))
    with pytest.raises(Misconfigured, match="lacks the columns"):
        RecordedWorld.load(tmp_path / "s.jsonl", tmp_path / "r.csv")


def test_the_real_recording_settles_as_its_results_say(reference: Path) -> None:
    snapshots = reference / "data" / "KXXRP15M_raw_snapshots.jsonl.gz"
    results = reference / "data" / "KXXRP15M_results_2026-08-15on.csv"
    if not (snapshots.is_file() and results.is_file()):
        pytest.skip(f"no recording at {snapshots}")
    world = RecordedWorld.load(snapshots, results)
    with results.open(newline="") as file:
        real = {row["event_ticker"]: row["result"] for row in csv.DictReader(file)}
    times = world.snapshot_times()
    clock = VirtualClock(times[0])
    venue = open_venue(clock, world=world)
    for time in times:
        clock.advance_to(time)
        for window in venue.windows(MarketFilter(status="open")):
            book = venue.shown(window.ticker)
            if book.asks and window.ticker not in venue.account.holdings:
                venue.create(NewOrder(window.ticker, Side.BID, D("0.99"), D("0.5"), TimeInForce.IOC))
    clock.advance_to(times[-1] + timedelta(hours=1))
    venue.sync()
    settled = {s.event_ticker: s for s in venue.account.settlements}
    assert len(world.recorded) == 94
    assert len(settled) > 50
    for event, record in settled.items():
        assert record.result == real[event]
        assert record.revenue == (D("0.5") if real[event] == "yes" else 0)
    before = {w.close_time for w in venue.windows(MarketFilter(status="settled"))}
    assert all(w.open_time in before for w in world.recorded)


def test_the_stream_tells_a_recording(world: RecordedWorld, listening: Callable[[Stream], Any]) -> None:
    clock = VirtualClock(at(5))
    listener = listening(Stream(open_venue(clock, world=world)))
    channels = ["orderbook_delta", "ticker", "trade", "market_lifecycle_v2", "cfbenchmarks_value"]
    index_id = world.series[0].index_id
    listener.say("subscribe", channels=channels, market_tickers=[TICKER], index_ids=[index_id])
    for seconds in (10, 12, 27, 40, 899, 901, 907, 951):
        clock.advance_to(at(seconds))
        listener.tick()
        if seconds == 12:
            shown = {"yes_dollars": [["0.0700", "24202.82"]], "no_dollars": [["0.4200", "19844.16"]]}
            assert listener.book(TICKER) == shown
    assert listener.book(TICKER) == {"yes_dollars": [], "no_dollars": []}
    events = [(e["event_type"], e["market_ticker"]) for e in listener.of("market_lifecycle_v2")]
    assert ("determined", TICKER) in events
    assert ("metadata_updated", "KXXRP15M-26AUG170215-15") not in events
    assert {t["index_id"] for t in listener.of("cfbenchmarks_value")} == {index_id}
    assert listener.of("trade") == []
