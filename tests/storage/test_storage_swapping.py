"""Folders that take each other's place: in one step where the system can, and never without the old one."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage import swapping
from storage.swapping import put_in_place, swapped


def folder(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "file").write_text(text)
    return path


def test_two_folders_are_swapped_in_one_step(tmp_path: Path) -> None:
    one, other = folder(tmp_path / "one", "1"), folder(tmp_path / "other", "2")
    if not swapped(one, other):
        pytest.skip("this file system cannot swap two names")
    assert [(p / "file").read_text() for p in (one, other)] == ["2", "1"]
    with pytest.raises(FileNotFoundError):
        swapped(one, tmp_path / "nothing")


@pytest.mark.parametrize("at_once", [True, False])
def test_the_old_one_is_kept_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool) -> None:
    if not at_once:
        monkeypatch.setattr(swapping, "swapped", lambda one, other: False)
    made, target, aside = folder(tmp_path / "made", "new"), folder(tmp_path / "data", "old"), tmp_path / "aside"
    assert put_in_place(made, target, aside)
    assert ((target / "file").read_text(), (aside / "file").read_text(), made.exists()) == ("new", "old", False)


@pytest.mark.parametrize("there", [True, False])
def test_an_empty_folder_or_none_is_replaced(tmp_path: Path, there: bool) -> None:
    made, target, aside = folder(tmp_path / "made", "new"), tmp_path / "data", tmp_path / "aside"
    if there:
        target.mkdir()
    assert not put_in_place(made, target, aside)
    assert ((target / "file").read_text(), aside.exists(), made.exists()) == ("new", False, False)


def test_without_a_swap_a_failure_puts_the_old_one_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swapping, "swapped", lambda one, other: False)
    target = folder(tmp_path / "data", "old")
    with pytest.raises(FileNotFoundError):
        put_in_place(tmp_path / "never made", target, tmp_path / "aside")
    assert (target / "file").read_text() == "old"
    assert not (tmp_path / "aside").exists()
