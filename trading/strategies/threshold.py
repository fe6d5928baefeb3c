"""THRESHOLD: buy YES where it is cheap, sell it where it is dear, and never hold more than so many contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar

from trading.domain.intent import Decision, Intent, View
from trading.domain.market import Level, Market, Outcome, Quote
from trading.domain.money import CENT, ONE, ZERO
from trading.domain.order import TimeInForce
from trading.strategies.base import Order, Raises, Tunable
from trading.strategies.exits import ExitRules
from trading.strategies.touch import readable

CONTRACTS_MOST = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Buys at an ask of `buy_at` or less, sells at a bid of `sell_at` or more (YES dollars), up to `contracts_max`
    held, `contracts_each` at a time and never more than the touch has."""

    buy_at: Decimal = Decimal("0.40")
    sell_at: Decimal = Decimal("0.60")
    contracts_max: Decimal = Decimal(50)
    contracts_each: Decimal = Decimal(10)
    quote_age_seconds: float = 15
    exits: ExitRules = field(default_factory=ExitRules)
    name: str = "threshold"

    tunables: ClassVar[Mapping[str, Tunable]] = MappingProxyType(
        {
            "buy_at": Tunable(Raises.UP, CENT, ONE - CENT),
            "sell_at": Tunable(Raises.ANY, CENT, ONE - CENT),
            "contracts_max": Tunable(Raises.UP, ONE, CONTRACTS_MOST),
            "contracts_each": Tunable(Raises.UP, ONE, CONTRACTS_MOST),
        }
    )
    ordered: ClassVar[Order] = (("buy_at", "sell_at"),)
    reenters: ClassVar[bool] = True

    def on_tick(self, view: View) -> Decision:
        if view.market is None:
            return Decision(skipped="no_market", detail="no open market in the series")
        if leaving := self.exits.exits(self.name, view):
            return Decision(intents=leaving, agreed=True)
        quote, skipped, detail = readable(view, view.market, self.quote_age_seconds)
        if quote is None:
            return Decision(skipped=skipped, detail=detail)
        if any(order.ticker == view.market.ticker for order in view.resting):
            return Decision(skipped="resting", detail="an order of its own rests")
        holding = view.holding(view.market.ticker)
        held = holding.contracts if holding else ZERO
        if held > 0 and quote.bid and quote.bid.price >= self.sell_at:
            return Decision(intents=(self._sell(view.market, quote.bid, held),), agreed=True)
        return self._buy(view.market, quote, held)

    def _buy(self, market: Market, quote: Quote, held: Decimal) -> Decision:
        ask = quote.ask
        if ask is None or ask.price > self.buy_at:
            shown = f"{ask.price:.4f}" if ask else "none"
            return Decision(skipped="between", detail=f"ask {shown}, bought at {self.buy_at} or less")
        count = min(self.contracts_each, self.contracts_max - held, ask.count).to_integral_value(rounding="ROUND_FLOOR")
        if count <= 0:
            return Decision(skipped="full", detail=f"holds {held}, at most {self.contracts_max}", agreed=True)
        why = f"ask {ask.price} is at or below {self.buy_at}"
        intent = Intent(self.name, market.ticker, Outcome.YES, ask.price, count, why, time_in_force=TimeInForce.IOC)
        return Decision(intents=(intent,), agreed=True)

    def _sell(self, market: Market, bid: Level, held: Decimal) -> Intent:
        """Selling YES is buying NO for what remains of a dollar."""
        return Intent(
            self.name,
            market.ticker,
            Outcome.NO,
            ONE - bid.price,
            min(held, bid.count),
            f"bid {bid.price} is at or above {self.sell_at}",
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
        )
