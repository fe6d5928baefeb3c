"""One connection's view of the exchange: its subscriptions, its order books, its index values.

Every frame is applied where it stands, in microseconds: books and index values in place, news into the queue. What
needs a command is only noted, and `wake` is set for whoever keeps the subscriptions.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from decimal import Decimal

from trading.clock import monotonic
from trading.domain.market import Outcome, Tick
from trading.domain.money import exact
from trading.domain.news import Missed
from trading.exchange.kalshi import stream_wire as w
from trading.exchange.kalshi.index_values import newest
from trading.exchange.kalshi.stream_books import SubscribedBooks
from trading.exchange.kalshi.stream_channels import Subscription
from trading.exchange.kalshi.stream_commands import TERMINAL, Commands, ConnectionLost
from trading.exchange.kalshi.stream_news import NewsReader
from trading.exchange.kalshi.stream_queue import NewsQueue

log = logging.getLogger(__name__)


class Session:
    """What is known on one connection. `gaps` counts the holes in its sequences."""

    def __init__(
        self,
        subscriptions: Iterable[Subscription],
        books: SubscribedBooks,
        reader: NewsReader,
        queue: NewsQueue,
        commands: Commands,
    ) -> None:
        self.subscriptions = {s.channel: s for s in subscriptions}
        self.queue, self.commands, self.books = queue, commands, books
        self.ticks: dict[str, Tick] = {}
        self.gaps = 0
        self.wake = asyncio.Event()
        self._reader = reader
        self._by_sid: dict[int, Subscription] = {}
        self._handlers: dict[str, Callable[[w.Frame], None]] = {
            "subscribed": self._subscribed,
            "orderbook_snapshot": self._snapshot,
            "orderbook_delta": self._delta,
            "cfbenchmarks_value": self._index,
            "error": self._error,
        }
        self._told: set[str] = set()  # what could not be read, said once

    @property
    def problem(self) -> str:
        """What the exchange does not let us have, in words."""
        subscriptions = self.subscriptions.values()
        refused = [f"no {s.channel}: {s.refused}" for s in subscriptions if s.refused]
        away = [f"{s.channel} is away" for s in subscriptions if not s.sid and s.retry_at > monotonic()]
        unknown = sorted({ticker for s in subscriptions for ticker in s.unknown})
        return "; ".join([*refused, *away, *([f"no stream of {', '.join(unknown)}"] if unknown else [])])

    def receive(self, data: str | bytes) -> None:
        """Apply one frame. Raises ConnectionLost where the exchange gives the connection up."""
        try:
            frame = w.read_frame(data)
        except ValueError as error:
            self.books.distrust_all()  # nobody knows whose it was
            self._unreadable("frame", error)
            return
        answered = self.commands.settle(frame)
        if frame.seq and not self._admitted(frame.sid or 0, frame.seq):
            return
        try:
            if frame.type != "error" or not answered:
                self._apply(frame)
        except ValueError as error:
            self._unreadable(frame.type, error)

    def end(self, subscription: Subscription) -> None:
        """Forget a subscription that is no more."""
        self._by_sid.pop(subscription.sid, None)
        subscription.end()

    def give_up(self, subscription: Subscription) -> None:
        """Forget a subscription that failed, for some time."""
        subscription.postpone()
        self.end(subscription)

    def _apply(self, frame: w.Frame) -> None:
        """Types that nobody here knows are passed over. Raises ValueError for what cannot be read."""
        if frame.type in self._handlers:
            self._handlers[frame.type](frame)
        elif self._reader.reads(frame.type):
            news = self._reader.read(frame.type, frame.msg)
            if news is not None:
                self.queue.put(news)

    def _unreadable(self, kind: str, error: ValueError) -> None:
        """What may have been in it is lost: it must be shown again, or asked for."""
        if kind not in self._told:
            self._told.add(kind)
            log.warning("the stream sent a %s that cannot be read: %s", kind, error)
        if kind.startswith("orderbook"):
            self.books.distrust_all()
        elif kind not in self._handlers:
            self.queue.put(Missed(f"a {kind} could not be read"))

    def _admitted(self, sid: int, number: int) -> bool:
        """Whether a numbered message tells anything new; what is lost before it is noted."""
        subscription = self._by_sid.get(sid)
        if subscription is None:
            return False
        step = subscription.admit(number)
        if step.doubtful:
            self.gaps += 1
            self.wake.set()
            if subscription.tells_news:
                self.queue.put(Missed(f"a gap in {subscription.channel}"))
        return step.usable

    def _subscribed(self, frame: w.Frame) -> None:
        """Known at once, because the first messages follow at the reply's heels."""
        told = w.read_subscribed(frame.msg)
        subscription = self.subscriptions.get(told.channel)
        if subscription is None or subscription.sid == told.sid:
            return
        self._by_sid[told.sid] = subscription
        subscription.begin(told.sid)

    def _error(self, frame: w.Frame) -> None:
        """An error that is no reply: it may end a subscription, or the connection."""
        refusal = w.read_refusal(frame.msg)
        subscription = self._by_sid.get(frame.sid or 0)
        log.warning("the stream says: %s (code %s)", refusal.msg, refusal.code)
        if refusal.code not in TERMINAL:
            return
        if subscription is None:
            raise ConnectionLost(f"the exchange gave up: {refusal.msg} (code {refusal.code})")
        self.give_up(subscription)

    def _snapshot(self, frame: w.Frame) -> None:
        wire = w.read_snapshot(frame.msg)
        self.books.snapshot(wire.market_ticker, _levels(wire.yes_dollars_fp), _levels(wire.no_dollars_fp))

    def _delta(self, frame: w.Frame) -> None:
        wire = w.read_delta(frame.msg)
        self.books.delta(wire.market_ticker, Outcome(wire.side), exact(wire.price_dollars), exact(wire.delta_fp))

    def _index(self, frame: w.Frame) -> None:
        """The newest value wins, by the index's own time."""
        wire = w.read_index(frame.msg)
        tick = newest(wire.index_id, wire.data.encode())
        known = self.ticks.get(wire.index_id)
        if known is None or known.seen_at <= tick.seen_at:
            self.ticks[wire.index_id] = tick


def _levels(pairs: w.Pairs | None) -> list[tuple[Decimal, Decimal]]:
    return [(exact(price), exact(count)) for price, count in pairs or ()]
