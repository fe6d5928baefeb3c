"""A bot that goes on in the folder of the first version: its open trade settles, and real profit is the exchange's."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.first_version import REAL_PROFIT_USD, SEED, TRADES, first_version
from tests.flows.processes import figures, run


def test_the_program_goes_on_where_the_first_version_was_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first_version(data)
    told = figures(run("demo", "--windows", "9", "--seed", str(SEED), "--data", str(data), "--json", cwd=tmp_path))
    assert told["exchange_pnl_usd"] == REAL_PROFIT_USD
    assert told["open_trades"] == 0
    assert told["trades"] == 9
    assert told["wins"] + told["losses"] == len(TRADES) + 1  # the open one was settled, and one more was made
    rows = csv.DictReader(run("export", "trades", cwd=tmp_path).stdout.splitlines())
    real = [(row["mode"], row["outcome"], float(row["profit_usd"])) for row in rows if row["mode"] == "real"]
    assert real == [(mode, outcome, float(profit)) for mode, outcome, profit in TRADES if mode == "real"]
