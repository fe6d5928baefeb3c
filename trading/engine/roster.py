"""The strategies as people see and change them: which decide, with which parameters, and what they make today.

Only what the desk's preview showed is made true: here is what a change would mean, the desk asks and records.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from trading.domain.errors import NotFound
from trading.domain.money import ZERO
from trading.domain.order import Order
from trading.domain.trade import Trade
from trading.engine.cycle import Cycle
from trading.engine.history import History
from trading.engine.pages_strategies import ParameterChange, ParameterLine, StrategyLine
from trading.engine.tuning import most
from trading.strategies.base import Strategy, Tunable, parameters, tunables


class Roster:
    """Of one running bot."""

    def __init__(self, cycle: Cycle, history: History) -> None:
        self._cycle, self._book, self._history = cycle, cycle.book, history

    def named(self, name: str) -> Strategy:
        """The strategy of the configuration with this name. Raises NotFound."""
        named = {each.name: each for each in self._cycle.strategies}
        if name.casefold() not in named:
            raise NotFound(f"no strategy is called {name}: there is {', '.join(named) or 'none'}")
        return named[name.casefold()]

    async def lines(self, today: date) -> tuple[StrategyLine, ...]:
        """One for each strategy of the configuration, also for those that are switched off."""
        closed = await self._history.bets(self._book.state.mode, today)
        return tuple(self._line(strategy, closed) for strategy in self._cycle.strategies)

    async def line(self, name: str, today: date) -> StrategyLine:
        """Raises NotFound."""
        strategy = self.named(name)
        return self._line(strategy, await self._history.bets(self._book.state.mode, today))

    def orders(self, name: str) -> list[Order]:
        """Its live orders in both modes that add risk."""
        return [o for o in self._book.state.live_orders() if o.strategy == name and not o.reduce_only]

    def tunable(self, name: str, strategy: str = "") -> tuple[Tunable, list[Strategy]]:
        """A parameter that people may change, and whom it is changed for: one strategy, or all that have it. Raises
        NotFound."""
        among = [self.named(strategy)] if strategy else list(self._cycle.strategies)
        found = [each for each in among if name in tunables(each)]
        if not found:
            raise NotFound(f"{strategy or 'no strategy'} has {'no ' if strategy else ''}{name} that can be changed")
        return tunables(found[0])[name], found

    def changes(self, name: str, value: Decimal | None, strategy: str = "") -> tuple[ParameterChange, ...]:
        """What they have now, and whether `value` raises the risk. Raises NotFound."""
        tunable, found = self.tunable(name, strategy)
        now = {each.name: Decimal(str(getattr(self._cycle.in_force(each), name))) for each in found}
        return tuple(
            ParameterChange(who, has, value is not None and tunable.raised(has, value)) for who, has in now.items()
        )

    def refused(self, name: str, value: Decimal, strategy: str = "") -> str:
        """Why the parameter cannot have this value, in words; empty where it can. Raises NotFound."""
        tunable, _ = self.tunable(name, strategy)
        allowed = most(tunable, self._cycle.broker.limits)
        if value < tunable.least:
            return f"{name} {value:f} is too low: {tunable.least:f} is the least"
        if value <= allowed:
            return ""
        by = f"{tunable.ceiling.upper()} in the configuration allows" if allowed < tunable.most else "it may be"
        return f"{name} {value:f} is too high: {by} {allowed:f} at most"

    def _line(self, strategy: Strategy, closed: Sequence[Trade]) -> StrategyLine:
        state = self._book.state
        return StrategyLine(
            name=strategy.name,
            on=strategy.name not in state.disabled,
            parameters=tuple(
                ParameterLine(name, _text(value), f"{strategy.name}.{name}" in state.parameters)
                for name, value in parameters(self._cycle.in_force(strategy))
            ),
            open_trades=sum(t.strategy == strategy.name for t in state.open_trades(state.mode)),
            day_profit=sum((t.profit for t in closed if t.strategy == strategy.name), ZERO),
        )


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
