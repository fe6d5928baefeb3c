"""Order entry on the wire (V2 event orders): create, cancel, cancel all, amend, decrease, and batches of them.

The legacy mutations answer 410. A cancel without `exchange_index` and `market_ticker` goes to shard 0, where a crypto
order is not found: that trap is the live exchange's.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from trading.domain.order import Side, TimeInForce
from trading.exchange.simulated import wire
from trading.exchange.simulated.asks import Answer, Ask, primary
from trading.exchange.simulated.buckets import COST_CANCEL, COST_DEFAULT, WRITE_CAPACITY
from trading.exchange.simulated.matching import SelfTrade
from trading.exchange.simulated.records import Amendment, NewOrder
from trading.exchange.simulated.refusals import (
    VenueError,
    deprecated_order_endpoint,
    invalid_parameters,
    not_found,
    too_many_requests,
)
from trading.exchange.simulated.units import count_units, parsed
from trading.exchange.simulated.venue import Venue

AUTO_ROUTE = -1


class CreateBody(msgspec.Struct, forbid_unknown_fields=True):
    ticker: str
    side: Literal["bid", "ask"]
    count: str
    price: str
    time_in_force: Literal["fill_or_kill", "good_till_canceled", "immediate_or_cancel"]
    self_trade_prevention_type: Literal["taker_at_cross", "maker"]
    client_order_id: str | None = None
    expiration_time: int | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None
    cancel_order_on_pause: bool | None = None
    subaccount: int | None = None
    order_group_id: str | None = None
    exchange_index: int | None = None


class AmendBody(msgspec.Struct, forbid_unknown_fields=True):
    ticker: str
    side: Literal["bid", "ask"]
    price: str
    count: str
    client_order_id: str | None = None
    updated_client_order_id: str | None = None
    expiration_time: int | None = None
    exchange_index: int | None = None


class DecreaseBody(msgspec.Struct, forbid_unknown_fields=True):
    reduce_by: str | None = None
    reduce_to: str | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None


class CancelItem(msgspec.Struct, forbid_unknown_fields=True):
    order_id: str
    subaccount: int | None = None
    exchange_index: int | None = None
    market_ticker: str | None = None


class CreateBatch(msgspec.Struct, forbid_unknown_fields=True):
    orders: list[CreateBody]


class CancelBatch(msgspec.Struct, forbid_unknown_fields=True):
    orders: list[CancelItem]


class Routing(msgspec.Struct):
    """What any body may say of its shard."""

    exchange_index: int | None = None


def create(venue: Venue, ask: Ask) -> Answer:
    return Answer(_create(venue, ask.decoded(CreateBody)), 201)


def cancel(venue: Venue, ask: Ask) -> Answer:
    primary(ask)
    shard = _shard(venue, ask.number("exchange_index"), ask.text("market_ticker"))
    return Answer(_cancel(venue, ask.path["order_id"], shard))


def cancel_all(venue: Venue, ask: Ask) -> Answer:
    primary(ask)
    venue.cancel_all()
    return Answer(None, 204)


def amend(venue: Venue, ask: Ask) -> Answer:
    primary(ask)
    body = ask.decoded(AmendBody)
    if body.exchange_index not in (None, AUTO_ROUTE, venue.order(ask.path["order_id"]).exchange_index):
        raise not_found("order")
    _, after = venue.amend(
        ask.path["order_id"],
        Amendment(
            ticker=body.ticker,
            side=Side(body.side),
            price=_decimal(body.price),
            count=_decimal(body.count),
            client_order_id=body.client_order_id or "",
            updated_client_order_id=body.updated_client_order_id or "",
            expires_at=body.expiration_time,
        ),
    )
    return Answer(wire.acknowledged(after, venue.now))


def decrease(venue: Venue, ask: Ask) -> Answer:
    primary(ask)
    body = ask.decoded(DecreaseBody)
    held = venue.order(ask.path["order_id"])
    if _shard(venue, body.exchange_index, body.market_ticker or "") not in (None, held.exchange_index):
        raise not_found("order")
    by = _decimal(body.reduce_by) if body.reduce_by is not None else None
    to = _decimal(body.reduce_to) if body.reduce_to is not None else None
    left = venue.decrease(held.order_id, by, to)
    return Answer(wire.reduced(left, "remaining_count", left.remaining, venue.now))


def batch_create(venue: Venue, ask: Ask) -> Answer:
    return Answer({"orders": [_tried_create(venue, item) for item in ask.decoded(CreateBatch).orders]}, 201)


def batch_cancel(venue: Venue, ask: Ask) -> Answer:
    return Answer({"orders": [_tried_cancel(venue, item) for item in ask.decoded(CancelBatch).orders]})


def gone(venue: Venue, ask: Ask) -> Answer:
    """The legacy order mutations."""
    raise deprecated_order_endpoint()


def bill_by_body(venue: Venue, ask: Ask) -> None:
    """A single write draws on the bucket of the shard that its body names, 0 for auto-routing."""
    routing = _lenient(ask)
    venue.meter.write(COST_DEFAULT, venue.sync(), routing.exchange_index or 0)


def bill_cancel(venue: Venue, ask: Ask) -> None:
    venue.meter.write(COST_CANCEL, venue.sync(), ask.number("exchange_index") or 0)


def bill_transfer(venue: Venue, ask: Ask) -> None:
    venue.meter.write(COST_DEFAULT, venue.sync())


def bill_create_batch(venue: Venue, ask: Ask) -> None:
    _bill_batch(venue, COST_DEFAULT * len(ask.decoded(CreateBatch).orders))


def bill_cancel_batch(venue: Venue, ask: Ask) -> None:
    _bill_batch(venue, COST_CANCEL * len(ask.decoded(CancelBatch).orders))


def _bill_batch(venue: Venue, cost: int) -> None:
    """A batch that could never be paid at once fails whole."""
    if cost > WRITE_CAPACITY:
        raise too_many_requests()
    venue.meter.write(cost, venue.sync())


def _lenient(ask: Ask) -> Routing:
    try:
        return msgspec.json.decode(ask.body or b"{}", type=Routing)
    except msgspec.DecodeError as problem:
        raise invalid_parameters(str(problem)) from problem


def _create(venue: Venue, body: CreateBody) -> wire.Json:
    held = venue.create(
        NewOrder(
            ticker=body.ticker,
            side=Side(body.side),
            price=_decimal(body.price),
            count=_decimal(body.count),
            time_in_force=TimeInForce(body.time_in_force),
            self_trade=SelfTrade(body.self_trade_prevention_type),
            client_order_id=body.client_order_id or "",
            expires_at=body.expiration_time,
            post_only=bool(body.post_only),
            reduce_only=bool(body.reduce_only),
            cancel_on_pause=bool(body.cancel_order_on_pause),
            subaccount=body.subaccount or 0,
            order_group_id=body.order_group_id or "",
            exchange_index=body.exchange_index,
        )
    )
    return wire.acknowledged(held, venue.now)


def _cancel(venue: Venue, order_id: str, shard: int | None) -> wire.Json:
    held, taken = venue.cancel(order_id, shard)
    return wire.reduced(held, "reduced_by", count_units(taken), venue.now)


def _tried_create(venue: Venue, item: CreateBody) -> wire.Json:
    try:
        return _create(venue, item)
    except VenueError as refusal:
        return {"client_order_id": item.client_order_id, "error": _error(refusal)}


def _tried_cancel(venue: Venue, item: CancelItem) -> wire.Json:
    try:
        if item.subaccount:
            raise not_found("order")
        shard = _shard(venue, item.exchange_index, item.market_ticker or "")
        return _cancel(venue, item.order_id, shard)
    except VenueError as refusal:
        return {"order_id": item.order_id, "reduced_by": "0.00", "error": _error(refusal)}


def _error(refusal: VenueError) -> wire.Json:
    details = {"details": refusal.details} if refusal.details else {}
    return {"code": refusal.code, "message": refusal.message, **details}


def _shard(venue: Venue, index: int | None, ticker: str) -> int | None:
    """Where a request without a ticker in its path goes; None is wherever the order is."""
    if index == AUTO_ROUTE:
        return None
    if index is not None:
        return index
    window = venue.world.window(ticker) if ticker else None
    return window.exchange_index if window else 0


def _decimal(text: str) -> Decimal:
    try:
        return parsed(text)
    except ValueError as problem:
        raise invalid_parameters(str(problem)) from problem
