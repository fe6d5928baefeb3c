"""What the exchange knows of our account: orders, fills, positions, settlements, cash and limits.

Every listing names the subaccount (left out, some mean "all" and others "0") and goes through all pages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol, TypeVar
from urllib.parse import quote as quoted

from trading.domain.order import Balance, Fill, OrderReport, Position, Settlement
from trading.exchange.kalshi import codec, wire
from trading.exchange.kalshi.calls import PAGE_ROWS, Calls, Params
from trading.exchange.kalshi.ratelimit import BucketSize, Limits

T = TypeVar("T")
P = TypeVar("P", bound="Page")

_read_orders = wire.reader(wire.OrdersPage)
_read_order = wire.reader(wire.OneOrder)
_read_fills = wire.reader(wire.FillsPage)
_read_positions = wire.reader(wire.PositionsPage)
_read_settlements = wire.reader(wire.SettlementsPage)
_read_balance = wire.reader(wire.BalanceWire)
_read_as_of = wire.reader(wire.AsOfWire)
_read_limits = wire.reader(wire.LimitsWire)


class Page(Protocol):
    """What every listing's page has."""

    cursor: str | None


def _rows(read: Callable[[bytes], P], rows: Callable[[P], Iterable[T]]) -> Callable[[bytes], tuple[list[T], str]]:
    """A page's decoder: translated rows, and the cursor of the next page."""

    def decode(body: bytes) -> tuple[list[T], str]:
        page = read(body)
        return list(rows(page)), page.cursor or ""

    return decode


_order_rows = _rows(_read_orders, lambda page: map(codec.order_report, page.orders))
_fill_rows = _rows(_read_fills, lambda page: map(codec.fill, page.fills))
_position_rows = _rows(_read_positions, lambda page: map(codec.position, page.market_positions))
_settlement_rows = _rows(_read_settlements, lambda page: map(codec.settlement, page.settlements))


def _limits(body: bytes) -> Limits:
    answer = _read_limits(body)
    sizes = [BucketSize(bucket.refill_rate, bucket.bucket_capacity) for bucket in (answer.read, answer.write)]
    if any(size.refill_per_second <= 0 or size.capacity <= 0 for size in sizes):
        raise ValueError("a budget of nothing")
    return Limits(sizes[0], sizes[1], answer.usage_tier or "")


def _since(since: datetime | None) -> Params:
    """Whole seconds, rounded down: a row too many is told by its id, a row too few is lost."""
    return {} if since is None else {"min_ts": math.floor(since.timestamp())}


def _given(**params: str) -> Params:
    return {name: value for name, value in params.items() if value}


class AccountReads:
    """The signed reads, over `calls`, of one subaccount. Raises Unavailable, Paused, Unauthorized."""

    def __init__(self, calls: Calls, subaccount: int) -> None:
        self._calls, self._subaccount = calls, subaccount

    async def orders(self, status: str, ticker: str, since: datetime | None) -> list[OrderReport]:
        params = {**_given(status=status, ticker=ticker), **_since(since)}
        return await self._list("/portfolio/orders", _order_rows, params)

    async def order(self, order_id: str) -> OrderReport:
        """One order. Raises NotFound too."""
        self._calls.require_key("the order")
        path = f"/portfolio/orders/{quoted(order_id, safe='')}"
        return await self._calls.read(path, lambda body: codec.order_report(_read_order(body).order))

    async def fills(self, since: datetime | None, ticker: str, order_id: str) -> list[Fill]:
        """Oldest first (the exchange lists the newest first)."""
        params = {**_given(ticker=ticker, order_id=order_id), **_since(since)}
        rows = await self._list("/portfolio/fills", _fill_rows, params)
        rows.reverse()
        return sorted(rows, key=lambda fill: fill.at)

    async def positions(self) -> list[Position]:
        """Markets in which contracts are held, not yet settled."""
        rows = await self._list("/portfolio/positions", _position_rows, {"count_filter": "position"})
        return [row for row in rows if row.contracts]

    async def settlements(self, since: datetime | None, ticker: str) -> list[Settlement]:
        """Oldest first."""
        rows = await self._list("/portfolio/settlements", _settlement_rows, {**_given(ticker=ticker), **_since(since)})
        rows.reverse()
        return sorted(rows, key=lambda settlement: settlement.at)

    async def balance(self) -> Balance:
        self._calls.require_key("the balance")
        params: Params = {"subaccount": self._subaccount}
        return await self._calls.read("/portfolio/balance", lambda body: codec.balance(_read_balance(body)), params)

    async def as_of(self) -> datetime:
        def decode(body: bytes) -> datetime:
            return codec.required_moment(_read_as_of(body).as_of_time)

        return await self._calls.read("/exchange/user_data_timestamp", decode)

    async def limits(self) -> Limits:
        """What the key may spend; our own budgets follow it from now on."""
        self._calls.require_key("the limits")
        limits = await self._calls.read("/account/limits", _limits)
        self._calls.limits.update(limits)
        return limits

    async def _list(self, path: str, decode: Callable[[bytes], tuple[list[T], str]], params: Params) -> list[T]:
        self._calls.require_key(f"GET {path}")
        fixed: Params = {"limit": PAGE_ROWS, "subaccount": self._subaccount}
        return await self._calls.pages(path, decode, {**fixed, **params})
