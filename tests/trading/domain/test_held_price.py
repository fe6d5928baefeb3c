"""What is still held was paid at the average of its own side, whatever was bought and sold before it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import fill, order
from trading.domain import events as ev
from trading.domain.ledger import apply
from trading.domain.order import OrderStatus, Side
from trading.domain.state import State
from trading.domain.trade import Trade

D = Decimal
Step = tuple[str, str, str]  # side, YES price, contracts


def after(*steps: Step) -> Trade | None:
    """The open trade after these fills, each of an order of its own."""
    state = State()
    for number, (side, price, count) in enumerate(steps):
        one = order(
            client_order_id=f"k1-{number}", side=Side(side), price=D(price), count=D(count), order_id=f"x{number}"
        )
        acknowledged = ev.OrderAcknowledged(
            one.created_at, one.client_order_id, one.order_id, OrderStatus.RESTING, D(0)
        )
        filled = ev.OrderFilled(one.created_at, fill(one, count, price, fee="0", key=f"f{number}"))
        for event in (ev.OrderIntended(one.created_at, one), acknowledged, filled):
            state = apply(state, event).state
    return next(iter(state.trades.values()), None)


@pytest.mark.parametrize(
    ("steps", "position", "paid"),
    [
        ([("bid", "0.50", "5")], "5", "0.50"),
        ([("bid", "0.50", "5"), ("bid", "0.60", "5")], "10", "0.55"),
        ([("bid", "0.50", "5"), ("ask", "0.60", "3")], "2", "0.50"),
        ([("bid", "0.40", "4"), ("bid", "0.60", "4"), ("ask", "0.70", "4"), ("bid", "0.30", "4")], "8", "0.40"),
        ([("ask", "0.60", "5")], "-5", "0.40"),
        ([("bid", "0.10", "5"), ("ask", "0.10", "8")], "-3", "0.90"),  # turned over: of NO, and not of both
        ([("bid", "0.10", "5"), ("ask", "0.10", "8"), ("ask", "0.20", "3")], "-6", "0.85"),
        ([("ask", "0.90", "5"), ("bid", "0.90", "8"), ("ask", "0.90", "1")], "2", "0.90"),
    ],
)
def test_it_is_the_average_of_what_is_left(steps: list[Step], position: str, paid: str) -> None:
    trade = after(*steps)
    assert trade is not None
    assert (trade.position, trade.held_price) == (D(position), D(paid))


sides = st.sampled_from(["bid", "ask"])
fills = st.tuples(sides, st.integers(1, 99).map(lambda n: str(D(n) / 100)), st.integers(1, 9).map(str))


@given(st.lists(fills, min_size=1, max_size=8))
def test_it_lies_between_the_prices_that_were_paid(steps: list[Step]) -> None:
    trade = after(*steps)
    if trade is None or not trade.position:
        return
    own = [D(price) if trade.position > 0 else 1 - D(price) for side, price, _ in steps if _same(side, trade)]
    assert min(own) - D("1e-20") <= trade.held_price <= max(own) + D("1e-20")


def _same(side: str, trade: Trade) -> bool:
    return (side == "bid") == (trade.position > 0)
