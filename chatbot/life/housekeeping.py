"""What a chat may see and change of the running program, made of its settings, its store and its log."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from chatbot.access import Access
from chatbot.config import set_by_process
from chatbot.life.reloading import Reloading
from chatbot.life.trades_sent import trades_file
from chatbot.logs import Redaction
from chatbot.message import File
from chatbot.program import Form, Level, LogLine, ReloadPage, Setting, Source
from chatbot.watch.log_tail import newest
from chatbot.wiring.settings_shown import listed
from storage.store import TinyStore
from trading.domain.order import Mode
from trading.domain.records import Control
from trading.domain.trade import Trade
from trading.engine.broker import Broker
from trading.risk.limits import CHANGEABLE

LOG = "bot.log"  # in the data folder

Held = tuple[str, tuple[str, Source]]


@dataclass(frozen=True, slots=True)
class Housekeeping:
    """Implements chatbot.program.Program."""

    reloading: Reloading
    store: TinyStore
    broker: Broker
    access: Access

    def settings(self) -> Sequence[Setting]:
        """Every variable, with what was said in chat in the place of what is set."""
        told = dict(self._told())
        return list(listed(self.reloading.current, self.reloading.given, set_by_process(), told))

    async def log_tail(self, count: int, level: Level) -> Sequence[LogLine]:
        """The newest lines, read in a thread. Raises Unavailable."""
        clean = Redaction(self.reloading.current.secrets()).clean
        return await asyncio.to_thread(newest, self.reloading.current.data_folder / LOG, count, level, clean)

    async def trades_file(self, form: Form) -> File:
        """All trades of the current mode, archived ones too; as a ZIP file where it is too long otherwise. Raises
        StoreRefused, Misconfigured."""
        mode, environment = self.broker.book.state.mode, self.reloading.current.environment
        book, now = "dry-run" if mode is Mode.DRY_RUN else "real", self.broker.clock.now()
        name = f"trades-{environment}-{book}-{now:%Y%m%d-%H%M%S}.{form}"
        rows = (self.store.latest("trades"), self.store.archives("trades"))
        kept, archived = ((t for t in cast(Iterator[Trade], each) if t.mode is mode) for each in rows)
        return await asyncio.to_thread(trades_file, name, form, environment, kept, archived, now)

    async def preview_reload(self) -> ReloadPage:
        """What has changed in the settings. Raises Misconfigured."""
        return await self.reloading.preview()

    async def reload(self, fingerprint: str) -> ReloadPage:
        """Take what was previewed. Raises Stale, Misconfigured."""
        return await self.reloading.reload(fingerprint)

    # --- what wins over the settings ---

    def _told(self) -> Iterator[Held]:
        state, in_force = self.broker.book.state, self.broker.in_force
        for name in state.limits:
            if field := CHANGEABLE.get(name):
                yield field.upper(), (str(getattr(in_force, field)), "chat")
        for name, value in state.parameters.items():
            yield name.partition(".")[2].upper(), (str(value), "chat")
        if (dry := state.mode is Mode.DRY_RUN) != self.reloading.current.dry_run:
            yield "DRY_RUN", (str(dry).lower(), "chat")
        if any(isinstance(row, Control) and row.name.startswith("notify:") for row in self.store.select("control")):
            yield "NOTIFY", ("as /notify shows", "chat")
        yield from self._people()

    def _people(self) -> Iterator[Held]:
        entries = self.access.listed()
        for channel in {entry.channel for entry in entries if entry.stored}:
            mine = [f"{e.id}:{e.role.word}" for e in entries if e.channel == channel and e.role]
            yield f"{channel.upper()}_USERS", (",".join(mine) or "nobody", "host")
