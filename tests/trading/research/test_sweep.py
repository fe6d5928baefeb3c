"""Sweeps and luck: every try once, the same by any executor, and the best of many is not believed too easily."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.errors import Misconfigured
from trading.research.backtest import Terms, backtest
from trading.research.bootstrap import Luck, corrected, luck
from trading.research.sweep import Load, configured, grid, sweep, walk_forward
from trading.research.tape import Record, recorded
from trading.strategies.consensus import Consensus

D = Decimal
BASE = Consensus(entry_window_seconds=840)
AXES = ["stake_usd=2,5", "momentum.dead_zone_bp=1,4"]
AT_ONCE = Terms(latency_seconds=0)


@pytest.fixture(scope="module")
def load(reference: Path) -> Load:
    data = reference / "data"
    return partial(recorded, data / "KXXRP15M_raw_snapshots.jsonl.gz", data / "KXXRP15M_results_2026-08-15on.csv")


def test_every_combination_is_tried() -> None:
    assert grid(AXES) == [
        {"stake_usd": "2", "momentum.dead_zone_bp": "1"},
        {"stake_usd": "2", "momentum.dead_zone_bp": "4"},
        {"stake_usd": "5", "momentum.dead_zone_bp": "1"},
        {"stake_usd": "5", "momentum.dead_zone_bp": "4"},
    ]
    assert grid([]) == [{}]


@pytest.mark.parametrize("axis", ["stake_usd", "=1,2", "stake_usd=", "stake_usd= , "])
def test_what_is_no_axis_is_said(axis: str) -> None:
    with pytest.raises(Misconfigured, match="is no sweep: write NAME=V1,V2"):
        grid([axis])


def test_too_many_tries_are_refused() -> None:
    numbers = ",".join(map(str, range(101)))
    with pytest.raises(Misconfigured, match="10201 combinations are more than 10000"):
        grid([f"a={numbers}", f"b={numbers}"])


def test_parameters_are_read_as_what_they_are() -> None:
    made = configured(BASE, {"stake_usd": "7.5", "entry_window_seconds": "300", "momentum.window_seconds": "120"})
    assert isinstance(made, Consensus)
    assert (made.stake_usd, made.entry_window_seconds, made.momentum.window_seconds) == (D("7.5"), 300, 120)
    assert made.momentum.dead_zone_bp == BASE.momentum.dead_zone_bp


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"stake": "5"}, "stake is no parameter: use one of stake_usd, min_price"),
        ({"momentum.speed": "5"}, "momentum.speed is no parameter: use one of window_seconds"),
        ({"stake_usd": "much"}, "stake_usd=much is wrong"),
        ({"momentum": "much"}, "momentum=much is wrong"),
        ({"name": "other"}, "name is no parameter"),
    ],
)
def test_what_is_no_parameter_is_said(given_: dict[str, str], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        configured(BASE, given_)


def test_threads_and_processes_give_the_same_table(load: Load) -> None:
    seen: list[tuple[int, int]] = []
    with ThreadPoolExecutor(1) as threads:
        here = sweep(BASE, grid(AXES), load, AT_ONCE, threads, lambda done, total: seen.append((done, total)))
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        there = sweep(BASE, grid(AXES), load, AT_ONCE, processes)
    assert here == there
    assert seen == [(n, 4) for n in range(1, 5)]
    assert [each.profit for each in here] == sorted((each.profit for each in here), reverse=True)
    assert {each.name for each in here} == {f"stake_usd={s} momentum.dead_zone_bp={z}" for s in (2, 5) for z in (1, 4)}
    assert all(each.corrected_chance >= each.luck.chance for each in here)


def counted(told: Path, snapshots: Path, results: Path) -> list[Record]:
    """The recording, and a line that it was read."""
    with told.open("a") as file:
        file.write("read\n")
    return recorded(snapshots, results)


def test_each_process_reads_the_tape_once(load: Load, tmp_path: Path) -> None:
    told, files = tmp_path / "reads", cast("partial[list[Record]]", load).args
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        assert len(sweep(BASE, grid(AXES), partial(counted, told, *files), AT_ONCE, process)) == 4
    assert told.read_text() == "read\n"


def test_a_walk_forward_asks_only_what_came_after(load: Load) -> None:
    tape = load()
    folds = list(walk_forward(BASE, grid(AXES), tape, AT_ONCE, 3))
    assert len(folds) == 2
    assert folds[0].last == folds[1].first
    for fold in folds:
        whole = backtest(configured(BASE, fold.chosen.parameters), tape, AT_ONCE).trades
        assert fold.after.trades == sum(fold.first <= trade.opened_at < fold.last for trade in whole)


# --- luck -----------------------------------------------------------------------------------------------------------


def test_a_coin_is_luck_and_a_loaded_one_is_not() -> None:
    chance = random.Random(1)
    fair = [chance.choice((0.5, -0.5)) for _ in range(400)]
    assert "does not differ from luck" in luck(fair).sentence
    loaded = [chance.choice((0.5, 0.5, -0.5)) for _ in range(400)]
    assert "for the better" in luck(loaded).sentence
    assert "for the worse" in luck([-each for each in loaded]).sentence
    assert luck(loaded).chance < 0.01 < luck(fair).chance


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    chance, covered = random.Random(7), 0
    for seed in range(200):
        found = luck([chance.choice((0.48, -0.52)) for _ in range(60)], seed)
        covered += found.low <= -0.02 <= found.high
    assert 0.88 <= covered / 200 <= 1.0


def test_few_trades_tell_nothing() -> None:
    assert "too few" in luck([1.0] * 19).sentence
    assert luck([]) == Luck(0.0, 0.0, 0.0, 1.0, 0)


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), min_size=1, max_size=30))
def test_more_tries_make_every_chance_larger_and_keep_their_order(chances: dict[str, float]) -> None:
    made = corrected(chances)
    assert all(chances[name] <= made[name] <= 1 for name in chances)
    order = sorted(chances, key=lambda name: chances[name])
    assert [made[name] for name in order] == sorted(made.values())
    best = order[0]
    assert made[best] == pytest.approx(min(1.0, chances[best] * len(chances)))
