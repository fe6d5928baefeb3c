"""The first hours of real orders: after a person has gone live in production, one contract a trade.

What was never tried with money is tried with the least of it. The engine cuts what a strategy wishes down to one
contract and says so in the order's reason; the gate denies more than one, whoever wished it. The clock starts with
each switch to real orders anew; how long it runs is the host's to say (Limits.first_hours; 0: not at all).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from trading.domain.intent import Intent
from trading.domain.money import ONE, ZERO
from trading.domain.order import Mode, Order
from trading.domain.state import State
from trading.domain.trade import Trade
from trading.risk.limits import Limits


def one_contract_until(state: State, limits: Limits, now: datetime) -> datetime | None:
    """When the first hours of real orders end (aware UTC); None where they are over, or never began."""
    if state.mode is not Mode.REAL or state.real_since is None:
        return None
    end = state.real_since + timedelta(hours=limits.first_hours)
    return end if now < end else None


def cut_down(intent: Intent, state: State, limits: Limits, now: datetime) -> Intent:
    """The intent as it may be sent now; where that is less than was wished, its reason says so. What only reduces a
    position is not cut."""
    if intent.reduce_only or intent.count <= ONE or not one_contract_until(state, limits, now):
        return intent
    why = f"{intent.why}; 1 contract, not {intent.count:f}: the first {limits.first_hours:g} h of real orders"
    return replace(intent, count=ONE, why=why)


def in_one_trade(order: Order, state: State) -> Decimal:
    """Contracts of the trade that a proposed order belongs to: bought, still to be filled, and the order's own."""

    def same(bet: Trade | Order) -> bool:
        return (bet.mode, bet.strategy, bet.ticker) == (order.mode, order.strategy, order.ticker)

    bought = (t.contracts for t in state.trades.values() if same(t))
    working = (o.open_count for o in state.working_orders() if same(o) and not o.reduce_only)
    return sum(bought, ZERO) + sum(working, ZERO) + order.count
