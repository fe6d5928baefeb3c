"""The exact translation of cash flows, queues, groups, keys and changed orders into domain records.

Conventions as in `codec`: exact or ValueError.
"""

from __future__ import annotations

from trading.domain.account_records import Amended, CashDirection, CashFlow, KeyScopes, OrderGroup, QueuePosition
from trading.domain.money import CENT, exact
from trading.exchange.kalshi import codec
from trading.exchange.kalshi import wire_account as w
from trading.exchange.kalshi.wire_changes import AmendedWire


def cash_flow(wire: w.CashFlowWire, direction: CashDirection) -> CashFlow:
    return CashFlow(
        flow_id=wire.id,
        direction=direction,
        status=wire.status,
        method=wire.type,
        amount=wire.amount_cents * CENT,
        fee=wire.fee_cents * CENT,
        created_at=codec.timestamp(wire.created_ts),
        finalized_at=None if wire.finalized_ts is None else codec.timestamp(wire.finalized_ts),
    )


def queue_position(wire: w.QueuePositionWire) -> QueuePosition:
    return QueuePosition(wire.order_id, wire.market_ticker, exact(wire.queue_position_fp))


def listed_group(wire: w.GroupWire) -> OrderGroup:
    limit = wire.contracts_limit_fp
    return OrderGroup(wire.id, wire.is_auto_cancel_enabled, exact(limit) if limit else None, wire.exchange_index or 0)


def order_group(group_id: str, wire: w.OneGroup) -> OrderGroup:
    limit = wire.contracts_limit_fp
    return OrderGroup(
        group_id=group_id,
        triggered=wire.is_auto_cancel_enabled,
        contracts_limit=exact(limit) if limit else None,
        exchange_index=wire.exchange_index or 0,
        order_ids=tuple(wire.orders),
    )


def key_scopes(wire: w.KeyWire) -> KeyScopes:
    return KeyScopes(wire.api_key_id, wire.name, frozenset(wire.scopes), wire.subaccount)


def amended(wire: AmendedWire) -> Amended:
    if not wire.order_id:
        raise ValueError("a success without an order id")
    return Amended(
        order_id=wire.order_id,
        filled=exact(wire.fill_count) if wire.fill_count else None,
        remaining=exact(wire.remaining_count) if wire.remaining_count else None,
        at=codec.timestamp(wire.ts_ms / 1000),
    )
