"""Forward test: what a log of intents would have come to, by a stated reading of what the books showed afterwards.

Each line's top of the book is what the market looked like at that moment, for whatever rests. An order arrives
`latency_seconds` after its wish, at the first top that is seen then. It rests until it is filled or cancelled, and
where the log says nothing of its end, for `rest_seconds`. What is held at the end is worth what the market paid, or
else what is bid for it.

Adverse selection is how far the middle of the book had moved against a fill `after_seconds` later, a contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from trading.domain.errors import NotFound, Rejected, Unresolved
from trading.domain.fees import QUADRATIC, FeeTerms
from trading.domain.market import Quote
from trading.domain.order import ExchangeStatus, Fill, Mode, Order, OrderStatus, Side, yes_price
from trading.exchange.paper_book import FillModel, PaperBook
from trading.research.intent_log import Line, Wish

CASH = Decimal(1_000_000)  # more than any log can spend: what a bot could afford is its gate's to say
OPEN = ExchangeStatus(exchange_active=True, trading_active=True)


@dataclass(frozen=True, slots=True)
class Terms:
    """How the test reads the log."""

    latency_seconds: float = 0.0
    rest_seconds: float = 10.0
    after_seconds: float = 60.0
    fees: FeeTerms = QUADRATIC


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


class _Test:
    def __init__(self, model: FillModel, terms: Terms) -> None:
        self._book, self._terms = PaperBook(CASH, model), terms
        self._outcome = Outcome()
        self._waiting: list[Order] = []  # on their way
        self._ids: dict[str, str] = {}  # a wish's own id -> the book's
        self._fills: list[Fill] = []

    def outcome(self) -> Outcome:
        self._outcome.fills = self._fills
        return self._outcome

    def take(self, line: Line) -> None:
        if line.cancel:
            self._cancel(line.cancel, line.at)
        if line.wish:
            self._waiting.append(self._order(line, line.wish))
        if line.top:
            self._look(line.top)
        if line.settled is not None:
            self._outcome.paid[line.ticker] = line.settled
            self._book.settle(line.ticker, line.settled, line.at)

    def _order(self, line: Line, wish: Wish) -> Order:
        self._outcome.wishes += 1
        name = f"{line.strategy}-{self._outcome.wishes}"
        self._ids[wish.wish_id or name] = name
        arrives = line.at + timedelta(seconds=self._terms.latency_seconds)
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
            expires_at=None if wish.wish_id else arrives + timedelta(seconds=self._terms.rest_seconds),
            post_only=wish.post_only,
            fees=self._terms.fees,
            why=wish.why,
        )

    def _look(self, top: Quote) -> None:
        """A top of the book: what rests may fill, and then what has arrived by now is placed."""
        self._outcome.tops.setdefault(top.ticker, []).append(top)
        self._book.match(top, top.seen_at)
        here = [o for o in self._waiting if o.ticker == top.ticker and o.created_at <= top.seen_at]
        for order in here:
            self._waiting.remove(order)
            self._place(order, top)
        self._fills += self._book.fills[len(self._fills) :]

    def _place(self, order: Order, top: Quote) -> None:
        try:
            self._book.enter(order, top, OPEN, top.seen_at)
        except (Rejected, Unresolved) as error:
            self._outcome.refused[order.client_order_id] = str(error)

    def _cancel(self, wish_id: str, at: datetime) -> None:
        name = self._ids.get(wish_id, wish_id)
        self._waiting = [order for order in self._waiting if order.client_order_id != name]
        order_id = next((r.order_id for r in self._book.reports if r.client_order_id == name), "")
        try:
            self._book.cancel(order_id, at)
        except NotFound:
            return  # it had filled, or never arrived
