"""The life of a wired bot: start-up, which is recovery; beats and checks; and the end, which leaves nothing open."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from chatbot.config import Settings
from chatbot.outbox import Channel, Outbox
from chatbot.places import Places
from chatbot.router import Router
from storage.store import TinyStore
from trading.domain.errors import StoreError, Unauthorized, Unavailable
from trading.domain.events import ErrorSeen, Started, Stopped
from trading.domain.records import Notice, Severity
from trading.engine.book import Book
from trading.engine.cycle import Cycle
from trading.engine.desk import Desk
from trading.engine.reconcile import Reconcile

DRAIN_SECONDS_MAX = 5.0  # of real time, for the last notices at a clean stop
TURN_SECONDS_MAX = 10.0  # of real time, for a beat that is under way when we stop

log = logging.getLogger("kalshi-chatops")


@dataclass(slots=True)
class App:
    """A wired bot. `ended` is set when it should stop; `fatal` is the error that made it so, if one did."""

    settings: Settings
    places: Places
    store: TinyStore
    book: Book
    cycle: Cycle
    reconcile: Reconcile
    desk: Desk
    router: Router
    outbox: Outbox
    channels: Sequence[Channel]
    fatal: BaseException | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # a beat and a check never run into each other

    async def start(self) -> None:
        """Prove what was left open, then say that we run. Raises StoreError."""
        found = list(self.store.recovered)
        try:
            found += await self.reconcile.recover()
        except (Unavailable, Unauthorized) as error:
            now = self.places.clock.now()
            self.book.record(ErrorSeen(now, "recovery", f"not everything could be checked at start: {error}"))
        now, state = self.places.clock.now(), self.book.state
        self.book.record(Started(now, state.mode, self.settings.environment, tuple(found)))

    async def beat(self) -> None:
        """One beat; a failing store ends the program."""
        async with self._turn:
            try:
                await self.cycle.beat()
            except StoreError as error:
                self.end(error)

    async def check(self) -> None:
        """One reconciliation pass; what cannot be asked now is asked at the next."""
        async with self._turn:
            try:
                await self.reconcile.check()
            except (Unavailable, Unauthorized) as error:
                log.warning("reconciliation put off: %s", error)
            except StoreError as error:
                self.end(error)

    def end(self, error: BaseException | None = None) -> None:
        """Let the program end; the first error is the one that counts."""
        self.fatal = self.fatal or error
        self.ended.set()

    async def stop(self, why: str) -> None:
        """Cancel our resting orders (ON_STOP), tell, deliver what is queued, close everything."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._turn.acquire(), TURN_SECONDS_MAX)  # a beat under way ends first
        if self.fatal is None:
            await self._leave(why)
        if self.fatal is None:
            await self.outbox.drain(DRAIN_SECONDS_MAX)
        else:
            await self._shout(f"The bot stops: {self.fatal}")
        for channel in self.channels:
            await channel.close()
        await self.places.close()
        self.store.close()

    async def _shout(self, text: str) -> None:
        """Tell without the store, which may be what failed."""
        await self.outbox.shout(Notice(0, "error", Severity.ALERT, self.places.clock.now(), text))

    async def _leave(self, why: str) -> None:
        """End what is open and say so; a store that fails only now is fatal like any other failure of it."""
        left = self.book.state.live_orders() if self.settings.on_stop == "cancel" else []
        try:
            for order in left:
                await self.cycle.broker.cancel(order, "the bot stops")
            self.book.record(Stopped(self.places.clock.now(), why))
        except StoreError as error:
            self.end(error)
