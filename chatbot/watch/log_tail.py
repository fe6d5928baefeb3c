"""The newest lines of the log file, for who cannot look at it on the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec

from chatbot.program import Level, LogLine
from trading.domain.errors import Unavailable

TAIL_BYTES_MAX = 512_000  # of the file that are looked at; beats fill about half a megabyte an hour
TEXT_LENGTH_MAX = 300  # characters of a line that are shown
LEVELS = ("debug", "info", "warning", "error", "critical")
OWN = ("event", "level", "logger", "timestamp", "exception")  # members of a line that are not its details


def newest(file: Path, count: int, level: Level, clean: Callable[[str], str]) -> list[LogLine]:
    """The newest `count` lines of at least this level, oldest first; `clean` blots secrets out. Raises Unavailable."""
    wanted = LEVELS[LEVELS.index(level) :]
    fit = (line for line in _backwards(file, clean) if line.level in wanted)
    return list(islice(fit, count))[::-1]


def _backwards(file: Path, clean: Callable[[str], str]) -> Iterator[LogLine]:
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(size - TAIL_BYTES_MAX, 0))
            rows = stream.read().splitlines()
    except OSError as error:
        raise Unavailable(f"{file} cannot be read: {error.strerror}") from None
    whole = rows[1:] if size > TAIL_BYTES_MAX else rows  # the first is cut off
    return (_line(clean(row.decode(errors="replace"))) for row in reversed(whole))


def _line(row: str) -> LogLine:
    """A row as the log writes it (JSON), or anything else as it stands there."""
    try:
        told = msgspec.json.decode(row, type=dict[str, object])
        at = datetime.fromisoformat(str(told["timestamp"]))
    except (msgspec.DecodeError, KeyError, ValueError):
        return LogLine(None, "info", row[:TEXT_LENGTH_MAX])
    failed = str(told.get("exception", "")).strip().splitlines()[-1:]  # the error itself, below its trace
    details = [f"{name}={value}" for name, value in told.items() if name not in OWN and value is not None]
    text = " ".join([str(told.get("event", "")), *failed, *details])
    return LogLine(at, str(told.get("level", "info")), text[:TEXT_LENGTH_MAX])
