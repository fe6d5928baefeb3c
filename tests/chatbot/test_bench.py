"""The bench: what it prints, with real processes and sockets and a few kills. No figure is judged, only its shape."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.tools.bench.answers import BESIDE
from chatbot.tools.bench.figures import ECHO_RATIO_MAX, Answers, Kills, Spread
from chatbot.tools.bench.kills import CANCEL, GATE, REACH_MS, REPLY
from chatbot.tools.bench.listing import pages_of as pages_of_windows
from chatbot.tools.bench.loads import LOADS
from chatbot.tools.bench.markets import BLOCK_MS_MAX, MEMORY_MB_MAX, RATIO_MAX
from chatbot.tools.bench.parts import PARTS
from chatbot.tools.bench.relay import PAGE_ROWS, PAGES, pages_of
from tests.flows.processes import run

KEYS = ["name", "value", "unit", "limit", "ratio", "reach", "holds"]
KILLS = 2
BLOCK = "longest block of the loop"
ROUNDING = 1 + 1e-9  # of sums and products of floats
times = st.lists(st.floats(0.001, 10_000), min_size=2, max_size=200)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines of one run."""
    few = ("--kills", str(KILLS), "--answers", str(KILLS), "--passes", "1", "--json")
    parts = (word for part in ("answers", "kills", "markets") for word in ("--only", part))
    done = run("bench", *parts, *few, cwd=tmp_path_factory.mktemp("bench"))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def expected() -> dict[str, float | None]:
    """Every row's name of a kill and what it is to reach."""
    names: dict[str, float | None] = {}
    for load in LOADS:
        for what in (GATE, CANCEL, REPLY) if load.answers else (GATE, CANCEL):
            names[f"kill, {load.name}: {what}, p50"] = None
            names[f"kill, {load.name}: {what}, p99"] = REACH_MS[what] if load.answers or what == GATE else None
    return names


def test_every_figure_is_printed_beside_its_floor_and_its_reach(printed: list[str]) -> None:
    rows = json.loads(printed[-1])
    killed = [row for row in rows if row["name"].startswith("kill")]
    scanned = [row for row in rows if " markets: " in row["name"] and row not in killed]
    answered = [row["name"] for row in rows if row not in (*killed, *scanned)]
    assert {row["name"]: row["reach"] for row in killed} == expected()
    assert len(killed) == len(expected())
    assert answered == [f"answer to /status, {load}, {p}" for load in BESIDE for p in ("p50", "p95")]
    for row in rows:
        assert list(row) == KEYS
        assert row["unit"] == ("MB" if row["name"].endswith("memory") else "ms")
        assert row["value"] > 0
        assert row["limit"] > 0
        assert row["ratio"] == pytest.approx(row["value"] / row["limit"], rel=0.01, abs=0.001)
        assert row["holds"] == (None if row["reach"] is None else row["value"] <= row["reach"])
    for part in ("answers", "kills", "markets"):
        assert any(line.startswith(PARTS[part].title) for line in printed)


def test_all_markets_are_read_beside_transport_alone(printed: list[str]) -> None:
    rows = {row["name"]: row for row in json.loads(printed[-1])}
    for size in ("15,001", "60,001"):  # the crowd and the quarter of an hour that is open
        time, memory, block = (rows[f"{size} markets: {what}"] for what in ("read and sifted", "peak memory", BLOCK))
        assert time["reach"] == pytest.approx(RATIO_MAX * time["limit"], abs=0.01)
        assert (memory["reach"], block["reach"]) == (MEMORY_MB_MAX, BLOCK_MS_MAX)
        assert memory["value"] < 500
    assert rows["60,001 markets: read and sifted"]["value"] > rows["15,001 markets: read and sifted"]["value"]


def test_an_unknown_part_is_one_sentence(tmp_path: Path) -> None:
    done = run("bench", "--only", "speed", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"kalshi-chatops: --only speed is unknown: use {', '.join(PARTS)}\n"


def test_the_pages_of_the_listing_are_those_of_its_windows() -> None:
    made = pages_of_windows(1_500)
    bodies = [json.loads(gzip.decompress(page)) for pages in made.values() for page in pages]
    tickers = [market["ticker"] for body in bodies for market in body["markets"]]
    assert len(tickers) == len(set(tickers)) == 1_501
    for pages in made.values():
        cursors = [json.loads(gzip.decompress(page))["cursor"] for page in pages]
        assert cursors == [*(str(n + 1) for n in range(len(pages) - 1)), ""]


def test_a_kill_is_measured_in_the_order_in_which_it_happens(printed: list[str]) -> None:
    value = {row["name"]: row["value"] for row in json.loads(printed[-1])}
    for load in LOADS:
        moments = [value[f"kill, {load.name}: {what}, p50"] for what in (GATE, CANCEL, REPLY)[: 2 + load.answers]]
        assert moments == sorted(moments)


@given(times)
def test_a_spread_lies_within_what_was_measured(values: list[float]) -> None:
    spread = Spread.of(values)
    assert spread.p50 == pytest.approx(median(values))
    assert min(values) <= spread.p50 * ROUNDING
    assert spread.p50 <= spread.p99 * ROUNDING
    assert spread.p99 <= max(values) * ROUNDING


@pytest.mark.parametrize(("p99", "holds"), [(9.9, True), (10.0, True), (10.1, False)])
def test_what_is_reached_is_the_99th_percentile(p99: float, holds: bool) -> None:
    rows = Kills("quiet", GATE, Spread(20.0, 21.0, p99), Spread(1.0, 1.5, 2.0), 10.0).rows()
    assert [row["holds"] for row in rows] == [None, holds]
    assert [row["ratio"] for row in rows] == [20.0, round(p99 / 2, 3)]


@pytest.mark.parametrize(("p95", "holds"), [(7.9, True), (8.0, True), (8.1, False)])
def test_an_answer_may_take_twice_the_echo(p95: float, holds: bool) -> None:
    rows = Answers("/status", "quiet", Spread(3.0, p95, 99.0), Spread(2.0, 4.0, 9.0)).rows()
    assert [row["holds"] for row in rows] == [None, holds]
    assert [row["reach"] for row in rows] == [None, ECHO_RATIO_MAX * 4.0]


def test_the_listing_has_15_000_markets_each_once() -> None:
    seen, cursor = set(), ""
    for page in pages_of({"ticker": "KX", "title": "one"}):
        head, _, body = page.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        answer = json.loads(gzip.decompress(body))
        seen |= {market["ticker"] for market in answer["markets"]}
        cursor = answer["cursor"]
    assert len(seen) == PAGES * PAGE_ROWS == 15_000
    assert cursor == ""
