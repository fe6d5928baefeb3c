"""Backtest: a strategy played over a tape, through the same gate, the same ledger and the dry run's own fills.

Each quote of a market is a moment to decide. What the strategy is shown was on the tape by then; what it wants passes
the gate as it would alive, arrives `latency_seconds` later at the first quote seen from then on, and rests as long as
the limits say. Results come when the tape has them. Whatever is still open at its end stays open, and is said.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from trading.domain import events as ev
from trading.domain.errors import NotFound, Rejected, Unresolved
from trading.domain.intent import Decision, Intent, View
from trading.domain.ledger import apply
from trading.domain.market import Market, Quote, Tick
from trading.domain.order import ExchangeStatus, Mode, Order, OrderStatus, Placed
from trading.domain.state import State
from trading.domain.trade import Trade
from trading.engine.own import own_view
from trading.exchange.paper_book import PaperBook
from trading.research.fill_models import MODELS
from trading.research.tape import Paid, Record
from trading.research.upkeep import FreshFills, next_attempt, without
from trading.risk.gate import Context, Denial, Identity, judge
from trading.risk.limits import Limits
from trading.strategies.base import Strategy, reenters

OPEN = ExchangeStatus(exchange_active=True, trading_active=True)
TOLD_EVERY = 500  # records, of the progress
TICKS_MAX = 2_000  # of spot prices that a strategy is shown, as alive
MARKETS_MAX = 64  # that are remembered: the open one, the one before, and those whose result is awaited
GENEROUS = Decimal(1_000_000)  # dollars: what the strategy is worth is asked, not what the account could lose
IDENTITY = Identity("backtest", "backtest")


def limits(order_timeout_seconds: float = 10) -> Limits:
    """Limits that deny what no exchange would take, and nothing for the sake of an account."""
    return Limits(
        max_order_usd=GENEROUS,
        max_position_usd=GENEROUS,
        max_exposure_usd=GENEROUS,
        daily_loss_limit_usd=GENEROUS,
        weekly_loss_limit_usd=GENEROUS,
        max_open_orders=1_000,
        max_orders_per_minute=100_000,
        max_consecutive_rejections=1_000_000,
        order_timeout_seconds=order_timeout_seconds,
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """How it is played: dollars to begin with, how long an order takes to arrive, and when one that rests fills."""

    latency_seconds: float = 0.25
    cash: Decimal = Decimal(10_000)
    limits: Limits = field(default_factory=limits)
    fill: str = "touch"  # a name of fill_models.MODELS


@dataclass
class Played:
    """What came of it: trades in the order of their end, those still open, markets decided on, and why others were
    passed over, by the last reason in each."""

    trades: list[Trade] = field(default_factory=list)
    open: list[Trade] = field(default_factory=list)
    markets: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    unfilled: int = 0


def backtest(
    strategy: Strategy,
    tape: Sequence[Record],
    terms: Terms,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Played:
    """Play the whole tape, which is in the order of time."""
    run = _Run(strategy, terms)
    for number, record in enumerate(tape):
        if number % TOLD_EVERY == 0:
            progress(number, len(tape))
        run.take(record)
    progress(len(tape), len(tape))
    return run.played()


class _Run:
    def __init__(self, strategy: Strategy, terms: Terms) -> None:
        self._strategy, self._terms = strategy, terms
        self._book = PaperBook(terms.cash, MODELS[terms.fill]())
        self._state = State(mode=Mode.DRY_RUN)
        self._markets: dict[str, Market] = {}
        self._quotes: dict[str, Quote] = {}
        self._ticks: deque[Tick] = deque(maxlen=TICKS_MAX)
        self._waiting: list[Order] = []  # on their way
        self._reasons: dict[str, str] = {}  # the last word about each market; empty: ordered
        self._closed: list[Trade] = []
        self._fills = FreshFills(self._book)

    def played(self) -> Played:
        bets = [trade for trade in self._closed if trade.contracts]
        return Played(
            trades=bets,
            open=self._state.open_trades(),
            markets=len(self._reasons),
            skipped=Counter(reason for reason in self._reasons.values() if reason),
            unfilled=len(self._closed) - len(bets),
        )

    def take(self, record: Record) -> None:
        match record.what:
            case Market() as market:
                self._know(market)
            case Tick() as tick:
                self._ticks.append(tick)
            case Quote() as quote:
                self._look(quote, record.at)
            case Paid(ticker, value):
                self._settle(ticker, value, record.at)

    def _know(self, market: Market) -> None:
        self._markets.pop(market.ticker, None)
        self._markets[market.ticker] = market
        while len(self._markets) > MARKETS_MAX:
            del self._markets[next(iter(self._markets))]

    # --- a quote: fills, arrivals, a decision ---

    def _look(self, quote: Quote, now: datetime) -> None:
        self._quotes[quote.ticker] = quote
        self._book.match(quote, now)
        self._time_out(now)
        self._arrive(quote, now)
        self._book_fills(now)
        market = self._open(now)
        if market and market.ticker == quote.ticker:
            self._decide(market, quote, now)
            self._arrive(quote, now)
            self._book_fills(now)

    def _open(self, now: datetime) -> Market | None:
        """The market open now that closes first, as the bot picks it."""
        here = (m for m in self._markets.values() if m.open_at(now))
        return min(here, key=lambda m: (m.close_time, m.ticker), default=None)

    def _decide(self, market: Market, quote: Quote, now: datetime) -> None:
        before = next((m for m in self._markets.values() if m.close_time == market.open_time), None)
        view = View(now, market, before, quote, tuple(self._ticks))
        decision = self._strategy.on_tick(own_view(view, self._state, self._strategy.name, Mode.DRY_RUN))
        self._say(market.ticker, decision)
        for client_order_id in decision.cancels:
            self._cancel(client_order_id, now)
        for intent in decision.intents:
            self._want(intent, decision, Context(now, self._state, self._terms.limits, market, quote))

    def _want(self, intent: Intent, decision: Decision, context: Context) -> None:
        """One attempt in each market, and the ways out; more for who may enter more than once."""
        if intent.reduce_only or reenters(self._strategy):
            intent = next_attempt(intent, self._state, IDENTITY)
        elif self._reasons.get(intent.ticker) == "":
            return
        verdict = judge(intent, context, IDENTITY)
        if isinstance(verdict, Denial):
            self._reasons[intent.ticker] = f"denied:{verdict.code}"
            return
        self._reasons[intent.ticker] = ""
        self._record(ev.OrderIntended(context.now, verdict.order, decision.signals))
        arrives = context.now + timedelta(seconds=self._terms.latency_seconds)
        self._waiting.append(replace(verdict.order, created_at=arrives))

    def _say(self, ticker: str, decision: Decision) -> None:
        """The last reason inside the entry window counts, as alive."""
        known = self._reasons.setdefault(ticker, decision.skipped or "not_running")
        if known and decision.skipped and decision.skipped != "entry_window":
            self._reasons[ticker] = decision.skipped

    # --- orders ---

    def _arrive(self, quote: Quote, now: datetime) -> None:
        for order in [o for o in self._waiting if o.ticker == quote.ticker and o.created_at <= now]:
            self._waiting.remove(order)
            name = order.client_order_id
            try:
                placed = self._book.enter(order, quote, OPEN, now)
            except (Rejected, Unresolved) as error:
                self._record(ev.OrderRejected(now, name, getattr(error, "code", "rejected"), str(error)))
                continue
            self._record(ev.OrderAcknowledged(now, name, placed.order_id, _status(placed), placed.filled))

    def _time_out(self, now: datetime) -> None:
        """End what has rested too long: with the first quote after that, since nothing happens between two."""
        for order in self._state.live_orders():
            due = order.created_at + timedelta(seconds=self._terms.limits.timeout_seconds(order.post_only))
            if order.order_id and now >= min(due, order.close_time or due):
                self._end(order, now)

    def _cancel(self, client_order_id: str, now: datetime) -> None:
        """A cancel of the strategy's own; one of an order that is still on its way reaches it there."""
        order = self._state.orders.get(client_order_id)
        if order and order.live:
            self._waiting = [each for each in self._waiting if each.client_order_id != client_order_id]
            self._end(order, now)

    def _end(self, order: Order, now: datetime) -> None:
        with suppress(NotFound):  # it had filled, and its fills are booked by now
            self._book.cancel(order.order_id, now)
        status, filled = OrderStatus.CANCELED, self._state.orders[order.client_order_id].filled
        self._record(ev.OrderAcknowledged(now, order.client_order_id, order.order_id, status, filled, "timeout"))

    def _book_fills(self, now: datetime) -> None:
        for fill in self._fills.take():
            self._record(ev.OrderFilled(now, fill))

    def _settle(self, ticker: str, value: Decimal, now: datetime) -> None:
        for order in [o for o in self._state.live_orders() if o.ticker == ticker]:
            self._waiting = [o for o in self._waiting if o.client_order_id != order.client_order_id]
            self._end(order, now)
        self._book.settle(ticker, value, now)
        self._record(ev.MarketSettled(now, ticker, Mode.DRY_RUN, "yes" if value else "no", value))
        self._state = without(self._state, ticker)

    def _record(self, event: ev.Event) -> None:
        step = apply(self._state, event)
        self._state = step.state
        self._closed += [p.record for p in step.puts if isinstance(p.record, Trade) and not p.record.open]


def _status(placed: Placed) -> OrderStatus:
    if placed.remaining:
        return OrderStatus.RESTING
    return OrderStatus.EXECUTED if placed.filled else OrderStatus.CANCELED
