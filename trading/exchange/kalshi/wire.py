"""The exchange's JSON as it is on the wire: one msgspec struct for each object and each page.

Only what this bot reads is named; unknown fields are passed over. Dollars and contracts are strings, times RFC 3339
strings, `*_ts` and `ts` unix seconds, `ts_ms` unix milliseconds. Source: the exchange's spec 3.34.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import msgspec

S = TypeVar("S")


def reader(struct: type[S]) -> Callable[[bytes], S]:
    """A function from a JSON body to this struct; numbers stay exact. It raises ValueError."""
    return msgspec.json.Decoder(struct, float_hook=Decimal).decode


class RangeWire(msgspec.Struct, gc=False):
    start: str
    end: str
    step: str


Ranges = list[RangeWire]


class MarketWire(msgspec.Struct, gc=False):
    ticker: str
    event_ticker: str
    open_time: str
    close_time: str
    status: str
    result: str | None = ""
    floor_strike: object = None  # a number
    expiration_value: str | None = ""
    settlement_value_dollars: str | None = None
    price_level_structure: str | None = ""
    price_ranges: list[RangeWire] | None = None
    exchange_index: int | None = 0
    title: str | None = ""


class ListedWire(msgspec.Struct, gc=False):
    """A market as a scanner looks at it, 60,000 times in a row: what it needs of one that is open, and no more.

    `price_ranges` stay unread until somebody asks for them; what is quoted may be 15 seconds old.
    """

    ticker: str
    event_ticker: str
    open_time: str
    close_time: str
    status: str
    title: str | None = ""
    exchange_index: int | None = 0
    price_ranges: msgspec.Raw = msgspec.Raw(b"[]")
    yes_bid_dollars: str | None = None
    yes_bid_size_fp: str | None = None
    yes_ask_dollars: str | None = None
    yes_ask_size_fp: str | None = None
    volume_24h_fp: str | None = None


class OrderWire(msgspec.Struct, gc=False):
    order_id: str
    ticker: str
    status: str
    yes_price_dollars: str
    fill_count_fp: str
    remaining_count_fp: str
    initial_count_fp: str
    client_order_id: str | None = ""
    book_side: str | None = ""
    outcome_side: str | None = ""
    created_time: str | None = None
    exchange_index: int | None = 0


class FillWire(msgspec.Struct, gc=False):
    order_id: str
    count_fp: str
    yes_price_dollars: str
    fee_cost: str
    is_taker: bool
    fill_id: str | None = ""
    trade_id: str | None = ""
    ticker: str | None = ""
    market_ticker: str | None = ""
    book_side: str | None = ""
    outcome_side: str | None = ""
    created_time: str | None = None
    ts: int | None = None
    exchange_index: int | None = 0


class PositionWire(msgspec.Struct, gc=False):
    ticker: str
    position_fp: str


class SettlementWire(msgspec.Struct, gc=False):
    ticker: str
    market_result: str
    yes_count_fp: str
    yes_total_cost_dollars: str
    no_count_fp: str
    no_total_cost_dollars: str
    revenue: int  # cents
    settled_time: str
    fee_cost: str
    value: int | None = None  # cents


class MarketsPage(msgspec.Struct):
    markets: list[MarketWire]
    cursor: str | None = ""


class ListedPage(msgspec.Struct):
    markets: list[ListedWire]
    cursor: str | None = ""


class OrdersPage(msgspec.Struct):
    orders: list[OrderWire]
    cursor: str | None = ""


class FillsPage(msgspec.Struct):
    fills: list[FillWire]
    cursor: str | None = ""


class PositionsPage(msgspec.Struct):
    market_positions: list[PositionWire]
    cursor: str | None = ""


class SettlementsPage(msgspec.Struct):
    settlements: list[SettlementWire]
    cursor: str | None = ""


class OneOrder(msgspec.Struct):
    order: OrderWire


class BookWire(msgspec.Struct):
    yes_dollars: list[tuple[str, str]] | None = None
    no_dollars: list[tuple[str, str]] | None = None


class BookAnswer(msgspec.Struct):
    orderbook_fp: BookWire


class ShardBalanceWire(msgspec.Struct):
    exchange_index: int
    balance: str


class BalanceWire(msgspec.Struct):
    balance: int  # cents, cut
    portfolio_value: int = 0  # cents
    balance_dollars: str | None = None
    balance_breakdown: list[ShardBalanceWire] | None = None


class ShardStatusWire(msgspec.Struct):
    exchange_index: int
    exchange_active: bool
    trading_active: bool


class StatusWire(msgspec.Struct):
    exchange_active: bool
    trading_active: bool
    exchange_estimated_resume_time: str | None = None
    exchange_index_statuses: list[ShardStatusWire] | None = None


class AsOfWire(msgspec.Struct):
    as_of_time: str


class BucketWire(msgspec.Struct):
    refill_rate: float
    bucket_capacity: float


class GrantWire(msgspec.Struct):
    exchange_instance: str
    level: str
    source: str
    expires_ts: int | None = None


class LimitsWire(msgspec.Struct):
    read: BucketWire
    write: BucketWire
    usage_tier: str | None = ""
    grants: list[GrantWire] | None = None


class CreatedWire(msgspec.Struct):
    order_id: str
    fill_count: str
    remaining_count: str
    ts_ms: int


class CanceledWire(msgspec.Struct):
    reduced_by: str


class TransferWire(msgspec.Struct):
    transfer_id: str


class TransferBody(msgspec.Struct, omit_defaults=True):
    """What `POST /portfolio/intra_exchange_instance_transfer` takes; `amount` in units of $0.0001."""

    source: str
    destination: str
    amount: int
    source_exchange_shard: int
    destination_exchange_shard: int
    client_transfer_id: str
    source_subaccount: int | None = None
    destination_subaccount: int | None = None


class OrderBody(msgspec.Struct, omit_defaults=True):
    """What `POST /portfolio/events/orders` takes; absent fields are left out."""

    ticker: str
    client_order_id: str
    side: str
    count: str
    price: str
    time_in_force: str
    self_trade_prevention_type: str
    subaccount: int
    exchange_index: int
    expiration_time: int | None = None
    cancel_order_on_pause: bool | None = None
    reduce_only: bool | None = None
    post_only: bool | None = None
    order_group_id: str | None = None
