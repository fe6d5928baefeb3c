"""The seams: what the engine needs of the world, as Protocols. Nothing here does anything.

Times are aware UTC datetimes from the Clock; money is Decimal dollars; every method's errors are named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from trading.domain.account_records import CashFlow, OrderGroup
from trading.domain.events import Event
from trading.domain.intent import Headline
from trading.domain.intent_line import Line
from trading.domain.market import Market, Quote, Tick
from trading.domain.news import News, StreamHealth
from trading.domain.order import Balance, ExchangeStatus, Fill, Order, OrderReport, Placed, Position, Settlement
from trading.domain.records import Notice, Put, Record
from trading.domain.reference import Event as ListedEvent
from trading.domain.reference import FeeChange, Series
from trading.domain.state import State
from trading.domain.venue import VenueBook
from trading.risk.gate import Ticket


class Clock(Protocol):
    """The only source of time for the engine, the exchanges and every timeout of theirs."""

    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None:
        """Wait this many of the clock's own seconds."""


class MarketData(Protocol):
    """What anybody may read of an exchange. Raises Unavailable (or Paused, Unauthorized)."""

    async def markets(
        self,
        *,
        series: str = "",
        tickers: Sequence[str] = (),
        closes_after: datetime | None = None,
        closes_before: datetime | None = None,
        status: str = "",
    ) -> list[Market]:
        """Markets that match every filter given; the bounds of `close_time` are inclusive; all pages."""

    async def quote(self, ticker: str) -> Quote:
        """The touch, read from the order book just now; an unknown ticker has an empty one."""

    async def status(self, exchange_index: int) -> ExchangeStatus: ...


class FeeListings(Protocol):
    """Where fee terms are told. Raises Unavailable, Unauthorized; NotFound for what is not listed."""

    async def series(self, ticker: str) -> Series: ...

    async def event(self, ticker: str) -> ListedEvent: ...

    async def series_fee_changes(self, series: str = "") -> list[FeeChange]:
        """Those to come, of one series or of all."""

    async def event_fee_changes(self, event: str = "") -> list[FeeChange]:
        """Those of one event's overrides, or of all."""


class Exchange(MarketData, Protocol):
    """An exchange that takes orders: Kalshi over HTTP, the paper model, or a simulated one."""

    async def place(self, ticket: Ticket) -> Placed:
        """Send the ticket's order once. Raises Rejected, Unresolved, or nothing else."""

    async def cancel(self, order: Order) -> Decimal:
        """Cancel by id; the contracts taken off. Raises NotFound, Unavailable (Paused)."""

    async def cancel_all(self) -> None:
        """Cancel every order on the account, foreign ones too. Raises Unavailable (Paused)."""

    async def orders(self, *, status: str = "", ticker: str = "", since: datetime | None = None) -> list[OrderReport]:
        """The exchange's own list, all pages; `status` is resting, canceled or executed."""

    async def order(self, order_id: str) -> OrderReport:
        """One order. Raises NotFound, Unavailable."""

    async def fills(self, *, since: datetime | None = None, ticker: str = "", order_id: str = "") -> list[Fill]:
        """Fills, oldest first, all pages; ours and foreign alike."""

    async def positions(self) -> list[Position]: ...

    async def settlements(self, *, since: datetime | None = None, ticker: str = "") -> list[Settlement]: ...

    async def balance(self) -> Balance: ...

    async def as_of(self) -> datetime:
        """How fresh the exchange's answers about our orders and fills are."""


class CashFlows(Protocol):
    """What came into the account and went out of it. Raises Unavailable, Unauthorized, NotFound."""

    async def deposits(self) -> list[CashFlow]:
        """All that the exchange lists, whatever has become of them."""

    async def withdrawals(self) -> list[CashFlow]: ...


class OrderGroups(Protocol):
    """Order groups of the account. Raises Unavailable, Unauthorized; what changes one also Rejected, Unresolved."""

    async def create(self, contracts_limit: Decimal, exchange_index: int) -> str:
        """A new group for so many contracts in 15 seconds; its id."""

    async def get(self, group_id: str) -> OrderGroup:
        """Raises NotFound."""

    async def reset(self, group_id: str, exchange_index: int) -> None:
        """Let a triggered group take orders again."""

    async def set_limit(self, group_id: str, contracts_limit: Decimal, exchange_index: int) -> None: ...


class Stream(Protocol):
    """What the exchange tells by itself. Nothing here waits for the network but `news`; None always means: ask."""

    def follow(self, tickers: Collection[str]) -> None:
        """Keep the order books of exactly these markets from now on."""

    def quote(self, ticker: str) -> Quote | None:
        """The touch of the local order book, seen at the connection's last proof of life; None where it cannot be
        trusted now: not followed, no snapshot yet, a gap, a silent connection."""

    def tick(self, index_id: str) -> Tick | None:
        """The newest value of an index; None where the connection is silent or the index is not told."""

    async def news(self) -> News:
        """The next piece of news; waits for it."""

    @property
    def health(self) -> StreamHealth: ...


class Feed(Protocol):
    """Spot prices of one index."""

    async def read(self) -> Tick:
        """The newest price. Raises Unavailable when no venue answers."""


class VenueBooks(Protocol):
    """Order books of another venue, to look at only."""

    async def book(self, token: str) -> VenueBook:
        """The touch of one outcome token now. Raises NotFound, Unavailable."""


class HeadlineFeed(Protocol):
    """News about markets, from memory: nothing here waits."""

    def about(self, ticker: str) -> tuple[Headline, ...]:
        """What was said lately that a rule holds to be about this market, oldest first, each under its ticker."""


class IntentLog(Protocol):
    """Where the wishes of the strategies are kept, for research."""

    def __call__(self, lines: Sequence[Line]) -> None:
        """Take them; never waits and never raises."""


class Store(Protocol):
    """Rows by table and key. One commit is one atomic, durable change of all tables."""

    def commit(self, puts: Sequence[Put]) -> None:
        """All of it or nothing, on disk when it returns. Raises StoreFailed, after which every commit does."""

    def get(self, table: str, key: str) -> Record | None: ...

    def select(self, table: str, **equals: object) -> list[Record]:
        """Rows whose fields equal these, in the order in which their keys were first put."""

    def tail(self, table: str, count: int) -> list[Record]:
        """The rows put in last, oldest first; at most `count`."""

    def latest(self, table: str) -> Iterator[Record]:
        """The rows as they are now, the one put in last first; each is decoded when it is looked at, which may be in
        another thread."""

    def count(self, table: str) -> int: ...

    def archived(self, table: str) -> list[Record]:
        """Rows that have left the table for the archives, in the order in which they began; reads files. Raises
        StoreRefused."""

    def archives(self, table: str) -> Iterator[Record]:
        """The same one by one in no order, so that they need not all stand in memory at once."""

    def latest_archived(self, table: str) -> Iterator[Record]:
        """The same, the one that began last first; files are read as far back as somebody goes."""

    def close(self) -> None: ...


class NoticeSource(Protocol):
    """Turns an event into what people are told (and how it reads), channel-neutral. Pure."""

    def __call__(self, event: Event, before: State, after: State) -> Sequence[Notice]:
        """Notices with seq 0; the book numbers them."""
