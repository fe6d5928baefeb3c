"""What the bot knows and must never lose, as one immutable value.

Every part of it is a row in the store, so that reading the tables gives the same State again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import cast

from trading.domain.growing import Growing
from trading.domain.money import ZERO
from trading.domain.order import Mode, Order, Position, book_of
from trading.domain.orders import Orders
from trading.domain.trade import Trade, TradeOutcome


class TradingState(StrEnum):
    """What the gate lets through. REDUCING: no new risk; HALTED: nothing but a person's /flatten."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class Reason(StrEnum):
    """Why trading is not ACTIVE; each is cleared in its own way."""

    MANUAL = "manual"
    PAUSED = "paused"
    REJECTIONS = "rejections"
    ENGINE_ERROR = "engine_error"
    RECONCILE_MISMATCH = "reconcile_mismatch"
    HISTORY = "history"
    RESTARTS = "restarts"
    DAY_LOSS = "day_loss"
    STALE_FEED = "stale_feed"
    EXCHANGE_PAUSED = "exchange_paused"
    CONTROL_LOST = "control_lost"
    STORAGE = "storage"


REDUCING_REASONS = frozenset({Reason.PAUSED, Reason.CONTROL_LOST})
OWNER_CLEARS = frozenset(
    {
        Reason.MANUAL,
        Reason.PAUSED,
        Reason.REJECTIONS,
        Reason.ENGINE_ERROR,
        Reason.RECONCILE_MISMATCH,
        Reason.HISTORY,
        Reason.RESTARTS,
        Reason.DAY_LOSS,
    }
)


@dataclass(frozen=True, slots=True)
class Halt:
    """One reason why trading stands still or only reduces, since when, by whom, in words."""

    reason: Reason
    since: datetime
    by: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """Running sums of one mode's closed trades, dollars after fees. `day` and `week` are the owner's dates."""

    wins: int = 0
    losses: int = 0
    others: int = 0  # SCALAR and CORRECTED
    profit: Decimal = ZERO
    fees: Decimal = ZERO
    day: date | None = None
    day_profit: Decimal = ZERO
    week: date | None = None  # its Monday
    week_profit: Decimal = ZERO
    unfilled: int = 0  # orders that came to nothing: no trades

    @property
    def trades(self) -> int:
        return self.wins + self.losses + self.others

    def on(self, day: date) -> Totals:
        """The same with the day's and the week's sums begun anew where a new one has come."""
        monday = day - timedelta(days=day.weekday())
        totals = self
        if totals.day != day:
            totals = replace(totals, day=day, day_profit=ZERO)
        if totals.week != monday:
            totals = replace(totals, week=monday, week_profit=ZERO)
        return totals

    def plus(self, trade: Trade, day: date) -> Totals:
        """With one closed trade, or order that came to nothing, booked on `day`."""
        totals = self.on(day)
        return replace(
            totals,
            wins=totals.wins + (trade.outcome is TradeOutcome.WIN),
            losses=totals.losses + (trade.outcome is TradeOutcome.LOSS),
            others=totals.others + (trade.outcome in (TradeOutcome.SCALAR, TradeOutcome.CORRECTED)),
            unfilled=totals.unfilled + (trade.outcome is TradeOutcome.UNFILLED),
            profit=totals.profit + trade.profit,
            fees=totals.fees + trade.fees,
            day_profit=totals.day_profit + trade.profit,
            week_profit=totals.week_profit + trade.profit,
        )

    def corrected(self, was: Trade, now: Trade, day: date) -> Totals:
        """With a trade that was booked on `day` as it is now; the day's and week's sums follow while they run."""
        gained, monday = now.profit - was.profit, day - timedelta(days=day.weekday())
        won, lost = was.outcome is TradeOutcome.WIN, was.outcome is TradeOutcome.LOSS
        return replace(
            self,
            wins=self.wins - won,
            losses=self.losses - lost,
            others=self.others + (won or lost),
            profit=self.profit + gained,
            day_profit=self.day_profit + (gained if day == self.day else ZERO),
            week_profit=self.week_profit + (gained if monday == self.week else ZERO),
        )


@dataclass(frozen=True, slots=True)
class LossTold:
    """How much of a day's loss limit people were told of, in per cent."""

    day: date
    level: int


@dataclass(frozen=True, slots=True)
class ErrorTold:
    """An error that people were told of, its latest words, and how often it came again since."""

    told_at: datetime
    text: str
    again: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """Orders and trades are those still open (and orders of open trades); ids are kept for two days."""

    mode: Mode = Mode.REAL
    orders: Mapping[str, Order] = field(default_factory=dict)  # by client_order_id; always an Orders
    trades: Mapping[str, Trade] = field(default_factory=dict)  # by trade_id
    positions: Mapping[str, Position] = field(default_factory=dict)  # by position_key
    halts: Mapping[Reason, Halt] = field(default_factory=dict)
    totals: Mapping[Mode, Totals] = field(default_factory=dict)
    books: Mapping[str, Totals] = field(default_factory=dict)  # the same by book_key: of one strategy in one mode
    attempts: Mapping[str, datetime] = field(default_factory=dict)  # client_order_id -> when it was committed; Growing
    fill_ids: Mapping[str, datetime] = field(default_factory=dict)  # fill_id -> when it was booked; Growing
    rejections: int = 0  # in a row
    loss_told: Mapping[Mode, LossTold] = field(default_factory=dict)
    errors: Mapping[str, ErrorTold] = field(default_factory=dict)  # by code, while they are counted
    reported: Mapping[str, date] = field(default_factory=dict)  # period -> the last day whose report was told
    balance_low: frozenset[Mode] = frozenset()  # told, and not enough since
    limits: Mapping[str, Decimal] = field(default_factory=dict)  # as people changed them, by the names they type
    disabled: frozenset[str] = frozenset()  # strategies that are switched off
    parameters: Mapping[str, Decimal] = field(default_factory=dict)  # "strategy.name", as people changed them
    real_since: datetime | None = None  # when a person let it go live in production; None while that is not so

    def __post_init__(self) -> None:
        if not isinstance(self.orders, Orders):
            object.__setattr__(self, "orders", Orders(self.orders))
        if not isinstance(self.attempts, Growing):
            object.__setattr__(self, "attempts", Growing(self.attempts))
        if not isinstance(self.fill_ids, Growing):
            object.__setattr__(self, "fill_ids", Growing(self.fill_ids))

    @property
    def trading(self) -> TradingState:
        if not self.halts:
            return TradingState.ACTIVE
        if set(self.halts) <= REDUCING_REASONS:
            return TradingState.REDUCING
        return TradingState.HALTED

    def with_order(self, order: Order) -> State:
        """The same with this order as it is now."""
        return replace(self, orders=cast(Orders, self.orders).put(order))

    def with_attempt(self, client_order_id: str, at: datetime) -> State:
        """The same with this attempt made at this time."""
        return replace(self, attempts=cast(Growing[datetime], self.attempts).put(client_order_id, at))

    def with_fill(self, fill_id: str, at: datetime) -> State:
        """The same with this fill booked at this time."""
        return replace(self, fill_ids=cast(Growing[datetime], self.fill_ids).put(fill_id, at))

    def newest_attempts(self) -> Iterator[tuple[str, datetime]]:
        """The client_order_id of every attempt and when it was made, the newest first."""
        return cast(Growing[datetime], self.attempts).newest()

    def working_orders(self) -> list[Order]:
        """Orders that may still fill, or that filled and whose fills are not all read; those that ended are many."""
        return list(cast(Orders, self.orders).working.values())

    def headline_orders(self) -> list[Order]:
        """Orders that a headline led to, ended ones too."""
        return list(cast(Orders, self.orders).on_headlines.values())

    def paper_orders(self) -> list[Order]:
        """Orders of the dry run, ended ones too."""
        some = cast(Orders, self.orders).on_paper
        return [order for order in self.orders.values() if order.mode is Mode.DRY_RUN] if some else []

    def live_orders(self, mode: Mode | None = None) -> list[Order]:
        """Orders that may still fill, oldest first; of one mode, or of both."""
        return [o for o in self.working_orders() if o.live and mode in (None, o.mode)]

    def open_trades(self, mode: Mode | None = None) -> list[Trade]:
        return [t for t in self.trades.values() if mode in (None, t.mode)]

    def totals_of(self, mode: Mode, strategy: str = "") -> Totals:
        """Of all strategies, or of one."""
        if strategy:
            return self.books.get(book_key(mode, strategy), Totals())
        return self.totals.get(mode, Totals())

    def book_names(self, mode: Mode) -> list[str]:
        """The books that a mode's limits are held against, at least one: that of all real orders, or on paper that of
        each strategy which has traded."""
        closed = {key.removeprefix(f"{mode}:") for key in self.books if key.startswith(f"{mode}:")}
        names = {book_of(mode, name) for name in closed}
        names |= {trade.book for trade in self.open_trades(mode)} | {order.book for order in self.live_orders(mode)}
        return sorted(names) or [""]


def book_key(mode: Mode, strategy: str) -> str:
    """The key of a strategy's sums in a mode."""
    return f"{mode}:{strategy}"
