"""A step of the ledger: a new State together with the rows that make it durable, and the ways to build one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from trading.domain.money import ZERO
from trading.domain.order import Fill, Mode, Order, Position, position_key
from trading.domain.records import Control, Put, Record
from trading.domain.state import State, Totals, book_key
from trading.domain.trade import Trade

BOOK = "book:"  # begins the names of the rows of one strategy's sums: book:<mode>:<strategy>


@dataclass(frozen=True, slots=True)
class Step:
    """A new State and the rows that make it durable."""

    state: State
    puts: tuple[Put, ...] = ()


def control(name: str, value: Any, at: datetime) -> Control:
    """A control row of a flat dataclass: its fields as text, absent ones left out."""
    fields = {slot: getattr(value, slot) for slot in value.__slots__}
    return Control(name, {key: str(v) for key, v in fields.items() if v is not None}, at)


def put(step: Step, state: State, table: str, key: str, record: Record | None) -> Step:
    """The step with one more row; no record deletes it."""
    return Step(state, (*step.puts, Put(table, key, record)))


def with_order(step: Step, order: Order) -> Step:
    """The step with this order as it is now."""
    return put(step, step.state.with_order(order), "orders", order.client_order_id, order)


def with_trade(step: Step, trade: Trade) -> Step:
    """The step with this open trade as it is now."""
    trades = {**step.state.trades, trade.trade_id: trade}
    return put(step, replace(step.state, trades=trades), "trades", trade.trade_id, trade)


def without_trade(step: Step, closed: Trade) -> Step:
    """The step with this trade closed: out of the State, its last row written."""
    trades = {key: t for key, t in step.state.trades.items() if key != closed.trade_id}
    return put(step, replace(step.state, trades=trades), "trades", closed.trade_id, closed)


def with_position(step: Step, fill: Fill) -> Step:
    """The step with a fill counted in its position."""
    key = position_key(fill.mode, fill.ticker, fill.strategy)
    held = step.state.positions.get(key) or Position(fill.mode, fill.ticker, ZERO, fill.strategy)
    held = replace(held, contracts=held.contracts + fill.signed)
    if not held.contracts:
        return without_position(step, key)
    return put(step, replace(step.state, positions={**step.state.positions, key: held}), "positions", key, held)


def without_position(step: Step, key: str) -> Step:
    """The step with nothing held under this key."""
    positions = {k: p for k, p in step.state.positions.items() if k != key}
    return put(step, replace(step.state, positions=positions), "positions", key, None)


def with_totals(step: Step, mode: Mode, totals: Totals, at: datetime) -> Step:
    """The step with these sums of a mode's closed trades."""
    name = f"totals:{mode}"
    state = replace(step.state, totals={**step.state.totals, mode: totals})
    return put(step, state, "control", name, control(name, totals, at))


def with_book(step: Step, mode: Mode, strategy: str, totals: Totals, at: datetime) -> Step:
    """The step with these sums of one strategy's closed trades in a mode."""
    key = book_key(mode, strategy)
    state = replace(step.state, books={**step.state.books, key: totals})
    return put(step, state, "control", f"{BOOK}{key}", control(f"{BOOK}{key}", totals, at))


def with_rejections(step: Step, count: int, at: datetime) -> Step:
    """The step with so many rejections in a row."""
    if step.state.rejections == count:
        return step
    row = Control("rejections", {"count": str(count)}, at)
    return put(step, replace(step.state, rejections=count), "control", "rejections", row)
