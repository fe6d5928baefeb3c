"""All change of what we know, in one pure function: `apply(state, event) -> Step`.

The engine turns what the world says into events; each event changes the State by the one handler below and names the
rows that must be written with it. Whoever commits the rows first and takes the new State after has lost nothing.
An illegal move raises and changes nothing. An event that says nothing new (a fill seen twice) gives an empty step.

Money: a trade's `cash` is the sum of -(signed contracts x YES price) over its fills, so that for YES and NO, bought
or sold, profit = cash + position x settlement value - fees. Fees come from fills alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, cast

from trading.domain import corrections, error_counts, switches, told
from trading.domain import events as ev
from trading.domain.money import ONE, ZERO
from trading.domain.order import TRANSITIONS, Fill, Mode, Order, OrderStatus, yes_price
from trading.domain.pruning import pruned
from trading.domain.records import Put
from trading.domain.signal import Signal
from trading.domain.state import State
from trading.domain.step import (
    Step,
    with_book,
    with_order,
    with_position,
    with_rejections,
    with_totals,
    with_trade,
    without_position,
    without_trade,
)
from trading.domain.trade import Trade, TradeOutcome

# Ended by us, never got there, a pause of the whole exchange, or an all-or-nothing that found too little: no refusal
# of ours to count.
NOT_REFUSED = frozenset(
    {
        "called_off",
        "never_arrived",
        "unreachable",
        "trading_is_paused",
        "exchange_is_paused",
        "fill_or_kill_insufficient_resting_volume",
    }
)
CROSSED = "post only cross"  # in the exchange's refusal of a post-only order that would have taken


class IllegalMove(Exception):
    """An order cannot go from this status to that one: the caller's mistake."""


def apply(state: State, event: ev.Event, zone: tzinfo = UTC) -> Step:
    """The step that `event` makes; days and weeks of the totals are those of `zone`. Raises IllegalMove."""
    handler = _HANDLERS.get(type(event))
    return handler(state, event, zone) if handler else Step(state)


def can_become(order: Order, status: OrderStatus) -> bool:
    """Whether the exchange's word about an order is news that the table allows; a stale read is not."""
    return status in TRANSITIONS[order.status]


def settle(trade: Trade, value: Decimal, at: datetime) -> Trade:
    """The trade closed, one YES contract having paid `value` dollars: outcome, payout and profit after fees."""
    paid = trade.paying(value)
    return replace(paid, outcome=_outcome(trade, value, paid.profit), closed_at=at)


def _outcome(trade: Trade, value: Decimal, profit: Decimal) -> TradeOutcome:
    if not trade.contracts:
        return TradeOutcome.UNFILLED
    if not trade.position:  # sold before the end: the market's result says nothing about it
        return TradeOutcome.WIN if profit > 0 else TradeOutcome.LOSS
    if ZERO < value < ONE:
        return TradeOutcome.SCALAR
    return TradeOutcome.WIN if (value == ONE) == (trade.position > 0) else TradeOutcome.LOSS


def trade_of(state: State, order: Order) -> Trade | None:
    """The open trade that an order belongs to."""
    same = (
        t for t in state.trades.values() if (t.mode, t.strategy, t.ticker) == (order.mode, order.strategy, order.ticker)
    )
    return next(same, None)


def order_by_id(state: State, order_id: str) -> Order | None:
    """Our order with the exchange's id."""
    return next((o for o in state.orders.values() if order_id and o.order_id == order_id), None)


# --- orders ---------------------------------------------------------------------------------------------------------


def _intended(state: State, event: ev.OrderIntended, zone: tzinfo) -> Step:
    order = event.order
    if order.client_order_id in state.attempts:
        raise IllegalMove(f"order {order.client_order_id} was already written down")
    state = pruned(state, event.at).with_attempt(order.client_order_id, event.at)
    step = with_order(Step(state), order)
    if trade_of(state, order):
        return step
    return with_trade(step, _opened(order, event.at, event.signals))


def _opened(order: Order, at: datetime, signals: Sequence[Signal] = ()) -> Trade:
    said = {s.name: s.side.value if s.side else "" for s in signals}
    return Trade(
        trade_id=order.client_order_id,
        mode=order.mode,
        strategy=order.strategy,
        ticker=order.ticker,
        side=order.outcome,
        opened_at=at,
        close_time=order.close_time or at,
        limit_price=order.own_price,
        ordered=order.count,
        previous_signal=said.get("previous", ""),
        momentum_signal=said.get("momentum", ""),
    )


def _acknowledged(state: State, event: ev.OrderAcknowledged, zone: tzinfo) -> Step:
    order = _moved(state, event.client_order_id, event.status)
    order = replace(
        order,
        order_id=event.order_id,
        reported=max(order.reported, event.reported),
        updated_at=event.at,
        why=event.why or order.why,
    )
    step = with_order(Step(state), order)
    if order.mode is Mode.REAL:
        step = with_rejections(step, 0, event.at)
    trade = trade_of(state, order)
    if trade and not trade.order_id:
        step = with_trade(step, replace(trade, order_id=event.order_id))
    return _close_unfilled(step, order, event.at, zone)


def _rejected(state: State, event: ev.OrderRejected, zone: tzinfo) -> Step:
    order = _moved(state, event.client_order_id, OrderStatus.REJECTED)
    order = replace(order, updated_at=event.at, why=f"{event.code}: {event.message}".strip(": "))
    step = with_rejections(with_order(Step(state), order), state.rejections + _refused(order, event), event.at)
    return _close_unfilled(step, order, event.at, zone)


def _refused(order: Order, event: ev.OrderRejected) -> bool:
    """Whether it counts: a real order, and not a quote that came too late for the touch that it stood behind."""
    crossed = order.post_only and CROSSED in event.message.lower()
    return order.mode is Mode.REAL and event.code not in NOT_REFUSED and not crossed


def _unresolved(state: State, event: ev.OrderUnresolved, zone: tzinfo) -> Step:
    order = _moved(state, event.client_order_id, OrderStatus.UNKNOWN)
    return with_order(Step(state), replace(order, updated_at=event.at, why=event.why))


def _cancel_requested(state: State, event: ev.CancelRequested, zone: tzinfo) -> Step:
    order = state.orders[event.client_order_id]
    return with_order(Step(state), replace(order, cancel_requested_at=event.at, updated_at=event.at, why=event.why))


def _moved(state: State, client_order_id: str, status: OrderStatus) -> Order:
    order = state.orders[client_order_id]
    if not can_become(order, status):
        raise IllegalMove(f"order {client_order_id} is {order.status} and cannot become {status}")
    return replace(order, status=status)


def _close_unfilled(step: Step, order: Order, at: datetime, zone: tzinfo) -> Step:
    """A trade whose order ended with nothing filled is over: no bet was made."""
    trade = trade_of(step.state, order)
    if not trade or trade.contracts or order.live or order.reported:
        return step
    if any(trade_of(step.state, o) is trade for o in step.state.live_orders()):
        return step
    return _booked(step, settle(trade, ZERO, at), zone)


# --- fills and settlements ------------------------------------------------------------------------------------------


def _filled(state: State, event: ev.OrderFilled, zone: tzinfo) -> Step:
    fill = event.fill
    if fill.fill_id in state.fill_ids:
        return Step(state)
    order = state.orders[fill.client_order_id]
    step = Step(state.with_fill(fill.fill_id, event.at), (Put("fills", fill.fill_id, fill),))
    step = with_order(step, _with_fill(order, fill, event.at))
    step = with_position(step, fill)
    trade = _bought_or_sold(trade_of(state, order) or _late(order, event), fill)
    if trade.position or not trade.contracts:
        return with_trade(step, trade)
    return _booked(step, settle(trade, ZERO, event.at), zone)


def _with_fill(order: Order, fill: Fill, at: datetime) -> Order:
    filled = order.filled + fill.count
    status = OrderStatus.EXECUTED if filled >= order.count else order.status
    return replace(
        order,
        filled=filled,
        reported=max(order.reported, filled),
        status=status,
        order_id=order.order_id or fill.order_id,
        updated_at=at,
    )


def _late(order: Order, event: ev.OrderFilled) -> Trade:
    """The trade of a fill that turned up after its own trade had been closed: a trade of its own, nothing lost."""
    return replace(_opened(order, event.at), trade_id=f"{order.client_order_id}-{event.fill.fill_id}")


def _bought_or_sold(trade: Trade, fill: Fill) -> Trade:
    closing = min(fill.count, abs(trade.position)) if trade.position * fill.signed < 0 else ZERO
    opening = fill.count - closing
    sold = (trade.cost - trade.sold_cost) * closing / abs(trade.position) if closing else ZERO
    return replace(
        trade,
        contracts=trade.contracts + opening,
        cost=trade.cost + opening * yes_price(fill.side.outcome, fill.price),
        sold_cost=trade.sold_cost + sold,
        cash=trade.cash - fill.signed * fill.price,
        position=trade.position + fill.signed,
        fees=trade.fees + fill.fee,
        order_id=trade.order_id or fill.order_id,
    )


def _settled(state: State, event: ev.MarketSettled, zone: tzinfo) -> Step:
    step = Step(state)
    for trade in state.open_trades(event.mode):
        if trade.ticker == event.ticker:
            step = _booked(step, settle(trade, event.value, event.at), zone)
    for key, held in state.positions.items():
        if (held.mode, held.ticker) == (event.mode, event.ticker):
            step = without_position(step, key)
    return step


def _booked(step: Step, closed: Trade, zone: tzinfo) -> Step:
    """A closed trade leaves the open ones and counts in its mode's totals, and in its strategy's."""
    step = without_trade(step, closed)
    at, mode, name = cast(datetime, closed.closed_at), closed.mode, closed.strategy
    day = at.astimezone(zone).date()
    step = with_totals(step, mode, step.state.totals_of(mode).plus(closed, day), at)
    return with_book(step, mode, name, step.state.totals_of(mode, name).plus(closed, day), at)


_HANDLERS: Mapping[type, Callable[[State, Any, tzinfo], Step]] = {
    ev.OrderIntended: _intended,
    ev.OrderAcknowledged: _acknowledged,
    ev.OrderRejected: _rejected,
    ev.OrderUnresolved: _unresolved,
    ev.CancelRequested: _cancel_requested,
    ev.OrderFilled: _filled,
    ev.MarketSettled: _settled,
    ev.HaltRaised: switches.halt_raised,
    ev.HaltCleared: switches.halt_cleared,
    ev.LossReached: switches.loss_reached,
    ev.BalanceLow: told.balance_low,
    ev.BalanceEnough: told.balance_enough,
    ev.ReportDue: told.report_due,
    ev.LimitChanged: switches.limit_changed,
    ev.StrategySwitched: switches.strategy_switched,
    ev.ParameterChanged: switches.parameter_changed,
    ev.ModeChanged: switches.mode_changed,
    ev.WindowPassed: switches.window_passed,
    ev.ErrorSeen: error_counts.error_seen,
    ev.ErrorsCounted: error_counts.errors_counted,
    ev.SettlementRead: switches.settlement_read,
    ev.ResultAmended: corrections.result_amended,
    ev.CashMoved: corrections.cash_moved,
}
