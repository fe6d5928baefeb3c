"""Doubles for the engine's ports: a store in memory, an exchange that does what it is told, a feed of given prices."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from trading.domain.errors import NotFound, Unavailable
from trading.domain.events import Event
from trading.domain.market import Market, Quote, Tick
from trading.domain.news import News, StreamHealth
from trading.domain.order import (
    Balance,
    ExchangeStatus,
    Fill,
    Order,
    OrderReport,
    OrderStatus,
    Placed,
    Position,
    Settlement,
)
from trading.domain.records import Notice, Put, Record, Severity
from trading.domain.state import State
from trading.ports import Clock
from trading.risk.gate import Ticket


class MemoryStore:
    """ports.Store without a disk; `fail` is raised by the next commits while it is set."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Record]] = {}
        self.commits: list[tuple[Put, ...]] = []
        self.fail: Exception | None = None

    def commit(self, puts: Sequence[Put]) -> None:
        if self.fail:
            raise self.fail
        self.commits.append(tuple(puts))
        for put in puts:
            table = self.rows.setdefault(put.table, {})
            if put.record is None:
                table.pop(put.key, None)
            else:
                table[put.key] = put.record

    def get(self, table: str, key: str) -> Record | None:
        return self.rows.get(table, {}).get(key)

    def select(self, table: str, **equals: object) -> list[Record]:
        rows = self.rows.get(table, {}).values()
        return [r for r in rows if all(getattr(r, name) == value for name, value in equals.items())]

    def tail(self, table: str, count: int) -> list[Record]:
        return list(self.rows.get(table, {}).values())[-count:] if count > 0 else []

    def latest(self, table: str) -> Iterator[Record]:
        return reversed(list(self.rows.get(table, {}).values()))

    def count(self, table: str) -> int:
        return len(self.rows.get(table, {}))

    def archived(self, table: str) -> list[Record]:
        return []

    def archives(self, table: str) -> Iterator[Record]:
        return iter(self.archived(table))

    def latest_archived(self, table: str) -> Iterator[Record]:
        return reversed(self.archived(table))

    def close(self) -> None:
        pass


def plain_notices(event: Event, before: State, after: State) -> list[Notice]:
    """One notice an event, named after it."""
    return [Notice(0, type(event).__name__, Severity.INFO, event.at, type(event).__name__)]


@dataclass
class ScriptedExchange:
    """ports.Exchange that keeps a list of orders; `on_place` says what the next placings do.

    "rest", "fill" and "kill" acknowledge; an exception is raised, after the order landed when `lands` is set.
    """

    clock: Clock
    on_place: list[str | Exception] = field(default_factory=list)
    lands: bool = True
    listed: dict[str, OrderReport] = field(default_factory=dict)
    executions: list[Fill] = field(default_factory=list)
    held: list[Position] = field(default_factory=list)
    paid: list[Settlement] = field(default_factory=list)
    known: dict[str, Market] = field(default_factory=dict)
    quotes: dict[str, Quote] = field(default_factory=dict)
    cancel_error: Exception | None = None
    down: Exception | None = None
    calls: list[str] = field(default_factory=list)
    trading_active: bool = True
    during_place: Any = None  # an async callable that runs while the order is on its way

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.down:
            raise self.down

    async def place(self, ticket: Ticket) -> Placed:
        self.calls.append("place")
        order, act = ticket.order, self.on_place.pop(0) if self.on_place else "rest"
        if self.during_place:
            await self.during_place()
        if isinstance(act, str) or self.lands:
            self.land(order, act if isinstance(act, str) else "rest")
        if isinstance(act, Exception):
            raise act
        report = self.listed[f"x-{order.client_order_id}"]
        return Placed(report.order_id, report.filled, report.remaining, self.clock.now())

    def land(self, order: Order, act: str) -> None:
        statuses = {"rest": OrderStatus.RESTING, "fill": OrderStatus.EXECUTED, "kill": OrderStatus.CANCELED}
        filled = order.count if act == "fill" else Decimal(0)
        report = OrderReport(
            order_id=f"x-{order.client_order_id}",
            client_order_id=order.client_order_id,
            ticker=order.ticker,
            side=order.side,
            price=order.price,
            status=statuses[act],
            filled=filled,
            remaining=order.count - filled if act == "rest" else Decimal(0),
            initial=order.count,
            created_at=self.clock.now(),
        )
        self.listed[report.order_id] = report
        if act == "fill":
            self.execute(report.order_id, order.count)

    def execute(self, order_id: str, count: Decimal, key: str = "") -> None:
        of = self.listed[order_id]
        number = key or f"f{len(self.executions)}"
        self.executions.append(
            Fill(
                number, order_id, of.ticker, of.side, of.price, count, Decimal("0.0175") * count, True, self.clock.now()
            )
        )

    async def cancel(self, order: Order) -> Decimal:
        self._called("cancel")
        if self.cancel_error:
            raise self.cancel_error
        report = self.listed.get(order.order_id)
        if report is None or report.status is not OrderStatus.RESTING:
            raise NotFound(order.order_id)
        self.listed[order.order_id] = replace(report, status=OrderStatus.CANCELED, remaining=Decimal(0))
        return report.remaining

    async def cancel_all(self) -> None:
        self._called("cancel_all")
        if self.cancel_error:
            raise self.cancel_error
        for key, report in self.listed.items():
            if report.status is OrderStatus.RESTING:
                self.listed[key] = replace(report, status=OrderStatus.CANCELED, remaining=Decimal(0))

    async def orders(self, *, status: str = "", ticker: str = "", since: datetime | None = None) -> list[OrderReport]:
        self._called("orders")
        return [r for r in self.listed.values() if status in ("", r.status) and ticker in ("", r.ticker)]

    async def order(self, order_id: str) -> OrderReport:
        self._called("order")
        if order_id not in self.listed:
            raise NotFound(order_id)
        return self.listed[order_id]

    async def fills(self, *, since: datetime | None = None, ticker: str = "", order_id: str = "") -> list[Fill]:
        self._called("fills")
        return [f for f in self.executions if ticker in ("", f.ticker) and order_id in ("", f.order_id)]

    async def positions(self) -> list[Position]:
        self._called("positions")
        return self.held

    async def settlements(self, *, since: datetime | None = None, ticker: str = "") -> list[Settlement]:
        self._called("settlements")
        return self.paid

    async def balance(self) -> Balance:
        self._called("balance")
        return Balance(Decimal(1000), {2: Decimal(1000)})

    async def as_of(self) -> datetime:
        return self.clock.now()

    async def markets(self, *, tickers: Sequence[str] = (), **filters: Any) -> list[Market]:
        self._called("markets")
        return [m for m in self.known.values() if not tickers or m.ticker in tickers]

    async def quote(self, ticker: str) -> Quote:
        self._called("quote")
        return self.quotes.get(ticker) or Quote(ticker, self.clock.now(), None, None)

    async def status(self, exchange_index: int) -> ExchangeStatus:
        return ExchangeStatus(True, self.trading_active)


@dataclass
class GivenFeed:
    """ports.Feed of the price it was given last."""

    clock: Clock
    price: Decimal | None = None

    async def read(self) -> Tick:
        if self.price is None:
            raise Unavailable("no venue answers")
        return Tick("BRTI", self.price, self.clock.now())


class GivenStream:
    """ports.Stream that tells what it was given; `quotes` and `ticks` are empty while it is not trusted."""

    def __init__(self) -> None:
        self.quotes: dict[str, Quote] = {}
        self.ticks: dict[str, Tick] = {}
        self.followed: tuple[str, ...] = ()
        self.queue: asyncio.Queue[News] = asyncio.Queue()
        self.health = StreamHealth(True)

    def follow(self, tickers: Collection[str]) -> None:
        self.followed = tuple(tickers)

    def quote(self, ticker: str) -> Quote | None:
        return self.quotes.get(ticker)

    def tick(self, index_id: str) -> Tick | None:
        return self.ticks.get(index_id)

    async def news(self) -> News:
        return await self.queue.get()
