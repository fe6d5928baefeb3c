"""Bets as the engine makes them, any number of them: the events of each from its order to its settlement, and the rows
that the ledger makes of these.

Five series are traded side by side, a bet in each market of a quarter of an hour. What a row holds, and how long it is,
is thereby what the bot writes; prices and results come from a seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import count
from random import Random
from uuid import UUID

from chatbot.notices.words import NoticeWriter, Where
from storage.memory import MemoryStore
from trading.domain.events import (
    Event,
    MarketSettled,
    OrderAcknowledged,
    OrderFilled,
    OrderIntended,
    SettlementRead,
    WindowPassed,
)
from trading.domain.fees import model_fee
from trading.domain.ledger import settle
from trading.domain.market import Outcome
from trading.domain.money import CENT, CENTI_CENT, ONE, ZERO
from trading.domain.order import Fill, Mode, Order, OrderStatus, Settlement, Side, yes_price
from trading.domain.records import Put
from trading.domain.signal import Signal
from trading.domain.state import State, Totals
from trading.domain.step import Step, with_book, with_totals
from trading.domain.trade import Trade
from trading.engine.book import Book
from trading.risk.gate import Identity

SERIES = ("KXBTC15M", "KXETH15M", "KXSOL15M", "KXXRP15M", "KXDOGE15M")
STRATEGY = "consensus"
WINDOW = timedelta(minutes=15)
DAY_DEALS = len(SERIES) * (timedelta(days=1) // WINDOW)
ENTERED = timedelta(seconds=31, microseconds=250_731)  # after the market's open
PAID = WINDOW + timedelta(seconds=3, microseconds=118_204)
CENTS = range(36, 65)
STAKE = Decimal(5)  # dollars
SEED = 1
SETTLES = "settles"  # the step in which most rows change: the trade, its sums and its notice, with the position gone

IDENTITY = Identity("kc-5f1d20c9", "simulated")
WHERE = Where("", "simulated", UTC)
WHY = "both say {side}; previous: 67,100.10 -> 67,123.45; momentum: 67139.8 -> 67160.12 (+3.0 bp)"


@dataclass(frozen=True, slots=True)
class Deal:
    """One bet: the market that opened at `open`, what was bought (`order` as it was intended), and whether YES was
    right."""

    order: Order
    open: datetime
    order_id: str
    fee: Decimal
    yes: bool

    @property
    def paid(self) -> datetime:
        """When the market was settled."""
        return self.open + PAID

    @property
    def value(self) -> Decimal:
        """Dollars that one YES contract paid."""
        return ONE if self.yes else ZERO

    def steps(self) -> Iterator[tuple[str, list[Event]]]:
        """What is committed together, under the name of the step."""
        order, at, name = self.order, self.open + ENTERED, self.order.client_order_id
        said = [Signal(each, order.outcome, at, "67,100.10 -> 67,123.45") for each in ("previous", "momentum")]
        yield "intended", [OrderIntended(at, order, tuple(said))]
        yield "acknowledged", [OrderAcknowledged(at, name, self.order_id, OrderStatus.RESTING, ZERO)]
        yield "filled", [OrderFilled(at, self.fill())]
        yield SETTLES, [MarketSettled(self.paid, order.ticker, order.mode, self.settlement().result, self.value)]
        yield "noted", [SettlementRead(self.paid, self.settlement()), self.window()]

    def rows(self, trade: Trade) -> Iterator[Put]:
        """What stands in the store at the end, but for the sums."""
        order, fill, window = self.order, self.fill(), self.window()
        filled = replace(order, status=OrderStatus.EXECUTED, filled=order.count, reported=order.count)
        yield Put("orders", order.client_order_id, replace(filled, order_id=self.order_id))
        yield Put("trades", trade.trade_id, trade)
        yield Put("fills", fill.fill_id, fill)
        yield Put("settlements", order.ticker, self.settlement())
        yield Put("windows", f"{window.strategy}:{window.mode}:{window.ticker}", window)

    def trade(self) -> Trade:
        """The bet, over."""
        order, side = self.order, self.order.outcome
        signed = order.count * order.side.sign
        assert order.close_time, "every market closes"
        bought = Trade(
            *(order.client_order_id, order.mode, order.strategy, order.ticker, side, order.created_at),
            *(order.close_time, order.own_price, order.count, self.order_id, side.value, side.value),
            contracts=order.count,
            cost=order.count * order.own_price,
            cash=-signed * order.price,
            position=signed,
            fees=self.fee,
        )
        return settle(bought, self.value, self.paid)

    def fill(self) -> Fill:
        order = self.order
        return Fill(
            *(f"{self.order_id}-1", self.order_id, order.ticker, order.side, order.price, order.count, self.fee),
            *(True, order.created_at, order.mode, order.client_order_id, order.strategy, order.exchange_index),
        )

    def settlement(self) -> Settlement:
        order, cost = self.order, self.order.count * self.order.own_price
        yes = order.outcome is Outcome.YES
        bought, paid = ((order.count, ZERO), (cost, ZERO)) if yes else ((ZERO, order.count), (ZERO, cost))
        revenue, result = (order.count if yes == self.yes else ZERO), ("yes" if self.yes else "no")
        return Settlement(order.ticker, result, revenue, self.fee, *bought, *paid, at=self.paid, value=self.value)

    def window(self) -> WindowPassed:
        order, close = self.order, self.open + WINDOW
        return WindowPassed(self.paid, order.strategy, order.ticker, close, order.mode, True, True, "")


def deals(first: datetime) -> Iterator[Deal]:
    """One after the other, without an end; the first markets open at `first`."""
    random = Random(SEED)
    for number in count():
        yield _deal(first + number // len(SERIES) * WINDOW, SERIES[number % len(SERIES)], random)


def _deal(open_: datetime, series: str, random: Random) -> Deal:
    close, side, price = open_ + WINDOW, random.choice(list(Outcome)), random.choice(CENTS) * CENT
    ticker = f"{series}-{close:%y%b%d%H%M}-{close:%M}".upper()
    contracts = STAKE // price
    at = open_ + ENTERED
    order = Order(
        client_order_id=IDENTITY.client_order_id(Mode.REAL, STRATEGY, ticker, 1),
        mode=Mode.REAL,
        strategy=STRATEGY,
        ticker=ticker,
        side=Side.buying(side),
        price=yes_price(side, price),
        count=contracts,
        status=OrderStatus.PENDING,
        created_at=at,
        updated_at=at,
        expires_at=at + timedelta(seconds=40),
        close_time=close,
        exchange_index=2,
        why=WHY.format(side=side),
    )
    order_id = str(UUID(int=random.getrandbits(128)))
    return Deal(order, open_, order_id, _up(model_fee(price, contracts)), random.random() < 0.5)


def _up(fee: Decimal) -> Decimal:
    """As the exchange charges it."""
    return fee.quantize(CENTI_CENT, ROUND_CEILING)


def rows_of(made: Iterable[Deal]) -> Iterator[list[Put]]:
    """The rows that each of these leaves behind, one after the other, with the sums over all so far: what the ledger
    makes of its steps, without the many States between them."""
    sums = Totals()
    for deal in made:
        trade = deal.trade()
        sums = sums.plus(trade, deal.paid.date())
        yield [*deal.rows(trade), *totals_rows(sums, deal.paid)]


def totals_rows(sums: Totals, at: datetime) -> list[Put]:
    """The sums of the one mode and the one strategy that there are."""
    step = with_totals(Step(State()), Mode.REAL, sums, at)
    return list(with_book(step, Mode.REAL, STRATEGY, sums, at).puts)


def commits_of(made: Iterable[Deal]) -> Iterator[tuple[str, list[Put]]]:
    """Each commit that the book makes for these, by the name of its step, with the notices that are owed."""
    told: list[Put] = []
    book = Book(MemoryStore(), State(), NoticeWriter(WHERE))
    book.listen(told.extend)
    for deal in made:
        for step, events in deal.steps():
            book.record(*events)
            yield step, list(told)
            told.clear()
