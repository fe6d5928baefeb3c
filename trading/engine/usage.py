"""What is used of each limit now, by the names that people type: in the fullest book, where there are several."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from trading.domain.money import ZERO
from trading.domain.order import Mode
from trading.domain.state import State
from trading.risk.checks import at_risk, rate


def used(state: State, mode: Mode, now: datetime, day: date) -> dict[str, Decimal | int]:
    """Dollars and counts in a mode at `now`, `day` being the owner's date."""
    books = [_used(state, mode, book, now, day) for book in state.book_names(mode)]
    return {name: max(each[name] for each in books) for name in books[0]}


def _used(state: State, mode: Mode, book: str, now: datetime, day: date) -> dict[str, Decimal | int]:
    risk, totals = at_risk(state, mode, strategy=book), state.totals_of(mode, book).on(day)
    open_orders = [order for order in state.live_orders(mode) if order.book == book]
    markets = {trade.ticker for trade in state.open_trades(mode)} | {order.ticker for order in open_orders}
    return {
        "position": max((at_risk(state, mode, ticker, book) for ticker in markets), default=ZERO),
        "exposure": risk,
        "day_loss": max(-totals.day_profit, ZERO) + risk,
        "week_loss": max(-totals.week_profit, ZERO) + risk,
        "open_orders": len(open_orders),
        "order_rate": rate(state, mode, book, now),
    }
