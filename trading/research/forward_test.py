"""Forward test: what a log of intents would have come to, by a stated reading of what the books showed afterwards.

Each line's top of the book is what the market looked like before what the line says was done: first whatever rests
meets it, then a cancel counts, then what arrives is placed. An order arrives `latency_seconds` after its wish, at the
first top that is seen then. It rests until it is filled or cancelled, and where the log says nothing of its end, for
`rest_seconds`. What is held at the end is worth what the market paid, or else what is bid for it. Each strategy has a
book of its own in each market, as it has in a dry run: none takes what another would have taken.

Adverse selection is how far the middle of the book had moved against a fill `after_seconds` later, a contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from trading.domain.errors import NotFound, Rejected, Unresolved
from trading.domain.intent_line import Line, Wish
from trading.domain.market import Quote
from trading.domain.order import ExchangeStatus, Fill, Mode, Order, OrderStatus, Side, yes_price
from trading.exchange.paper_book import FillModel, PaperBook
from trading.exchange.paper_order import PREFIX
from trading.research.upkeep import FreshFills

CASH = Decimal(1_000_000)  # more than any log can spend: what a bot could afford is its gate's to say
OPEN = ExchangeStatus(exchange_active=True, trading_active=True)


@dataclass(frozen=True, slots=True)
class Terms:
    """How the test reads the log."""

    latency_seconds: float = 0.0
    rest_seconds: float = 10.0
    after_seconds: float = 60.0


@dataclass
class Outcome:
    """What came of a log: fills in order, how many wishes there were and how many of them filled at least in part,
    refused ones with their reason, tops by market in order, and what markets paid."""

    fills: list[Fill] = field(default_factory=list)
    wishes: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    tops: dict[str, list[Quote]] = field(default_factory=dict)
    paid: dict[str, Decimal] = field(default_factory=dict)


def forward_test(log: Iterable[Line], model: FillModel, terms: Terms) -> Outcome:
    """Play a log through; lines must be in the order of time, and what is not raises ValueError."""
    test = _Test(model, terms)
    last: datetime | None = None
    for line in log:
        if last and line.at < last:
            raise ValueError(f"a line of {line.at:%d %b %H:%M:%S} stands after one of {last:%d %b %H:%M:%S}")
        last = line.at
        test.take(line)
    return test.outcome()


@dataclass(frozen=True, slots=True)
class _Own:
    """The book of one strategy in one market."""

    book: PaperBook
    fresh: FreshFills


class _Test:
    def __init__(self, model: FillModel, terms: Terms) -> None:
        self._model, self._terms, self._done = model, terms, Outcome()
        self._waiting: dict[str, list[Order]] = {}  # on their way, by ticker
        self._books: dict[str, dict[str, _Own]] = {}  # by ticker and strategy; markets that paid have none
        self._names: dict[str, str] = {}  # a wish's own id -> the name of its order

    def outcome(self) -> Outcome:
        return self._done

    def take(self, line: Line) -> None:
        if line.top:
            self._look(line.top)
        if line.cancel:
            self._cancel(line)
        if line.wish:
            self._want(line, line.wish)
        if line.top:
            self._arrive(line.top)
        if line.settled is not None:
            self._done.paid[line.ticker] = line.settled
            self._books.pop(line.ticker, None)
            self._waiting.pop(line.ticker, None)

    def _want(self, line: Line, wish: Wish) -> None:
        self._done.wishes += 1
        name = f"{line.strategy}-{self._done.wishes}"
        if wish.refused:
            self._done.refused[name] = wish.refused
            return
        self._names[wish.wish_id or name] = name
        self._waiting.setdefault(line.ticker, []).append(self._order(name, line, wish))

    def _order(self, name: str, line: Line, wish: Wish) -> Order:
        arrives = line.at + timedelta(seconds=self._terms.latency_seconds)
        unsaid = None if wish.wish_id else arrives + timedelta(seconds=self._terms.rest_seconds)
        return Order(
            client_order_id=name,
            mode=Mode.DRY_RUN,
            strategy=line.strategy,
            ticker=line.ticker,
            side=Side.buying(wish.side),
            price=yes_price(wish.side, wish.price),
            count=wish.count,
            status=OrderStatus.PENDING,
            created_at=arrives,
            updated_at=arrives,
            time_in_force=wish.time_in_force,
            expires_at=wish.expires_at or unsaid,
            reduce_only=wish.reduce_only,
            post_only=wish.post_only,
            fees=wish.fees,
            why=wish.why,
        )

    def _look(self, top: Quote) -> None:
        """A top of the book: what rests may fill."""
        self._done.tops.setdefault(top.ticker, []).append(top)
        for own in self._books.get(top.ticker, {}).values():
            own.book.match(top, top.seen_at)
            self._done.fills += own.fresh.take()

    def _arrive(self, top: Quote) -> None:
        """Place what has arrived by now."""
        waiting = self._waiting.pop(top.ticker, [])
        later = [order for order in waiting if order.created_at > top.seen_at]
        if later:
            self._waiting[top.ticker] = later
        for order in (order for order in waiting if order.created_at <= top.seen_at):
            own = self._own(order)
            try:
                own.book.enter(order, top, OPEN, top.seen_at)
            except (Rejected, Unresolved) as error:
                self._done.refused[order.client_order_id] = str(error)
            self._done.fills += own.fresh.take()

    def _own(self, order: Order) -> _Own:
        books = self._books.setdefault(order.ticker, {})
        if order.strategy not in books:
            book = PaperBook(CASH, self._model)
            books[order.strategy] = _Own(book, FreshFills(book))
        return books[order.strategy]

    def _cancel(self, line: Line) -> None:
        name = self._names.get(line.cancel, line.cancel)
        waiting = self._waiting.get(line.ticker, [])
        waiting[:] = [order for order in waiting if order.client_order_id != name]
        own = self._books.get(line.ticker, {}).get(line.strategy)
        if own:
            with suppress(NotFound):  # it had filled, or never arrived
                own.book.cancel(f"{PREFIX}{name}", line.at)
