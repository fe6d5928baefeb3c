"""Amending, decreasing, and batches of orders and cancels as they are on the wire.

Conventions as in `wire`. Source: the exchange's spec 3.34.
"""

from __future__ import annotations

import msgspec

from trading.exchange.kalshi.wire import OrderBody


class AmendBody(msgspec.Struct, omit_defaults=True):
    """`count` is all contracts: those filled and those still wanted. Left out, the expiry stays as it is."""

    ticker: str
    side: str
    price: str
    count: str
    exchange_index: int
    client_order_id: str
    updated_client_order_id: str | None = None


class AmendedWire(msgspec.Struct):
    order_id: str
    ts_ms: int
    fill_count: str | None = None
    remaining_count: str | None = None


class DecreaseBody(msgspec.Struct, omit_defaults=True):
    """Exactly one of the two counts."""

    exchange_index: int
    market_ticker: str
    reduce_by: str | None = None
    reduce_to: str | None = None


class DecreasedWire(msgspec.Struct):
    order_id: str
    remaining_count: str


class ErrorWire(msgspec.Struct):
    code: str | None = ""
    message: str | None = ""
    details: object = None


class BatchBody(msgspec.Struct):
    orders: list[OrderBody]


class BatchItem(msgspec.Struct):
    order_id: str | None = ""
    client_order_id: str | None = ""
    fill_count: str | None = None
    remaining_count: str | None = None
    ts_ms: int | None = None
    error: ErrorWire | None = None


class BatchAnswer(msgspec.Struct):
    orders: list[BatchItem]


class CancelItemBody(msgspec.Struct):
    order_id: str
    subaccount: int
    exchange_index: int
    market_ticker: str


class CancelBatchBody(msgspec.Struct):
    orders: list[CancelItemBody]


class CancelItem(msgspec.Struct):
    order_id: str
    reduced_by: str
    error: ErrorWire | None = None


class CancelBatchAnswer(msgspec.Struct):
    orders: list[CancelItem]
