"""A trade: one strategy's bet on one market, from its order to the market's settlement.

Its profit is a sum over our own fills: -(signed contracts x YES price) each, plus the position left x what a YES
contract paid, less fees. That holds for buying, selling, YES and NO alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading.domain.market import Outcome
from trading.domain.money import ONE, ZERO
from trading.domain.order import Mode, book_of

IMPORTED = "imported"  # stands for the strategy of trades that another bot made, or another installation of this one


class TradeOutcome(StrEnum):
    OPEN = ""
    WIN = "WIN"
    LOSS = "LOSS"
    SCALAR = "SCALAR"  # paid a value between nothing and a dollar
    CORRECTED = "CORRECTED"  # the exchange amended the result later
    UNFILLED = "UNFILLED"  # the order ended without a fill: no bet was made


@dataclass(frozen=True, slots=True)
class Trade:
    """Key: `trade_id`, the `client_order_id` of the order that opened it. Dollars unless said."""

    trade_id: str
    mode: Mode
    strategy: str
    ticker: str
    side: Outcome
    opened_at: datetime
    close_time: datetime  # of the market
    limit_price: Decimal  # of the bought side
    ordered: Decimal  # contracts
    order_id: str = ""
    previous_signal: str = ""
    momentum_signal: str = ""
    contracts: Decimal = ZERO  # bought so far
    cost: Decimal = ZERO  # paid for them, before fees
    cash: Decimal = ZERO  # sum of -(signed contracts x YES price) over the fills
    position: Decimal = ZERO  # signed YES contracts still held
    fees: Decimal = ZERO
    outcome: TradeOutcome = TradeOutcome.OPEN
    payout: Decimal = ZERO  # received at settlement or by selling
    profit: Decimal = ZERO  # after fees
    closed_at: datetime | None = None
    sold_cost: Decimal = ZERO  # of `cost`, what was paid for contracts that are not held any more

    @property
    def book(self) -> str:
        """Whose book it is in: see `Order.book`."""
        return book_of(self.mode, self.strategy)

    @property
    def open(self) -> bool:
        return self.outcome is TradeOutcome.OPEN

    @property
    def price(self) -> Decimal:
        """Average paid per contract; the limit while nothing has filled."""
        return self.cost / self.contracts if self.contracts else self.limit_price

    @property
    def held_price(self) -> Decimal:
        """Average paid per contract that is still held; the limit while none is."""
        return (self.cost - self.sold_cost) / abs(self.position) if self.position else self.limit_price

    def paying(self, value: Decimal) -> Trade:
        """The same with the payout and the profit that it has where a YES contract pays `value` dollars at the end."""
        profit = self.profit_at(value)
        return replace(self, payout=profit + self.cost + self.fees, profit=profit)

    def profit_at(self, value: Decimal) -> Decimal:
        """Dollars after fees that it has made where a YES contract pays `value` dollars at the end."""
        return self.cash + self.position * value - self.fees

    @property
    def at_risk(self) -> Decimal:
        """The most that what is held can still lose: what was paid for it and its fees (dollars)."""
        worst_value = ZERO if self.position > 0 else ONE
        return max(-(self.cash + self.position * worst_value) + self.fees, ZERO)
