"""The exit rules as a table: what is held and what is bid go in, a way out or nothing comes out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.strategies.views import NO, NOW, YES, resting, view
from trading.domain.order import TimeInForce
from trading.strategies.exits import ExitRules

D = Decimal
ALL = ExitRules(take_profit=D("0.20"), stop_loss=D("0.15"), after_seconds=300)


@pytest.mark.parametrize(
    ("changes", "side", "price", "count", "why"),
    [
        ({"held": "5", "bid": "0.70", "ask": "0.72"}, "no", "0.30", "5", "take profit"),
        ({"held": "5", "bid": "0.90", "ask": None}, "no", "0.10", "5", "take profit"),
        ({"held": "5", "bid": "0.35", "ask": "0.37"}, "no", "0.65", "5", "stop"),
        ({"held": "5", "bid": "0.01", "ask": "0.02"}, "no", "0.99", "5", "stop"),
        ({"held": "5", "age": 300}, "no", "0.50", "5", "time"),
        ({"held": "5", "age": 900, "bid": "0.45"}, "no", "0.55", "5", "time"),
        ({"held": "-5", "bid": "0.28", "ask": "0.30"}, "yes", "0.30", "5", "take profit"),  # NO is bid 0.70
        ({"held": "-5", "bid": "0.63", "ask": "0.65"}, "yes", "0.65", "5", "stop"),
        ({"held": "-5", "age": 301, "ask": "0.52"}, "yes", "0.52", "5", "time"),
        ({"held": "5", "bid": "0.70", "ask": "0.72", "size": "2"}, "no", "0.30", "2", "take profit"),
        ({"held": "2.5", "bid": "0.70", "ask": "0.72"}, "no", "0.30", "2.5", "take profit"),
        ({"held": "5", "paid": "0.30", "bid": "0.50"}, "no", "0.50", "5", "take profit"),
        ({"held": "5", "paid": "0.65", "bid": "0.50"}, "no", "0.50", "5", "stop"),
    ],
)
def test_a_rule_that_holds_sells_at_the_bid(
    changes: dict[str, Any], side: str, price: str, count: str, why: str
) -> None:
    (intent,) = ALL.exits("any", view(**changes))
    assert (intent.side.value, str(intent.price), str(intent.count)) == (side, price, count)
    assert intent.why.startswith(why)
    assert intent.reduce_only
    assert intent.time_in_force is TimeInForce.IOC


@pytest.mark.parametrize(
    "changes",
    [
        {"held": "5"},
        {"held": "5", "bid": "0.69", "ask": "0.71"},
        {"held": "5", "bid": "0.36", "ask": "0.38"},
        {"held": "5", "age": 299},
        {"held": "-5", "bid": "0.29", "ask": "0.31"},
        {"held": "5", "bid": None, "ask": "0.99", "age": 900},  # nobody bids
        {"held": "-5", "bid": "0.01", "ask": None, "age": 900},
        {"held": "5", "age": 900, "seen": NOW - timedelta(seconds=16)},
        {"held": "5", "age": 900, "resting": (resting(NO, "0.50"),)},
        {"held": "0", "age": 900},
        {"market": None, "held": "5", "age": 900},
        {"quote": None, "held": "5", "age": 900},
        {"age": 900},
        {"resting": (resting(YES, "0.50"),)},
    ],
)
def test_otherwise_nothing_is_sold(changes: dict[str, Any]) -> None:
    assert ALL.exits("any", view(**changes)) == ()


def test_they_are_off_by_default() -> None:
    for bid in ("0.01", "0.99"):
        assert ExitRules().exits("any", view(held="5", bid=bid, ask=None, age=100_000)) == ()
