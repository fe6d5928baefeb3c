"""The venue's memory on disk: one checksummed JSON line for each change of the account, synced before anybody hears.

A line is `crc32 json`; numbers are contiguous. A torn last line (the power went while it was written) is cut off;
damage anywhere else is refused, because what follows it cannot be trusted.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import msgspec

from trading.domain.errors import StoreFailed, StoreRefused
from trading.exchange.simulated.records import Line

JOURNAL_NAME = "account.jsonl"


class Journal:
    """An append-only file in `folder` (made when missing). Raises StoreRefused when it cannot be trusted."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / JOURNAL_NAME
        self.lines, good_length = _read(self.path)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self._file, good_length)
        os.lseek(self._file, 0, os.SEEK_END)
        os.fsync(self._file)
        _sync_folder(folder)
        self._failed = False

    def write(self, line: Line) -> None:
        """Append and sync. Raises StoreFailed, and from then on always: a failed sync cannot be retried."""
        if self._failed:
            raise StoreFailed(f"{self.path} failed before; restart the simulated exchange")
        body = msgspec.json.encode(line)
        record = b"%08x %s\n" % (crc32(body), body)
        try:
            if os.write(self._file, record) != len(record):
                raise OSError(f"{self.path} took only a part of a line")
            os.fsync(self._file)
        except OSError as problem:
            self._failed = True
            raise StoreFailed(f"the simulated exchange could not write {self.path}: {problem}") from problem

    def close(self) -> None:
        os.close(self._file)


def lines_until(path: Path, stop: Callable[[Line], bool]) -> bytes:
    """The lines before the first that `stop` names, as they stand in the file, which another process may be writing: a
    last line that is not whole yet does not count. Raises StoreRefused, OSError."""
    lines, _ = _read(path)
    count = next((line.number for line in lines if stop(line)), len(lines))
    return b"".join(path.read_bytes().splitlines(keepends=True)[:count])


def _read(path: Path) -> tuple[list[Line], int]:
    """The lines that hold, and how many bytes they take."""
    if not path.exists():
        return [], 0
    content = path.read_bytes()
    lines: list[Line] = []
    start = 0
    while start < len(content):
        end = content.find(b"\n", start) + 1 or len(content)
        line = _decode(content[start:end], len(lines))
        if line is None:
            if end < len(content):
                raise StoreRefused(f"{path} is damaged at byte {start}; restore it or move it away to start afresh")
            break
        lines.append(line)
        start = end
    return lines, start


def _decode(record: bytes, number: int) -> Line | None:
    """The line, or None when its checksum, form or number is wrong."""
    if not record.endswith(b"\n") or record[8:9] != b" ":
        return None
    body = record[9:-1]
    if record[:8] != b"%08x" % crc32(body):
        return None
    try:
        line = _DECODER.decode(body)
    except msgspec.DecodeError:
        return None
    return line if line.number == number else None


def _sync_folder(folder: Path) -> None:
    """Make the file's name durable too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_DECODER = msgspec.json.Decoder(Line)
