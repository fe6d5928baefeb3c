"""The channels of the stream, and how each is subscribed to on one connection.

Source: the table of channels of the exchange's WebSocket pages, autumn 2026.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from trading.clock import monotonic
from trading.exchange.kalshi.stream_books import SubscribedBooks
from trading.exchange.kalshi.stream_commands import Value
from trading.exchange.kalshi.stream_patience import Pauses
from trading.exchange.kalshi.stream_sequence import Sequence as Numbers
from trading.exchange.kalshi.stream_sequence import Step

BOOKS, INDICES = "orderbook_delta", "cfbenchmarks_value"
BY_MARKET = frozenset({BOOKS, "ticker", "trade"})  # subscribed to for the followed markets only
ENGINE_CHANNELS = (
    "fill",
    "user_orders",
    "order_group_updates",
    "market_lifecycle_v2",
    BOOKS,
    INDICES,
)


@dataclass(slots=True, eq=False)
class Subscription:
    """One channel of one connection. `sid` 0: not subscribed now; `books` of the channel that tells them."""

    channel: str
    pauses: Pauses
    index_ids: Sequence[str] = ()
    books: SubscribedBooks | None = None
    sid: int = 0
    numbers: Numbers = field(default_factory=Numbers)
    tickers: set[str] = field(default_factory=set)  # asked for, of a channel by market
    unknown: set[str] = field(default_factory=set)  # markets that the exchange has refused
    refused: str = ""  # why there is no such channel for us, on this connection
    retry_at: float = 0.0  # of real time: nothing is asked before
    began_at: float = 0.0

    @property
    def by_market(self) -> bool:
        return self.channel in BY_MARKET

    @property
    def tells_news(self) -> bool:
        """Whether something may be missed while it is away."""
        return not self.by_market and self.channel != INDICES

    def wanted(self, followed: frozenset[str]) -> set[str]:
        """The markets to be subscribed to; one that is not followed any more may be asked for again later."""
        self.unknown &= followed
        return set(followed - self.unknown)

    def params(self) -> dict[str, Value]:
        """What `subscribe` is given."""
        found: dict[str, Value] = {"channels": [self.channel]}
        if self.by_market:
            found["market_tickers"] = sorted(self.tickers)
        if self.channel == BOOKS:
            found["use_yes_price"] = False  # the NO side in NO prices, as over REST; the default is to change
        if self.channel == "ticker":
            found["send_initial_snapshot"] = True
        if self.channel == INDICES:
            found["index_ids"] = list(self.index_ids)
        return found

    def begin(self, sid: int) -> None:
        """The exchange has subscribed us; it numbers its messages from 1."""
        self.sid, self.began_at, self.numbers = sid, monotonic(), Numbers()
        if self.books:
            self.books.restart()

    def end(self) -> None:
        """There is no subscription any more."""
        self.sid = 0
        self.forget(set(self.tickers))

    def expect(self, tickers: set[str]) -> None:
        """The exchange is being asked for these markets."""
        self.tickers |= tickers
        if self.books:
            self.books.expect(tickers)

    def forget(self, tickers: set[str]) -> None:
        """These markets are not subscribed to any more."""
        self.tickers -= tickers
        if self.books:
            self.books.forget(tickers)

    def admit(self, number: int) -> Step:
        """Take the number of a message."""
        return self.books.admit(number) if self.books else self.numbers.take(number)

    def postpone(self) -> None:
        """Something failed: let some time pass before anything is asked again."""
        now = monotonic()
        self.retry_at = now + self.pauses.after(now - self.began_at if self.sid else 0.0)
