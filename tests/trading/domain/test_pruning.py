"""What the State lets go of, and when: ended orders of the dry run soon after their market, all else later."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import OPEN, order
from trading.domain.order import Mode, OrderStatus
from trading.domain.pruning import KEPT, PAPER_KEPT, pruned
from trading.domain.state import State

CLOSE = OPEN + timedelta(minutes=15)
GONE = {"status": OrderStatus.CANCELED, "mode": Mode.DRY_RUN}
GONE_FOR_REAL = {"status": OrderStatus.CANCELED, "order_id": "x1"}
PARTS = ["orders", "attempts", "fill_ids"]


@pytest.mark.parametrize(
    ("changes", "after", "stays"),
    [
        (GONE, PAPER_KEPT, False),
        (GONE, PAPER_KEPT - timedelta(seconds=1), True),
        (GONE | {"status": OrderStatus.EXECUTED, "filled": Decimal(10), "reported": Decimal(10)}, PAPER_KEPT, False),
        (GONE | {"status": OrderStatus.REJECTED}, PAPER_KEPT, False),
        (GONE | {"reported": Decimal(1)}, PAPER_KEPT, True),  # of which a fill is not booked yet
        (GONE | {"status": OrderStatus.RESTING}, PAPER_KEPT, True),
        (GONE | {"headline": "h1"}, PAPER_KEPT, True),
        (GONE | {"close_time": None}, PAPER_KEPT, True),
        (GONE | {"mode": Mode.REAL}, PAPER_KEPT, True),
        (GONE | {"mode": Mode.REAL}, KEPT, False),
    ],
)
def test_an_order_of_the_dry_run_goes_soon_after_its_market(
    changes: dict[str, Any], after: timedelta, stays: bool
) -> None:
    one = order(order_id="x1", **changes)
    state = State(orders={one.client_order_id: one}, attempts={one.client_order_id: one.created_at})
    left = pruned(state, CLOSE + after)
    assert (one.client_order_id in left.orders) is stays
    assert (one.client_order_id in left.attempts) is (after < KEPT)  # it is not tried again


def aged(name: str, **times: datetime) -> dict[str, Any]:
    """This part of a State, with what stems from these times."""
    if name != "orders":
        return {name: times}
    return {name: {key: order(client_order_id=key, created_at=at, **GONE_FOR_REAL) for key, at in times.items()}}


@pytest.mark.parametrize("name", PARTS)
def test_each_part_alone_lets_go_of_what_is_older_than_is_kept(name: str) -> None:
    old = aged(name, gone=OPEN - timedelta(seconds=1), edge=OPEN)
    assert list(getattr(pruned(State(**old), OPEN + KEPT), name)) == ["edge"]


@pytest.mark.parametrize("name", PARTS)
def test_where_the_first_is_not_old_the_state_stays_the_very_same(name: str) -> None:
    """Also where something older stands behind it, as after a clock was set back: that goes with the first."""
    state = State(**aged(name, first=OPEN, behind=OPEN - timedelta(seconds=1)))
    assert pruned(state, OPEN + KEPT) is state
