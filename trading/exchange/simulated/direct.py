"""The venue without HTTP, as the engine's Exchange and Feed: for replay, simulation and tests.

Refusals become the same errors that the live adapter raises (`trading.domain.errors`); faults, where some are given,
hit it as they hit the wire. Requests are not billed: token buckets belong to the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from trading.domain.errors import NotFound, Paused, Rejected, Unauthorized, Unavailable, Unresolved
from trading.domain.market import Market, MarketStatus, Quote, Tick
from trading.domain.money import ZERO
from trading.domain.order import (
    Balance,
    ExchangeStatus,
    Fill,
    Mode,
    Order,
    OrderReport,
    Placed,
    Position,
    Settlement,
)
from trading.exchange.simulated.conversion import to_fill, to_level, to_market, to_report, to_settlement, to_wish
from trading.exchange.simulated.faults import LATE_SECONDS, Fault, Faults
from trading.exchange.simulated.listing import MarketFilter
from trading.exchange.simulated.refusals import VenueError, too_many_requests
from trading.exchange.simulated.units import contracts
from trading.exchange.simulated.venue import Venue
from trading.exchange.simulated.windows import Window, status_at
from trading.risk.gate import Ticket

STATUS_FILTERS: dict[str, str] = {  # the object's word -> the filter's
    MarketStatus.INITIALIZED: "unopened",
    MarketStatus.ACTIVE: "open",
    MarketStatus.CLOSED: "closed",
    MarketStatus.DETERMINED: "closed",
    MarketStatus.FINALIZED: "settled",
}
PAUSED_CODES = frozenset({"trading_is_paused", "exchange_is_paused"})
EXISTS_CODE = "order_already_exists"
ORDERS, EVENT_ORDERS = "/portfolio/orders", "/portfolio/events/orders"
_T = TypeVar("_T")


class DirectExchange:
    """`trading.ports.Exchange` on a venue in the same process. Faults are ordered by the paths of the wire."""

    def __init__(self, venue: Venue, faults: Faults | None = None) -> None:
        self._venue = venue
        self._line = _Line(venue, faults)

    async def markets(
        self,
        *,
        series: str = "",
        tickers: Sequence[str] = (),
        closes_after: datetime | None = None,
        closes_before: datetime | None = None,
        status: str = "",
    ) -> list[Market]:
        wanted = MarketFilter(
            series=series,
            tickers=tuple(tickers),
            status=STATUS_FILTERS.get(status, status),
            closes_after=closes_after,
            closes_before=closes_before,
        )
        return self._line.read("/markets", lambda: [self._market(w) for w in self._venue.windows(wanted)])

    async def quote(self, ticker: str) -> Quote:
        book = self._line.read(f"/markets/{ticker}/orderbook", lambda: self._venue.shown(ticker))
        bid = to_level(book.bids[0]) if book.bids else None
        ask = to_level(book.asks[0]) if book.asks else None
        return Quote(ticker, self._venue.now, bid, ask)

    async def status(self, exchange_index: int) -> ExchangeStatus:
        return self._line.read("/exchange/status", self._venue.exchange_status)

    async def place(self, ticket: Ticket) -> Placed:
        wish = to_wish(ticket.order)
        try:
            held = self._line.carry("POST", EVENT_ORDERS, lambda: self._venue.create(wish))
        except VenueError as refusal:
            if refusal.code == EXISTS_CODE:  # it got in before: what became of it has to be looked up
                raise Unresolved(f"{wish.client_order_id}: {refusal.code}") from refusal
            said = f"{refusal.message} ({refusal.details})" if refusal.details else refusal.message
            raise Rejected(refusal.code, said, refusal.http_status) from refusal
        except _Lost as lost:
            raise Unresolved(f"no answer to {wish.client_order_id}: {lost}") from lost
        return Placed(held.order_id, contracts(held.filled), contracts(held.remaining), self._venue.now)

    async def cancel(self, order: Order) -> Decimal:
        path = f"{EVENT_ORDERS}/{order.order_id}"
        return self._line.write("DELETE", path, lambda: self._venue.cancel(order.order_id, order.exchange_index)[1])

    async def cancel_all(self) -> None:
        self._line.write("DELETE", EVENT_ORDERS, self._venue.cancel_all)

    async def orders(self, *, status: str = "", ticker: str = "", since: datetime | None = None) -> list[OrderReport]:
        self._line.read(ORDERS, self._venue.sync)
        account = self._venue.account
        if status == "resting":
            found = [o for held in account.resting.values() for o in held.values()]
        else:
            found = list(account.orders.values())
        return [
            to_report(o)
            for o in found
            if status in ("", o.status) and ticker in ("", o.ticker) and (since is None or o.created_at >= since)
        ]

    async def order(self, order_id: str) -> OrderReport:
        return to_report(self._line.read(f"{ORDERS}/{order_id}", lambda: self._venue.order(order_id)))

    async def fills(self, *, since: datetime | None = None, ticker: str = "", order_id: str = "") -> list[Fill]:
        self._line.read("/portfolio/fills", self._venue.sync)
        return [
            to_fill(f)
            for f in _since(self._venue.account.fills, since, lambda f: f.at)
            if ticker in ("", f.ticker) and order_id in ("", f.order_id)
        ]

    async def positions(self) -> list[Position]:
        self._line.read("/portfolio/positions", self._venue.sync)
        held = self._venue.account.holdings.values()
        return [Position(Mode.REAL, h.ticker, contracts(h.contracts)) for h in held if h.contracts]

    async def settlements(self, *, since: datetime | None = None, ticker: str = "") -> list[Settlement]:
        self._line.read("/portfolio/settlements", self._venue.sync)
        found = _since(self._venue.account.settlements, since, lambda s: s.settled_at)
        return [to_settlement(s) for s in found if ticker in ("", s.ticker)]

    async def balance(self) -> Balance:
        self._line.read("/portfolio/balance", self._venue.sync)
        account = self._venue.account
        shards = {shard: account.available(shard) for shard in sorted(account.cash)}
        return Balance(sum(shards.values(), ZERO), shards, self._venue.portfolio_value())

    async def as_of(self) -> datetime:
        return self._line.read("/exchange/user_data_timestamp", self._venue.sync)

    def _market(self, window: Window) -> Market:
        world, now, verdict = self._venue.world, self._venue.now, self._venue.verdict(window)
        strike, grid, fees = world.strike(window, now), world.grids.of(window, now), world.fees.of(window, now)
        status = status_at(window, verdict, now)
        return to_market(window, status, strike, verdict, grid, fees.fee_type, fees.fee_multiplier)


class DirectFeed:
    """`trading.ports.Feed` of one index of the venue's world; without a name, of its first series."""

    def __init__(self, venue: Venue, index_id: str = "", faults: Faults | None = None) -> None:
        self._venue = venue
        self._index_id = index_id or venue.world.series[0].index_id
        self._line = _Line(venue, faults)

    async def read(self) -> Tick:
        return self._line.read("/cfbenchmarks/values", lambda: self._venue.spot(self._index_id))


class _Lost(Exception):
    """The connection broke: the caller knows nothing."""


class _Line:
    """What lies between a caller and the venue: nothing, or faults."""

    def __init__(self, venue: Venue, faults: Faults | None) -> None:
        self._venue, self._faults = venue, faults

    def read(self, path: str, act: Callable[[], _T]) -> _T:
        """Do it, with refusals as the port's errors."""
        return self.write("GET", path, act)

    def write(self, method: str, path: str, act: Callable[[], _T]) -> _T:
        """The same for what changes something. A market that takes no orders any more has none."""
        try:
            return self.carry(method, path, act)
        except _Lost as lost:
            raise Unavailable(f"{method} {path}: {lost}") from lost
        except VenueError as refusal:
            if refusal.code in PAUSED_CODES:
                raise Paused(refusal.message) from refusal
            if refusal.http_status == 404 or refusal.code == "MARKET_INACTIVE":
                raise NotFound(refusal.message) from refusal
            if refusal.http_status in (401, 403):
                raise Unauthorized(refusal.message) from refusal
            raise Unavailable(str(refusal)) from refusal

    def carry(self, method: str, path: str, act: Callable[[], _T]) -> _T:
        """Do it, or what a fault makes of it. Raises VenueError and _Lost."""
        fault = self._faults.choose(method, path, _kind(path)) if self._faults else None
        if fault in (None, Fault.DELAYED, Fault.SLOW):
            return act()
        if fault is Fault.LIMITED:
            raise too_many_requests()
        if fault is Fault.TWICE:
            self._silently(act)
            return act()
        if fault is Fault.LOST_LATE:
            self._venue.later(LATE_SECONDS, lambda: self._silently(act))
        elif fault not in (Fault.REFUSED, Fault.LOST_BEFORE):
            self._silently(act)
        raise _Lost(fault)

    def _silently(self, act: Callable[[], object]) -> None:
        """Nobody hears the answer, a refusal neither."""
        with suppress(VenueError):
            act()


def _kind(path: str) -> str:
    """The path with the ids left out, so that faults are drawn by kind."""
    return "/".join(part for part in path.split("/") if part.isalpha() and part.islower())


def _since(records: Sequence[_T], since: datetime | None, at: Callable[[_T], datetime]) -> list[_T]:
    """The records not older than `since`, oldest first; they are kept in order of time, so it looks from the end."""
    if since is None:
        return list(records)
    first = len(records)
    while first and at(records[first - 1]) >= since:
        first -= 1
    return list(records[first:])
