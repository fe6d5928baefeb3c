"""SIGHUP: the host has the settings read again, as the owner does with /reload; everybody is told what came of it.

Who can send it can write the settings too, so nobody is asked back. The lock holds all the same: it is there to freeze
everything that raises risk until somebody opens it on purpose.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from chatbot.access import HOST
from chatbot.locking import Lock
from chatbot.program import Program
from trading.domain.errors import ChatopsError, StoreError
from trading.domain.events import SettingsRead
from trading.engine.desk import Desk

COMMAND = "SIGHUP"  # as the audit has it

log = logging.getLogger("kalshi-chatops")


@dataclass(frozen=True, slots=True)
class HostReload:
    """What it takes to read the settings again and to tell of it."""

    program: Program
    lock: Lock
    desk: Desk

    async def read_again(self) -> None:
        """Take what can be taken at once; what cannot, and an error, changes nothing. Raises StoreFailed."""
        told = await self._taken()
        self.desk.book.record(told)
        outcome = told.problem or f"taken: {', '.join(told.taken) or 'nothing'}"
        log.info("settings read again, %s", outcome)  # where who sent the signal looks, also without a chat
        self.desk.audit(HOST, HOST, COMMAND, outcome)

    async def _taken(self) -> SettingsRead:
        try:
            self.lock.check("reading the settings again")
            preview = await self.program.preview_reload()
            page = await self.program.reload(preview.fingerprint)
        except StoreError:
            raise
        except ChatopsError as error:
            return SettingsRead(self.desk.clock.now(), problem=str(error))
        return SettingsRead(self.desk.clock.now(), tuple(change.name for change in page.now), page.restart)
