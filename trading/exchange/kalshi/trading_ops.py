"""The life of one order at the exchange: placing it, changing it, cancelling it; and cancelling everything.

What could do harm twice is sent once (`writes`); cancels prove themselves by being repeated. An amended price or a
larger count loses the order's place in the queue, a smaller count keeps it. Source: the exchange's spec 3.34.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar
from urllib.parse import quote as quoted

import msgspec

from trading.domain.account_records import Amended
from trading.domain.money import exact
from trading.domain.order import Order, Placed
from trading.exchange.kalshi import codec, codec_account, wire, wire_changes
from trading.exchange.kalshi.calls import Calls
from trading.exchange.kalshi.costs import ORDERS_PATH
from trading.exchange.kalshi.writes import Write, Writes

T = TypeVar("T")

_read_created = wire.reader(wire.CreatedWire)
_read_canceled = wire.reader(wire.CanceledWire)
_read_amended = wire.reader(wire_changes.AmendedWire)
_read_decreased = wire.reader(wire_changes.DecreasedWire)


class TradingOps:
    """Orders and cancels of one subaccount, over `calls` and `writes`."""

    def __init__(self, calls: Calls, writes: Writes, subaccount: int) -> None:
        self._calls, self._writes, self._subaccount = calls, writes, subaccount
        self._groups: dict[int, str] = {}

    def use_group(self, exchange_index: int, group_id: str) -> None:
        """From now on new orders on this shard join that order group, "" for none; what only reduces joins none."""
        self._groups[exchange_index] = group_id

    def body(self, order: Order) -> wire.OrderBody:
        """What is sent of a new order. Raises ValueError for money that does not fit the wire."""
        group_id = "" if order.reduce_only else self._groups.get(order.exchange_index, "")
        return codec.new_order(order, self._subaccount, group_id)

    async def place(self, order: Order) -> Placed:
        """Send a new order once. Raises Rejected or Unresolved, nothing else."""

        def encode() -> bytes:
            return msgspec.json.encode(self.body(order))

        return await self._writes.send(Write("POST", ORDERS_PATH, encode, _placed, order.exchange_index))

    async def amend(self, order: Order, wanted: Order) -> Amended:
        """Turn a resting order into `wanted` once: its YES price, all its contracts (filled ones too), its id with us.

        Its expiry stays. Raises Rejected or Unresolved, nothing else.
        """
        same = (order.ticker, order.side, order.exchange_index) == (wanted.ticker, wanted.side, wanted.exchange_index)
        assert same, "an amended order stays in its market, on its side and shard"

        def encode() -> bytes:
            renamed = wanted.client_order_id != order.client_order_id
            body = wire_changes.AmendBody(
                ticker=order.ticker,
                side=order.side.value,
                price=codec.price_text(wanted.price),
                count=codec.count_text(wanted.count),
                exchange_index=order.exchange_index,
                client_order_id=order.client_order_id,
                updated_client_order_id=wanted.client_order_id if renamed else None,
            )
            return msgspec.json.encode(body)

        return await self._change(order, "amend", encode, _amended)

    async def decrease(self, order: Order, by: Decimal | None, to: Decimal | None) -> Decimal:
        """Take contracts off a resting order once, `by` so many or down `to` so many; the contracts that remain.

        Raises Rejected or Unresolved, nothing else.
        """
        assert (by is None) is not (to is None), "a decrease is by a count or to a count"

        def encode() -> bytes:
            body = wire_changes.DecreaseBody(
                exchange_index=order.exchange_index,
                market_ticker=order.ticker,
                reduce_by=None if by is None else codec.count_text(by),
                reduce_to=None if to is None else codec.count_text(to),
            )
            return msgspec.json.encode(body)

        return await self._change(order, "decrease", encode, _remaining)

    async def _change(self, order: Order, how: str, encode: Callable[[], bytes], decode: Callable[[bytes], T]) -> T:
        path = f"{_path(order)}/{how}"
        return await self._writes.send(Write("POST", path, encode, decode, order.exchange_index, self._own))

    async def cancel(self, order: Order) -> Decimal:
        """The contracts taken off. Raises NotFound (gone or filled), Unavailable, Paused, Unauthorized."""
        self._calls.require_key("a cancel")
        return await self._calls.cancel(
            _path(order),
            lambda body: exact(_read_canceled(body).reduced_by),
            {
                "subaccount": self._subaccount,
                "exchange_index": order.exchange_index,
                "market_ticker": order.ticker,  # without a shard or a ticker it would look on shard 0
            },
            order.exchange_index,
        )

    async def cancel_all(self) -> None:
        """Everything on the subaccount, on all shards. Raises Unavailable, Paused, Unauthorized.

        The exchange may also cancel orders that arrive within the next minute.
        """
        self._calls.require_key("a cancel-all")
        self._writes.call_off()
        await self._calls.cancel(ORDERS_PATH, lambda body: True, self._own, 0)

    @property
    def _own(self) -> dict[str, str | int]:
        return {"subaccount": self._subaccount}


def _path(order: Order) -> str:
    assert order.order_id, "only an order with the exchange's id can be changed or cancelled"
    return f"{ORDERS_PATH}/{quoted(order.order_id, safe='')}"


def _placed(body: bytes) -> Placed:
    return codec.placed(_read_created(body))


def _amended(body: bytes) -> Amended:
    return codec_account.amended(_read_amended(body))


def _remaining(body: bytes) -> Decimal:
    decreased = _read_decreased(body)
    if not decreased.order_id:
        raise ValueError("a success without an order id")
    return exact(decreased.remaining_count)
