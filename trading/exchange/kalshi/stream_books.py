"""All order books of one subscription: which of them can be trusted, and which the exchange must show again.

Messages are numbered for all markets together, so that after a hole no book can be trusted until its snapshot has
come; so it is with one book after a change that cannot be (a count below zero), and while bid and ask cross. Nothing
here waits or talks. Source: the exchange's WebSocket pages, autumn 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from trading.domain.market import Outcome
from trading.exchange.kalshi.orderbook import Levels, OrderBook, Touch
from trading.exchange.kalshi.stream_sequence import Sequence, Step

DOUBLINGS_MAX = 16  # of the pause between two requests: far beyond its longest


@dataclass(frozen=True, slots=True)
class BookPatience:
    """How long a book may be wrong, in seconds of real time."""

    ask_seconds: float = 0.5  # from one request for a snapshot to the next; doubles
    ask_seconds_max: float = 30.0
    recover_seconds: float = 3.0  # without a single trusted book, until the subscription is given up
    crossed_seconds: float = 0.5  # crossed from one look to the next: between two messages a book may be


@dataclass(slots=True)
class _Followed:
    """`ask_at`: when to ask for a snapshot if none has come by then; `asked`: how often, since the last one came."""

    lost_at: float
    ask_at: float
    book: OrderBook = field(default_factory=OrderBook)
    trusted: bool = False
    asked: int = 0
    crossed_at: float | None = None


class SubscribedBooks:
    """The books of the markets that are expected, and of no others. `now` tells seconds of real time."""

    def __init__(self, now: Callable[[], float], patience: BookPatience | None = None) -> None:
        self._now, self._patience = now, patience or BookPatience()
        self._sequence = Sequence()
        self._followed: dict[str, _Followed] = {}

    def expect(self, tickers: Iterable[str]) -> None:
        """The exchange is being asked to follow these, and will show them by itself."""
        now = self._now()
        for ticker in tickers:
            self._followed[ticker] = _Followed(lost_at=now, ask_at=now + self._patience.ask_seconds)

    def forget(self, tickers: Iterable[str]) -> None:
        for ticker in tickers:
            self._followed.pop(ticker, None)

    def restart(self) -> None:
        """A new subscription to the same markets: its numbers begin at 1, its snapshots are on their way."""
        self._sequence = Sequence()
        self.expect(list(self._followed))

    def admit(self, number: int) -> Step:
        """Take the number of any message of the subscription; what is not usable must not be applied."""
        step = self._sequence.take(number)
        if step.doubtful:
            self.distrust_all()
        return step

    def snapshot(self, ticker: str, yes: Levels, no: Levels) -> None:
        """The whole book of a market as the exchange shows it."""
        followed = self._followed.get(ticker)
        if followed is None:
            return
        try:
            followed.book.reset(yes, no)
        except ValueError:
            self._distrust(followed)
            return
        followed.trusted, followed.asked, followed.crossed_at = True, 0, None

    def delta(self, ticker: str, side: Outcome, price: Decimal, by: Decimal) -> None:
        """A change of one level; only a book that is trusted can take it."""
        followed = self._followed.get(ticker)
        if followed is None or not followed.trusted:
            return
        try:
            followed.book.change(side, price, by)
        except ValueError:
            self._distrust(followed)

    def distrust_all(self) -> None:
        """Every book may be wrong from now on."""
        for followed in self._followed.values():
            self._distrust(followed)

    def touch(self, ticker: str) -> Touch | None:
        """Best YES bid and ask; None where the book cannot be trusted now."""
        followed = self._followed.get(ticker)
        if followed is None or not followed.trusted or followed.book.crossed:
            return None
        return followed.book.touch()

    def due(self) -> list[str]:
        """The markets whose snapshot is to be asked for now; they count as asked."""
        now, found = self._now(), []
        for ticker, followed in self._followed.items():
            self._look_for_cross(followed)
            if not followed.trusted and now >= followed.ask_at:
                pause = self._patience.ask_seconds * 2.0 ** min(followed.asked, DOUBLINGS_MAX)
                followed.ask_at = now + min(pause, self._patience.ask_seconds_max)
                followed.asked += 1
                found.append(ticker)
        return found

    @property
    def hopeless(self) -> bool:
        """Whether there has not been a single trusted book for too long, for all the asking."""
        books = self._followed.values()
        if not books or any(followed.trusted for followed in books):
            return False
        return self._now() - max(followed.lost_at for followed in books) > self._patience.recover_seconds

    def _distrust(self, followed: _Followed) -> None:
        if followed.trusted:
            followed.trusted, followed.lost_at = False, self._now()

    def _look_for_cross(self, followed: _Followed) -> None:
        """Between two messages of one step of the market a book may be crossed, but not for long."""
        if not followed.trusted or not followed.book.crossed:
            followed.crossed_at = None
        elif followed.crossed_at is None:
            followed.crossed_at = self._now()
        elif self._now() - followed.crossed_at > self._patience.crossed_seconds:
            self._distrust(followed)
