"""The ledger: money to the fraction of a cent, every fill once, and no illegal move."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import OPEN, TICKER, fill, order
from trading.domain import events as ev
from trading.domain.ledger import IllegalMove, apply, settle
from trading.domain.order import TRANSITIONS, Mode, Order, OrderStatus, Side, position_key
from trading.domain.pruning import KEPT, pruned
from trading.domain.state import Reason, State, TradingState
from trading.domain.trade import TradeOutcome

D = Decimal
KEY = position_key(Mode.REAL, TICKER, "consensus")


def run(*events: ev.Event, state: State | None = None) -> State:
    state = state or State()
    for event in events:
        state = apply(state, event).state
    return state


def intended(given_order: Order) -> ev.OrderIntended:
    return ev.OrderIntended(OPEN, given_order)


def acked(status: OrderStatus = OrderStatus.RESTING, reported: str = "0", key: str = "k1-a") -> ev.OrderAcknowledged:
    return ev.OrderAcknowledged(OPEN, key, "x1", status, D(reported))


def filled(of: Order, *args: str, **changes: str) -> ev.OrderFilled:
    return ev.OrderFilled(OPEN, fill(of, *args, **changes))


def settled(value: str, result: str = "yes") -> ev.MarketSettled:
    return ev.MarketSettled(OPEN + timedelta(minutes=16), TICKER, Mode.REAL, result, D(value))


def closed(state: State, event: ev.Event) -> object:
    return next(p.record for p in apply(state, event).puts if p.table == "trades")


@pytest.mark.parametrize(
    ("side", "price", "value", "outcome", "profit"),
    [
        (Side.BID, "0.50", "1", TradeOutcome.WIN, "4.825"),  # 10 x (1 - 0.50) - 0.175
        (Side.BID, "0.50", "0", TradeOutcome.LOSS, "-5.175"),
        (Side.ASK, "0.57", "0", TradeOutcome.WIN, "5.525"),  # 10 NO at 0.43
        (Side.ASK, "0.57", "1", TradeOutcome.LOSS, "-4.475"),
        (Side.BID, "0.50", "0.40", TradeOutcome.SCALAR, "-1.175"),
        (Side.ASK, "0.57", "0.40", TradeOutcome.SCALAR, "1.525"),
    ],
)
def test_a_trade_from_order_to_settlement(side: Side, price: str, value: str, outcome: object, profit: str) -> None:
    bet = order(side=side, price=D(price))
    state = run(intended(bet), acked(), filled(bet))
    assert state.positions[KEY].contracts == 10 * side.sign
    trade = closed(state, settled(value))
    state = run(settled(value), state=state)
    assert (trade.outcome, trade.profit) == (outcome, D(profit))  # type: ignore[attr-defined]
    assert trade.payout - trade.cost - trade.fees == trade.profit  # type: ignore[attr-defined]
    assert not state.trades
    assert not state.positions
    assert state.totals_of(Mode.REAL).profit == D(profit)


def test_a_fill_seen_twice_is_booked_once() -> None:
    bet = order()
    state = run(intended(bet), acked(), filled(bet, "4"))
    again = apply(state, filled(bet, "4"))
    assert again.state == state
    assert again.puts == ()
    assert state.orders["k1-a"].open_count == 6


def test_partial_fills_add_up_and_the_rest_can_be_cancelled() -> None:
    bet = order()
    state = run(intended(bet), acked(), filled(bet, "4", fee="0.07"), filled(bet, "3", fee="0.0525", key="f2"))
    state = run(acked(OrderStatus.CANCELED, "7"), state=state)
    trade = state.trades["k1-a"]
    assert (trade.contracts, trade.cost, trade.fees) == (7, D("3.50"), D("0.1225"))
    assert not state.orders["k1-a"].live


def test_an_order_that_ends_without_a_fill_closes_its_trade_as_unfilled() -> None:
    state = run(intended(order()), acked())
    trade = closed(state, acked(OrderStatus.CANCELED))
    assert trade.outcome is TradeOutcome.UNFILLED  # type: ignore[attr-defined]
    state = run(acked(OrderStatus.CANCELED), state=state)
    assert not state.trades
    assert state.totals_of(Mode.REAL).trades == 0


def test_a_cancelled_order_whose_fills_are_not_read_yet_keeps_its_trade_open() -> None:
    state = run(intended(order()), acked(), acked(OrderStatus.CANCELED, "3"))
    assert state.trades
    assert state.orders["k1-a"].open_count == 3


def test_a_fill_after_its_trade_was_closed_becomes_a_trade_of_its_own() -> None:
    bet = order()
    state = run(intended(bet), acked(), acked(OrderStatus.CANCELED), filled(bet))
    assert state.orders["k1-a"].status is OrderStatus.EXECUTED
    assert list(state.trades) == ["k1-a-f1"]
    assert state.positions[KEY].contracts == 10


def test_selling_what_was_bought_closes_the_trade_with_its_profit() -> None:
    bet = order()
    sale = order(client_order_id="k1-b", side=Side.ASK, price=D("0.60"), reduce_only=True)
    state = run(intended(bet), acked(), filled(bet), intended(sale), acked(key="k1-b"))
    trade = closed(state, filled(sale, fee="0.168", key="f2"))
    assert trade.outcome is TradeOutcome.WIN  # type: ignore[attr-defined]
    assert trade.profit == D("10") * (D("0.60") - D("0.50")) - D("0.343")  # type: ignore[attr-defined]


def test_the_same_order_cannot_be_written_down_twice() -> None:
    state = run(intended(order()))
    with pytest.raises(IllegalMove):
        apply(state, intended(order()))


@pytest.mark.parametrize("was", list(OrderStatus))
@pytest.mark.parametrize("to", [OrderStatus.RESTING, OrderStatus.EXECUTED, OrderStatus.CANCELED])
def test_the_table_of_moves_holds_and_an_illegal_one_changes_nothing(was: OrderStatus, to: OrderStatus) -> None:
    state = replace(State(), orders={"k1-a": order(status=was)})
    if to in TRANSITIONS[was]:
        assert apply(state, acked(to)).state.orders["k1-a"].status is to
    else:
        with pytest.raises(IllegalMove):
            apply(state, acked(to))
        assert state.orders["k1-a"].status is was


def test_rejections_in_a_row_are_counted_and_an_acknowledgement_ends_the_row() -> None:
    state = run(intended(order()), ev.OrderRejected(OPEN, "k1-a", "insufficient_balance", ""))
    assert state.rejections == 1
    assert not state.trades
    state = run(intended(order(client_order_id="k1-b")), acked(key="k1-b"), state=state)
    assert state.rejections == 0


@pytest.mark.parametrize(
    ("changes", "code", "message", "counted"),
    [
        ({}, "insufficient_balance", "", 1),
        ({}, "unreachable", "", 0),
        ({"mode": Mode.DRY_RUN}, "insufficient_balance", "", 0),
        ({"post_only": True}, "invalid_order", "too far [invalid order: Post only cross]", 0),
        ({"post_only": True}, "invalid_order", "", 1),
        ({}, "invalid_order", "post only cross", 1),
    ],
)
def test_only_what_the_real_exchange_refuses_for_good_counts(
    changes: dict[str, Any], code: str, message: str, counted: int
) -> None:
    state = run(intended(order(**changes)), ev.OrderRejected(OPEN, "k1-a", code, message))
    assert state.rejections == counted


def test_an_acknowledgement_on_paper_ends_no_row_of_real_refusals() -> None:
    state = run(intended(order()), ev.OrderRejected(OPEN, "k1-a", "insufficient_balance", ""))
    state = run(intended(order(client_order_id="k1-b", mode=Mode.DRY_RUN)), acked(key="k1-b"), state=state)
    assert state.rejections == 1


def test_attempts_are_kept_for_as_long_as_their_orders() -> None:
    state = pruned(run(intended(order()), filled(order())), OPEN + KEPT * 2)
    assert set(state.attempts) == {"k1-a"}, "its trade is open: the same market is not entered again"


def test_halts_are_a_set_of_reasons() -> None:
    state = run(ev.HaltRaised(OPEN, Reason.PAUSED, "ann"))
    assert state.trading is TradingState.REDUCING
    state = run(ev.HaltRaised(OPEN, Reason.MANUAL, "ann"), ev.HaltRaised(OPEN, Reason.MANUAL, "bob"), state=state)
    assert state.trading is TradingState.HALTED
    assert state.halts[Reason.MANUAL].by == "ann"
    state = run(ev.HaltCleared(OPEN, Reason.MANUAL, "ann"), state=state)
    assert state.trading is TradingState.REDUCING


def test_days_and_weeks_begin_anew_in_the_owners_zone() -> None:
    bet = order()
    state = run(intended(bet), acked(), filled(bet), settled("1"))
    totals = state.totals_of(Mode.REAL)
    assert totals.day_profit == D("4.825")
    assert totals.on(datetime(2026, 1, 6, tzinfo=UTC).date()).day_profit == 0
    assert totals.on(datetime(2026, 1, 6, tzinfo=UTC).date()).week_profit == D("4.825")
    assert totals.on(datetime(2026, 1, 12, tzinfo=UTC).date()).week_profit == 0


def test_what_is_old_and_over_is_forgotten_in_memory() -> None:
    bet = order()
    state = run(intended(bet), acked(), filled(bet), settled("1"))
    assert pruned(state, OPEN + KEPT + timedelta(hours=1)) == replace(state, orders={}, attempts={}, fill_ids={})
    held = run(intended(bet), acked(), filled(bet))
    assert pruned(held, OPEN + KEPT * 2).orders == held.orders


price = st.integers(1, 99).map(lambda cents: D(cents) / 100)
moves = st.lists(st.tuples(st.sampled_from(Side), price, st.integers(1, 50)), min_size=1, max_size=12)


@given(moves, st.sampled_from([D(0), D("0.37"), D(1)]))
def test_profit_is_the_cash_that_moved_whatever_was_bought_and_sold(made: list[tuple[Side, D, int]], value: D) -> None:
    """Against an account that is kept the other way round: YES and NO bought at their own prices, pairs paid out."""
    state, cash, yes, no = State(), D(0), 0, 0
    profit = D(0)
    for i, (side, at, count) in enumerate(made):
        bet = order(client_order_id=f"k1-{i}", side=side, price=at, count=D(count), order_id=f"x{i}")
        events = (intended(bet), filled(bet, str(count), fee="0.01", key=f"f{i}"))
        for event in events:
            step = apply(state, event)
            profit += sum(p.record.profit for p in step.puts if p.table == "trades" and not p.record.open)  # type: ignore[union-attr]
            state = step.state
        cash -= count * (at if side is Side.BID else 1 - at) + D("0.01")
        yes, no = (yes + count, no) if side is Side.BID else (yes, no + count)
        pairs = min(yes, no)
        cash, yes, no = cash + pairs, yes - pairs, no - pairs
    step = apply(state, settled(str(value)))
    profit += sum(p.record.profit for p in step.puts if p.table == "trades")  # type: ignore[union-attr]
    assert profit == cash + yes * value + no * (1 - value)
    assert step.state.totals_of(Mode.REAL).profit == profit


def test_settling_says_what_was_paid() -> None:
    bet = order(side=Side.ASK, price=D("0.57"))
    trade = settle(run(intended(bet), filled(bet, fee="0.0858")).trades["k1-a"], D(0), OPEN)
    assert (trade.cost, trade.payout, trade.profit) == (D("4.30"), D(10), D("5.6142"))


books = st.lists(
    st.tuples(st.sampled_from(Mode), st.sampled_from(["bull", "bear"]), st.sampled_from(Side), st.integers(1, 9)),
    max_size=6,
)


@given(books, st.sampled_from([D(0), D("0.37"), D(1)]))
def test_on_paper_each_strategy_has_a_book_of_its_own_and_all_together_are_the_modes(
    made: list[tuple[Mode, str, Side, int]], value: D
) -> None:
    state, held = State(), dict[str, D]()
    for i, (mode, name, side, count) in enumerate(made):
        bet = order(client_order_id=f"k1-{i}", mode=mode, strategy=name, side=side, count=D(count), order_id=f"x{i}")
        state = run(intended(bet), filled(bet, str(count), key=f"f{i}"), state=state)
        key = position_key(mode, TICKER, name)
        held[key] = held.get(key, D(0)) + side.sign * count
    assert {key: p.contracts for key, p in state.positions.items()} == {k: n for k, n in held.items() if n}
    for mode in Mode:
        state = run(ev.MarketSettled(OPEN, TICKER, mode, "", value), state=state)
        own = [state.totals_of(mode, name) for name in ("bull", "bear")]
        whole = state.totals_of(mode)
        assert sum((each.profit for each in own), D(0)) == whole.profit
        assert sum((each.day_profit for each in own), D(0)) == whole.day_profit
        assert sum(each.trades for each in own) == whole.trades
    assert (state.positions, state.trades) == ({}, {})
