"""The life of a wired bot: start-up, which is recovery; beats and checks; and the end, which leaves nothing open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from chatbot.charts.drawing import Charts
from chatbot.config import Settings
from chatbot.life.host_reload import HostReload
from chatbot.life.starts import away, mind_history
from chatbot.life.stopping import stop
from chatbot.outbox.channel import Channel
from chatbot.outbox.outbox import Outbox
from chatbot.router import Router
from chatbot.tools.heap import give_back
from chatbot.wiring.feeds import Feeds
from chatbot.wiring.places import Places
from storage.store import TinyStore
from trading.domain.errors import StoreError, StoreRefused, Unauthorized, Unavailable
from trading.domain.events import ErrorSeen, Started
from trading.engine.book import Book
from trading.engine.cycle import Cycle
from trading.engine.desk import Desk
from trading.engine.listening import Listening
from trading.engine.reconcile import Reconcile
from trading.engine.reports import Digests

ARCHIVED_AFTER = timedelta(days=90)

log = logging.getLogger("kalshi-chatops")


def archive_before(now: datetime, zone: tzinfo) -> datetime:
    """What ended before this belongs into the archives: it moves once a day, as the owner's day begins."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0) - ARCHIVED_AFTER


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
    charts: Charts
    digests: Digests
    last_moment: datetime | None  # that the store knew of when it was opened
    listening: Listening | None = None  # to the exchange's stream, where there is one
    feeds: Feeds | None = None  # of news and of other venues
    host_reload: HostReload | None = None
    fatal: BaseException | None = None
    recovered: bool = False  # start-up is over
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # a beat and a check never run into each other

    async def start(self) -> None:
        """Prove what was left open, then say that we run. Raises StoreError."""
        found, before = list(self.store.recovered), self.book.state
        await self._read_limits()
        mind_history(self.cycle.broker, self.settings.environment)
        try:
            found += await self.reconcile.recover()
        except (Unavailable, Unauthorized) as error:
            now = self.places.clock.now()
            self.book.record(ErrorSeen(now, "recovery", f"not everything could be checked at start: {error}"))
        now, state = self.places.clock.now(), self.book.state
        absence = away(before, state, self.last_moment, now)
        self.book.record(Started(now, state.mode, self.settings.environment, tuple(found), absence))
        self.recovered = True

    async def _read_limits(self) -> None:
        """What our key may spend and what calls cost; until that is known the smallest budget holds."""
        kalshi = self.places.kalshi
        if kalshi is None or not self.places.signed:
            return
        try:
            await kalshi.limits()
            await kalshi.info.endpoint_costs()
        except (Unavailable, Unauthorized) as error:
            log.warning("the request budgets could not be read: %s", error)

    async def beat(self) -> None:
        """One beat; a failing store ends the program."""
        async with self._turn:
            try:
                await self.cycle.beat()
            except StoreError as error:
                self.end(error)

    async def check(self) -> None:
        """One reconciliation pass; what cannot be asked now is asked at the next."""
        await self._reconciled(self.reconcile.check)

    async def scan(self) -> None:
        """One turn of the scanner, beside the beat; a failing store ends the program."""
        assert self.desk.scanning, "there is a listing to scan"
        try:
            await self.desk.scanning.turn()
        except StoreError as error:
            self.end(error)

    async def report(self) -> None:
        """Tell the reports that are due; a failing store ends the program."""
        try:
            await self.digests.look()
        except StoreError as error:
            self.end(error)

    async def archive(self) -> None:
        """Move what has been over for long out of the store; a failing store ends the program."""
        async with self._turn:
            leaving = self.store.due(archive_before(self.places.clock.now(), self.book.zone))
            try:
                self.store.drop(await asyncio.to_thread(self.store.keep, leaving))
                if leaving:
                    await asyncio.to_thread(give_back)
            except StoreRefused as error:
                self.book.record(ErrorSeen(self.places.clock.now(), "archive", str(error)))
            except StoreError as error:
                self.end(error)

    async def catch_up(self) -> None:
        """Ask for everything that the stream may not have told."""
        await self._reconciled(self.reconcile.recover)

    async def listen(self) -> None:
        """Take the stream's news until cancelled; a failing store ends the program."""
        if self.places.stream is None or self.listening is None:
            return
        self.places.stream.start()
        try:
            await self.listening.run()
        except* StoreError as failed:
            self.end(failed.exceptions[0])

    async def _reconciled(self, work: Callable[[], Awaitable[object]]) -> None:
        async with self._turn:
            try:
                await work()
            except (Unavailable, Unauthorized) as error:
                log.warning("reconciliation put off: %s", error)
            except StoreError as error:
                self.end(error)

    def end(self, error: BaseException | None = None) -> None:
        """Let the program end; the first error is the one that counts."""
        self.fatal = self.fatal or error
        self.ended.set()

    async def quiet(self) -> None:
        """Wait for a beat or a check that is under way; none begins after it."""
        await self._turn.acquire()

    async def stop(self, why: str) -> None:
        """Cancel our resting orders (ON_STOP), tell, deliver what is queued, close everything: within seconds, whatever
        hangs."""
        self.ended.set()
        await stop(self, why)
