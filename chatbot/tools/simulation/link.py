"""The bot's connection to the exchange: latency, faults, stale reads, and the moment at which its process may die.

Behind it is the venue in this process, which survives every crash of the bot.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Protocol, TypeVar

from chatbot.tools.simulation.disk import Power
from chatbot.tools.simulation.scenario import Scenario
from trading.domain.errors import Rejected, Unauthorized, Unavailable, Unresolved
from trading.domain.market import Market, Quote, Tick
from trading.domain.order import Balance, ExchangeStatus, Fill, Order, OrderReport, Placed, Position, Settlement
from trading.exchange.simulated.chance import stream
from trading.exchange.simulated.direct import EVENT_ORDERS, DirectExchange, DirectFeed
from trading.exchange.simulated.faults import Fault, Faults
from trading.exchange.simulated.spells import Spells
from trading.exchange.simulated.stale import StaleReads
from trading.exchange.simulated.venue import Venue
from trading.ports import Clock
from trading.risk.gate import Ticket

HANG_SECONDS = (4.0, 14.0)  # of one way, where a request hangs: on both sides of a kill's patience
_T = TypeVar("_T")


class Listener(Protocol):
    """Who is told of orders on their way."""

    def sending(self, order: Order) -> None: ...

    def refused(self, order: Order) -> None: ...

    def placed(self, order: Order) -> None: ...

    def canceling(self, order: Order) -> None: ...


class _Counted(Faults):
    """Faults that are counted, and floods of 429 beside them."""

    def __init__(self, scenario: Scenario, venue: Venue, counts: Counter[str]) -> None:
        super().__init__(scenario.shares, scenario.seed)
        self._floods, self._venue, self._counts = Spells(scenario.flooded, scenario.seed, "flood"), venue, counts

    def choose(self, method: str, path: str, route: str) -> Fault | None:
        fault = super().choose(method, path, route)
        if self._floods.on(self._venue.now):
            fault = Fault.LIMITED
        if fault:
            self._counts[fault] += 1
        return fault


class Weather:
    """What lies between bot and exchange, over all crashes. `troubles` counts requests that the bot saw fail."""

    def __init__(self, scenario: Scenario, venue: Venue, counts: Counter[str]) -> None:
        self._scenario, self.venue, self._counts = scenario, venue, counts
        self._faults: Faults | None = _Counted(scenario, venue, counts)
        self._stale = StaleReads(venue, scenario.stale, scenario.seed)
        self._random = stream(scenario.seed, "latency")
        self._calm = False
        self.troubles = 0
        self.linger = 0.0  # seconds that the next request takes on its way

    def calm(self) -> None:
        """From now on nothing goes wrong here."""
        self._calm, self._faults = True, None

    def exchange(self, method: str, path: str) -> DirectExchange:
        """The exchange as a request of that kind meets it."""
        if self._calm:
            return DirectExchange(self.venue)
        seen = self._stale.seen(method, path)
        if seen is not self.venue:
            self.troubles += 1
            self._counts["stale"] += 1
        return DirectExchange(seen, self._faults)

    def lose_next_order(self) -> None:
        """The order that is about to leave gets there late, and its answer never."""
        if self._faults:
            self._faults.next("POST", EVENT_ORDERS, Fault.LOST_LATE)

    @property
    def feed(self) -> DirectFeed:
        return DirectFeed(self.venue, faults=self._faults)

    async def way(self) -> None:
        """The time that a request or its answer takes."""
        if self._calm:
            return
        linger, self.linger = self.linger, 0.0
        if linger:
            await asyncio.sleep(linger)
        elif self._random.random() < self._scenario.hanging:
            self._counts["hanging_way"] += 1
            await asyncio.sleep(self._random.uniform(*HANG_SECONDS))
        elif self._scenario.latency_seconds:
            await asyncio.sleep(self._random.expovariate(1 / self._scenario.latency_seconds))
        else:
            await asyncio.sleep(0)


class Link:
    """`trading.ports.Exchange` and `Feed` as one process of the bot sees them; quotes are dated by its own clock."""

    def __init__(self, weather: Weather, power: Power, clock: Clock, listener: Listener) -> None:
        self._weather, self._power, self._clock, self._listener = weather, power, clock, listener

    async def place(self, ticket: Ticket) -> Placed:
        self._listener.sending(ticket.order)
        try:
            placed = await self._asked("POST", EVENT_ORDERS, partial(DirectExchange.place, ticket=ticket))
        except Rejected:
            self._listener.refused(ticket.order)
            raise
        self._listener.placed(ticket.order)
        return placed

    async def cancel(self, order: Order) -> Decimal:
        self._listener.canceling(order)
        return await self._asked("DELETE", EVENT_ORDERS, lambda e: e.cancel(order))

    async def cancel_all(self) -> None:
        await self._asked("DELETE", EVENT_ORDERS, lambda e: e.cancel_all())

    async def orders(self, *, status: str = "", ticker: str = "", since: datetime | None = None) -> list[OrderReport]:
        return await self._read("/portfolio/orders", lambda e: e.orders(status=status, ticker=ticker, since=since))

    async def order(self, order_id: str) -> OrderReport:
        return await self._read("/portfolio/orders/{order_id}", lambda e: e.order(order_id))

    async def fills(self, *, since: datetime | None = None, ticker: str = "", order_id: str = "") -> list[Fill]:
        return await self._read("/portfolio/fills", lambda e: e.fills(since=since, ticker=ticker, order_id=order_id))

    async def positions(self) -> list[Position]:
        return await self._read("/portfolio/positions", lambda e: e.positions())

    async def settlements(self, *, since: datetime | None = None, ticker: str = "") -> list[Settlement]:
        return await self._read("/portfolio/settlements", lambda e: e.settlements(since=since, ticker=ticker))

    async def balance(self) -> Balance:
        return await self._read("/portfolio/balance", lambda e: e.balance())

    async def as_of(self) -> datetime:
        return await self._read("/exchange/user_data_timestamp", lambda e: e.as_of())

    async def markets(self, **wanted: Any) -> list[Market]:
        return await self._read("/markets", lambda e: e.markets(**wanted))

    async def quote(self, ticker: str) -> Quote:
        quote = await self._read("/markets/{ticker}/orderbook", lambda e: e.quote(ticker))
        return replace(quote, seen_at=self._clock.now())

    async def status(self, exchange_index: int) -> ExchangeStatus:
        return await self._read("/exchange/status", lambda e: e.status(exchange_index))

    async def read(self) -> Tick:
        """The index, dated by the bot's clock."""
        tick = await self._read("", lambda e: self._weather.feed.read())
        return replace(tick, seen_at=self._clock.now())

    async def _read(self, path: str, ask: Callable[[DirectExchange], Awaitable[_T]]) -> _T:
        return await self._asked("GET", path, ask)

    async def _asked(self, method: str, path: str, ask: Callable[[DirectExchange], Awaitable[_T]]) -> _T:
        self._power.step()
        await self._weather.way()
        self._power.step()
        try:
            return await ask(self._weather.exchange(method, path))
        except (Unavailable, Unauthorized, Unresolved):
            self._weather.troubles += 1
            raise
        finally:
            await self._weather.way()
            self._power.step()
