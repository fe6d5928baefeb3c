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


Order = tuple[tuple[str, str], ...]  # pairs of parameters of which the first stays below the second


class Strategy(Protocol):
    """No clock, exchange or memory of its own: the same view gives the same decision.

    A strategy with parameters that people may change declares them as `tunables: ClassVar[Mapping[str, Tunable]]`, and
    those that must stay in order as `ordered: ClassVar[Order]`. One that may enter a market more than once declares
    `reenters: ClassVar[bool] = True`; any other has one attempt in each market, and its ways out. One that has a limit
    on a day's loss of its own has it as the parameter `daily_loss_usd`: whoever runs it switches it off there.
    """

    @property
    def name(self) -> str: ...

    def on_tick(self, view: View) -> Decision:
        """What it wants now, with the signals it saw and the reason when it wants nothing."""


def tunables(strategy: Strategy) -> Mapping[str, Tunable]:
    """The parameters of a strategy that people may change, by name."""
    return cast(Mapping[str, Tunable], getattr(strategy, "tunables", {}))


def reenters(strategy: Strategy) -> bool:
    """Whether it may enter a market more than once."""
    return bool(getattr(strategy, "reenters", False))


def daily_loss_limit(strategy: Strategy) -> Decimal | None:
    """Dollars that it may lose in a day; None where it has no such limit of its own."""
    return cast(Decimal | None, getattr(strategy, "daily_loss_usd", None))


def disorder(strategy: object) -> str:
    """Which of its parameters contradict each other, in words; empty where none do."""
    for low, high in _ordered(strategy):
        least, most = getattr(strategy, low), getattr(strategy, high)
        if least >= most:
            return f"{low} {least} must be below {high} {most}"
    return ""


def tuned(strategy: Strategy, changes: Mapping[str, Decimal]) -> Strategy:
    """The strategy with these values in place of the configured ones, each within its bounds; what is no parameter that
    may be changed (any more) changes nothing, and two that would contradict each other stay as they are configured."""
    known = tunables(strategy)
    values = {
        name: type(getattr(strategy, name))(min(max(value, known[name].least), known[name].most))
        for name, value in changes.items()
        if name in known
    }
    for low, high in _ordered(strategy):
        if values.get(low, getattr(strategy, low)) >= values.get(high, getattr(strategy, high)):
            values.pop(low, None)
            values.pop(high, None)
    return cast(Strategy, replace(cast(Any, strategy), **values)) if values else strategy


def _ordered(strategy: object) -> Order:
    return cast(Order, getattr(strategy, "ordered", ()))


def parameters(strategy: object, part: str = "") -> Iterator[tuple[str, object]]:
    """Every parameter and its value, one of a part as `part.name` like in the strategies file; without what is off."""
    for field in fields(strategy) if is_dataclass(strategy) else ():
        value = getattr(strategy, field.name)
        if is_dataclass(value):
            yield from parameters(value, f"{part}{field.name}.") if not getattr(value, "off", False) else ()
        elif field.name != "name" and value not in (None, ()):
            yield part + field.name, value
