"""The outbox: carries every notice owed to every channel, at least once, however long the channel is gone.

The engine writes notices into the table `outbox` in the commit of the event that they tell of. Each channel has a task
and a lane, which says durably what was delivered and what was tried; the latter is written before the trying, so that
after a crash just the notice of unknown outcome is marked as a repeat. ALERT goes first, order holds within a severity,
what is off counts as delivered in its turn, and a dead channel blocks nobody: the living ones are told of it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import cache

from chatbot.formats import count
from chatbot.message import Picture
from chatbot.notices.words import bare, digest
from chatbot.outbox.channel import Channel, DeliveryFailed, How
from chatbot.outbox.lanes import Lane, Parcel, Queue, lane_of
from chatbot.outbox.pictures import Pictured, Pictures, unpictured
from chatbot.rules import Rule
from trading.clock import real_now
from trading.domain.records import Notice, Put, Record, Severity
from trading.ports import Store

DELIVERY_SECONDS_MAX = 30.0  # a delivery that takes longer is of unknown outcome
PICTURE_SECONDS_MAX = 10.0  # a notice whose picture takes longer goes without
BACKOFF_SECONDS_FIRST = 1.0
BACKOFF_SECONDS_MAX = 60.0
BACKOFF_JITTER = 0.2  # of the wait, either way
UNREACHABLE_AFTER = timedelta(seconds=60)
QUEUED_MAX = {Severity.INFO: 50, Severity.NOTICE: 1000}  # above, they fold into one digest line; ALERT never does
BROKEN_TRIES_MAX = 3  # unexpected errors over one notice before its bare title is sent instead

RuleOf = Callable[[str, str, Severity], Rule]  # of a channel's name, a kind and a severity

log = logging.getLogger(__name__)


def always_on(channel: str, kind: str, severity: Severity) -> Rule:
    """Everything is told everywhere."""
    return Rule.ON


class Outbox:
    """Delivers the rows of `outbox`. `now` is the clock that dates notices (for how late they are); the waiting is in
    real time. `told` gets unexpected errors of channels, by the channel's name; `rules` says what becomes of a notice,
    and `pictured` what goes with it. Numbers of rows never go back."""

    def __init__(
        self,
        store: Store,
        channels: Sequence[Channel],
        told: Callable[[str, Exception], None],
        *,
        zone: tzinfo,
        rules: RuleOf = always_on,
        pictured: Pictured = unpictured,
        now: Callable[[], datetime] = real_now,
        real_now: Callable[[], datetime] = real_now,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: random.Random | None = None,
    ) -> None:
        self._store, self._told, self._zone, self._rules = store, told, zone, rules
        self._pictured, self._pictures = pictured, Pictures(self._drawing)
        self._now, self._real_now, self._sleep = now, real_now, sleep
        self._jitter = jitter or random.Random()  # noqa: S311 - no secret
        self._lanes = [lane_of(store, channel) for channel in channels]
        self._rows: list[Notice] = []
        self._seen = 0
        self.wake()

    async def run(self) -> None:
        """Deliver until cancelled. Raises StoreFailed."""
        self.wake()
        tasks = [asyncio.create_task(self._work(lane), name=f"outbox:{lane.channel.name}") for lane in self._lanes]
        try:
            await (asyncio.gather(*tasks) if tasks else asyncio.Event().wait())
        finally:
            for task in tasks:
                task.cancel()

    def wake(self) -> None:
        """Say that rows were written. Raises StoreFailed where nobody is to be told and the rows go at once."""
        self._refresh()
        if not self._lanes:
            self._commit(())
        for lane in self._lanes:
            lane.news.set()
            if not lane.failing:
                lane.settled.clear()

    def queued(self) -> dict[str, int]:
        """How many notices each channel is still owed."""
        return {lane.channel.name: self._queued(lane) for lane in self._lanes}

    def queues(self) -> list[Queue]:
        """The same with how old it is and how the channel does."""
        return [self._queue(lane) for lane in self._lanes]

    async def drain(self, timeout: float) -> bool:
        """Wait until every channel that is not failing has everything; whether that came within `timeout` seconds."""
        self.wake()
        try:
            async with asyncio.timeout(timeout):
                for lane in self._lanes:
                    await lane.settled.wait()
        except TimeoutError:
            return False
        return True

    async def shout(self, notice: Notice) -> None:
        """Say one thing to every channel at once, once, past the store: for when the store itself has failed."""
        await asyncio.gather(*(self._attempt(lane, notice, repeat=False, tell=False) for lane in self._lanes))

    # --- rows and cursors ---

    def _refresh(self) -> None:
        """Numbers are given without gaps, so the newest row says how many are new."""
        newest = max((row.seq for row in _notices(self._store.tail("outbox", 1))), default=self._seen)
        if newest > self._seen:
            self._rows += _notices(self._store.tail("outbox", newest - self._seen))
            self._seen = newest

    def _commit(self, puts: Sequence[Put]) -> None:
        """With these puts go the rows that every channel has."""
        gone = [row for row in self._rows if all(lane.has(row) for lane in self._lanes)]
        if puts or gone:
            self._store.commit([*puts, *(Put("outbox", row.key) for row in gone)])
        keys = {row.key for row in gone}
        self._rows = [row for row in self._rows if row.key not in keys]

    def _keep(self, lane: Lane) -> None:
        self._commit(lane.puts(self._now()))

    def _wanted(self, lane: Lane, severity: Severity) -> list[Notice]:
        """What the lane is owed and is to be told."""
        rule = cache(self._rules)
        owed = lane.owed(self._rows, severity)
        return [row for row in owed if rule(lane.channel.name, row.kind, severity) is not Rule.OFF]

    def _queue(self, lane: Lane) -> Queue:
        waiting = [row for severity in Severity for row in self._wanted(lane, severity)]
        return Queue(lane.channel.name, len(waiting), min((row.at for row in waiting), default=None), lane.failing)

    def _queued(self, lane: Lane) -> int:
        return sum(len(self._wanted(lane, severity)) for severity in Severity)

    # --- one channel's task ---

    async def _work(self, lane: Lane) -> None:
        while True:
            lane.news.clear()
            self._pass_over(lane)
            parcel = self._next(lane)
            if parcel is None:
                lane.settled.set()
                await lane.news.wait()
            elif not await self._pictures.drew(parcel.notice):
                await self._send(lane, parcel)

    def _pass_over(self, lane: Lane) -> None:
        """Count what is off and next as delivered."""
        off: list[Notice] = []
        for severity in Severity:
            first = next(iter(self._wanted(lane, severity)), None)
            off += [row for row in lane.owed(self._rows, severity) if first is None or row.seq < first.seq]
        if off:
            lane.passed(off, self._rows)
            self._keep(lane)

    def _next(self, lane: Lane) -> Parcel | None:
        if lane.asides:
            return Parcel(lane.asides[0])
        for severity in (Severity.ALERT, Severity.NOTICE, Severity.INFO):
            if wanted := self._wanted(lane, severity):
                many = len(wanted) > QUEUED_MAX.get(severity, len(wanted))
                return Parcel(digest(wanted, self._zone), tuple(wanted)) if many else Parcel(wanted[0], (wanted[0],))
        return None

    async def _send(self, lane: Lane, parcel: Parcel) -> None:
        severity = parcel.notice.severity
        repeat = parcel.stored and lane.unsure_of(severity)
        if parcel.stored:
            lane.tried[severity] = parcel.notice.seq
            self._keep(lane)
        came_of_it = await self._attempt(lane, parcel.notice, repeat)
        if not isinstance(came_of_it, DeliveryFailed):
            self._delivered(lane, parcel, came_of_it)
            return
        if parcel.stored and not came_of_it.unknown and not repeat:
            lane.tried[severity] = lane.done[severity]
            self._keep(lane)
        await self._back_off(lane, came_of_it)

    async def _attempt(self, lane: Lane, notice: Notice, repeat: bool, tell: bool = True) -> str | DeliveryFailed:
        """What names the message that arrived, or why none did. `tell`: a channel that breaks is told of, which writes
        to the store."""
        shown = notice if lane.broken[notice.seq] < BROKEN_TRIES_MAX else bare(notice)
        try:
            async with asyncio.timeout(DELIVERY_SECONDS_MAX):
                return await lane.channel.deliver(shown, self._how(lane, notice, repeat))
        except DeliveryFailed as failure:
            return failure
        except TimeoutError:
            return DeliveryFailed(f"no answer within {DELIVERY_SECONDS_MAX:.0f} s", unknown=True)
        except Exception as error:  # the outer edge: a broken channel must not take the others with it
            log.exception("channel %s failed over notice %s", lane.channel.name, notice.seq)
            lane.broken[notice.seq] += 1
            if tell and lane.broken[notice.seq] == 1:
                self._told(lane.channel.name, error)
            return DeliveryFailed(type(error).__name__, unknown=True)

    async def _drawing(self, notice: Notice) -> Picture | None:
        """Its picture, if that comes in time; its words are owed whatever is wrong with a picture."""
        try:
            async with asyncio.timeout(PICTURE_SECONDS_MAX):
                return await self._pictured(notice)
        except TimeoutError:
            log.warning("notice %s goes without its picture: not drawn in %.0f s", notice.seq, PICTURE_SECONDS_MAX)
        except Exception:  # the outer edge
            log.exception("notice %s goes without its picture", notice.seq)
        return None

    def _how(self, lane: Lane, notice: Notice, repeat: bool) -> How:
        late = max((self._now() - notice.at).total_seconds(), 0.0)
        silent = self._rules(lane.channel.name, notice.kind, notice.severity) is Rule.SILENT
        whole = lane.broken[notice.seq] < BROKEN_TRIES_MAX
        picture = self._pictures.of(notice) if whole else None
        return How(repeat, late, silent, lane.threads.get(notice.trade_id, ""), picture)

    def _delivered(self, lane: Lane, parcel: Parcel, name: str) -> None:
        if lane.told_unreachable:
            self._aside(lane, "recovery", f"{lane.title} is back, {count(self._queued(lane), 'notice')} on the way")
        lane.failures, lane.failing_since, lane.told_unreachable = 0, None, False
        lane.broken.clear()
        lane.settled.clear()
        if parcel.stored:
            lane.began(parcel.notice, name)
            lane.passed(parcel.covers, self._rows)
            self._keep(lane)
        elif lane.asides and lane.asides[0] is parcel.notice:
            lane.asides.popleft()

    # --- failing ---

    async def _back_off(self, lane: Lane, failure: DeliveryFailed) -> None:
        lane.failures += 1
        lane.failing_since = lane.failing_since or self._real_now()
        lane.settled.set()
        log.warning("channel %s: %s", lane.channel.name, failure)
        wait = self._wait_seconds(lane) if failure.retry_after is None else failure.retry_after
        left = (lane.failing_since + UNREACHABLE_AFTER - self._real_now()).total_seconds()
        if not lane.told_unreachable and left <= wait:
            await self._sleep(max(left, 0.0))
            self._unreachable(lane)
            wait -= max(left, 0.0)
        await self._sleep(wait)

    def _wait_seconds(self, lane: Lane) -> float:
        doubled = BACKOFF_SECONDS_FIRST * 2.0 ** min(lane.failures - 1, 30)
        return min(doubled, BACKOFF_SECONDS_MAX) * (1 + BACKOFF_JITTER * self._jitter.uniform(-1, 1))

    def _unreachable(self, lane: Lane) -> None:
        assert lane.failing_since
        since = f"{lane.failing_since.astimezone(self._zone):%H:%M}"
        self._aside(lane, "error", f"{lane.title} unreachable since {since}, {self._queued(lane)} queued")
        lane.told_unreachable = True

    def _aside(self, about: Lane, kind: str, title: str) -> None:
        """Tell the living channels about another one: of this moment only, so it is not stored."""
        for lane in self._lanes:
            if lane is not about and not lane.failing:
                lane.asides.append(Notice(0, kind, Severity.ALERT, self._now(), title, mood="alert"))
                lane.settled.clear()
                lane.news.set()


def _notices(rows: Sequence[Record]) -> list[Notice]:
    return [row for row in rows if isinstance(row, Notice)]
