"""The beat: observe, account, decide, act; one pass of it at a time, each part allowed to fail alone.

What fails at the exchange is a problem told once and tried again at the next beat; a fault of our own is told, and
repeated it halts trading. Only a failing store stops the program.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from trading.clock import monotonic
from trading.domain.error_counts import counts_due
from trading.domain.errors import StoreError, Unauthorized, Unavailable
from trading.domain.events import ErrorsCounted, ErrorSeen, HaltCleared, HaltRaised
from trading.domain.intent import View
from trading.domain.intent_line import Line
from trading.domain.order import Order, OrderStatus
from trading.domain.state import Reason
from trading.engine.account import Account
from trading.engine.acting import Acting
from trading.engine.assigned import Assigned
from trading.engine.deciding import Deciding
from trading.engine.fill_cap import FillCap
from trading.engine.halting import Halting
from trading.engine.low_balance import LowBalance
from trading.engine.observer import Observer
from trading.engine.watch import Watch
from trading.engine.windows import Windows
from trading.ports import IntentLog, MarketData
from trading.strategies.base import Strategy

ENGINE_ERRORS_MAX = 3  # beats in a row that fail by our own fault before trading halts
PAUSE_CHECK_SECONDS = 60.0
PAUSED_CODES = frozenset({"trading_is_paused", "exchange_is_paused"})
GRID_CODES = frozenset({"invalid_parameters", "invalid_order"})  # a price off the grid has no code of its own
SKEW_SECONDS_MAX = 2.0  # between the exchange's clock and ours; it refuses signatures well before a minute
SKEW_SECONDS_RIGHT = 1.5  # below this a wrong clock counts as right again


def no_log(lines: Sequence[Line]) -> None:
    """An intent log that nobody reads."""


@dataclass(slots=True)
class Pulse:
    """How the beats go: for /health, and for whoever watches that they go on."""

    beats: int = 0
    last: datetime | None = None
    seconds: float = 0.0  # that the last one took, of real time
    total_seconds: float = 0.0  # that all of them took
    failures: int = 0  # in a row, by our own fault
    problems: dict[str, str] = field(default_factory=dict)


class Cycle:
    """`observers` follow one series each; the first is the main one, which people look at and whose silent prices halt.
    `on_beat` is called after every beat, for the log; `skew` is the exchange's clock less ours in seconds."""

    def __init__(
        self,
        observers: Sequence[Observer],
        account: Account,
        halting: Halting,
        windows: Windows,
        assigned: Sequence[Assigned],
        market_data: MarketData,
        on_beat: Callable[[View], None] | None = None,
        skew: Callable[[], float | None] = lambda: None,
        fill_cap: FillCap | None = None,
        log: IntentLog = no_log,
    ) -> None:
        self.observers, self.observer = tuple(observers), observers[0]
        self.account, self.halting, self.windows, self.assigned = account, halting, windows, tuple(assigned)
        self.broker, self.book, self.clock = account.broker, account.book, account.clock
        self._acting = Acting(account, windows, self._guarded, log)
        self._deciding = Deciding(self.broker, windows, self._acting)
        self._watch, self._low_balance = Watch(account.broker), LowBalance(account.broker)
        self.pulse = Pulse()
        self._market_data = market_data
        self.on_beat, self._skew, self._fill_cap = on_beat, skew, fill_cap
        self._pause_checked: datetime | None = None
        self.jobs: tuple[Assigned, ...] = ()  # strategies that are no part of a beat, each with a job of its own

    @property
    def everybody(self) -> tuple[Assigned, ...]:
        """All strategies of the configuration: those that decide in a beat, and those with jobs of their own."""
        return (*self.assigned, *self.jobs)

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """Those that decide; one that is put in place of another of its name trades what that one did, any other the
        main series."""
        return tuple(each.strategy for each in self.assigned)

    @strategies.setter
    def strategies(self, strategies: Sequence[Strategy]) -> None:
        known = {each.name: each for each in self.assigned}
        main = (self.observer.series,)
        self.assigned = tuple(
            replace(known[each.name], strategy=each) if each.name in known else Assigned(each, main)
            for each in strategies
        )

    async def beat(self) -> None:
        """One pass. Raises StoreError only."""
        started = monotonic()
        try:
            await self._pass()
            self.pulse.failures = 0
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - an outer edge: whatever it is becomes an event and a halt, not silence
            self._failed(error)
        self._count_errors()
        self.pulse.beats += 1
        self.pulse.last = self.clock.now()
        self.pulse.seconds = monotonic() - started
        self.pulse.total_seconds += self.pulse.seconds

    async def _pass(self) -> None:
        began = self.clock.now()
        views = {observer.series: await self._look(observer) for observer in self.observers}
        main, shards = views[self.observer.series], _shards(views.values())
        self._watch.look(main, began)
        self._problems("clock", self._clock_problem())
        self._acting.show(tuple(views.values()))
        await self._guarded("exchange", self._account(shards))
        if self._fill_cap:
            await self._guarded("fill cap", self._cap_fills(self._fill_cap, shards))
        await self._decide(views)
        self.windows.close()
        if self.on_beat:
            self.on_beat(main)

    async def _look(self, observer: Observer) -> View:
        view = await observer.look()
        part = "market data" if observer is self.observer else f"market data of {observer.series}"
        self._problems(part, observer.problems.copy())
        return view

    async def _account(self, shards: Sequence[int]) -> None:
        if self.broker.halted:
            await self.halting.sweep()
        await self.account.update()
        await self._low_balance.look()
        if shards:
            await self._check_pause(shards)

    async def _cap_fills(self, fill_cap: FillCap, shards: Sequence[int]) -> None:
        for shard in shards:
            await fill_cap.keep(shard)

    async def _guarded(self, part: str, work: Awaitable[None]) -> None:
        """Await `work`; the exchange's failures become a problem that is told when it begins."""
        try:
            await work
        except (Unavailable, Unauthorized) as error:
            self._problems(part, {part: str(error)})
        else:
            self._problems(part, {})

    def _problems(self, part: str, found: dict[str, str]) -> None:
        """Tell a problem when it begins, not while it lasts."""
        if not found and not self.pulse.problems:
            return
        known = {key for key in self.pulse.problems if key.startswith(f"{part}:")}
        for key, text in found.items():
            if f"{part}:{key}" not in known:
                self.book.record(ErrorSeen(self.clock.now(), f"{part}:{key}", text))
        for key in known:
            del self.pulse.problems[key]
        self.pulse.problems.update({f"{part}:{key}": text for key, text in found.items()})

    def _clock_problem(self) -> dict[str, str]:
        skew, wrong = self._skew() or 0.0, "clock:skew" in self.pulse.problems
        if abs(skew) <= (SKEW_SECONDS_RIGHT if wrong else SKEW_SECONDS_MAX):
            return {}
        way = "behind" if skew > 0 else "ahead of"
        return {"skew": f"this machine's clock is {abs(skew):.1f} s {way} the exchange's: keep it right by NTP"}

    def in_force(self, strategy: Strategy) -> Strategy:
        """A configured strategy with what people have changed of its parameters."""
        return self._deciding.in_force(strategy)

    async def _decide(self, views: Mapping[str, View]) -> None:
        """Every strategy on every series that it trades, one after the other."""
        for assigned in self.assigned:
            for observer in self.observers:
                if observer.series in assigned.series:
                    for order in await self._deciding.decide(assigned, observer.series, views[observer.series]):
                        self._learn_from(order, observer)

    def _learn_from(self, order: Order, observer: Observer) -> None:
        """What a refusal says about the world is looked at anew in the next beat: a pause, or another price grid."""
        if order.status is not OrderStatus.REJECTED:
            return
        code = order.why.partition(":")[0]
        if code in PAUSED_CODES:
            self._pause_checked = None
        elif code in GRID_CODES:
            observer.forget_news()

    async def _check_pause(self, shards: Sequence[int]) -> None:
        """Stand still while a shard of the markets is paused, and go on by itself: both are told once."""
        now = self.clock.now()
        if self._pause_checked and (now - self._pause_checked).total_seconds() < PAUSE_CHECK_SECONDS:
            return
        self._pause_checked = now
        found = [await self._market_data.status(shard) for shard in shards]
        paused = next((each for each in found if not (each.exchange_active and each.trading_active)), None)
        if paused and Reason.EXCHANGE_PAUSED not in self.book.state.halts:
            until = f" until {paused.resumes_at:%H:%M} UTC" if paused.resumes_at else ""
            self.book.record(HaltRaised(now, Reason.EXCHANGE_PAUSED, "engine", f"the exchange is paused{until}"))
        elif not paused and Reason.EXCHANGE_PAUSED in self.book.state.halts:
            self.book.record(HaltCleared(now, Reason.EXCHANGE_PAUSED, "engine"))

    def _count_errors(self) -> None:
        """Say how often what was told came again, when its time is up and whatever else this beat came to."""
        if counts_due(self.book.state, self.clock.now()):
            self.book.record(ErrorsCounted(self.clock.now()))

    def _failed(self, error: Exception) -> None:
        self.pulse.failures += 1
        now, text = self.clock.now(), f"{type(error).__name__}: {error}"
        self.book.record(ErrorSeen(now, "beat", text))
        if self.pulse.failures >= ENGINE_ERRORS_MAX:
            detail = f"{self.pulse.failures} beats in a row failed, the last with {text}"
            self.book.record(HaltRaised(now, Reason.ENGINE_ERROR, "engine", detail))


def _shards(views: Iterable[View]) -> list[int]:
    """Those of the markets that are open now."""
    return sorted({view.market.exchange_index for view in views if view.market})
