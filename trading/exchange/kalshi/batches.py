"""Many orders or cancels in one request, with an end of its own for each of them.

A batch costs as much as its items do one by one, is paid from the common budget of all shards, and fails whole where
the budget could never pay for it; so a long one goes out in several. Source: the exchange's spec 3.34 and its
rate-limit pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from trading.domain.errors import ChatopsError, NotFound, Rejected, Unavailable, Unresolved
from trading.domain.money import exact
from trading.domain.order import Order, Placed
from trading.exchange.kalshi import codec, wire
from trading.exchange.kalshi import wire_changes as w
from trading.exchange.kalshi.calls import Calls
from trading.exchange.kalshi.costs import ORDERS_PATH
from trading.exchange.kalshi.http import Request
from trading.exchange.kalshi.refusals import Refusal, order_error, read_error
from trading.exchange.kalshi.trading_ops import TradingOps
from trading.exchange.kalshi.writes import Write, Writes

BATCH_PATH = f"{ORDERS_PATH}/batched"
COMMON_BUCKET = 0
# Words in the code of an item's error that leave open whether it was taken; its HTTP status is not told.
DOUBTFUL_WORDS = ("already_exists", "internal", "timeout", "unavailable", "unknown")

_read_created = wire.reader(w.BatchAnswer)
_read_canceled = wire.reader(w.CancelBatchAnswer)

T = TypeVar("T")
Ending = Placed | Rejected | Unresolved


class Batches:
    """Batches of one subaccount, over `calls` and `writes`; `trading` knows how an order is said."""

    def __init__(self, calls: Calls, writes: Writes, trading: TradingOps, subaccount: int) -> None:
        self._calls, self._writes, self._trading, self._subaccount = calls, writes, trading, subaccount

    async def place(self, orders: Sequence[Order]) -> list[Ending]:
        """Send new orders once; one ending for each order, in their order. Raises nothing."""
        sweeps = self._writes.sweeps
        endings: dict[int, Ending] = {}
        sent: list[tuple[int, wire.OrderBody]] = []
        for number, order in enumerate(orders):
            try:
                sent.append((number, self._trading.body(order)))
            except ValueError as error:
                endings[number] = Rejected("invalid_order", str(error))
        for part in _parts(sent, self._calls.limits.creates_at_once()):
            ends = await self._place_part([body for _, body in part], sweeps)
            endings.update(zip((number for number, _ in part), ends, strict=True))
        return [endings[number] for number in range(len(orders))]

    async def _place_part(self, bodies: list[wire.OrderBody], sweeps: int) -> list[Ending]:
        write = Write(
            method="POST",
            path=BATCH_PATH,
            encode=lambda: msgspec.json.encode(w.BatchBody(bodies)),
            decode=_read_created,
            exchange_index=COMMON_BUCKET,
            cost=self._calls.limits.costs.create * len(bodies),
        )
        try:
            answer = await self._writes.send(write, sweeps)
        except (Rejected, Unresolved) as error:
            return [error] * len(bodies)
        return [_ending(body, item) for body, item in zip(bodies, _matched(bodies, answer.orders), strict=True)]

    async def cancel(self, orders: Sequence[Order]) -> list[Decimal | ChatopsError]:
        """For each order, in their order, the contracts taken off, or NotFound (gone or filled), Paused, Unavailable.

        Raises Unauthorized where there is no key.
        """
        self._calls.require_key("a cancel")
        assert all(order.order_id for order in orders), "an order without an id cannot be cancelled by id"
        ends: list[Decimal | ChatopsError] = []
        for part in _parts(orders, self._calls.limits.cancels_at_once()):
            ends += await self._cancel_part(part)
        return ends

    async def _cancel_part(self, orders: Sequence[Order]) -> list[Decimal | ChatopsError]:
        items = [w.CancelItemBody(o.order_id, self._subaccount, o.exchange_index, o.ticker) for o in orders]
        request = Request("DELETE", BATCH_PATH, body=msgspec.json.encode(w.CancelBatchBody(items)))
        cost = self._calls.limits.costs.cancel * len(orders)
        try:
            answer = await self._calls.calming(request, _read_canceled, COMMON_BUCKET, cost)
        except ChatopsError as error:
            return [error] * len(orders)
        by_id = {item.order_id: item for item in answer.orders}
        return [_taken_off(order, by_id.get(order.order_id)) for order in orders]


def _parts(items: Sequence[T], most: int) -> list[Sequence[T]]:
    return [items[i : i + most] for i in range(0, len(items), most)]


def _matched(bodies: list[wire.OrderBody], items: list[w.BatchItem]) -> list[w.BatchItem | None]:
    """The answer's item for each order: at its place, or else by its id; None where it cannot be told."""
    by_id = {item.client_order_id: item for item in items if item.client_order_id}
    in_place = len(items) == len(bodies) and all(
        item.client_order_id in (None, "", body.client_order_id) for item, body in zip(items, bodies, strict=True)
    )
    return list(items) if in_place else [by_id.get(body.client_order_id) for body in bodies]


def _ending(body: wire.OrderBody, item: w.BatchItem | None) -> Ending:
    what = f"POST {BATCH_PATH}: {body.client_order_id}"
    if item is None:
        return Unresolved(f"{what}: the answer does not speak of it")
    if item.error is not None:
        return _refused(what, body.exchange_index, item, item.error)
    try:
        return _placed(item)
    except ValueError as error:
        return Unresolved(f"{what}: the acknowledgement cannot be read ({error})")


def _placed(item: w.BatchItem) -> Placed:
    if item.order_id is None or item.fill_count is None or item.remaining_count is None or item.ts_ms is None:
        raise ValueError("it is incomplete")
    return codec.placed(wire.CreatedWire(item.order_id, item.fill_count, item.remaining_count, item.ts_ms))


def _refused(what: str, exchange_index: int, item: w.BatchItem, error: w.ErrorWire) -> Rejected | Unresolved:
    refusal = _refusal(error)
    if item.order_id or any(word in refusal.code.lower() for word in DOUBTFUL_WORDS):
        return Unresolved(f"{what}: {refusal.text}")
    return order_error(refusal, None, exchange_index)


def _refusal(error: w.ErrorWire) -> Refusal:
    details = error.details if isinstance(error.details, str) else ""
    return Refusal(400, error.code or "batch_error", error.message or "", details)


def _taken_off(order: Order, item: w.CancelItem | None) -> Decimal | ChatopsError:
    what = f"DELETE {BATCH_PATH}: {order.order_id}"
    if item is None:
        return Unavailable(f"{what}: the answer does not speak of it")
    if item.error is None:
        return _exactly(what, item.reduced_by)
    refusal = _refusal(item.error)
    if refusal.code.lower().endswith("not_found"):
        return NotFound(f"{what}: the exchange does not know it ({refusal.text})")
    return read_error(refusal, what)


def _exactly(what: str, count: str) -> Decimal | ChatopsError:
    try:
        return exact(count)
    except ValueError as error:
        return Unavailable(f"{what}: the answer cannot be read ({error})")
