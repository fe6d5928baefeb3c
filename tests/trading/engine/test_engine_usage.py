"""What is used of the limits: of the one book of real trades, or of the fullest one in the dry run."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.trading.build import OPEN, order
from trading.domain.order import Mode, Order, OrderStatus
from trading.domain.state import State, Totals
from trading.engine.usage import used
from trading.risk.checks import worst_case

D = Decimal
TODAY = OPEN.date()


def bet(name: str, count: int, mode: Mode) -> Order:
    return order(client_order_id=name, strategy=name, mode=mode, count=D(count), status=OrderStatus.RESTING)


@pytest.mark.parametrize("mode", Mode)
def test_real_bets_add_up_and_on_paper_the_fullest_book_counts(mode: Mode) -> None:
    small, big = bet("small", 2, mode), bet("big", 5, mode)
    lost = Totals(day=TODAY, day_profit=D(-3), week=TODAY, week_profit=D(-4))
    state = State(
        mode=mode,
        orders={each.client_order_id: each for each in (small, big)},
        attempts={"small": OPEN, "big": OPEN},
        totals={mode: replace(lost, day_profit=D(-1), week_profit=D(-2))},
        books={f"{mode}:small": lost},
    )
    found, here, there = used(state, mode, OPEN, TODAY), worst_case(small), worst_case(big)
    together = mode is Mode.REAL
    assert found["exposure"] == found["position"] == (here + there if together else there)
    assert found["day_loss"] == (1 + here + there if together else max(3 + here, there))
    assert (found["open_orders"], found["order_rate"]) == ((2, 2) if together else (1, 1))


def test_nothing_is_used_before_anything_is_traded() -> None:
    assert set(used(State(mode=Mode.DRY_RUN), Mode.DRY_RUN, OPEN, TODAY).values()) == {0}
