"""The demonstration: figures that add up, equal the exchange's own, and come again from the same seed."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.flows.processes import figures, run, started

KEYS = [
    "windows",
    "signals",
    "trades",
    "fills",
    "wins",
    "losses",
    "skipped",
    "open_trades",
    "pnl_usd",
    "fees_usd",
    "exchange_pnl_usd",
    "notices",
    "seconds",
]


def test_the_same_seed_gives_the_same_figures_and_they_are_the_exchanges(tmp_path: Path) -> None:
    first, second = (figures(run("demo", "--windows", "5", "--seed", "7", "--json", cwd=tmp_path)) for _ in range(2))
    assert list(first) == KEYS
    assert first["windows"] == 5 == first["trades"] + sum(first["skipped"].values())
    assert first["trades"] > 0
    assert first["open_trades"] == 0
    assert first["pnl_usd"] == first["exchange_pnl_usd"]
    assert first["notices"] > 2 * first["trades"]
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


@pytest.mark.parametrize("faults", ["flaky", "timeouts"])
def test_a_faulty_exchange_changes_no_penny(tmp_path: Path, faults: str) -> None:
    told = figures(run("demo", "--windows", "4", "--seed", "3", "--faults", faults, "--json", cwd=tmp_path))
    assert told["windows"] == 4 == told["trades"] + sum(told["skipped"].values())
    assert told["open_trades"] == 0
    assert told["pnl_usd"] == told["exchange_pnl_usd"]


def test_a_demonstration_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    """Bot and exchange die together, at any moment; both read their journals."""
    chance = random.Random(11)
    words = ("demo", "--windows", "6", "--seed", "7", "--data", str(tmp_path / "kept"), "--json")
    for _ in range(4):
        with started(*words, cwd=tmp_path) as process:
            time.sleep(chance.uniform(1.2, 2.2))
            process.send_signal(signal.SIGKILL)
            process.wait()
    told = figures(run(*words, cwd=tmp_path))
    assert told["open_trades"] == 0
    assert told["windows"] == 6
    assert told["pnl_usd"] == told["exchange_pnl_usd"]


def test_a_storm_and_ten_kills_change_no_penny(tmp_path: Path) -> None:
    """Everything goes wrong at the exchange, and both die ten times, wherever they are."""
    chance = random.Random(23)
    words = ("demo", "--windows", "3", "--seed", "7", "--faults", "storm", "--data", str(tmp_path / "kept"), "--json")
    for _ in range(10):
        with started(*words, cwd=tmp_path) as process:
            time.sleep(chance.uniform(0.9, 1.7))
            process.send_signal(signal.SIGKILL)
            process.wait()
    told = figures(run(*words, cwd=tmp_path))
    assert (told["open_trades"], told["windows"]) == (0, 3)
    assert told["pnl_usd"] == told["exchange_pnl_usd"]
