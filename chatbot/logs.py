"""Where log lines go: JSON into a rotating file, plain text to the console; secrets are blotted out on the way.

Everything logs through the standard library; structlog renders. Secrets are known by value (the settings' own), so
that no library's message can carry one, whatever it is called there. A line is one JSON object with `timestamp` (ISO,
UTC), `level`, `logger` and `event`, the fields that were given, and for an error `exception`. A log that cannot be
written is told once and stops nothing: the bot is worth more than its diary.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import structlog

from trading.domain.errors import Misconfigured

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
FILE_BYTES_MAX = 10_000_000
FILES_KEPT = 5  # beside the one that is written
SECRET_LENGTH_MIN = 6  # anything shorter would blot out innocent text
DEPTH_MAX = 8  # of what stands inside a field; deeper things are shown as text
BLOT = "***"
STANDARD_ERROR = 2
QUIET = ("httpx", "httpcore", "urllib3", "discord", "telegram", "asyncio", "aiohttp.access")
REPORTED = ("apscheduler",)  # what it would log comes to the schedule's own listener


class Redaction:
    """A structlog processor that blots out known secrets everywhere in a line, however deep they stand in it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {part for secret in secrets for part in _parts(secret) if len(part) >= SECRET_LENGTH_MIN}
        self._secrets = sorted(known, key=len, reverse=True)

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {self.clean(str(name)): self._cleaned(value) for name, value in event.items()}

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        return text

    def _cleaned(self, value: object, depth: int = 0) -> object:
        """The same without secrets, of things that JSON has; anything else as its text."""
        match value:
            case None | bool() | int():
                return value
            case float():
                return value if isfinite(value) else repr(value)  # which JSON has no word for
            case Mapping() if depth < DEPTH_MAX:
                return {self.clean(str(name)): self._cleaned(each, depth + 1) for name, each in value.items()}
            case list() | tuple() | set() | frozenset() if depth < DEPTH_MAX:
                return [self._cleaned(each, depth + 1) for each in value]
            case str():
                return self.clean(value)
        return self.clean(str(value) if isinstance(value, BaseException) else repr(value))


def _parts(secret: str) -> list[str]:
    """A secret of several lines (a private key) may come with its line breaks written otherwise: each line is one."""
    lines = secret.replace("\\n", "\n").splitlines()
    return [secret, *(line.strip() for line in lines if not line.startswith("-----"))]


@dataclass(slots=True)
class LogFile:
    """How the file does: `problem` is why it could not be written, in a sentence; empty while it could."""

    path: Path | None = None
    problem: str = ""

    def failed(self, error: BaseException | None) -> None:
        """Told once, past everything that may be broken too."""
        if not self.problem:
            reason = error.strerror if isinstance(error, OSError) else type(error).__name__
            self.problem = f"the log {self.path} cannot be written ({reason}): look at the disk; the bot goes on"
            os.write(STANDARD_ERROR, f"kalshi-chatops: {self.problem}\n".encode())


class _Rotating(logging.handlers.RotatingFileHandler):
    """The library's own, which asks its class what to do about an error."""

    def __init__(self, file: LogFile, path: Path) -> None:
        super().__init__(path, maxBytes=FILE_BYTES_MAX, backupCount=FILES_KEPT, encoding="utf-8", delay=True)
        self._file = file

    def handleError(self, record: logging.LogRecord) -> None:
        self._file.failed(sys.exc_info()[1])


def set_up(level: str, file: Path | None, console: bool, secrets: Iterable[str] = ()) -> LogFile:
    """Log at `level` into `file` (JSON lines, rotated) and, if asked, to standard error (for people). Raises
    Misconfigured for a level that does not exist."""
    if level not in LEVELS:
        raise Misconfigured(f"the log level {level} is unknown: use {', '.join(LEVELS[:-1])} or {LEVELS[-1]}")
    redaction, state = Redaction(secrets), LogFile(file)
    root = logging.getLogger()
    root.handlers.clear()
    root.setLevel(level)
    if file:
        _make_folder(state, file.parent)
        root.addHandler(_rendering(_Rotating(state, file), structlog.processors.JSONRenderer(), redaction))
    if console:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
        root.addHandler(_rendering(logging.StreamHandler(), renderer, redaction))
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in REPORTED:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return state


def _make_folder(state: LogFile, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        state.failed(error)


def _rendering(handler: logging.Handler, renderer: Any, redaction: Redaction) -> logging.Handler:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redaction,
            renderer,
        ],
    )
    handler.setFormatter(formatter)
    return handler
