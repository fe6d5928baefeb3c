"""The channels of the stream: what each tells a subscription about the changes between two ticks.

Every channel is a pure function from the venue, the subscription and the changes to messages (type and `msg`); it
keeps what it last showed in the subscription. How far a channel looks back after a jump of the clock is bounded; the
account's changes are never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trading.domain.order import Side
from trading.exchange.simulated import stream_wire as wire
from trading.exchange.simulated import wire_market
from trading.exchange.simulated.stream_changes import Changes
from trading.exchange.simulated.stream_index import fast_values, index_values
from trading.exchange.simulated.stream_lifecycle import lifecycle
from trading.exchange.simulated.street import EMPTY, Level, StreetBook
from trading.exchange.simulated.tape import own_print, street_prints, tape
from trading.exchange.simulated.venue import Venue
from trading.exchange.simulated.wire import Json

TRADES_BACK_MAX = timedelta(minutes=1)  # of street executions told after a jump of the clock
LAST_TRADE_BACK_MAX = timedelta(seconds=30)  # where a ticker looks for its last trade
INSTANT = timedelta(microseconds=1)  # the clock's grain

Message = tuple[str, Json]
Source = Callable[[Venue, "Subscription", Changes], Iterable[Message]]


@dataclass(slots=True)
class Subscription:
    """One channel of one session. `tickers` None: every market; `seq` is that of the last message that had one."""

    sid: int
    channel: str
    tickers: dict[str, None] | None = None  # in the order in which they came
    index_ids: dict[str, None] = field(default_factory=dict)
    use_yes_price: bool = False
    seq: int = 0
    books: dict[str, StreetBook] = field(default_factory=dict)  # as last told
    quotes: dict[str, Json] = field(default_factory=dict)

    def wants(self, ticker: str) -> bool:
        return self.tickers is None or ticker in self.tickers


@dataclass(frozen=True, slots=True)
class Channel:
    """`numbered`: its messages carry seq; `by_ticker`: its markets can be chosen; `needs_tickers`: they must be."""

    source: Source
    numbered: bool = True
    by_ticker: bool = True
    needs_tickers: bool = False


def snapshot(venue: Venue, subscription: Subscription, ticker: str) -> Message:
    """The book as it is; a market that is followed goes on from it."""
    book = venue.shown(ticker)
    if subscription.wants(ticker):
        subscription.books[ticker] = book
    return "orderbook_snapshot", wire.snapshot(ticker, book, subscription.use_yes_price)


def quoted(venue: Venue, subscription: Subscription, ticker: str, at: datetime) -> Message | None:
    """The ticker of a market, if it is another than the one last told."""
    window = venue.world.window(ticker)
    if window is None or window.created_time > at:
        return None
    last = next(tape(venue, window, at - LAST_TRADE_BACK_MAX, at), None)
    found = wire.quote(wire_market.market(venue, window), last.count if last else 0)
    if subscription.quotes.get(ticker) == found:
        return None
    subscription.quotes[ticker] = found
    return "ticker", {**found, **wire.timed(at)}


def _deltas(venue: Venue, subscription: Subscription, changes: Changes) -> Iterator[Message]:
    for ticker in subscription.tickers or ():
        before, book = subscription.books.get(ticker, EMPTY), venue.shown(ticker)
        if before is book:
            continue
        subscription.books[ticker] = book
        for side, old, new in ((Side.BID, before.bids, book.bids), (Side.ASK, before.asks, book.asks)):
            for price, change in _differences(old, new):
                cause = changes.cause(ticker, price)
                yes = subscription.use_yes_price
                msg = wire.delta(ticker, side, price, change, changes.now, use_yes_price=yes, cause=cause)
                yield "orderbook_delta", msg


def _differences(old: Iterable[Level], new: Iterable[Level]) -> Iterator[Level]:
    """Price and signed change of every level that changed, by price."""
    before, after = dict(old), dict(new)
    for price in sorted(before.keys() | after.keys()):
        change = after.get(price, 0) - before.get(price, 0)
        if change:
            yield price, change


def _quotes(venue: Venue, subscription: Subscription, changes: Changes) -> Iterator[Message]:
    if subscription.tickers is None:
        stirred = (w.ticker for w in venue.world.stirring(changes.since, changes.now))
        followed = list(dict.fromkeys([*stirred, *(c.order.ticker for c in changes.orders)]))
    else:
        followed = list(subscription.tickers)
    for ticker in followed:
        message = quoted(venue, subscription, ticker, changes.now)
        if message:
            yield message


def _trades(venue: Venue, subscription: Subscription, changes: Changes) -> Iterator[Message]:
    since = changes.bounded(TRADES_BACK_MAX)
    prints = [own_print(fill) for fill in changes.fills]
    for window in venue.world.stirring(since, changes.now):
        prints += street_prints(venue, window, since + INSTANT, changes.now)
    for printed in sorted(prints, key=lambda p: (p.at, p.trade_id)):
        if subscription.wants(printed.ticker):
            yield "trade", wire.trade(printed)


def _fills(venue: Venue, subscription: Subscription, changes: Changes) -> Iterator[Message]:
    return (("fill", wire.fill(f)) for f in changes.fills if subscription.wants(f.ticker))


def _orders(venue: Venue, subscription: Subscription, changes: Changes) -> Iterator[Message]:
    return (("user_order", wire.user_order(c)) for c in changes.orders if subscription.wants(c.order.ticker))


def _positions(venue: Venue, subscription: Subscription, changes: Changes) -> Iterator[Message]:
    found = (c for c in changes.positions if subscription.wants(c.holding.ticker))
    return (("market_position", wire.market_position(c)) for c in found)


def _lifecycle(venue: Venue, subscription: Subscription, changes: Changes) -> Iterable[Message]:
    return lifecycle(venue, changes)


def _indices(venue: Venue, subscription: Subscription, changes: Changes) -> Iterable[Message]:
    return index_values(venue, subscription.index_ids, changes)


def _fast_indices(venue: Venue, subscription: Subscription, changes: Changes) -> Iterable[Message]:
    return fast_values(venue, subscription.index_ids, changes)


def _groups(venue: Venue, subscription: Subscription, changes: Changes) -> Iterator[Message]:
    return (("order_group_updates", wire.order_group(group)) for group in changes.groups)


def _silent(venue: Venue, subscription: Subscription, changes: Changes) -> Iterable[Message]:
    return ()


CHANNELS = {
    "orderbook_delta": Channel(_deltas, needs_tickers=True),
    "ticker": Channel(_quotes, numbered=False),
    "trade": Channel(_trades),
    "fill": Channel(_fills, numbered=False),
    "user_orders": Channel(_orders, numbered=False),
    "market_positions": Channel(_positions, numbered=False),
    "market_lifecycle_v2": Channel(_lifecycle, by_ticker=False),
    "cfbenchmarks_value": Channel(_indices, by_ticker=False),
    "cfbenchmarks_value_5hz": Channel(_fast_indices, by_ticker=False),
    "order_group_updates": Channel(_groups, by_ticker=False),
    # Nothing ever happens there: this exchange has no combos and no requests for quotes.
    "multivariate_market_lifecycle": Channel(_silent, by_ticker=False),
    "communications": Channel(_silent, by_ticker=False),
}
MISSING_CHANNELS = ("pyth_value",)  # known to the API, not to this exchange
