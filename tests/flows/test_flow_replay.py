"""Real windows through the whole bot: what it says of them is what the results file says."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import cast

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
