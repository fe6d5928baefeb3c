"""MOMENTUM: buy the side to which the spot has moved, once per market; over a minute, or over 15 of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from trading.domain.intent import Decision, View
from trading.domain.market import Market
from trading.signals.momentum import MomentumLimits, momentum
from trading.strategies.base import Order, Tunable
from trading.strategies.entry import ENTRY_ORDER, ENTRY_TUNABLES, Opinion, decide, said_by
from trading.strategies.exits import ExitRules

QUARTER_SECONDS = 900.0  # the window of `momentum_15`: a whole market


@dataclass(frozen=True, slots=True)
class Momentum:
    """Its terms are those of `entry.Terms`; `momentum` says what a move is."""

    stake_usd: Decimal = Decimal("5")
    min_price: Decimal = Decimal("0.35")
    max_price: Decimal = Decimal("0.65")
    entry_window_seconds: float = 600
    quote_age_seconds: float = 15
    momentum: MomentumLimits = field(default_factory=MomentumLimits)
    exits: ExitRules = field(default_factory=ExitRules)
    name: str = "momentum"

    tunables: ClassVar[Mapping[str, Tunable]] = ENTRY_TUNABLES
    ordered: ClassVar[Order] = ENTRY_ORDER

    def on_tick(self, view: View) -> Decision:
        return decide(self, view, self._opinion)

    def _opinion(self, view: View, market: Market) -> Opinion:
        return said_by(momentum(view.ticks, view.now, self.momentum))
