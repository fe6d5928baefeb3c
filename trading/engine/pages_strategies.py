"""What the desk answers about strategies and about going live: plain data for whoever renders it.

Dollars, contracts, aware UTC times, seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from trading.domain.money import CENT
from trading.domain.state import Totals
from trading.domain.statistics import Tally
from trading.engine.pages import Label


@dataclass(frozen=True, slots=True)
class ParameterLine:
    name: str
    value: str
    changed: bool = False  # by people: it is not the configured one


@dataclass(frozen=True, slots=True)
class StrategyLine:
    """One strategy in the current mode, or in the dry run where it is on `paper` alone. `day_profit` is that of its
    trades closed today, after fees; `totals` are of all of them."""

    name: str
    on: bool
    parameters: tuple[ParameterLine, ...]
    open_trades: int
    day_profit: Decimal
    paper: bool = False
    totals: Totals = field(default_factory=Totals)


@dataclass(frozen=True, slots=True)
class StrategiesPage:
    label: Label
    lines: tuple[StrategyLine, ...]


@dataclass(frozen=True, slots=True)
class EnablePreview:
    """The strategy that would be switched on; it may be on already."""

    label: Label
    line: StrategyLine
    fingerprint: str


@dataclass(frozen=True, slots=True)
class DisableReport:
    """`unproved` orders are asked to be cancelled, and not yet seen to be gone."""

    label: Label
    canceled: int
    unproved: int
    open_trades: int


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """What one strategy has now, what it would have, and whether more could be lost then."""

    strategy: str
    now: Decimal
    raises: bool


@dataclass(frozen=True, slots=True)
class ParameterPreview:
    """One parameter of every strategy that it would be changed for; `value` None: it is only looked at.

    `least` and `most` are the lowest and the highest value allowed, `ceiling` the gate's limit that the latter comes
    from, by its field, or nothing.
    """

    label: Label
    name: str
    changes: tuple[ParameterChange, ...]
    value: Decimal | None
    most: Decimal
    ceiling: str
    refused: str  # why it cannot be, in words
    fingerprint: str
    least: Decimal = CENT

    @property
    def raises(self) -> bool:
        return any(change.raises for change in self.changes)


@dataclass(frozen=True, slots=True)
class GoingLivePage:
    """What somebody should have seen before real orders: what paper trading showed, and what the account is like.

    `cash` (dollars by shard) and `scopes` are the exchange's answers just now; where it gave none, `problems` says so.
    """

    label: Label
    paper: Tally
    paper_days: int  # the owner's dates on which a paper trade closed
    first_hours: float  # in which one contract a trade is bought; 0: none
    shard: int | None  # that the market open now is paid from; None where none is open
    cash: tuple[tuple[int, Decimal], ...] = ()
    scopes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
