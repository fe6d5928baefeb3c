"""Cash flows, queue positions, order groups, API keys and endpoint costs as they are on the wire.

Conventions as in `wire`. Source: the exchange's spec 3.34.
"""

from __future__ import annotations

import msgspec


class CashFlowWire(msgspec.Struct):
    id: str
    status: str
    type: str
    amount_cents: int
    fee_cents: int
    created_ts: int
    finalized_ts: int | None = None


class DepositsPage(msgspec.Struct):
    deposits: list[CashFlowWire]
    cursor: str | None = ""


class WithdrawalsPage(msgspec.Struct):
    withdrawals: list[CashFlowWire]
    cursor: str | None = ""


class OneQueuePosition(msgspec.Struct):
    queue_position_fp: str


class QueuePositionWire(msgspec.Struct):
    order_id: str
    market_ticker: str
    queue_position_fp: str


class QueuePositions(msgspec.Struct):
    queue_positions: list[QueuePositionWire] | None = None


class GroupBody(msgspec.Struct, omit_defaults=True):
    """What `POST /portfolio/order_groups/create` takes."""

    contracts_limit_fp: str
    subaccount: int
    exchange_index: int


class GroupLimitBody(msgspec.Struct):
    """What `PUT /portfolio/order_groups/{order_group_id}/limit` takes."""

    contracts_limit_fp: str


class GroupCreated(msgspec.Struct):
    order_group_id: str


class GroupWire(msgspec.Struct):
    id: str
    is_auto_cancel_enabled: bool
    contracts_limit_fp: str | None = None
    exchange_index: int | None = 0


class GroupList(msgspec.Struct):
    order_groups: list[GroupWire] | None = None


class OneGroup(msgspec.Struct):
    is_auto_cancel_enabled: bool
    orders: list[str]
    contracts_limit_fp: str | None = None
    exchange_index: int | None = 0


class KeyWire(msgspec.Struct):
    api_key_id: str
    name: str
    scopes: list[str]
    subaccount: int | None = None


class KeyList(msgspec.Struct):
    api_keys: list[KeyWire]


class CostWire(msgspec.Struct):
    method: str
    path: str
    cost: int


class CostsWire(msgspec.Struct):
    default_cost: int
    endpoint_costs: list[CostWire]
