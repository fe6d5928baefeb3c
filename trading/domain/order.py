"""Orders, and the table of what may become of them.

An order's direction is the exchange's: `bid` buys YES, `ask` sells YES (which is buying NO); its price is always the
YES price. A partial fill is a quantity, not a status. `filled` counts fills that we have read; `reported` is what the
exchange said it filled, which may be known first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading.domain.fees import QUADRATIC, FeeTerms
from trading.domain.market import Outcome
from trading.domain.money import ONE, ZERO


class Mode(StrEnum):
    """Which book: real orders at the environment's exchange, or paper fills against its quotes."""

    REAL = "real"
    DRY_RUN = "dry_run"


class Side(StrEnum):
    """The YES leg of an order."""

    BID = "bid"
    ASK = "ask"

    @property
    def sign(self) -> int:
        """+1 adds YES contracts, -1 takes them away."""
        return 1 if self is Side.BID else -1

    @property
    def outcome(self) -> Outcome:
        return Outcome.YES if self is Side.BID else Outcome.NO

    @staticmethod
    def buying(outcome: Outcome) -> Side:
        return Side.BID if outcome is Outcome.YES else Side.ASK


def yes_price(outcome: Outcome, price: Decimal) -> Decimal:
    """The YES price of paying `price` dollars for `outcome`; its own inverse."""
    return price if outcome is Outcome.YES else ONE - price


class TimeInForce(StrEnum):
    GTC = "good_till_canceled"
    IOC = "immediate_or_cancel"
    FOK = "fill_or_kill"


class OrderStatus(StrEnum):
    PENDING = "pending"  # written down, not yet answered
    UNKNOWN = "unknown"  # sent, and nobody knows: counts as filled until the exchange proves otherwise
    RESTING = "resting"
    EXECUTED = "executed"
    CANCELED = "canceled"
    REJECTED = "rejected"  # the exchange proved that it never took it


# What may follow what. A cancelled order can still turn out to have been filled: the exchange is right.
TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset(OrderStatus) - {OrderStatus.PENDING},
    OrderStatus.UNKNOWN: frozenset(OrderStatus) - {OrderStatus.PENDING},
    OrderStatus.RESTING: frozenset({OrderStatus.RESTING, OrderStatus.EXECUTED, OrderStatus.CANCELED}),
    OrderStatus.EXECUTED: frozenset({OrderStatus.EXECUTED}),
    OrderStatus.CANCELED: frozenset({OrderStatus.CANCELED, OrderStatus.EXECUTED}),
    OrderStatus.REJECTED: frozenset({OrderStatus.REJECTED}),
}
LIVE = frozenset({OrderStatus.PENDING, OrderStatus.UNKNOWN, OrderStatus.RESTING})


@dataclass(frozen=True, slots=True)
class Order:
    """One order of ours, from the intent's commit to its end. Key: `client_order_id`."""

    client_order_id: str
    mode: Mode
    strategy: str
    ticker: str
    side: Side
    price: Decimal  # YES dollars
    count: Decimal  # contracts
    status: OrderStatus
    created_at: datetime
    updated_at: datetime
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_at: datetime | None = None
    close_time: datetime | None = None  # of its market
    exchange_index: int = 0
    reduce_only: bool = False
    post_only: bool = False  # refused rather than filled at once
    order_id: str = ""
    filled: Decimal = ZERO
    reported: Decimal = ZERO
    cancel_requested_at: datetime | None = None
    fees: FeeTerms = QUADRATIC  # of its market when it was ordered
    why: str = ""  # the intent's reason, later the reason of its end
    headline: str = ""  # the id of the one that it acts on: no other order may

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def book(self) -> str:
        """Whose book it is in: its strategy's in the dry run, and the one that all share (empty) for real."""
        return book_of(self.mode, self.strategy)

    @property
    def open_count(self) -> Decimal:
        """Contracts that may still fill; an order of unknown outcome counts whole."""
        return self.count - self.filled if self.live else max(self.reported - self.filled, ZERO)

    @property
    def outcome(self) -> Outcome:
        return self.side.outcome

    @property
    def own_price(self) -> Decimal:
        """Dollars per contract in the bought side's price."""
        return yes_price(self.outcome, self.price)


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as the exchange lists it, ours or foreign."""

    order_id: str
    client_order_id: str
    ticker: str
    side: Side
    price: Decimal
    status: OrderStatus  # RESTING, EXECUTED or CANCELED
    filled: Decimal
    remaining: Decimal
    initial: Decimal
    created_at: datetime | None = None
    exchange_index: int = 0


@dataclass(frozen=True, slots=True)
class Placed:
    """The exchange's acknowledgement of a new order."""

    order_id: str
    filled: Decimal
    remaining: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution as the exchange reports it. Key: `fill_id`. `fee` is dollars for the whole fill."""

    fill_id: str
    order_id: str
    ticker: str
    side: Side
    price: Decimal  # YES dollars
    count: Decimal
    fee: Decimal
    is_taker: bool
    at: datetime
    mode: Mode = Mode.REAL
    client_order_id: str = ""  # ours, filled in when it is booked; empty on a foreign fill
    strategy: str = ""
    exchange_index: int = 0

    @property
    def signed(self) -> Decimal:
        """YES contracts added (negative: taken away)."""
        return self.side.sign * self.count

    @property
    def cost(self) -> Decimal:
        """Dollars paid for what was bought, before fees."""
        return yes_price(self.side.outcome, self.price) * self.count


@dataclass(frozen=True, slots=True)
class Position:
    """Signed YES contracts held in one market in one mode; in the dry run by one strategy. Key: `position_key`."""

    mode: Mode
    ticker: str
    contracts: Decimal
    strategy: str = ""

    @property
    def key(self) -> str:
        return position_key(self.mode, self.ticker, self.strategy)

    @property
    def book(self) -> str:
        """Whose book it is in: see `Order.book`."""
        return book_of(self.mode, self.strategy)


def book_of(mode: Mode, strategy: str) -> str:
    """The strategy's own in the dry run; for real the one in which the exchange nets them all, which has no name."""
    return strategy if mode is Mode.DRY_RUN else ""


def position_key(mode: Mode, ticker: str, strategy: str) -> str:
    """`real:ticker`, or `dry_run:ticker:strategy`."""
    book = book_of(mode, strategy)
    return f"{mode}:{ticker}:{book}" if book else f"{mode}:{ticker}"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the exchange paid for one market, as `GET /portfolio/settlements` says (dollars)."""

    ticker: str
    result: str
    revenue: Decimal
    fees: Decimal
    yes_count: Decimal
    no_count: Decimal
    yes_cost: Decimal
    no_cost: Decimal
    at: datetime
    value: Decimal | None = None  # dollars that one YES contract paid


@dataclass(frozen=True, slots=True)
class Balance:
    """Cash in dollars: all of it, by shard, and what the exchange says positions are worth."""

    total: Decimal
    shards: dict[int, Decimal] = field(default_factory=dict)
    portfolio_value: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class ExchangeStatus:
    """Whether one shard trades now."""

    exchange_active: bool
    trading_active: bool
    resumes_at: datetime | None = None
