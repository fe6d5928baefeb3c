"""What the ledger does with what comes from outside the course of trading: amended results, deposits and withdrawals.

A corrected trade keeps the moment at which it was closed: its profit changes on that day, not on the day of the news.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import cast

from trading.domain import events as ev
from trading.domain.records import Control
from trading.domain.state import State
from trading.domain.step import Step, put, with_book, with_totals
from trading.domain.trade import Trade, TradeOutcome

CASH_FLOW = "cash_flow:"  # begins the names of the control values that say what a flow has moved so far


def corrected(trade: Trade, value: Decimal) -> Trade:
    """A closed trade as it is where a YES contract paid `value` dollars in the end."""
    return replace(trade.paying(value), outcome=TradeOutcome.CORRECTED)


def result_amended(state: State, event: ev.ResultAmended, zone: tzinfo) -> Step:
    was, now = event.trade, corrected(event.trade, event.value)
    day = cast(datetime, was.closed_at).astimezone(zone).date()
    step = put(Step(state), state, "trades", now.trade_id, now)
    step = with_totals(step, was.mode, state.totals_of(was.mode).corrected(was, now, day), event.at)
    own = state.totals_of(was.mode, was.strategy).corrected(was, now, day)
    return with_book(step, was.mode, was.strategy, own, event.at)


def cash_moved(state: State, event: ev.CashMoved, zone: tzinfo) -> Step:
    name = f"{CASH_FLOW}{event.flow.flow_id}"
    moved = {"direction": event.flow.direction.value, "amount": str(event.flow.moved)}
    return put(Step(state), state, "control", name, Control(name, moved, event.at))
