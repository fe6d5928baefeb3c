"""Corrected trades in the sums: as if the last result had been the first, whatever came between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from trading.domain.account_records import CashDirection, CashFlow
from trading.domain.events import Event, ResultAmended
from trading.domain.ledger import _booked, apply, settle
from trading.domain.market import Outcome
from trading.domain.order import Mode
from trading.domain.state import State, Totals
from trading.domain.step import Step
from trading.domain.trade import Trade, TradeOutcome

MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
VALUES = st.sampled_from([Decimal(0), Decimal(1), Decimal("0.3375")])
BETS = st.tuples(st.integers(1, 99), st.integers(-500, 500).filter(bool), st.integers(0, 9), VALUES)


def bet(number: int, cents: int, hundredths: int) -> Trade:
    position, price = Decimal(hundredths) / 100, Decimal(cents) / 100
    side = Outcome.YES if position > 0 else Outcome.NO
    own = price if position > 0 else 1 - price
    return Trade(
        *(f"t{number}", Mode.REAL, "consensus", f"KX-{number}", side, MONDAY, MONDAY, own, abs(position)),
        contracts=abs(position),
        cost=own * abs(position),
        cash=-position * price,
        position=position,
        fees=Decimal("0.0175"),
    )


def closed(state: State, trade: Trade, value: Decimal, at: datetime) -> tuple[State, Trade]:
    done = settle(trade, value, at)
    return _booked(Step(state), done, UTC).state, done


@given(st.lists(BETS, min_size=1, max_size=6), st.lists(st.tuples(st.integers(0, 5), VALUES), max_size=8))
def test_the_sums_are_those_of_the_rows_as_they_are_now(
    bets: list[tuple[int, int, int, Decimal]], changes: list[tuple[int, Decimal]]
) -> None:
    state, rows = State(), dict[int, Trade]()
    for number, (cents, hundredths, days, value) in enumerate(sorted(bets, key=lambda b: b[2])):
        state, rows[number] = closed(state, bet(number, cents, hundredths), value, MONDAY + timedelta(days=days))
    for number, value in changes:
        if number in rows and rows[number].paying(value).profit != rows[number].profit:
            event: Event = ResultAmended(MONDAY + timedelta(days=10), rows[number], value)
            step = apply(state, event)
            state = step.state
            rows[number] = cast(Trade, step.puts[0].record)
    expected = Totals()
    for row in rows.values():
        assert row.profit == row.payout - row.cost - row.fees
        assert row.closed_at
        expected = expected.plus(row, row.closed_at.date())
    assert state.totals_of(Mode.REAL) == expected


def test_an_unfilled_order_counts_as_nothing_else() -> None:
    nothing = settle(bet(1, 50, 100), Decimal(0), MONDAY)
    totals = Totals().plus(nothing, MONDAY.date())
    assert (totals.trades, totals.unfilled) == (1, 0)
    empty = Trade("t2", Mode.REAL, "s", "KX-2", Outcome.YES, MONDAY, MONDAY, Decimal("0.5"), Decimal(9))
    unfilled = settle(empty, Decimal(0), MONDAY)
    assert unfilled.outcome is TradeOutcome.UNFILLED
    assert totals.plus(unfilled, MONDAY.date()) == Totals(
        losses=1,
        profit=nothing.profit,
        fees=nothing.fees,
        day=MONDAY.date(),
        day_profit=nothing.profit,
        week=MONDAY.date(),
        week_profit=nothing.profit,
        unfilled=1,
    )


def test_a_flow_moves_cash_once_it_is_applied_and_no_more_when_it_comes_back() -> None:
    for status, moved in (("pending", 0), ("applied", 5), ("failed", 0), ("returned", 0)):
        for direction, sign in ((CashDirection.DEPOSIT, 1), (CashDirection.WITHDRAWAL, -1)):
            assert CashFlow("f", direction, status, "ach", Decimal(5), Decimal(0), MONDAY).moved == sign * moved
