"""What each event makes of an order and its trade, field by field, and the rows that keep it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import OPEN, TICKER, fill, order
from trading.domain import events as ev
from trading.domain.ledger import IllegalMove, apply
from trading.domain.market import Outcome
from trading.domain.order import Fill, Mode, OrderStatus, Side
from trading.domain.pruning import KEPT, pruned
from trading.domain.records import Control, Put
from trading.domain.signal import Signal
from trading.domain.state import State
from trading.domain.step import control
from trading.domain.trade import Trade, TradeOutcome

D = Decimal
LATER = OPEN + timedelta(minutes=1)
END = OPEN + timedelta(minutes=16)
BET = order(price=D("0.40"), why="both say yes")
TAKEN = ev.OrderAcknowledged(OPEN, "k1-a", "x1", OrderStatus.RESTING, D(0))
WON = ev.MarketSettled(END, TICKER, Mode.REAL, "yes", D(1))


def run(*events: ev.Event, state: State | None = None, zone: tzinfo = UTC) -> State:
    state = state or State(rejections=1)
    for event in events:
        state = apply(state, event, zone).state
    return state


def intended(**changes: Any) -> ev.OrderIntended:
    return ev.OrderIntended(OPEN, replace(BET, **changes))


def filled(count: str = "10", key: str = "f1", at: Any = OPEN, **changes: Any) -> ev.OrderFilled:
    return ev.OrderFilled(at, fill(replace(BET, **changes), count, key=key))


def trade(event: ev.Event, state: State, zone: tzinfo = UTC) -> Trade:
    """The last row of a trade that an event writes."""
    *_, row = [p.record for p in apply(state, event, zone).puts if p.table == "trades"]
    assert isinstance(row, Trade)
    return row


@pytest.mark.parametrize(
    ("event", "changes"),
    [
        (
            ev.OrderAcknowledged(LATER, "k1-a", "x1", OrderStatus.RESTING, D(3)),
            {"status": OrderStatus.RESTING, "order_id": "x1", "reported": D(3)},
        ),
        (
            ev.OrderAcknowledged(LATER, "k1-a", "x1", OrderStatus.CANCELED, D(0), "too late"),
            {"status": OrderStatus.CANCELED, "order_id": "x1", "why": "too late"},
        ),
        (ev.OrderRejected(LATER, "k1-a", "MAX", "worse"), {"status": OrderStatus.REJECTED, "why": "MAX: worse"}),
        (ev.OrderRejected(LATER, "k1-a", "MAX", ""), {"status": OrderStatus.REJECTED, "why": "MAX"}),
        (ev.OrderUnresolved(LATER, "k1-a", "timed out"), {"status": OrderStatus.UNKNOWN, "why": "timed out"}),
        (ev.CancelRequested(LATER, "k1-a", "too late"), {"cancel_requested_at": LATER, "why": "too late"}),
        (filled("4", at=LATER), {"filled": D(4), "reported": D(4), "order_id": "x1"}),
    ],
)
def test_an_event_changes_these_fields_of_the_order_and_no_other(event: ev.Event, changes: dict[str, Any]) -> None:
    step = apply(run(intended()), event)
    changed = replace(BET, updated_at=LATER, **changes)
    assert step.state.orders == {"k1-a": changed}
    assert Put("orders", "k1-a", changed) in step.puts


@pytest.mark.parametrize(
    ("event", "count"), [(replace(TAKEN, at=LATER), 0), (ev.OrderRejected(LATER, "k1-a", "bad", ""), 2)]
)
def test_the_row_of_rejections_is_kept_with_the_order(event: ev.Event, count: int) -> None:
    step = apply(run(intended()), event)
    assert Put("control", "rejections", Control("rejections", {"count": str(count)}, LATER)) in step.puts


@pytest.mark.parametrize(
    "code", ["called_off", "never_arrived", "unreachable", "trading_is_paused", "exchange_is_paused"]
)
def test_what_is_no_refusal_of_ours_is_not_counted_as_one(code: str) -> None:
    assert run(intended(), ev.OrderRejected(LATER, "k1-a", code, "")).rejections == 1


def test_what_was_reported_is_never_taken_back() -> None:
    state = run(intended(), replace(TAKEN, reported=D(5)), replace(TAKEN, reported=D(3)))
    assert state.orders["k1-a"].reported == 5
    assert run(intended(), filled("4"), TAKEN).orders["k1-a"].reported == 4


def test_a_trade_opens_with_what_was_wished_and_what_the_signals_said() -> None:
    wish = intended(side=Side.ASK, price=D("0.57"))
    said = (Signal("previous", Outcome.NO, OPEN, "no"), Signal("momentum", None, OPEN, "flat"))
    opened = Trade(
        "k1-a", Mode.REAL, "consensus", TICKER, Outcome.NO, OPEN, OPEN + timedelta(minutes=15), D("0.43"), D(10)
    )
    assert trade(wish, State()) == opened
    assert trade(replace(wish, signals=said), State()) == replace(opened, previous_signal="no")
    said = (Signal("momentum", Outcome.YES, OPEN, "up"),)
    assert trade(replace(wish, signals=said), State()) == replace(opened, momentum_signal="yes")
    assert trade(intended(close_time=None), State()).close_time == OPEN


def test_a_trade_takes_the_exchanges_id_of_its_first_order() -> None:
    assert trade(TAKEN, run(intended())).order_id == "x1"
    state = run(intended(), TAKEN, intended(client_order_id="k1-b"))
    second = replace(TAKEN, client_order_id="k1-b", order_id="x2")
    assert run(second, state=state).trades["k1-a"].order_id == "x1"
    assert run(filled(), state=run(intended())).trades["k1-a"].order_id == "x1"


@pytest.mark.parametrize(
    "event",
    [ev.OrderRejected(END, "k1-a", "bad", ""), ev.OrderAcknowledged(END, "k1-a", "", OrderStatus.CANCELED, D(0))],
)
def test_an_unfilled_trade_is_closed_when_its_last_order_ends(event: ev.Event) -> None:
    state = run(intended(), intended(client_order_id="else", ticker="ELSE"))
    assert (trade(event, state).outcome, trade(event, state).closed_at) == (TradeOutcome.UNFILLED, END)
    state = run(intended(), intended(client_order_id="k1-b"))
    assert list(run(event, state=state).trades) == ["k1-a"]


def test_a_trade_with_contracts_outlives_an_order_that_ends_without_any() -> None:
    state = run(intended(), filled(), intended(client_order_id="k1-b"))
    assert run(ev.OrderRejected(LATER, "k1-b", "bad", ""), state=state).trades["k1-a"].position == 10


@pytest.mark.parametrize(
    ("sold", "contracts", "cost", "position"),
    [("4", "10", "4.00", "6"), ("14", "14", "6.40", "-4")],  # what goes beyond is NO at 60 cents
)
def test_what_is_sold_is_not_bought(sold: str, contracts: str, cost: str, position: str) -> None:
    state = run(intended(), filled(), intended(client_order_id="k1-b", side=Side.ASK, count=D(14)))
    after = trade(filled(sold, key="f2", client_order_id="k1-b", side=Side.ASK), state)
    assert (after.contracts, after.cost, after.position) == (D(contracts), D(cost), D(position))


def test_parts_of_a_contract_add_up() -> None:
    state = run(intended(), filled("0.50"), filled("0.50", key="f2"))
    assert (state.trades["k1-a"].contracts, state.trades["k1-a"].cost) == (D(1), D("0.40"))


@pytest.mark.parametrize(("price", "outcome"), [("0.41", "WIN"), ("0.40", "LOSS"), ("0.39", "LOSS")])
def test_a_bet_that_was_sold_is_won_where_it_made_money(price: str, outcome: str) -> None:
    state = run(intended(), ev.OrderFilled(OPEN, fill(BET, fee="0")))
    state = run(intended(client_order_id="k1-b", side=Side.ASK), state=state)
    sale = fill(replace(BET, client_order_id="k1-b", side=Side.ASK), price=price, fee="0", key="f2")
    sold = trade(ev.OrderFilled(LATER, sale), state)
    assert (sold.outcome, sold.closed_at) == (TradeOutcome(outcome), LATER)


def test_one_contract_can_be_won() -> None:
    assert trade(WON, run(intended(count=D(1)), filled("1"))).outcome is TradeOutcome.WIN


def test_a_settlement_is_of_one_mode() -> None:
    paper = intended(client_order_id="DRY-RUN-k1-a", mode=Mode.DRY_RUN)
    state = run(intended(), filled(), paper, WON)
    assert list(state.trades) == ["DRY-RUN-k1-a"]


def test_a_bet_that_was_never_made_is_no_trade_and_held_nothing() -> None:
    step = apply(run(intended()), WON)
    assert trade(WON, run(intended())).outcome is TradeOutcome.UNFILLED
    assert "positions" not in {p.table for p in step.puts}
    assert (step.state.totals_of(Mode.REAL).trades, step.state.totals_of(Mode.REAL).profit) == (0, 0)


@pytest.mark.parametrize(("zone", "day"), [(UTC, "2026-01-05"), (timezone(timedelta(hours=12)), "2026-01-06")])
def test_a_closed_bet_is_booked_on_the_owners_day(zone: tzinfo, day: str) -> None:
    """Paid or sold out: a quarter past midnight, twelve hours east."""
    settled = apply(run(intended(), filled()), WON, zone)
    totals = settled.state.totals_of(Mode.REAL)
    assert (totals.day, totals.day_profit, totals.wins) == (date.fromisoformat(day), D("5.825"), 1)
    assert Put("control", "totals:real", control("totals:real", totals, END)) in settled.puts
    book = settled.state.totals_of(Mode.REAL, "consensus")
    assert Put("control", "book:real:consensus", control("book:real:consensus", book, END)) in settled.puts
    sale = filled(key="f2", at=END, client_order_id="k1-b", side=Side.ASK)
    sold = run(intended(), filled(), intended(client_order_id="k1-b", side=Side.ASK), sale, zone=zone)
    assert sold.totals_of(Mode.REAL).day == date.fromisoformat(day)


@pytest.mark.parametrize(
    "event", [ev.OrderRejected(LATER, "k1-a", "bad", ""), replace(TAKEN, at=LATER, status=OrderStatus.CANCELED)]
)
def test_what_came_to_nothing_begins_the_owners_day_too(event: ev.Event) -> None:
    ended = run(intended(), event, zone=timezone(timedelta(hours=12)))
    assert ended.totals_of(Mode.REAL).day == date(2026, 1, 6)


def test_a_fill_is_kept_under_its_own_id() -> None:
    step = apply(run(intended()), filled())
    (row,) = [p for p in step.puts if p.table == "fills"]
    assert row.key == "f1"
    assert isinstance(row.record, Fill)


def test_a_fill_of_an_order_that_was_over_opens_a_trade_of_its_own_time() -> None:
    late = trade(filled(at=LATER), run(intended(), replace(TAKEN, status=OrderStatus.CANCELED)))
    assert (late.trade_id, late.order_id, late.opened_at) == ("k1-a-f1", "x1", LATER)


def test_what_may_still_matter_is_not_forgotten() -> None:
    state = run(intended(), filled(), WON)
    assert pruned(state, OPEN + timedelta(days=2)) == state
    live = State(orders={"k1-a": BET})
    assert pruned(live, OPEN + KEPT * 2) == live


def test_an_illegal_move_says_which() -> None:
    state = run(intended(), replace(TAKEN, status=OrderStatus.CANCELED))
    with pytest.raises(IllegalMove, match="order k1-a was already written down"):
        apply(state, intended())
    with pytest.raises(IllegalMove, match="order k1-a is canceled and cannot become resting"):
        apply(state, TAKEN)
