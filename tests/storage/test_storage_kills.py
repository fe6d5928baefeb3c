"""Real processes that die by `kill -9` under load, a few of what `python -m tests.bench_kills` does by the thousand."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from storage.store import TinyStore
from tests.bench_kills import Figures, Round, order_of, upper_bound
from trading.domain.records import Put

ROOT = Path(__file__).parents[2]


def test_no_confirmed_order_is_lost_and_none_is_entered_twice() -> None:
    command = [sys.executable, "-m", "tests.bench_kills", "--kills", "20", "--seed", "7", "--json"]
    said = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    figures = json.loads(said)
    assert (figures["lost"], figures["twice"], figures["changed"], figures["refused"]) == (0, 0, 0, 0)
    assert figures["kills"] == 20
    assert figures["acknowledged"] > 20


def test_what_is_wrong_is_counted(tmp_path: Path) -> None:
    store = TinyStore.open(tmp_path)
    orders = [order_of(0), replace(order_of(1), why="something else")]
    store.commit([Put("orders", order.client_order_id, order) for order in orders])
    store.commit([Put("orders", "the same under another key", order_of(0))])
    store.close()
    figures, played = Figures(), Round(tmp_path)
    played.check([0, 1], figures)
    assert (figures.lost, figures.twice, figures.changed, figures.damaged_kills) == (0, 1, 1, 1)
    played.check([1, 2], figures)  # one that was sent before, and one that is not in the store
    assert (figures.lost, figures.twice, figures.acknowledged, figures.damaged_kills) == (1, 3, 4, 2)
    (tmp_path / "journal-000000000001.log").write_bytes(b"")
    played.check([], figures)
    assert (figures.refused, figures.unopened, figures.damaged_kills) == (1, 1, 3)


@pytest.mark.parametrize(("failures", "share"), [(0, 0.0009981), (1, 0.0015803), (3, 0.0025825)])
def test_the_bound_is_clopper_and_pearsons(failures: int, share: float) -> None:
    assert upper_bound(failures, 3000) == pytest.approx(share, rel=1e-3)
    assert upper_bound(0, 1) == pytest.approx(0.95)
