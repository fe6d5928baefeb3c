"""Exit rules for any strategy: take the profit, stop the loss, or leave after a time. All are off by default.

They look at what selling now would bring, before fees, for what is held; an exit is reduce-only and takes what is bid
now. Where nobody bids there is no way out, and they say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trading.domain.intent import Holding, Intent, View
from trading.domain.market import Level, Market
from trading.domain.money import ONE
from trading.domain.order import TimeInForce
from trading.strategies.touch import readable


@dataclass(frozen=True, slots=True)
class ExitRules:
    """`take_profit` and `stop_loss` are dollars a contract above and below what was paid; `after_seconds` since the
    first contract was bought. None: not used."""

    take_profit: Decimal | None = None
    stop_loss: Decimal | None = None
    after_seconds: float | None = None
    quote_age_seconds: float = 15

    @property
    def off(self) -> bool:
        """Whether no rule is used."""
        return self.take_profit is None and self.stop_loss is None and self.after_seconds is None

    def exits(self, strategy: str, view: View) -> tuple[Intent, ...]:
        """The way out of what the strategy holds in the view's market, if a rule wants it and nothing is out yet."""
        market = view.market
        if market is None or any(order.ticker == market.ticker for order in view.resting):
            return ()
        due = self.due(view)
        return (_exit(strategy, market, *due),) if due else ()

    def due(self, view: View) -> tuple[Holding, Level, str] | None:
        """What a rule wants to leave, what is bid for it, and why; None where none does."""
        holding = view.holding(view.market.ticker) if view.market else None
        if view.market is None or holding is None:
            return None
        quote, _, _ = readable(view, view.market, self.quote_age_seconds)
        bid = quote.bid_for(holding.side) if quote else None
        why = self._why(holding, bid, view) if bid else ""
        return (holding, bid, why) if bid and why else None

    def _why(self, holding: Holding, bid: Level, view: View) -> str:
        gained = bid.price - holding.paid
        if self.take_profit is not None and gained >= self.take_profit:
            return f"take profit: {gained:+f} a contract"
        if self.stop_loss is not None and -gained >= self.stop_loss:
            return f"stop: {gained:+f} a contract"
        held_seconds = (view.now - holding.since).total_seconds()
        if self.after_seconds is not None and held_seconds >= self.after_seconds:
            return f"time: held for {held_seconds:.0f} s"
        return ""


def _exit(strategy: str, market: Market, holding: Holding, bid: Level, why: str) -> Intent:
    """Selling one side is buying the other."""
    return Intent(
        strategy,
        market.ticker,
        holding.side.other,
        ONE - bid.price,
        min(abs(holding.contracts), bid.count),
        why,
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
    )
