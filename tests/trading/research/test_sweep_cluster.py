"""A sweep on a local Dask cluster of two worker processes: the same table as in one process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatbot.tools.backtest_executors import executor
from tests.flows.processes import figures, run
from trading.domain.errors import Misconfigured
from trading.research.backtest import Terms
from trading.research.material import of_files
from trading.research.sweep import grid, sweep
from trading.strategies import STRATEGIES

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install -e '.[test]' has it")
AXES = ["stake_usd=2,5", "max_price=0.55,0.65"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A scheduler with two workers, each a process of its own, on loopback and without a dashboard."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def files(reference: Path) -> tuple[Path, Path]:
    data = reference / "data"
    return data / "KXXRP15M_raw_snapshots.jsonl.gz", data / "KXXRP15M_results_2026-08-15on.csv"


def test_two_workers_give_the_table_of_one_process(address: str, files: tuple[Path, Path]) -> None:
    strategy, load, terms, tries = STRATEGIES["previous"](), of_files(files).load, Terms(), grid(AXES)
    told: list[tuple[int, int]] = []
    with executor(address, 0, len(tries)) as cluster:
        there = sweep(strategy, tries, load, terms, cluster, lambda done, total: told.append((done, total)))
    with ThreadPoolExecutor(1) as here:
        assert there == sweep(strategy, tries, load, terms, here)
    assert len({each.profit for each in there}) == len(tries)
    assert told == [(n, len(tries)) for n in range(1, len(tries) + 1)]


def test_the_command_sweeps_on_a_cluster(address: str, files: tuple[Path, Path], tmp_path: Path) -> None:
    words = ("backtest", "previous", "--data", *map(str, files), "--sweep", *AXES, "--json")
    there = figures(run(*words, "--dask", address, cwd=tmp_path))
    here = figures(run(*words, "--processes", "1", cwd=tmp_path))
    assert there == here
    assert len(there["tries"]) == len(grid(AXES))


def test_where_no_scheduler_answers_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.tools.backtest_executors.DASK_SECONDS_MAX", 0.5)
    for wrong in ("tcp://127.0.0.1:9", "nowhere at all"):
        with pytest.raises(Misconfigured, match=r"no Dask scheduler answers at --dask"), executor(wrong, 0, 1):
            pass
