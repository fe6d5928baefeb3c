"""What commands may ask of the program around the engine: its settings, its log, its trades as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from chatbot.message import File

Source = Literal["default", ".env", "environment", "chat", "host"]
Form = Literal["csv", "json"]
Level = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable as it holds now. `value` never is a secret, but says whether there is one; `source` is what gave
    it; `group` is the part of the settings that it belongs to."""

    group: str
    name: str
    value: str
    source: Source


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log, without a secret; `at` is aware UTC, None where the line does not say."""

    at: datetime | None
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A variable that is not what it was, in words that hold no secret."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ReloadPage:
    """What reading the settings again would change: `now` holds at once, `restart` names what needs one."""

    now: tuple[Change, ...] = ()
    restart: tuple[str, ...] = ()
    fingerprint: str = ""


class Program(Protocol):
    """The running program, as far as a chat may see and change it."""

    def settings(self) -> Sequence[Setting]:
        """Every variable, in the order of `.env.example`."""

    async def log_tail(self, count: int, level: Level) -> Sequence[LogLine]:
        """The newest `count` lines of the log of at least this level, oldest first. Raises Unavailable."""

    async def trades_file(self, form: Form) -> File:
        """All trades of the current mode. Raises StoreRefused, Misconfigured where it is too large for a chat."""

    async def preview_reload(self) -> ReloadPage:
        """What has changed in the settings. Raises Misconfigured with what is wrong in them."""

    async def reload(self, fingerprint: str) -> ReloadPage:
        """Take the settings that were previewed. Raises Stale, Misconfigured."""
