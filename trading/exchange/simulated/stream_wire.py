"""How the stream's messages look: the `msg` of each type, with the fields, formats and times of the API.

Own orders, fills and positions say their direction both ways, with the deprecated fields beside the present ones, as
the live stream does. Source: the WebSocket pages of August 2026 and the changes up to October.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import NAMESPACE_URL, uuid5

import msgspec

from trading.domain.market import Tick
from trading.domain.money import exact
from trading.domain.order import Side
from trading.exchange.simulated.records import FillRecord, GroupEvent, OrderGroup
from trading.exchange.simulated.stream_changes import OrderChange, PositionChange
from trading.exchange.simulated.street import Level, StreetBook
from trading.exchange.simulated.tape import Print
from trading.exchange.simulated.units import PRICE_UNIT
from trading.exchange.simulated.wire import USER_ID, Json, count, dollars6, price, rfc3339, unix_ms

INDEX_STEP = Decimal("0.00000001")  # averages of an index have eight decimals
TICKER_FIELDS = ("yes_bid_dollars", "yes_ask_dollars", "yes_bid_size_fp", "yes_ask_size_fp", "volume_fp")


def market_id(ticker: str) -> str:
    """The market's id: the same in every run."""
    return str(uuid5(NAMESPACE_URL, ticker))


def snapshot(ticker: str, book: StreetBook, use_yes_price: bool) -> Json:
    """The whole book, each side ascending; a side without levels has no key."""
    sides = {"yes_dollars_fp": _levels(book.bids, False), "no_dollars_fp": _levels(book.asks, not use_yes_price)}
    return {**_market(ticker), **{name: levels for name, levels in sides.items() if levels}}


def delta(
    ticker: str, side: Side, yes_price: int, change: int, at: datetime, *, use_yes_price: bool, cause: str
) -> Json:
    """One level's change in contracts; `cause` is the client id of the own order behind it."""
    shown = yes_price if side is Side.BID or use_yes_price else PRICE_UNIT - yes_price
    own: Json = {"client_order_id": cause, "subaccount": 0} if cause else {}
    return {
        **_market(ticker),
        "price_dollars": price(shown),
        "delta_fp": count(change),
        "side": str(side.outcome),
        "ts": rfc3339(at),
        "ts_ms": unix_ms(at),
        **own,
    }


def quote(market: Json, last_trade: int) -> Json:
    """The ticker of a market object of REST, without its times; `last_trade` in count units."""
    last, volume = exact(str(market["last_price_dollars"])), exact(str(market["volume_fp"]))
    interest = exact(str(market["open_interest_fp"]))
    return {
        **_market(str(market["ticker"])),
        "price_dollars": market["last_price_dollars"],
        **{name: market[name] for name in TICKER_FIELDS},
        "open_interest_fp": market["open_interest_fp"],
        "dollar_volume": int(volume * last),
        "dollar_open_interest": int(interest * last),
        "last_trade_size_fp": count(last_trade),
    }


def timed(at: datetime) -> Json:
    """The times of a ticker message."""
    return {"ts": int(at.timestamp()), "ts_ms": unix_ms(at), "time": rfc3339(at)}


def trade(printed: Print) -> Json:
    outcome = str(printed.side.outcome)
    return {
        "trade_id": printed.trade_id,
        "market_ticker": printed.ticker,
        "yes_price_dollars": price(printed.price),
        "no_price_dollars": price(PRICE_UNIT - printed.price),
        "count_fp": count(printed.count),
        "taker_side": outcome,
        "taker_outcome_side": outcome,
        "taker_book_side": str(printed.side),
        "is_block_trade": False,
        "ts": int(printed.at.timestamp()),
        "ts_ms": unix_ms(printed.at),
    }


def fill(record: FillRecord) -> Json:
    outcome = str(record.side.outcome)
    named: Json = {"client_order_id": record.client_order_id} if record.client_order_id else {}
    return {
        "trade_id": record.fill_id,
        "order_id": record.order_id,
        **named,
        "market_ticker": record.ticker,
        "exchange_index": record.exchange_index,
        "is_taker": record.is_taker,
        "side": outcome,
        "action": "buy",
        "purchased_side": outcome,
        "outcome_side": outcome,
        "book_side": str(record.side),
        "yes_price_dollars": price(record.price),
        "count_fp": count(record.count),
        "fee_cost": dollars6(record.fee),
        "post_position_fp": count(record.position),
        "ts": int(record.at.timestamp()),
        "ts_ms": unix_ms(record.at),
        "subaccount": 0,
    }


def user_order(change: OrderChange) -> Json:
    held = change.order
    outcome = str(held.side.outcome)
    found: Json = {
        "order_id": held.order_id,
        "user_id": USER_ID,
        "ticker": held.ticker,
        "exchange_index": held.exchange_index,
        "status": str(held.status),
        "side": outcome,
        "is_yes": held.side is Side.BID,
        "outcome_side": outcome,
        "book_side": str(held.side),
        "yes_price_dollars": price(held.price),
        "fill_count_fp": count(held.filled),
        "remaining_count_fp": count(held.remaining),
        "initial_count_fp": count(held.initial),
        "taker_fill_cost_dollars": dollars6(held.taker_cost),
        "maker_fill_cost_dollars": dollars6(held.maker_cost),
        "taker_fees_dollars": dollars6(held.taker_fees),
        "maker_fees_dollars": dollars6(held.maker_fees),
        "client_order_id": held.client_order_id,
        "self_trade_prevention_type": str(held.self_trade),
        "created_time": rfc3339(held.created_at),
        "created_ts_ms": unix_ms(held.created_at),
        "last_update_time": rfc3339(held.updated_at),
        "last_updated_ts_ms": unix_ms(held.updated_at),
        "subaccount_number": 0,
    }
    if held.order_group_id:
        found["order_group_id"] = held.order_group_id
    if held.expires_at:
        found["expiration_time"] = rfc3339(datetime.fromtimestamp(held.expires_at, UTC))
        found["expiration_ts_ms"] = held.expires_at * 1000
    if change.reason:
        found["last_update_reason"] = change.reason
    return found


def order_group(group: OrderGroup) -> Json:
    """What has happened to a group; the limit is said where it is new."""
    new_limit = group.event in (GroupEvent.CREATED, GroupEvent.LIMIT_UPDATED)
    return {
        "event_type": str(group.event),
        "order_group_id": group.group_id,
        **({"contracts_limit_fp": count(group.limit)} if new_limit else {}),
        "ts_ms": unix_ms(group.at),
    }


def market_position(change: PositionChange) -> Json:
    held = change.holding
    return {
        "user_id": USER_ID,
        "market_ticker": held.ticker,
        "position_fp": count(held.contracts),
        "position_cost_dollars": dollars6(held.cost),
        "realized_pnl_dollars": dollars6(held.realized),
        "fees_paid_dollars": dollars6(held.fees),
        "position_fee_cost_dollars": dollars6(held.fees),
        "volume_fp": count(change.volume),
        "subaccount": 0,
    }


def index_value(tick: Tick, at: datetime) -> Json:
    """The newest value; its averages are added by the channel."""
    raw = {"type": "value", "id": tick.symbol, "time": unix_ms(tick.seen_at), "value": str(tick.price)}
    return {"index_id": tick.symbol, "received_at": unix_ms(at), "data": msgspec.json.encode(raw).decode()}


def fast_index_value(tick: Tick, at: datetime) -> Json:
    """A value of the fast channel, which has no averages."""
    slow = index_value(tick, at)
    return {**slow, "value_usd": str(tick.price), "source_ts_ms": unix_ms(tick.seen_at)}


def average(values: Sequence[Decimal], start: int, end: int) -> Json:
    """The mean of the values of the seconds from `start` up to, not with, `end` (unix)."""
    mean = sum(values, Decimal(0)) / len(values)
    return {
        "value": str(mean.quantize(INDEX_STEP, ROUND_HALF_EVEN)),
        "window_size": len(values),
        "window_start_ts_ms": start * 1000,
        "window_end_ts_exclusive": end * 1000,
    }


def _market(ticker: str) -> Json:
    return {"market_ticker": ticker, "market_id": market_id(ticker)}


def _levels(levels: Sequence[Level], inverted: bool) -> list[list[str]]:
    shown = sorted((PRICE_UNIT - p if inverted else p, n) for p, n in levels)
    return [[price(p), count(n)] for p, n in shown]
