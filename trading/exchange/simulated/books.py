"""The live order books of the markets in which the member rests or has just traded, moved on moment by moment.

A market that nobody of ours is in needs no book: what it shows is the street's own, straight from the world. Where an
order of ours rests, every moment of the street is played against it: new levels cross it or queue behind it, takers
reach it in price-time order. What we took is missing from the book until the street's next moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy, deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge

from trading.domain.errors import StoreRefused
from trading.domain.order import Side, TimeInForce
from trading.exchange.simulated.account import Account
from trading.exchange.simulated.chance import identity
from trading.exchange.simulated.matching import STREET, Book, Incoming, Matched, Trade
from trading.exchange.simulated.pauses import Pauses
from trading.exchange.simulated.records import HeldOrder
from trading.exchange.simulated.street import EMPTY, StreetBook
from trading.exchange.simulated.windows import Window
from trading.exchange.simulated.world import World

MEMBER = "member"  # the owner of everything in the account
SWEEP_LAG = timedelta(seconds=3)  # how late the exchange's sweep of expired orders is


@dataclass(slots=True)
class _Live:
    window: Window
    moment: datetime
    book: Book


class Books:
    """Plays the world against the member's resting orders and books what comes of it in the account."""

    def __init__(self, world: World, account: Account, pauses: Pauses, seed: int, sweep_lag: timedelta) -> None:
        self._world, self._account, self._pauses = world, account, pauses
        self._seed, self._sweep_lag = seed, sweep_lag
        self._live: dict[str, _Live] = {}
        self._ends: dict[str, tuple[datetime, str]] = {}  # by order id: see `end_of`
        self.on_fill: Callable[[str, datetime], None] = lambda group_id, at: None  # told of every group that has filled

    def still(self, account: Account) -> Books:
        """The books as they are now beside a copy of the account: to read, while these go on."""
        twin = copy(self)
        twin._account, twin._live, twin._ends = account, deepcopy(self._live), dict(self._ends)
        return twin

    def restore(self, at: datetime) -> None:
        """Put the account's resting orders back into books, last in their queues, as of that time."""
        for ticker, orders in list(self._account.resting.items()):
            window = known_window(self._world, ticker)
            book = Book()
            for order in sorted(orders.values(), key=lambda o: o.number):
                book.place(_incoming(order, order.remaining))
            moment = self._world.moment(window, at)
            self._live[ticker] = _Live(window, moment, book)
            self._show(self._live[ticker])
            for order_id in list(self._account.resting.get(ticker, ())):
                book.to_back(order_id)

    def advance(self, until: datetime) -> None:
        """Play every market with a resting order up to that time, all of them side by side."""
        for moment, ticker in merge(*(self._moments(ticker, until) for ticker in list(self._account.resting))):
            live = self._live[ticker]
            self._end_due(live, moment)
            if not live.book.named:
                continue
            live.moment = moment
            if self._pauses.at(moment) is None:
                self._play(live)
        for ticker in list(self._account.resting):
            self._end_due(self._live[ticker], until)
        for ticker in [t for t, live in self._live.items() if live.window.close_time <= until]:
            del self._live[ticker]

    def shown(self, window: Window, at: datetime) -> StreetBook:
        """The levels that anybody sees, the member's orders among them."""
        if not window.trades_at(at):
            return EMPTY
        live = self._current(window, at)
        if live is None:
            return self._world.street(window, self._world.moment(window, at))
        return StreetBook(tuple(live.book.levels(Side.BID)), tuple(live.book.levels(Side.ASK)))

    def touch(self, window: Window, at: datetime) -> StreetBook:
        """The best level of each side at least, of what `shown` has; cheaper where nobody of ours is."""
        if window.ticker in self._live or not window.trades_at(at):
            return self.shown(window, at)
        return self._world.touch(window, self._world.moment(window, at))

    def place(self, window: Window, order: HeldOrder, count: int, tif: TimeInForce, at: datetime) -> Matched:
        """Match a new order of the member's; the trades are not booked yet (see `settle_trades`)."""
        return self._book(window, at).place(_incoming(order, count, tif))

    def would_cross(self, window: Window, side: Side, price: int, at: datetime) -> bool:
        return self._book(window, at).would_cross(side, price)

    def book_trades(self, window: Window, trades: Iterable[Trade], at: datetime) -> None:
        """Book the member's part of some executions, and then look at the limits of the orders' groups."""
        touched: dict[str, None] = {}
        for trade in trades:
            for order_id, is_taker in ((trade.taker_id, True), (trade.maker_id, False)):
                if order_id:
                    touched[self._book_fill(window, order_id, trade, is_taker, at).order_group_id] = None
        for group_id in touched:
            self.on_fill(group_id, at)

    def drop(self, order: HeldOrder) -> None:
        """Take an order out of its book."""
        self._live[order.ticker].book.cancel(order.order_id)

    def shrink(self, order: HeldOrder, count: int) -> None:
        """Lower what rests of an order; it keeps its place."""
        self._live[order.ticker].book.shrink(order.order_id, count)

    def ahead_of(self, order: HeldOrder) -> int:
        return self._live[order.ticker].book.ahead_of(order.order_id)

    def forget_ends(self) -> None:
        """An expiry or a pause has changed: work out anew when orders end."""
        self._ends.clear()

    def end_of(self, order: HeldOrder, window: Window) -> tuple[datetime, str]:
        """When the exchange itself will end a resting order, and the stream's word for why."""
        if order.order_id not in self._ends:
            self._ends[order.order_id] = self._work_out_end(order, window)
        return self._ends[order.order_id]

    def _moments(self, ticker: str, until: datetime) -> Iterator[tuple[datetime, str]]:
        """The moments of a market to be played, for as long as an order of ours rests there."""
        live = self._live[ticker]
        for moment in self._world.moments(live.window, live.moment, min(until, live.window.close_time)):
            if not live.book.named:
                return
            yield moment, ticker

    def _work_out_end(self, order: HeldOrder, window: Window) -> tuple[datetime, str]:
        ends = [(window.close_time, "CloseCancel")]
        if order.expires_at is not None:
            ends.append((_from_unix(order.expires_at, window) + self._sweep_lag, "ExpiryCancel"))
        if order.cancel_on_pause:
            ends.append((self._pauses.next_start(order.created_at), "HaltCancel"))
        return min(ends)

    def _book(self, window: Window, at: datetime) -> Book:
        """The live book, made from the street when there is none."""
        live = self._current(window, at)
        if live is None:
            live = _Live(window, self._world.moment(window, at), Book())
            self._live[window.ticker] = live
            self._show(live)
        return live.book

    def _current(self, window: Window, at: datetime) -> _Live | None:
        """The live book if it still says something that the street alone does not."""
        live = self._live.get(window.ticker)
        if live is not None and not live.book.named and live.moment != self._world.moment(window, at):
            del self._live[window.ticker]
            return None
        return live

    def _play(self, live: _Live) -> None:
        self._show(live)
        for taker in self._world.takers(live.window, live.moment):
            if not live.book.named:
                return
            incoming = Incoming("", STREET, taker.side, taker.price, taker.count, TimeInForce.IOC)
            self.book_trades(live.window, live.book.place(incoming).trades, live.moment)

    def _show(self, live: _Live) -> None:
        street = self._world.street(live.window, live.moment)
        self.book_trades(live.window, live.book.set_street(street.bids, street.asks), live.moment)

    def _end_due(self, live: _Live, at: datetime) -> None:
        for order in list(self._account.resting.get(live.window.ticker, {}).values()):
            when, why = self.end_of(order, live.window)
            if when <= at:
                live.book.cancel(order.order_id)
                del self._ends[order.order_id]
                self._account.end_order(order, when, why)

    def _book_fill(self, window: Window, order_id: str, trade: Trade, is_taker: bool, at: datetime) -> HeldOrder:
        order = self._account.orders[order_id]
        fill_id = identity(self._seed, "fill", len(self._account.fills))
        terms = self._world.fees.of(window, at)
        return self._account.fill(order, terms, trade.price, trade.count, is_taker, at, fill_id)


def known_window(world: World, ticker: str) -> Window:
    """A market that the account is in. Raises StoreRefused when this world has none of that name."""
    window = world.window(ticker)
    if window is None:
        raise StoreRefused(f"the account is in {ticker}, which this world does not have: give it another folder")
    return window


def _incoming(order: HeldOrder, count: int, tif: TimeInForce = TimeInForce.GTC) -> Incoming:
    return Incoming(order.order_id, MEMBER, order.side, order.price, count, tif, order.self_trade)


def _from_unix(second: int, window: Window) -> datetime:
    return datetime.fromtimestamp(second, window.close_time.tzinfo)
