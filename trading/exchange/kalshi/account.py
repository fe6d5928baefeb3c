"""What the exchange knows of our account: orders, fills, positions, settlements, cash and limits.

Every listing names the subaccount (left out, some mean "all" and others "0") and goes through all pages.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote as quoted

from trading.domain.order import Balance, Fill, OrderReport, Position, Settlement
from trading.exchange.kalshi import codec, wire
from trading.exchange.kalshi.calls import PAGE_ROWS, Calls, Params
from trading.exchange.kalshi.pages import from_time, given, page_of
from trading.exchange.kalshi.ratelimit import BucketSize, Grant, Limits

T = TypeVar("T")

_read_orders = wire.reader(wire.OrdersPage)
_read_order = wire.reader(wire.OneOrder)
_read_fills = wire.reader(wire.FillsPage)
_read_positions = wire.reader(wire.PositionsPage)
_read_settlements = wire.reader(wire.SettlementsPage)
_read_balance = wire.reader(wire.BalanceWire)
_read_as_of = wire.reader(wire.AsOfWire)
_read_limits = wire.reader(wire.LimitsWire)


order_rows = page_of(_read_orders, lambda page: map(codec.order_report, page.orders))
fill_rows = page_of(_read_fills, lambda page: map(codec.fill, page.fills))
position_rows = page_of(_read_positions, lambda page: map(codec.position, page.market_positions))
settlement_rows = page_of(_read_settlements, lambda page: map(codec.settlement, page.settlements))


def _limits(body: bytes) -> Limits:
    answer = _read_limits(body)
    sizes = [BucketSize(bucket.refill_rate, bucket.bucket_capacity) for bucket in (answer.read, answer.write)]
    if any(size.refill_per_second <= 0 or size.capacity <= 0 for size in sizes):
        raise ValueError("a budget of nothing")
    return Limits(sizes[0], sizes[1], answer.usage_tier or "", tuple(map(_grant, answer.grants or ())))


def _grant(grant: wire.GrantWire) -> Grant:
    ends = None if grant.expires_ts is None else codec.timestamp(grant.expires_ts)
    return Grant(grant.exchange_instance, grant.level, grant.source, ends)


class AccountReads:
    """The signed reads, over `calls`, of one subaccount. Raises Unavailable, Paused, Unauthorized."""

    def __init__(self, calls: Calls, subaccount: int) -> None:
        self._calls, self._subaccount = calls, subaccount

    async def orders(self, status: str, ticker: str, since: datetime | None) -> list[OrderReport]:
        params = {**given(status=status, ticker=ticker), **from_time(since)}
        return await self._list("/portfolio/orders", order_rows, params)

    async def order(self, order_id: str) -> OrderReport:
        """One order. Raises NotFound too."""
        self._calls.require_key("the order")
        path = f"/portfolio/orders/{quoted(order_id, safe='')}"
        return await self._calls.read(path, lambda body: codec.order_report(_read_order(body).order))

    async def fills(self, since: datetime | None, ticker: str, order_id: str) -> list[Fill]:
        """Oldest first (the exchange lists the newest first)."""
        params = {**given(ticker=ticker, order_id=order_id), **from_time(since)}
        rows = await self._list("/portfolio/fills", fill_rows, params)
        rows.reverse()
        return sorted(rows, key=lambda fill: fill.at)

    async def positions(self) -> list[Position]:
        """Markets in which contracts are held, not yet settled."""
        rows = await self._list("/portfolio/positions", position_rows, {"count_filter": "position"})
        return [row for row in rows if row.contracts]

    async def settlements(self, since: datetime | None, ticker: str) -> list[Settlement]:
        """Oldest first."""
        rows = await self._list("/portfolio/settlements", settlement_rows, {**given(ticker=ticker), **from_time(since)})
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
