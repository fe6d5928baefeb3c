"""A program around the bot for tests of the chat: fixed settings and log lines, and a reload that is counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from chatbot.message import File
from chatbot.program import Change, Form, Level, LogLine, ReloadPage, Setting
from trading.domain.errors import Stale

AT = datetime(2026, 10, 3, 14, 5, 1, tzinfo=UTC)


class FakeProgram:
    """Tests change `page`, `lines` and `problem`, and read `done`."""

    def __init__(self) -> None:
        self.lines = [LogLine(AT, "info", "beat mode=real"), LogLine(AT, "warning", "no spot for 31 s")]
        self.page = ReloadPage((Change("STAKE_USD", "5", "7.50"),), ("TIMEZONE",), "as-read")
        self.problem: Exception | None = None
        self.done: list[str] = []

    def settings(self) -> Sequence[Setting]:
        return (
            Setting("exchange", "KALSHI_ENV", "simulated", "default"),
            Setting("safety", "MAX_ORDER_USD", "4.50", "chat"),
            Setting("safety", "TOTP_SECRET", "set", ".env"),
            Setting("service", "INSTANCE_NAME", "attic", "environment"),
        )

    async def log_tail(self, count: int, level: Level) -> Sequence[LogLine]:
        self.done.append(f"log {count} {level}")
        return self.lines[-count:]

    async def trades_file(self, form: Form) -> File:
        if self.problem:
            raise self.problem
        return File(f"trades-simulated-real.{form}", b"time,buy_ticker\n")

    async def preview_reload(self) -> ReloadPage:
        if self.problem:
            raise self.problem
        return self.page

    async def reload(self, fingerprint: str) -> ReloadPage:
        if fingerprint != self.page.fingerprint:
            raise Stale("the settings have changed since the preview: send /reload again")
        self.done.append("reload")
        return self.page
