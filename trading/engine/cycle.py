"""The beat: observe, account, decide, act; one pass of it at a time, each part allowed to fail alone.

What fails at the exchange is a problem told once and tried again at the next beat; a fault of our own is told, and
repeated it halts trading. Only a failing store stops the program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trading.clock import monotonic
from trading.domain.error_counts import counts_due
from trading.domain.errors import StoreError, Unauthorized, Unavailable
from trading.domain.events import ErrorsCounted, ErrorSeen, HaltCleared, HaltRaised
from trading.domain.intent import Decision, View
from trading.domain.order import Order, OrderStatus
from trading.domain.state import Reason
from trading.engine.account import Account
from trading.engine.fill_cap import FillCap
from trading.engine.halting import Halting
from trading.engine.low_balance import LowBalance
from trading.engine.observer import Observer
from trading.engine.tuning import tuned_by
from trading.engine.watch import Watch
from trading.engine.windows import Windows
from trading.ports import MarketData
from trading.risk.first_hours import cut_down
from trading.risk.gate import Denial
from trading.strategies.base import Strategy

ENGINE_ERRORS_MAX = 3  # beats in a row that fail by our own fault before trading halts
PAUSE_CHECK_SECONDS = 60.0
PAUSED_CODES = frozenset({"trading_is_paused", "exchange_is_paused"})
GRID_CODES = frozenset({"invalid_parameters", "invalid_order"})  # a price off the grid has no code of its own
SKEW_SECONDS_MAX = 2.0  # between the exchange's clock and ours; it refuses signatures well before a minute
SKEW_SECONDS_RIGHT = 1.5  # below this a wrong clock counts as right again
SWITCHED_OFF = Decision(skipped="disabled", detail="switched off")


@dataclass(slots=True)
class Pulse:
    """How the beats go: for /health, and for whoever watches that they go on."""

    beats: int = 0
    last: datetime | None = None
    seconds: float = 0.0
    failures: int = 0  # in a row, by our own fault
    problems: dict[str, str] = field(default_factory=dict)


class Cycle:
    """`on_beat` is called after every beat, for the log; `skew` is the exchange's clock less ours in seconds."""

    def __init__(
        self,
        observer: Observer,
        account: Account,
        halting: Halting,
        windows: Windows,
        strategies: Sequence[Strategy],
        market_data: MarketData,
        on_beat: Callable[[View], None] | None = None,
        skew: Callable[[], float | None] = lambda: None,
        fill_cap: FillCap | None = None,
    ) -> None:
        self.observer, self.account, self.halting, self.windows = observer, account, halting, windows
        self.broker, self.book, self.clock = account.broker, account.book, account.clock
        self.strategies = tuple(strategies)
        self._watch, self._low_balance = Watch(account.broker), LowBalance(account.broker)
        self.pulse = Pulse()
        self._market_data = market_data
        self.on_beat, self._skew, self._fill_cap = on_beat, skew, fill_cap
        self._pause_checked: datetime | None = None

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

    async def _pass(self) -> None:
        began = self.clock.now()
        view = await self.observer.look()
        self._problems("market data", self.observer.problems.copy())
        self._watch.look(view, began)
        self._problems("clock", self._clock_problem())
        await self._guarded("exchange", self._account(view))
        await self._guarded("fill cap", self._cap_fills(view))
        for strategy in self.strategies:
            await self._decide(strategy, view)
        self.windows.close()
        if self.on_beat:
            self.on_beat(view)

    async def _account(self, view: View) -> None:
        if self.broker.halted:
            await self.halting.sweep()
        await self.account.update()
        await self._low_balance.look()
        if view.market:
            await self._check_pause(view.market.exchange_index)

    async def _cap_fills(self, view: View) -> None:
        if view.market and self._fill_cap:
            await self._fill_cap.keep(view.market.exchange_index)

    async def _guarded(self, part: str, work: object) -> None:
        """Await `work`; the exchange's failures become a problem that is told when it begins."""
        try:
            await work  # type: ignore[misc]
        except (Unavailable, Unauthorized) as error:
            self._problems(part, {part: str(error)})
        else:
            self._problems(part, {})

    def _problems(self, part: str, found: dict[str, str]) -> None:
        """Tell a problem when it begins, not while it lasts."""
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
        return tuned_by(strategy, self.book.state.parameters, self.broker.limits)

    async def _decide(self, strategy: Strategy, view: View) -> None:
        """Ask a strategy that is switched on; of another, the window says that it was off."""
        on = strategy.name not in self.book.state.disabled
        decision = self.in_force(strategy).on_tick(view) if on else SWITCHED_OFF
        self.windows.see(strategy.name, view, decision)
        if not self._already_entered(strategy.name):
            await self._act(strategy, view, decision)

    def _already_entered(self, strategy: str) -> bool:
        window = self.windows.current.get(strategy)
        return window is not None and window.ordered

    async def _act(self, strategy: Strategy, view: View, decision: Decision) -> None:
        for wish in decision.intents:
            intent = cut_down(wish, self.book.state, self.broker.limits, self.clock.now())
            outcome = await self.broker.submit(intent, view.market, view.quote)
            if isinstance(outcome, Denial):
                self.windows.denied(strategy.name, outcome.code, outcome.text)
            else:
                self.windows.ordered(strategy.name)
                self._learn_from(outcome)
                await self._guarded("exchange", self.account.read_fills(outcome.mode))

    def _learn_from(self, order: Order) -> None:
        """What a refusal says about the world is looked at anew in the next beat: a pause, or another price grid."""
        if order.status is not OrderStatus.REJECTED:
            return
        code = order.why.partition(":")[0]
        if code in PAUSED_CODES:
            self._pause_checked = None
        elif code in GRID_CODES:
            self.observer.forget_news()

    async def _check_pause(self, exchange_index: int) -> None:
        """Stand still while the market's shard is paused, and go on by itself: both are told once."""
        now = self.clock.now()
        if self._pause_checked and (now - self._pause_checked).total_seconds() < PAUSE_CHECK_SECONDS:
            return
        self._pause_checked = now
        status = await self._market_data.status(exchange_index)
        paused = not (status.exchange_active and status.trading_active)
        if paused and Reason.EXCHANGE_PAUSED not in self.book.state.halts:
            until = f" until {status.resumes_at:%H:%M} UTC" if status.resumes_at else ""
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
