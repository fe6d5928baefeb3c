"""Files that a channel leaves in a folder: readable by their user alone, and never too many."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chatbot.kept_files import FILES_KEPT_MAX, NAME_LENGTH_MAX, keep


def test_a_file_is_its_users_alone_and_whole(tmp_path: Path) -> None:
    path = keep(tmp_path / "exports", "trades.csv", b"time\n")
    assert path.read_bytes() == b"time\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert keep(tmp_path / "exports", "trades.csv", b"new") == path
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["trades.csv"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", ".hidden", "a b;rm -rf.csv", "", "..", "é\n.png"])
def test_no_name_leads_out_of_the_folder_or_needs_quotes(tmp_path: Path, name: str) -> None:
    path = keep(tmp_path, name, b"x")
    assert path.parent == tmp_path
    assert path.name.strip("-.")
    assert set(path.name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert not path.name.startswith((".", "-"))
    assert path.read_bytes() == b"x"


def test_a_long_name_keeps_its_end(tmp_path: Path) -> None:
    assert keep(tmp_path, "x" * 500 + ".csv", b"").name == "x" * (NAME_LENGTH_MAX - 4) + ".csv"


def test_the_oldest_go_and_the_newest_never_does(tmp_path: Path) -> None:
    for n in range(FILES_KEPT_MAX + 5):
        path = keep(tmp_path, f"{n}.png", b"x")
        os.utime(path, (n, n))
    last = keep(tmp_path, "last.png", b"x")
    left = {each.name for each in tmp_path.iterdir()}
    assert len(left) == FILES_KEPT_MAX
    assert left == {last.name, *(f"{n}.png" for n in range(6, FILES_KEPT_MAX + 5))}


def test_what_cannot_be_written_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "exports").write_text("a file")
    with pytest.raises(OSError):
        keep(tmp_path / "exports", "trades.csv", b"x")
