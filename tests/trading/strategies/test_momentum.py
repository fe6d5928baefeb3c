"""MOMENTUM over a minute and over 15, as tables: a view goes in, an intent or one reason comes out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import OPEN, ticks
from tests.trading.strategies.views import NOW, view
from trading.domain.market import Tick
from trading.signals.momentum import MomentumLimits
from trading.strategies import STRATEGIES
from trading.strategies.exits import ExitRules
from trading.strategies.momentum import Momentum

D = Decimal
FALLS = ticks(NOW, new="89900")


def quarter(old: str, middle: str, new: str, seconds: float = 900) -> tuple[Tick, ...]:
    """What was 15 minutes ago, a minute ago, and is now."""
    first = Tick("BRTI", D(old), NOW - timedelta(seconds=seconds))
    return (first, *ticks(NOW, middle, new))


@pytest.mark.parametrize(
    ("name", "changes", "side", "price", "count"),
    [
        ("momentum", {}, "yes", "0.52", "9"),
        ("momentum", {"ticks": FALLS}, "no", "0.50", "10"),
        ("momentum", {"ticks": ticks(NOW, new="90009")}, "yes", "0.52", "9"),  # one basis point is a move
        ("momentum", {"ticks": ticks(NOW, new="89991")}, "no", "0.50", "10"),
        ("momentum", {"previous": None}, "yes", "0.52", "9"),
        ("momentum", {"ticks": ticks(NOW, seconds=75)}, "yes", "0.52", "9"),
        ("momentum", {"ticks": quarter("91000", "90000", "90100")}, "yes", "0.52", "9"),
        ("momentum", {"bid": "0.60", "ask": "0.65"}, "yes", "0.65", "7"),
        ("momentum", {"bid": "0.35", "ask": "0.37", "ticks": FALLS}, "no", "0.65", "7"),
        ("momentum", {"now": OPEN + timedelta(seconds=600)}, "yes", "0.52", "9"),
        ("momentum_15", {"ticks": quarter("91000", "90000", "90100")}, "no", "0.50", "10"),
        ("momentum_15", {"ticks": quarter("90000", "90200", "90100")}, "yes", "0.52", "9"),
        ("momentum_15", {"ticks": quarter("90000", "90000", "90100", 915)}, "yes", "0.52", "9"),
        ("momentum_15", {"ticks": quarter("90090", "90000", "90100")}, "yes", "0.52", "9"),
    ],
)
def test_it_buys_the_way_the_spot_went(name: str, changes: dict[str, Any], side: str, price: str, count: str) -> None:
    decision = STRATEGIES[name]().on_tick(view(**changes))
    (intent,) = decision.intents
    assert (intent.side.value, str(intent.price), str(intent.count)) == (side, price, count)
    assert (intent.strategy, intent.why) == (name, f"momentum says {side}")
    assert decision.agreed


@pytest.mark.parametrize(
    ("name", "changes", "reason", "agreed"),
    [
        ("momentum", {"market": None}, "no_market", False),
        ("momentum", {"ticks": ()}, "no_spot", False),
        ("momentum", {"ticks": ticks(NOW - timedelta(seconds=16))}, "stale_spot", False),
        ("momentum", {"ticks": ticks(NOW, seconds=76)}, "no_history", False),
        ("momentum", {"ticks": ticks(NOW, seconds=30)}, "no_history", False),
        ("momentum", {"ticks": ticks(NOW, new="90008")}, "flat", False),
        ("momentum", {"ticks": ticks(NOW, new="90000")}, "flat", False),
        ("momentum", {"now": OPEN + timedelta(seconds=601)}, "entry_window", False),
        ("momentum", {"quote": None}, "no_quote", True),
        ("momentum", {"seen": NOW - timedelta(seconds=16)}, "no_quote", True),
        ("momentum", {"bid": None}, "one_sided", True),
        ("momentum", {"ask": "0.525"}, "off_grid", True),
        ("momentum", {"bid": "0.60", "ask": "0.66"}, "price_band", True),
        ("momentum_15", {}, "no_history", False),
        ("momentum_15", {"ticks": quarter("90000", "90000", "90100", 916)}, "no_history", False),
        ("momentum_15", {"ticks": quarter("90099", "90000", "90100")}, "flat", False),
        ("momentum_15", {"ticks": ()}, "no_spot", False),
    ],
)
def test_everything_else_is_skipped_with_its_reason(
    name: str, changes: dict[str, Any], reason: str, agreed: bool
) -> None:
    decision = STRATEGIES[name]().on_tick(view(**changes))
    assert (decision.skipped, decision.intents, decision.agreed) == (reason, (), agreed)
    assert decision.detail


def test_the_window_and_the_dead_zone_are_parameters() -> None:
    limits = MomentumLimits(window_seconds=30, dead_zone_bp=0)
    (intent,) = Momentum(momentum=limits).on_tick(view(ticks=ticks(NOW, new="90000.01", seconds=30))).intents
    assert intent.side.value == "yes"


def test_its_exit_rules_hold() -> None:
    (intent,) = Momentum(exits=ExitRules(stop_loss=D("0.10"))).on_tick(view(held="5", paid="0.60")).intents
    assert (intent.reduce_only, intent.why) == (True, "stop: -0.10 a contract")
