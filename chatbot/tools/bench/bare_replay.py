"""A recording through a strategy and the ledger, and through nothing else: no gate, no exchange, no store, nobody told.

An order takes what the touch offers at once, and what is left of it is dropped. Where quotes stand further apart than
an order rests, these are the trades of the whole bot.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from trading.domain import events as ev
from trading.domain.fees import charge
from trading.domain.intent import Intent, View
from trading.domain.ledger import apply
from trading.domain.market import Market, Quote, Tick
from trading.domain.money import ZERO
from trading.domain.order import Fill, Mode, Order, OrderStatus, Side, yes_price
from trading.domain.state import State
from trading.domain.trade import Trade
from trading.engine.own import own_view
from trading.research.tape import Paid, Record
from trading.strategies.base import Strategy

TICKS_MAX = 2_000  # that a strategy is shown, as alive
MARKETS_MAX = 64


def bare_replay(strategy: Strategy, tape: Sequence[Record]) -> list[Trade]:
    """The bets that a strategy with one attempt in each market makes of a tape, in the order of their end."""
    run = _Run(strategy)
    for record in tape:
        run.take(record)
    return run.closed


class _Run:
    def __init__(self, strategy: Strategy) -> None:
        self._strategy, self._state = strategy, State(mode=Mode.REAL)
        self._markets: dict[str, Market] = {}
        self._ticks: deque[Tick] = deque(maxlen=TICKS_MAX)
        self.closed: list[Trade] = []

    def take(self, record: Record) -> None:
        match record.what:
            case Quote() as quote:
                self._decide(quote, record.at)
            case Tick() as tick:
                self._ticks.append(tick)
            case Market() as market:
                self._know(market)
            case Paid(ticker, value):
                self._apply(ev.MarketSettled(record.at, ticker, Mode.REAL, "yes" if value else "no", value))

    def _know(self, market: Market) -> None:
        self._markets.pop(market.ticker, None)
        self._markets[market.ticker] = market
        if len(self._markets) > MARKETS_MAX:
            del self._markets[next(iter(self._markets))]

    def _decide(self, quote: Quote, now: datetime) -> None:
        market = self._markets.get(quote.ticker)
        if market is None or not market.open_at(now):
            return
        before = next((m for m in self._markets.values() if m.close_time == market.open_time), None)
        view = own_view(
            View(now, market, before, quote, tuple(self._ticks)), self._state, self._strategy.name, Mode.REAL
        )
        for intent in self._strategy.on_tick(view).intents:
            self._order(intent, market, quote, now)

    def _order(self, intent: Intent, market: Market, quote: Quote, now: datetime) -> None:
        order = _order(intent, market, now)
        if order.client_order_id in self._state.attempts:
            return
        touch = quote.ask_for(intent.side)
        taken = min(intent.count, touch.count) if touch and touch.price <= intent.price else ZERO
        self._apply(ev.OrderIntended(now, order, intent.signals))
        status = OrderStatus.EXECUTED if taken == order.count else OrderStatus.CANCELED
        self._apply(ev.OrderAcknowledged(now, order.client_order_id, order.client_order_id, status, taken))
        if touch and taken:
            self._apply(ev.OrderFilled(now, _fill(order, yes_price(intent.side, touch.price), taken, now)))

    def _apply(self, event: ev.Event) -> None:
        step = apply(self._state, event)
        self._state = step.state
        ended = (p.record for p in step.puts if isinstance(p.record, Trade) and not p.record.open)
        self.closed += [trade for trade in ended if trade.contracts]


def _order(intent: Intent, market: Market, now: datetime) -> Order:
    return Order(
        client_order_id=f"{intent.strategy}-{intent.ticker}",
        mode=Mode.REAL,
        strategy=intent.strategy,
        ticker=intent.ticker,
        side=Side.buying(intent.side),
        price=yes_price(intent.side, intent.price),
        count=intent.count,
        status=OrderStatus.PENDING,
        created_at=now,
        updated_at=now,
        close_time=market.close_time,
        fees=market.fees,
    )


def _fill(order: Order, price: Decimal, count: Decimal, now: datetime) -> Fill:
    fee, _ = charge(-order.side.sign * price * count, order.fees.model_fee(price, count, is_taker=True), ZERO)
    return Fill(
        fill_id=order.client_order_id,
        order_id=order.client_order_id,
        ticker=order.ticker,
        side=order.side,
        price=price,
        count=count,
        fee=fee,
        is_taker=True,
        at=now,
        client_order_id=order.client_order_id,
        strategy=order.strategy,
    )
