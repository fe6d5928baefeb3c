"""ARBITRAGE: two legs of which one pays a dollar whatever happens, bought for less than a dollar after both fees.

*Complement*: two markets on Kalshi that exclude each other and between them cover everything. *Cross-venue*: the same
question here and elsewhere, one side each. The mapping file says which belong together, and whoever writes it answers
for that: two venues may settle the same words by different sources, times or readings, and then both legs can lose.
That is the basis risk, which no price shows. It reports; and where it is told to, it buys its own leg on Kalshi only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar, Literal, Protocol

from trading.domain.intent import Intent
from trading.domain.market import Level, Outcome
from trading.domain.money import CENT, ONE, ZERO
from trading.domain.order import TimeInForce
from trading.strategies.base import Raises, Tunable

Venue = Literal["kalshi", "polymarket"]
BASIS_RISK = (  # of a leg here and one elsewhere
    "Both legs can lose: the venues may settle by different sources, at different times, or read the question "
    "differently. Only one leg is ever bought here; the other is yours to buy, and its price may have moved."
)
COMPLEMENT_RISK = (  # of two legs here
    "Both legs can lose where the two markets do not exclude each other or leave a case out. One leg may be bought "
    "and the other not."
)


class Charges(Protocol):
    """How a venue charges a taker."""

    def worst_fee(self, price: Decimal, count: Decimal) -> Decimal:
        """The most that `count` contracts can cost in fees at `price` (dollars)."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of one market on one venue."""

    venue: Venue
    ticker: str
    side: Outcome


@dataclass(frozen=True, slots=True)
class Pair:
    """Two legs that the mapping file holds together."""

    name: str
    legs: tuple[Leg, Leg]

    @property
    def risk(self) -> str:
        """What no price shows, in words."""
        return COMPLEMENT_RISK if all(leg.venue == "kalshi" for leg in self.legs) else BASIS_RISK


@dataclass(frozen=True, slots=True)
class Offer:
    """What a leg costs now: its ask in its own side's price, and how its venue charges for it."""

    ask: Level
    fees: Charges


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A pair that costs less than it pays: `count` contracts of each leg at `prices`; `fees` are the dollars that each
    venue takes for its leg of all of it."""

    pair: Pair
    prices: tuple[Decimal, Decimal]
    count: Decimal
    fees: tuple[Decimal, Decimal]

    @property
    def paid(self) -> Decimal:
        """Dollars for all of it, fees included."""
        return sum(self.prices) * self.count + sum(self.fees)

    @property
    def cost(self) -> Decimal:
        """The same for one contract of each leg."""
        return self.paid / self.count

    @property
    def gain(self) -> Decimal:
        """Dollars that all of it would make, if both legs are bought at these prices and one of them pays."""
        return self.count - self.paid


@dataclass(frozen=True, slots=True)
class Arbitrage:
    """Reports pairs that cost less than `cost_max` dollars for a dollar, after fees; `count_max` contracts of each.
    `trades`: it also buys its legs on Kalshi."""

    cost_max: Decimal = Decimal("0.98")
    count_max: Decimal = Decimal(10)
    trades: bool = False
    name: str = "arbitrage"

    tunables: ClassVar[Mapping[str, Tunable]] = MappingProxyType(
        {
            "cost_max": Tunable(Raises.UP, CENT, ONE),
            "count_max": Tunable(Raises.UP, ONE, Decimal(1_000)),
        }
    )

    def look(self, pair: Pair, offers: tuple[Offer, Offer]) -> Opportunity | None:
        """The opportunity, if there is one at these offers."""
        left, right = offers
        count = min(left.ask.count, right.ask.count, self.count_max).to_integral_value(rounding="ROUND_FLOOR")
        if count <= ZERO:
            return None
        prices = left.ask.price, right.ask.price
        fees = left.fees.worst_fee(prices[0], count), right.fees.worst_fee(prices[1], count)
        found = Opportunity(pair, prices, count, fees)
        return found if found.paid < self.cost_max * count else None

    def intents(self, found: Opportunity) -> tuple[Intent, ...]:
        """Our own legs, all or nothing each; none where it only reports."""
        if not self.trades:
            return ()
        legs = zip(found.pair.legs, found.prices, strict=True)
        why = f"{found.pair.name}: both for {found.cost:.4f} after fees"
        return tuple(
            Intent(self.name, leg.ticker, leg.side, price, found.count, why, time_in_force=TimeInForce.FOK)
            for leg, price in legs
            if leg.venue == "kalshi"
        )
