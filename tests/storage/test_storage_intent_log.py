"""The intent log's files: whole lines in order, one file a day, bounded; a disk that refuses stops nothing."""

from __future__ import annotations

import errno
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from storage.disk import RealDisk
from storage.intent_log import DAYS_KEPT, WAITING_MAX, IntentFiles
from trading.domain.intent_line import Line
from trading.research.intent_log import lines, text_of

START = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)


class FullDisk(RealDisk):
    """Half of a write gets there while it is full."""

    def __init__(self) -> None:
        self.full = False

    def write(self, handle: int, data: bytes, offset: int) -> None:
        if self.full:
            super().write(handle, data[: len(data) // 2], offset)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(handle, data, offset)


class SlowDisk(RealDisk):
    """Writes when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()

    def write(self, handle: int, data: bytes, offset: int) -> None:
        assert self.let.wait(20)
        super().write(handle, data, offset)


def line(second: float = 0, ticker: str = "KX-A") -> Line:
    return Line(START + timedelta(seconds=second), "maker", ticker, cancel="k1-a")


def files(folder: Path, told: list[str], zone: str = "UTC", disk: RealDisk | None = None) -> IntentFiles:
    return IntentFiles(folder, ZoneInfo(zone), text_of, told.append, disk)


def written(path: Path) -> list[Line]:
    return list(lines(path.read_text().splitlines(), path.name))


def test_lines_stand_in_the_file_of_the_owners_day_in_their_order(tmp_path: Path) -> None:
    told: list[str] = []
    log = files(tmp_path / "intents", told, "America/New_York")
    evening = [line(15 * 3600 + n, f"KX-{n}") for n in range(50)]  # 3:00 UTC of the next day is 23:00 there
    log.write([line(0)])
    for each in evening:
        log.write([each])
    log.write([line(15 * 3600 + 3599), line(16 * 3600)])
    log.close()
    assert sorted(p.name for p in (tmp_path / "intents").iterdir()) == ["2026-09-01.jsonl", "2026-09-02.jsonl"]
    first = written(tmp_path / "intents" / "2026-09-01.jsonl")
    assert first == [line(0), *evening, line(15 * 3600 + 3599)]
    assert written(tmp_path / "intents" / "2026-09-02.jsonl") == [line(16 * 3600)]
    assert told == []


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    log = files(tmp_path, [])
    log.write([line()])
    log.close()
    assert (tmp_path / "2026-09-01.jsonl").stat().st_mode & 0o077 == 0


def test_a_restart_goes_on_in_the_same_file_and_blanks_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "2026-09-01.jsonl"
    path.write_text(f"{text_of(line(0))}\n{text_of(line(1))[:-9]}")
    log = files(tmp_path, [])
    log.write([line(2)])
    log.close()
    assert written(path) == [line(0), line(2)]


def test_only_the_newest_days_are_kept_and_nothing_else_is_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text("mine")
    log = files(tmp_path, [])
    for day in range(DAYS_KEPT + 5):
        log.write([line(day * 86_400)])
    log.close()
    kept = sorted(p.name for p in tmp_path.iterdir())
    assert kept[-1] == "notes.jsonl"
    assert len(kept) == DAYS_KEPT + 1
    assert kept[0] == "2026-09-06.jsonl"


def test_a_full_disk_is_told_once_and_what_comes_after_it_is_whole(tmp_path: Path) -> None:
    told: list[str] = []
    disk = FullDisk()
    log = files(tmp_path, told, disk=disk)
    _write(log, line(0))
    disk.full = True
    for second in range(1, 5):
        _write(log, line(second, "KX-LOST"))
    disk.full = False
    _write(log, line(5))
    log.close()
    assert written(tmp_path / "2026-09-01.jsonl") == [line(0), line(5)]
    [said] = told
    assert "No space left on device" in said
    assert str(tmp_path) in said


def test_it_is_told_again_when_it_is_full_again(tmp_path: Path) -> None:
    told: list[str] = []
    disk = FullDisk()
    log = files(tmp_path, told, disk=disk)
    for full in (True, False, True):
        disk.full = full
        _write(log, line())
    log.close()
    assert len(told) == 2


def test_a_folder_that_cannot_be_made_is_told_too(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "intents").write_text("a file stands in the way")
    log = files(tmp_path / "intents", told)
    _write(log, line())
    log.close()
    assert len(told) == 1


def test_a_slow_disk_holds_nobody_up_and_what_waits_is_bounded(tmp_path: Path) -> None:
    told: list[str] = []
    disk = SlowDisk()
    log = files(tmp_path, told, disk=disk)
    for second in range(WAITING_MAX + 10):
        log.write([line(second)])
    assert len(told) == 1
    assert f"{WAITING_MAX} writes behind" in told[0]
    disk.let.set()
    log.close()
    assert written(tmp_path / "2026-09-01.jsonl") == [line(n) for n in range(WAITING_MAX)]


def test_a_line_is_one_json_object(tmp_path: Path) -> None:
    log = files(tmp_path, [])
    log.write([line(0.25)])
    log.close()
    [text] = (tmp_path / "2026-09-01.jsonl").read_text().splitlines()
    assert json.loads(text) == {"ts": START.timestamp() + 0.25, "strategy": "maker", "ticker": "KX-A", "cancel": "k1-a"}


def _write(log: IntentFiles, each: Line) -> None:
    """And wait until the thread is done with it."""
    log.write([each])
    log.wait()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> None:
    assert not [t for t in threading.enumerate() if t.name.startswith("intent-log")]
