"""How the venue's records look on the wire: field names, number formats and times exactly as the API has them.

Dollars have four decimals (six where the API sends micro-dollars), counts two, times are RFC 3339 with `Z` and without
trailing zeros. Shapes: the OpenAPI description 3.34.0 and responses recorded in July to September 2026.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from trading.domain.money import CENTI_CENT, MICRO, ONE
from trading.domain.order import Side
from trading.exchange.simulated.history import Cutoffs
from trading.exchange.simulated.records import (
    CashFlow,
    FillRecord,
    HeldOrder,
    Holding,
    OrderGroup,
    SettlementRecord,
    Transfer,
)
from trading.exchange.simulated.street import Level, StreetBook
from trading.exchange.simulated.units import PRICE_UNIT, contracts

Json = dict[str, object]
USER_ID = "00000000-0000-4000-8000-000000000001"


def price(units: int) -> str:
    """Price units as dollars with four decimals."""
    return f"{units // PRICE_UNIT}.{units % PRICE_UNIT:04d}"


def count(units: int) -> str:
    """Count units as contracts with two decimals."""
    sign, units = ("-", -units) if units < 0 else ("", units)
    return f"{sign}{units // 100}.{units % 100:02d}"


def dollars4(amount: Decimal) -> str:
    return str(amount.quantize(CENTI_CENT, ROUND_HALF_EVEN))


def dollars6(amount: Decimal) -> str:
    return str(amount.quantize(MICRO, ROUND_HALF_EVEN))


def cents(amount: Decimal) -> int:
    """Whole cents, truncated."""
    return int((amount * 100).to_integral_value(ROUND_DOWN))


def rfc3339(at: datetime) -> str:
    """`2026-11-21T12:00:00.7Z`."""
    at = at.astimezone(UTC)
    text = f"{at:%Y-%m-%dT%H:%M:%S}"
    return f"{text}.{at.microsecond:06d}".rstrip("0") + "Z" if at.microsecond else text + "Z"


def unix_ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def orderbook(book: StreetBook, depth: int) -> Json:
    """Bids only, ascending, the best one last; `depth` 0 is all of them."""
    yes = [(p, n) for p, n in book.bids]
    no = [(PRICE_UNIT - p, n) for p, n in book.asks]
    return {"yes_dollars": _levels(yes, depth), "no_dollars": _levels(no, depth)}


def order(held: HeldOrder) -> Json:
    """The order object of `GET /portfolio/orders`."""
    return {
        "order_id": held.order_id,
        "user_id": USER_ID,
        "client_order_id": held.client_order_id,
        "ticker": held.ticker,
        **_direction(held.side),
        "type": "limit",
        "status": str(held.status),
        "yes_price_dollars": price(held.price),
        "no_price_dollars": price(PRICE_UNIT - held.price),
        "fill_count_fp": count(held.filled),
        "remaining_count_fp": count(held.remaining),
        "initial_count_fp": count(held.initial),
        "taker_fill_cost_dollars": dollars6(held.taker_cost),
        "maker_fill_cost_dollars": dollars6(held.maker_cost),
        "taker_fees_dollars": dollars6(held.taker_fees),
        "maker_fees_dollars": dollars6(held.maker_fees),
        "expiration_time": rfc3339(datetime.fromtimestamp(held.expires_at, UTC)) if held.expires_at else None,
        "created_time": rfc3339(held.created_at),
        "last_update_time": rfc3339(held.updated_at),
        "self_trade_prevention_type": str(held.self_trade),
        "order_group_id": held.order_group_id or None,
        "cancel_order_on_pause": held.cancel_on_pause,
        "subaccount_number": 0,
        "exchange_index": held.exchange_index,
    }


def acknowledged(held: HeldOrder, at: datetime) -> Json:
    """The flat answer to create and amend: no status, averages only where something filled."""
    answer: Json = {
        "order_id": held.order_id,
        "fill_count": count(held.filled),
        "remaining_count": count(held.remaining),
        "ts_ms": unix_ms(at),
    }
    if held.client_order_id:
        answer["client_order_id"] = held.client_order_id
    if held.filled:
        filled = contracts(held.filled)
        own = (held.taker_cost + held.maker_cost) / filled
        answer["average_fill_price"] = dollars4(own if held.side is Side.BID else ONE - own)
        answer["average_fee_paid"] = _per_contract((held.taker_fees + held.maker_fees) / filled)
    return answer


def reduced(held: HeldOrder, name: str, units: int, at: datetime) -> Json:
    """The flat answer to cancel (`reduced_by`) and decrease (`remaining_count`)."""
    answer: Json = {"order_id": held.order_id, name: count(units), "ts_ms": unix_ms(at)}
    if held.client_order_id:
        answer["client_order_id"] = held.client_order_id
    return answer


def fill(record: FillRecord) -> Json:
    return {
        "fill_id": record.fill_id,
        "trade_id": record.fill_id,
        "order_id": record.order_id,
        "ticker": record.ticker,
        "market_ticker": record.ticker,
        "exchange_index": record.exchange_index,
        **_direction(record.side),
        "count_fp": count(record.count),
        "yes_price_dollars": price(record.price),
        "no_price_dollars": price(PRICE_UNIT - record.price),
        "is_taker": record.is_taker,
        "fee_cost": dollars6(record.fee),
        "created_time": rfc3339(record.at),
        "ts": int(record.at.timestamp()),
        "subaccount_number": 0,
    }


def market_position(held: Holding) -> Json:
    return {
        "ticker": held.ticker,
        "exchange_index": held.exchange_index,
        "total_traded_dollars": dollars6(held.traded),
        "position_fp": count(held.contracts),
        "market_exposure_dollars": dollars6(held.cost),
        "realized_pnl_dollars": dollars6(held.realized),
        "fees_paid_dollars": dollars6(held.fees),
        "last_updated_ts": rfc3339(held.updated_at),
    }


def event_position(event: str, held: Holding) -> Json:
    """The same for the event: each has one market here."""
    return {
        "event_ticker": event,
        "total_cost_dollars": dollars6(held.traded),
        "total_cost_shares_fp": count(abs(held.contracts)),
        "event_exposure_dollars": dollars6(held.cost),
        "realized_pnl_dollars": dollars6(held.realized),
        "fees_paid_dollars": dollars6(held.fees),
    }


def settlement(record: SettlementRecord) -> Json:
    return {
        "ticker": record.ticker,
        "exchange_index": record.exchange_index,
        "event_ticker": record.event_ticker,
        "market_result": record.result,
        "yes_count_fp": count(record.yes_count),
        "yes_total_cost_dollars": dollars6(record.yes_cost),
        "no_count_fp": count(record.no_count),
        "no_total_cost_dollars": dollars6(record.no_cost),
        "revenue": cents(record.revenue),
        "settled_time": rfc3339(record.settled_at),
        "fee_cost": dollars6(record.fees),
        "value": cents(record.value),
    }


def transfer(record: Transfer) -> Json:
    return {
        "transfer_id": record.transfer_id,
        "source": "event_contract",
        "destination": "event_contract",
        "source_exchange_shard": record.source,
        "destination_exchange_shard": record.destination,
        "amount": dollars4(record.amount),
        "status": "complete",
        "created_ts": int(record.at.timestamp()),
    }


def order_group(group: OrderGroup) -> Json:
    """As the list has it. The flag says that the group has triggered (seen on the demo exchange)."""
    return {
        "id": group.group_id,
        "contracts_limit_fp": count(group.limit),
        "is_auto_cancel_enabled": group.triggered,
        "exchange_index": group.exchange_index,
    }


def cash_flow(flow: CashFlow) -> Json:
    """A deposit or a withdrawal: here all are bank transfers, applied at once and free."""
    return {
        "id": flow.flow_id,
        "status": "applied",
        "type": "ach",
        "amount_cents": cents(flow.amount),
        "fee_cents": 0,
        "created_ts": int(flow.at.timestamp()),
        "finalized_ts": int(flow.at.timestamp()),
    }


def cutoffs(cut: Cutoffs) -> Json:
    return {
        "market_settled_ts": rfc3339(cut.market_settled),
        "trades_created_ts": rfc3339(cut.trades_created),
        "orders_updated_ts": rfc3339(cut.orders_updated),
        "market_positions_last_updated_ts": rfc3339(cut.market_positions_last_updated),
    }


def _levels(levels: list[Level], depth: int) -> list[list[str]]:
    shown = levels[:depth] if depth else levels
    return [[price(p), count(n)] for p, n in reversed(shown)]


def _direction(side: Side) -> Json:
    """Both ways of saying it; on fills and orders alike the old `side` is the outcome that was bought."""
    outcome = str(side.outcome)
    return {"outcome_side": outcome, "book_side": str(side), "side": outcome, "action": "buy"}


def _per_contract(fee: Decimal) -> str:
    """Four decimals where they suffice, six otherwise."""
    return dollars4(fee) if fee == fee.quantize(CENTI_CENT) else dollars6(fee)
