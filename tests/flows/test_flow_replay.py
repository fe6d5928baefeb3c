"""Real windows through the whole bot: what it says of them is what the results file says."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, cast

import pytest

from chatbot.tools.replay import play, recorded_app, replay
from tests.flows.processes import figures, run
from trading.domain.trade import Trade
from trading.exchange.simulated.recorded import RecordedWorld

KEYS = [
    "windows",
    "signals",
    "trades",
    "fills",
    "wins",
    "losses",
    "skipped",
    "pnl_usd",
    "fees_usd",
    "seconds",
]
SNAPSHOTS, RESULTS = "KXXRP15M_raw_snapshots.jsonl.gz", "KXXRP15M_results_2026-08-15on.csv"


def test_the_replay_as_a_command(reference: Path, tmp_path: Path) -> None:
    data = reference / "data"
    told = figures(run("replay", str(data / SNAPSHOTS), "--results", str(data / RESULTS), "--json", cwd=tmp_path))
    assert list(told) == KEYS
    assert told["windows"] == 94 == told["trades"] + sum(told["skipped"].values())
    assert told["signals"] >= 5
    assert told["trades"] >= 1


NAMES = "previous,momentum,momentum_15,consensus,threshold,market_maker"
DOCUMENT = Path(__file__).parents[2] / "docs" / "strategies.md"


def test_several_strategies_side_by_side(reference: Path, tmp_path: Path) -> None:
    data = reference / "data"
    paths = (str(data / SNAPSHOTS), "--results", str(data / RESULTS))
    alone = figures(run("replay", *paths, "--json", cwd=tmp_path))
    told = figures(run("replay", *paths, "--strategies", NAMES, "--json", cwd=tmp_path, seconds=300))
    assert list(told) == [*KEYS[:-1], "strategies", "seconds"]
    assert list(told["strategies"]) == NAMES.split(",")
    for name, own in told["strategies"].items():
        assert list(own) == KEYS[:-1]
        assert own["windows"] == 94 == own["trades"] + sum(own["skipped"].values()), name
    for key in ("trades", "fills", "wins", "losses"):
        assert told[key] == sum(own[key] for own in told["strategies"].values())
    assert told["pnl_usd"] == pytest.approx(sum(own["pnl_usd"] for own in told["strategies"].values()))
    beside = told["strategies"]["consensus"]
    assert {key: beside[key] for key in KEYS[:-1]} == {key: alone[key] for key in KEYS[:-1]}  # nobody was in its way
    assert f"--strategies {NAMES}" in DOCUMENT.read_text()
    for name, own in told["strategies"].items():
        assert _row(name, own) in DOCUMENT.read_text().splitlines()


def _row(name: str, own: dict[str, Any]) -> str:
    """The line of the document's table with these figures."""
    fees, profit = (f"{'-' if usd < 0 else ''}${abs(usd):.4f}" for usd in (own["fees_usd"], own["pnl_usd"]))
    return f"| {name} | {own['trades']} | {own['wins']} | {own['losses']} | {fees} | {profit} |"


def test_an_unknown_strategy_is_one_sentence(reference: Path, tmp_path: Path) -> None:
    data = reference / "data"
    paths = (str(data / SNAPSHOTS), "--results", str(data / RESULTS))
    ended = run("replay", *paths, "--strategies", "consensus,magic", cwd=tmp_path)
    assert ended.returncode == 2
    assert "STRATEGIES=consensus,magic names the strategy 'magic'" in ended.stderr


def test_each_strategy_is_a_line_of_its_own_for_people(reference: Path, tmp_path: Path) -> None:
    data = reference / "data"
    paths = (str(data / SNAPSHOTS), "--results", str(data / RESULTS))
    lines = run("replay", *paths, "--strategies", "previous,momentum", cwd=tmp_path).stdout.splitlines()
    starts = [line.split()[0] for line in lines]
    assert starts[-2:] == ["previous", "momentum"]
    assert all("trades" in line for line in lines[-2:])


async def test_every_settled_side_is_that_of_the_results_file(reference: Path, tmp_path: Path) -> None:
    data = reference / "data"
    world = RecordedWorld.load(data / SNAPSHOTS, data / RESULTS)
    with (data / RESULTS).open() as file:
        results = {row["event_ticker"]: row["result"] for row in csv.DictReader(file)}
    app, clock = await recorded_app(world, tmp_path)
    await app.start()
    await play(app, clock, world)
    trades = [t for t in cast(list[Trade], app.store.select("trades")) if t.contracts]
    await app.stop("done")
    assert trades
    for trade in trades:
        result = results[trade.ticker.rsplit("-", 1)[0]]
        assert (trade.outcome == "WIN") == (trade.side == result), trade
        assert trade.payout == (trade.contracts if trade.side == result else 0)


async def test_the_same_recording_gives_the_same_figures(reference: Path) -> None:
    data = reference / "data"
    first, second = [await replay(data / SNAPSHOTS, data / RESULTS) for _ in range(2)]
    assert {**first, "seconds": 0} == {**second, "seconds": 0}
