"""The intent log's files: one of JSON lines for each of the owner's days, kept for some weeks.

Lines are written by a thread of their own, in order, and are not synced: they are there to be studied later, and
nothing waits for them. What a full disk or a crash left of a line is blanked before the next one is written, so that
every line of a file is a whole one. A disk that refuses is told when it begins to; the lines of that time are lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import date, tzinfo
from itertools import groupby
from pathlib import Path

from storage.disk import Disk, RealDisk
from trading.domain.intent_line import Line

DAYS_KEPT = 30
SUFFIX = ".jsonl"
WAITING_MAX = 1_000  # writes that a slow disk may be behind; what comes then is lost


class IntentFiles:
    """`text` makes a line's JSON; `told` is called with one sentence when lines begin to be lost, by whoever writes."""

    def __init__(
        self,
        folder: Path,
        zone: tzinfo,
        text: Callable[[Line], str],
        told: Callable[[str], None] = lambda sentence: None,
        disk: Disk | None = None,
    ) -> None:
        self._folder, self._zone, self._text, self.told = folder, zone, text, told
        self._file = _DayFile(folder, disk or RealDisk())
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intent-log")
        self._waiting: list[Future[None]] = []
        self._failing = False

    def write(self, lines: Sequence[Line]) -> None:
        """Let these lines be written, in this order; neither waits nor raises."""
        self._hear()
        if len(self._waiting) >= WAITING_MAX:
            self._fail(f"the disk is {WAITING_MAX} writes behind")
            return
        for day, these in groupby(lines, key=self._day):
            data = "".join(f"{self._text(line)}\n" for line in these).encode()
            self._waiting.append(self._thread.submit(self._file.append, day, data))

    def wait(self) -> None:
        """Wait until all that was given is written, or lost."""
        wait(self._waiting)

    def close(self) -> None:
        """Write what waits, and end."""
        self._thread.shutdown()
        self._file.close()
        self._hear()

    def _day(self, line: Line) -> date:
        return line.at.astimezone(self._zone).date()

    def _hear(self) -> None:
        """What became of the writes so far."""
        done = [each for each in self._waiting if each.done()]
        self._waiting = [each for each in self._waiting if not each.done()]
        for error in (each.exception() for each in done):
            if error is None:
                self._failing = False
            elif isinstance(error, OSError):
                self._fail(error.strerror or type(error).__name__)
            else:
                raise error

    def _fail(self, why: str) -> None:
        if not self._failing:
            self._failing = True
            self.told(f"the intent log in {self._folder} cannot be written ({why}): its lines are lost until it can")


class _DayFile:
    """The file of one day at a time, of the thread that writes. Methods raise OSError, after which the next call opens
    the file anew."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder, self._disk = folder, disk
        self._day: date | None = None
        self._handle, self._size = -1, 0

    def append(self, day: date, data: bytes) -> None:
        try:
            if day != self._day:
                self.close()
                self._open(day)
            self._disk.write(self._handle, data, self._size)
        except OSError:
            self.close()
            raise
        self._size += len(data)

    def close(self) -> None:
        if self._day is not None:
            self._day = None
            self._disk.close(self._handle)

    def _open(self, day: date) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        names, path = self._disk.names(self._folder), self._folder / f"{day.isoformat()}{SUFFIX}"
        there = self._disk.read(path) if path.name in names else b""
        self._handle = self._disk.open(path) if path.name in names else self._disk.create(path)
        self._day, self._size = day, len(there)
        self._blank(there)
        self._forget({*names, path.name})

    def _blank(self, there: bytes) -> None:
        """Make empty lines of what is no whole line."""
        whole = there.rfind(b"\n") + 1
        if whole < len(there):
            self._disk.write(self._handle, b"\n" * (len(there) - whole), whole)

    def _forget(self, names: Iterable[str]) -> None:
        """Remove the files of the days before the newest DAYS_KEPT."""
        for name in sorted(name for name in names if _dated(name))[:-DAYS_KEPT]:
            with suppress(OSError):  # an old file that stays harms nobody
                self._disk.remove(self._folder / name)


def _dated(name: str) -> bool:
    """Whether a file is one of ours."""
    try:
        return name.endswith(SUFFIX) and bool(date.fromisoformat(name.removesuffix(SUFFIX)))
    except ValueError:
        return False
