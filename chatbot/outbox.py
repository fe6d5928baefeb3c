"""The outbox: carries every notice owed to every channel, at least once, however long the channel is gone.

The engine writes notices into the table `outbox` in the commit of the event that they tell of. Each channel has a task
and a durable row `cursor:<channel>`: per severity the number delivered last and the number tried last. The latter is
written before the trying, so that after a crash just the notice of unknown outcome is marked as a repeat. ALERT goes
first, order holds within a severity, and a dead channel blocks nobody: the living ones are told of it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from chatbot.message import Picture
from chatbot.notices import bare, digest
from chatbot.render import count
from trading.clock import real_now
from trading.domain.records import Control, Notice, Put, Record, Severity
from trading.ports import Store

DELIVERY_SECONDS_MAX = 30.0  # a delivery that takes longer is of unknown outcome
BACKOFF_SECONDS_FIRST = 1.0
BACKOFF_SECONDS_MAX = 60.0
BACKOFF_JITTER = 0.2  # of the wait, either way
UNREACHABLE_AFTER = timedelta(seconds=60)
QUEUED_MAX = {Severity.INFO: 50, Severity.NOTICE: 1000}  # above, they fold into one digest line; ALERT never does
ASIDES_MAX = 20  # words about other channels that wait for one channel
BROKEN_TRIES_MAX = 3  # unexpected errors over one notice before its bare title is sent instead

log = logging.getLogger(__name__)


class DeliveryFailed(Exception):
    """A channel could not deliver. `retry_after` seconds were asked for by the platform; `unknown`: it may have got
    there all the same."""

    def __init__(self, text: str = "", *, retry_after: float | None = None, unknown: bool = False) -> None:
        super().__init__(text)
        self.retry_after, self.unknown = retry_after, unknown


@dataclass(frozen=True, slots=True)
class How:
    """How a notice is to be brought. `repeat`: an earlier attempt at it may have arrived; `silent`: without a sound;
    `reply_to`: the message, by what `deliver` gave for it, that it belongs under; `picture`: goes with it."""

    repeat: bool = False
    late_seconds: float = 0.0
    silent: bool = False
    reply_to: str = ""
    picture: Picture | None = None


class Channel(Protocol):
    """What carries notices to people, and their lines to the router."""

    @property
    def name(self) -> str:
        """Lower case, unique, and never changed: the durable cursor is named after it."""

    async def deliver(self, notice: Notice, how: How) -> str:
        """Bring one notice to people, as a new message; what names that message on this channel, empty where nothing
        does. Raises DeliveryFailed."""

    async def run(self) -> None:
        """Listen until there is nothing more to listen to, or until closed."""

    async def close(self) -> None: ...


@dataclass(slots=True)
class Lane:
    """One channel's way and how it is doing. Per severity: the number delivered last, and the number tried last;
    where that is the greater one, its outcome is unknown."""

    channel: Channel
    done: dict[Severity, int]
    tried: dict[Severity, int]
    failures: int = 0  # in a row
    broken: Counter[int] = field(default_factory=Counter)  # unexpected errors by the notice's number
    failing_since: datetime | None = None
    told_unreachable: bool = False
    asides: deque[Notice] = field(default_factory=lambda: deque(maxlen=ASIDES_MAX))
    news: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)  # nothing to do, or failing

    @property
    def title(self) -> str:
        return self.channel.name.capitalize()

    @property
    def failing(self) -> bool:
        return self.failing_since is not None

    def owed(self, rows: Sequence[Notice], severity: Severity) -> list[Notice]:
        return [row for row in rows if row.severity is severity and row.seq > self.done[severity]]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message to send and the number up to which it counts as delivered; 0 for an aside, which is not stored."""

    notice: Notice
    upto: int = 0

    @property
    def stored(self) -> bool:
        return self.upto > 0


class Outbox:
    """Delivers the rows of `outbox`. `now` is the clock that dates notices (for how late they are); the waiting is in
    real time. `told` gets unexpected errors of channels, by the channel's name. Numbers of rows never go back."""

    def __init__(
        self,
        store: Store,
        channels: Sequence[Channel],
        told: Callable[[str, Exception], None],
        *,
        zone: tzinfo,
        now: Callable[[], datetime] = real_now,
        real_now: Callable[[], datetime] = real_now,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: random.Random | None = None,
    ) -> None:
        self._store, self._told, self._zone = store, told, zone
        self._now, self._real_now, self._sleep = now, real_now, sleep
        self._jitter = jitter or random.Random()
        self._lanes = [_lane(store, channel) for channel in channels]
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
        gone = [row for row in self._rows if all(row.seq <= lane.done[row.severity] for lane in self._lanes)]
        if puts or gone:
            self._store.commit([*puts, *(Put("outbox", row.key) for row in gone)])
        keys = {row.key for row in gone}
        self._rows = [row for row in self._rows if row.key not in keys]

    def _keep(self, lane: Lane) -> None:
        name = f"cursor:{lane.channel.name}"
        value = {s.value: str(n) for s, n in lane.done.items()} | {f"{s}_tried": str(n) for s, n in lane.tried.items()}
        self._commit([Put("control", name, Control(name, value, self._now()))])

    def _queued(self, lane: Lane) -> int:
        return sum(len(lane.owed(self._rows, severity)) for severity in Severity)

    # --- one channel's task ---

    async def _work(self, lane: Lane) -> None:
        while True:
            lane.news.clear()
            if parcel := self._next(lane):
                await self._send(lane, parcel)
            else:
                lane.settled.set()
                await lane.news.wait()

    def _next(self, lane: Lane) -> Parcel | None:
        if lane.asides:
            return Parcel(lane.asides[0])
        for severity in (Severity.ALERT, Severity.NOTICE, Severity.INFO):
            if owed := lane.owed(self._rows, severity):
                notice = digest(owed, self._zone) if len(owed) > QUEUED_MAX.get(severity, len(owed)) else owed[0]
                return Parcel(notice, notice.seq)
        return None

    async def _send(self, lane: Lane, parcel: Parcel) -> None:
        severity = parcel.notice.severity
        repeat = parcel.stored and lane.tried[severity] > lane.done[severity]
        if parcel.stored:
            lane.tried[severity] = parcel.upto
            self._keep(lane)
        failure = await self._attempt(lane, parcel.notice, repeat)
        if failure is None:
            self._delivered(lane, parcel)
            return
        if parcel.stored and not failure.unknown and not repeat:
            lane.tried[severity] = lane.done[severity]
            self._keep(lane)
        await self._back_off(lane, failure)

    async def _attempt(self, lane: Lane, notice: Notice, repeat: bool, tell: bool = True) -> DeliveryFailed | None:
        """Why it did not arrive. `tell`: a channel that breaks is told of, which writes to the store."""
        late = max((self._now() - notice.at).total_seconds(), 0.0)
        shown = notice if lane.broken[notice.seq] < BROKEN_TRIES_MAX else bare(notice)
        try:
            async with asyncio.timeout(DELIVERY_SECONDS_MAX):
                await lane.channel.deliver(shown, How(repeat, late))
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
        return None

    def _delivered(self, lane: Lane, parcel: Parcel) -> None:
        if lane.told_unreachable:
            self._aside(lane, "recovery", f"{lane.title} is back, {count(self._queued(lane), 'notice')} on the way")
        lane.failures, lane.failing_since, lane.told_unreachable = 0, None, False
        lane.broken.clear()
        lane.settled.clear()
        if parcel.stored:
            severity = parcel.notice.severity
            lane.done[severity] = lane.tried[severity] = parcel.upto
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
                lane.asides.append(Notice(0, kind, Severity.ALERT, self._now(), title))
                lane.settled.clear()
                lane.news.set()


def _notices(rows: Sequence[Record]) -> list[Notice]:
    return [row for row in rows if isinstance(row, Notice)]


def _lane(store: Store, channel: Channel) -> Lane:
    row = store.get("control", f"cursor:{channel.name}")
    value = row.value if isinstance(row, Control) else {}
    done = {severity: int(value.get(severity, "0")) for severity in Severity}
    return Lane(channel, done, {s: int(value.get(f"{s}_tried", str(done[s]))) for s in Severity})
