"""A folder remembers the seed of its world."""

from __future__ import annotations

from pathlib import Path

import pytest

from trading.domain.errors import Misconfigured
from trading.exchange.simulated.seed_memory import SEED_NAME, remember_seed


def test_the_first_seed_stays(tmp_path: Path) -> None:
    folder = tmp_path / "exchange"
    remember_seed(folder, 3)
    remember_seed(folder, 3)
    with pytest.raises(Misconfigured) as refused:
        remember_seed(folder, 4)
    for word in ("SIM_SEED", "--seed", "4", "3", str(folder), "DATA_DIR", "--data"):
        assert word in str(refused.value)
    assert "\n" not in str(refused.value)
    remember_seed(folder, 3)


def test_a_folder_without_a_seed_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "account.jsonl").write_text("")
    remember_seed(tmp_path, 5)
    assert (tmp_path / SEED_NAME).read_text() == "5\n"


def test_a_seed_that_cannot_be_read_is_another_one(tmp_path: Path) -> None:
    (tmp_path / SEED_NAME).write_text("rubbish\n")
    with pytest.raises(Misconfigured, match="rubbish"):
        remember_seed(tmp_path, 5)
