"""What the venue knows of its member: orders, groups, fills, holdings, settlements, cash; and what a request asks for.

Prices are YES price units and counts count units (see `units`); money is Decimal dollars. Every record is immutable
and is journalled whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading.domain.money import ZERO
from trading.domain.order import OrderStatus, Side, TimeInForce
from trading.exchange.simulated.matching import SelfTrade
from trading.exchange.simulated.units import own_price


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A wish to trade, as `POST /portfolio/events/orders` says it. `expires_at` is unix seconds."""

    ticker: str
    side: Side
    price: Decimal  # YES dollars
    count: Decimal  # contracts
    time_in_force: TimeInForce = TimeInForce.GTC
    self_trade: SelfTrade = SelfTrade.TAKER_AT_CROSS
    client_order_id: str = ""
    expires_at: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    cancel_on_pause: bool = False
    subaccount: int = 0
    order_group_id: str = ""
    exchange_index: int | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """A wish to change a resting order. `count` is filled plus resting; `expires_at` None keeps, 0 removes."""

    ticker: str
    side: Side
    price: Decimal
    count: Decimal
    client_order_id: str = ""
    updated_client_order_id: str = ""
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """An order as the exchange keeps it. `number` is its place in the order of arrival."""

    number: int
    order_id: str
    client_order_id: str
    ticker: str
    exchange_index: int
    side: Side
    price: int
    initial: int
    remaining: int
    filled: int
    status: OrderStatus  # RESTING, EXECUTED or CANCELED
    created_at: datetime
    updated_at: datetime
    self_trade: SelfTrade
    expires_at: int | None = None
    cancel_on_pause: bool = False
    order_group_id: str = ""
    taker_cost: Decimal = ZERO
    maker_cost: Decimal = ZERO
    taker_fees: Decimal = ZERO
    maker_fees: Decimal = ZERO
    carried: Decimal = ZERO  # the rounding collected for this order so far
    why: str = ""  # of its end, in the stream's words (ExpiryCancel, CloseCancel, ...)
    post_only: bool = False

    @property
    def resting(self) -> bool:
        return self.status is OrderStatus.RESTING

    @property
    def own_price(self) -> int:
        return own_price(self.side is Side.BID, self.price)


@dataclass(frozen=True, slots=True)
class FillRecord:
    """One execution of the member's. `fee` is dollars for all of it; `position` is what is held after it, signed."""

    number: int
    fill_id: str
    order_id: str
    client_order_id: str
    ticker: str
    exchange_index: int
    side: Side
    price: int
    count: int
    fee: Decimal
    is_taker: bool
    at: datetime
    position: int


@dataclass(frozen=True, slots=True)
class Holding:
    """The member's stake in one unsettled market: `contracts` is + YES, - NO; `cost` what the held ones cost."""

    ticker: str
    exchange_index: int
    updated_at: datetime
    contracts: int = 0
    cost: Decimal = ZERO
    traded: Decimal = ZERO
    realized: Decimal = ZERO  # before fees
    fees: Decimal = ZERO
    settled: bool = False


@dataclass(frozen=True, slots=True)
class SettlementRecord:
    """What one market paid. `revenue` is gross dollars; `value` what one YES contract paid."""

    number: int
    ticker: str
    event_ticker: str
    exchange_index: int
    result: str
    value: Decimal
    yes_count: int
    no_count: int
    yes_cost: Decimal
    no_cost: Decimal
    revenue: Decimal
    fees: Decimal
    settled_at: datetime


@dataclass(frozen=True, slots=True)
class Transfer:
    """Cash moved between shards."""

    number: int
    transfer_id: str
    client_transfer_id: str
    source: int
    destination: int
    amount: Decimal
    at: datetime


class GroupEvent(StrEnum):
    """What happened to an order group last, in the stream's words."""

    CREATED = "created"
    TRIGGERED = "triggered"
    RESET = "reset"
    DELETED = "deleted"
    LIMIT_UPDATED = "limit_updated"


@dataclass(frozen=True, slots=True)
class OrderGroup:
    """Orders that share a limit of `limit` count units filled in a rolling window; triggered, it takes none."""

    number: int
    group_id: str
    exchange_index: int
    limit: int
    at: datetime
    event: GroupEvent = GroupEvent.CREATED
    triggered: bool = False
    counts_from: int = 0  # the number of the first fill that counts: a reset forgets the earlier ones


class CashFlowKind(StrEnum):
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class CashFlow:
    """Dollars (whole cents) that came into the account or left it."""

    number: int
    flow_id: str
    kind: CashFlowKind
    amount: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class ResultChange:
    """A market's result as it is from `at` on; what it changes in cash is paid at `paid_at`."""

    ticker: str
    result: str  # yes or no
    at: datetime
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One atomic change of the account, as the journal keeps it: whole records that replace what had their key."""

    number: int
    at: datetime
    orders: tuple[HeldOrder, ...] = ()
    fills: tuple[FillRecord, ...] = ()
    holdings: tuple[Holding, ...] = ()
    settlements: tuple[SettlementRecord, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    used_ids: tuple[str, ...] = ()
    cash: dict[int, Decimal] = field(default_factory=dict)  # by shard, after the change
    groups: tuple[OrderGroup, ...] = ()  # each state that a group went through, in order
    cash_flows: tuple[CashFlow, ...] = ()
    result_changes: tuple[ResultChange, ...] = ()
