"""Where log lines go: JSON into a rotating file, plain text to the console; secrets are blotted out on the way.

Everything logs through the standard library; structlog renders. Secrets are known by value (the settings' own), so
that no library's message can carry one, whatever it is called there.
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
from collections.abc import Iterable, MutableMapping
from pathlib import Path
from typing import Any

import structlog

FILE_BYTES_MAX = 10_000_000
FILES_KEPT = 5
SECRET_LENGTH_MIN = 6  # anything shorter would blot out innocent text
BLOT = "***"
QUIET = ("httpx", "httpcore", "urllib3", "discord", "telegram", "asyncio", "aiohttp.access")
REPORTED = ("apscheduler",)  # what it would log comes to the schedule's own listener


class Redaction:
    """A structlog processor that blots out known secrets in every text of a line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({s for s in secrets if len(s) >= SECRET_LENGTH_MIN}, key=len, reverse=True)

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in event.items():
            if isinstance(value, str):
                event[key] = self.clean(value)
        return event

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        return text


def set_up(level: str, file: Path | None, console: bool, secrets: Iterable[str] = ()) -> None:
    """Log at `level` into `file` (JSON lines, rotated) and, if asked, to standard error (for people)."""
    redaction = Redaction(secrets)
    root = logging.getLogger()
    root.handlers.clear()
    root.setLevel(level)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(file, maxBytes=FILE_BYTES_MAX, backupCount=FILES_KEPT)
        root.addHandler(_rendering(handler, structlog.processors.JSONRenderer(), redaction))
    if console:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
        root.addHandler(_rendering(logging.StreamHandler(), renderer, redaction))
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in REPORTED:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _rendering(handler: logging.Handler, renderer: Any, redaction: Redaction) -> logging.Handler:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
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
