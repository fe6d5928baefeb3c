"""Markets, quotes and spot prices as this bot sees them.

NO prices are derived (`1 - YES`), a market's time is its `close_time` and never its ticker's text, and prices are
valid only on the grid that `price_ranges` gives.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading.domain.fees import QUADRATIC, FeeTerms
from trading.domain.money import ONE, ZERO


class Outcome(StrEnum):
    """A side of a binary market: what it settles on, and what a position bets on."""

    YES = "yes"
    NO = "no"

    @property
    def other(self) -> Outcome:
        return Outcome.NO if self is Outcome.YES else Outcome.YES


class MarketStatus(StrEnum):
    """The exchange's own words for a market's life, in order."""

    INITIALIZED = "initialized"
    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"
    DETERMINED = "determined"
    DISPUTED = "disputed"
    AMENDED = "amended"
    FINALIZED = "finalized"


@dataclass(frozen=True, slots=True)
class PriceRange:
    """Between `start` and `end` (dollars) prices are multiples of `step`, counted from `start`."""

    start: Decimal
    end: Decimal
    step: Decimal


LINEAR_CENT = (PriceRange(ZERO, ONE, Decimal("0.01")),)
TAPERED_DECI_CENT = (
    PriceRange(ZERO, Decimal("0.1"), Decimal("0.001")),
    PriceRange(Decimal("0.1"), Decimal("0.9"), Decimal("0.01")),
    PriceRange(Decimal("0.9"), ONE, Decimal("0.001")),
)


def on_grid(price: Decimal, ranges: tuple[PriceRange, ...]) -> bool:
    """Whether the exchange takes an order at this YES price: strictly inside (0, 1) and on a step."""
    return ZERO < price < ONE and any(r.start <= price <= r.end and (price - r.start) % r.step == 0 for r in ranges)


@dataclass(frozen=True, slots=True)
class Market:
    """One contract on the exchange. `strike` and `expiration_value` are in units of the index (USD for BTC)."""

    ticker: str
    event_ticker: str
    open_time: datetime
    close_time: datetime
    status: MarketStatus
    strike: Decimal | None = None
    result: str = ""  # "", "yes", "no" or "scalar"
    settlement_value: Decimal | None = None  # dollars that one YES contract pays
    expiration_value: Decimal | None = None
    price_ranges: tuple[PriceRange, ...] = LINEAR_CENT
    exchange_index: int = 0
    title: str = ""
    fees: FeeTerms = QUADRATIC

    def open_at(self, now: datetime) -> bool:
        """Whether it trades at `now` by its own times; the status field may be 15 seconds old."""
        return self.open_time <= now < self.close_time and self.status in (
            MarketStatus.INITIALIZED,
            MarketStatus.ACTIVE,
        )

    @property
    def settled(self) -> bool:
        """Paid, for good (amended results apart)."""
        return self.status is MarketStatus.FINALIZED and self.settlement_value is not None


@dataclass(frozen=True, slots=True)
class Level:
    """A price (YES dollars) and the contracts waiting there."""

    price: Decimal
    count: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """The best bid and ask of a market in YES prices, from its order book; a side without orders is None."""

    ticker: str
    seen_at: datetime
    bid: Level | None
    ask: Level | None

    def ask_for(self, side: Outcome) -> Level | None:
        """What buying `side` costs at the touch, in that side's own price."""
        if side is Outcome.YES:
            return self.ask
        return Level(ONE - self.bid.price, self.bid.count) if self.bid else None

    def bid_for(self, side: Outcome) -> Level | None:
        """What selling `side` brings at the touch, in that side's own price."""
        if side is Outcome.YES:
            return self.bid
        return Level(ONE - self.ask.price, self.ask.count) if self.ask else None

    def age(self, now: datetime) -> float:
        """Seconds since it was seen."""
        return (now - self.seen_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Tick:
    """One spot price with the time it was seen, and how many venues it is the median of."""

    symbol: str
    price: Decimal
    seen_at: datetime
    venues: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """A trade that everybody sees, in YES dollars and contracts; `taker` is the side that the taker bet on."""

    trade_id: str
    ticker: str
    price: Decimal
    count: Decimal
    taker: Outcome
    at: datetime
    is_block: bool = False
