"""The strategies as people see and change them: which decide, with which parameters, and what they make today.

Only what the desk's preview showed is made true: here is what a change would mean, the desk asks and records.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from trading.domain.errors import NotFound
from trading.domain.order import Order
from trading.engine.assigned import Assigned
from trading.engine.cycle import Cycle
from trading.engine.pages_strategies import ParameterChange, ParameterLine, StrategyLine
from trading.engine.tuning import most
from trading.strategies.base import Strategy, Tunable, disorder, parameters, tunables


class Roster:
    """Of one running bot."""

    def __init__(self, cycle: Cycle) -> None:
        self._cycle, self._book = cycle, cycle.book

    def named(self, name: str) -> Strategy:
        """The strategy of the configuration with this name. Raises NotFound."""
        named = {each.name: each.strategy for each in self._cycle.everybody}
        if name.casefold() not in named:
            raise NotFound(f"no strategy is called {name}: there is {', '.join(named) or 'none'}")
        return named[name.casefold()]

    def lines(self, today: date) -> tuple[StrategyLine, ...]:
        """One for each strategy of the configuration, also for those that are switched off."""
        return tuple(self._line(assigned, today) for assigned in self._cycle.everybody)

    def line(self, name: str, today: date) -> StrategyLine:
        """Raises NotFound."""
        strategy = self.named(name)
        return next(self._line(each, today) for each in self._cycle.everybody if each.name == strategy.name)

    def orders(self, name: str) -> list[Order]:
        """Its live orders in both modes that add risk."""
        return [o for o in self._book.state.live_orders() if o.strategy == name and not o.reduce_only]

    def tunable(self, name: str, strategy: str = "") -> tuple[Tunable, list[Strategy]]:
        """A parameter that people may change, and whom it is changed for: one strategy, or all that have it. Raises
        NotFound."""
        among = [self.named(strategy)] if strategy else [each.strategy for each in self._cycle.everybody]
        found = [each for each in among if name in tunables(each)]
        if not found:
            raise NotFound(_unknown(name, strategy, sorted({own for each in among for own in tunables(each)})))
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
        tunable, found = self.tunable(name, strategy)
        allowed = most(tunable, self._cycle.broker.limits)
        if value < tunable.least:
            return f"{name} {value:f} is too low: {tunable.least:f} is the least"
        if value <= allowed:
            return self._disordered(name, value, found)
        by = f"{tunable.ceiling.upper()} in the configuration allows" if allowed < tunable.most else "it may be"
        return f"{name} {value:f} is too high: {by} {allowed:f} at most"

    def _disordered(self, name: str, value: Decimal, found: Sequence[Strategy]) -> str:
        """What the value would contradict, first found: a lower price above an upper one."""
        then = (disorder(replace(cast(Any, self._cycle.in_force(each)), **{name: value})) for each in found)
        return next((f"{name} {value:f} cannot be: {words}" for words in then if words), "")

    def _line(self, assigned: Assigned, today: date) -> StrategyLine:
        state, name = self._book.state, assigned.name
        mode = assigned.mode(state.mode)
        totals = state.totals_of(mode, name).on(today)
        return StrategyLine(
            name=name,
            on=name not in state.disabled,
            parameters=tuple(
                ParameterLine(parameter, _text(value), f"{name}.{parameter}" in state.parameters)
                for parameter, value in parameters(self._cycle.in_force(assigned.strategy))
            ),
            open_trades=sum(t.strategy == name for t in state.open_trades(mode)),
            day_profit=totals.day_profit,
            paper=assigned.paper,
            totals=totals,
        )


def _unknown(name: str, strategy: str, known: Sequence[str]) -> str:
    """Who has no such parameter, and the nearest that there is, or all."""
    near = difflib.get_close_matches(name, known, n=1) or [each for each in known if each.startswith(name)][:1]
    fix = f"did you mean {near[0]}?" if near else f"there is {', '.join(known) or 'none'}"
    return f"{strategy or 'no strategy'} has {'no ' if strategy else ''}{name} that can be changed: {fix}"


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{each:%Y-%m-%d %H:%M}" for each in value)
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "none"
    if isinstance(value, timedelta):
        return str(value).removesuffix(", 0:00:00")
    return f"{value:g}" if isinstance(value, float) else str(value)
