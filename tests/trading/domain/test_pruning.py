"""What the State lets go of: an ended order of the dry run an hour after its market's close, and no other."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import OPEN, order
from trading.domain.order import Mode, OrderStatus
from trading.domain.pruning import KEPT, PAPER_KEPT, pruned
from trading.domain.state import State

CLOSE = OPEN + timedelta(minutes=15)
GONE = {"status": OrderStatus.CANCELED, "mode": Mode.DRY_RUN}


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
