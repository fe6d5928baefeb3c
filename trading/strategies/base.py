"""What every strategy is: a frozen dataclass of parameters with one pure method.

It also says which of its parameters people may change while the bot runs, and which way raises the risk: what they
have changed is laid over the configured ones, and the strategy itself knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, cast

from trading.domain.intent import Decision, View


class Raises(StrEnum):
    """Which way of changing a parameter lets more be lost."""

    UP = "up"
    DOWN = "down"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Tunable:
    """How people may change a parameter: within these bounds (inclusive, in its own unit), and never above the limit of
    the gate that `ceiling` names (a field of trading.risk.limits.Limits), where it names one."""

    raises: Raises
    least: Decimal
    most: Decimal
    ceiling: str = ""

    def raised(self, now: Decimal, value: Decimal) -> bool:
        """Whether more can be lost with `value` than with what holds now."""
        return {Raises.UP: value > now, Raises.DOWN: value < now, Raises.ANY: value != now}[self.raises]


class Strategy(Protocol):
    """No clock, exchange or memory of its own: the same view gives the same decision.

    A strategy with parameters that people may change declares them as `tunables: ClassVar[Mapping[str, Tunable]]`.
    """

    @property
    def name(self) -> str: ...

    def on_tick(self, view: View) -> Decision:
        """What it wants now, with the signals it saw and the reason when it wants nothing."""


def tunables(strategy: Strategy) -> Mapping[str, Tunable]:
    """The parameters of a strategy that people may change, by name."""
    return cast(Mapping[str, Tunable], getattr(strategy, "tunables", {}))


def tuned(strategy: Strategy, changes: Mapping[str, Decimal]) -> Strategy:
    """The strategy with these values in place of the configured ones, each within its bounds; what is no parameter that
    may be changed (any more) changes nothing."""
    known = tunables(strategy)
    values = {
        name: type(getattr(strategy, name))(min(max(value, known[name].least), known[name].most))
        for name, value in changes.items()
        if name in known
    }
    return cast(Strategy, replace(cast(Any, strategy), **values)) if values else strategy


def parameters(strategy: object) -> Iterator[tuple[str, object]]:
    """Every parameter and its value; those of a parameter that has some of its own by their own names."""
    if not is_dataclass(strategy):
        return
    for field in fields(strategy):
        value = getattr(strategy, field.name)
        if is_dataclass(value):
            yield from parameters(value)
        elif field.name != "name":
            yield field.name, value
