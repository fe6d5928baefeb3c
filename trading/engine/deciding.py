"""Decide: one strategy, one view of its own; whoever answers what no strategy may is switched off and reported."""

from __future__ import annotations

from trading.domain.events import ErrorSeen, StrategySwitched
from trading.domain.intent import Decision, View
from trading.domain.order import Mode, Order
from trading.engine.acting import Acting, Turn
from trading.engine.assigned import Assigned
from trading.engine.broker import Broker
from trading.engine.guard import fault
from trading.engine.own import own_view
from trading.engine.own_loss import lost
from trading.engine.tuning import tuned_by
from trading.engine.windows import Windows
from trading.strategies.base import Strategy, daily_loss_limit

SWITCHED_OFF = Decision(skipped="disabled", detail="switched off")
ENGINE = "engine"


class Deciding:
    """Asks the strategies and lets `acting` do what they want."""

    def __init__(self, broker: Broker, windows: Windows, acting: Acting) -> None:
        self._broker, self._book, self._clock = broker, broker.book, broker.clock
        self._windows, self._acting = windows, acting

    def in_force(self, strategy: Strategy) -> Strategy:
        """A configured strategy with what people have changed of its parameters."""
        return tuned_by(strategy, self._book.state.parameters, self._broker.limits)

    async def decide(self, assigned: Assigned, series: str, view: View) -> list[Order]:
        """Ask a strategy that is switched on, and do what it wants; of another, the window says that it was off. The
        orders that were sent. Raises StoreFailed."""
        mode = assigned.mode(self._book.state.mode)
        own = own_view(view, self._book.state, assigned.name, mode, series)
        decision = await self._decision(assigned, own, mode)
        self._windows.see((assigned.name, series), own, decision, mode)
        if not decision.cancels and not decision.intents:
            return []
        return await self._acting.act(Turn(assigned, series, own, decision, mode))

    async def _decision(self, assigned: Assigned, view: View, mode: Mode) -> Decision:
        name, strategy = assigned.name, self.in_force(assigned.strategy)
        if name in self._book.state.disabled:
            return SWITCHED_OFF
        if spent := self._spent(strategy, mode):
            await self._switch_off(name, spent)
            return SWITCHED_OFF
        try:
            decision = strategy.on_tick(view)
        except Exception as error:  # noqa: BLE001 - an outer edge: whatever a strategy raises ends that strategy alone
            wrong = f"failed with {type(error).__name__}: {error}"
        else:
            wrong = fault(name, decision, view)
        if not wrong:
            return decision
        await self._switch_off(name, wrong)
        return SWITCHED_OFF

    def _spent(self, strategy: Strategy, mode: Mode) -> str:
        """How it has reached its own limit on a day's loss; empty where it has none, or not yet."""
        if daily_loss_limit(strategy) is None:
            return ""
        return lost(strategy, self._book.state, mode, self._clock.now().astimezone(self._book.zone).date())

    async def _switch_off(self, name: str, wrong: str) -> None:
        now, why = self._clock.now(), f"{name} {wrong}. It is switched off until /enable {name}."
        self._book.record(StrategySwitched(now, name, False, ENGINE), ErrorSeen(now, f"strategy {name}", why))
        for order in self._book.state.live_orders():
            if order.strategy == name and not order.reduce_only:
                await self._broker.cancel(order, f"{name} switched off")
