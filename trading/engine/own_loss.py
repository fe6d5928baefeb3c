"""A strategy's own limit on a day's loss: what it has lost today, and what it holds could still lose."""

from __future__ import annotations

from datetime import date

from trading.domain.money import ZERO
from trading.domain.order import Mode
from trading.domain.state import State
from trading.strategies.base import Strategy, daily_loss_limit


def lost(strategy: Strategy, state: State, mode: Mode, today: date) -> str:
    """How it has reached its limit, in words that follow its name; empty where it has none, or not yet.

    What it has resting counts for nothing: that is pulled when it is switched off, and what it holds is not.
    """
    limit = daily_loss_limit(strategy)
    if limit is None:
        return ""
    closed = state.totals_of(mode, strategy.name).on(today).day_profit
    held = sum((t.at_risk for t in state.open_trades(mode) if t.strategy == strategy.name), ZERO)
    if held - closed < limit:
        return ""
    so_far = f"{'made' if closed > 0 else 'lost'} ${abs(closed):.2f}"
    return f"has {so_far} today and may lose ${held:.2f} more by what it holds: its limit is ${limit:.2f} a day"
