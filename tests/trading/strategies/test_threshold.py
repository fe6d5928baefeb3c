"""THRESHOLD as a table: a view goes in, an intent or one reason comes out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import OPEN
from tests.trading.strategies.views import NO, NOW, YES, resting, view
from trading.domain.intent import Intent
from trading.domain.order import TimeInForce
from trading.strategies.exits import ExitRules
from trading.strategies.threshold import Threshold

D = Decimal
BOUGHT = ("yes", "0.40", "10", False)


def told(intent: Intent) -> tuple[str, str, str, bool]:
    return intent.side.value, str(intent.price), str(intent.count), intent.reduce_only


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"ask": "0.40", "bid": "0.38"}, BOUGHT),
        ({"ask": "0.3", "bid": "0.2"}, ("yes", "0.3", "10", False)),
        ({"ask": "0.40", "bid": None}, BOUGHT),
        ({"ask": "0.40", "bid": "0.38", "size": "3"}, ("yes", "0.40", "3", False)),
        ({"ask": "0.40", "bid": "0.38", "size": "3.7"}, ("yes", "0.40", "3", False)),
        ({"ask": "0.40", "bid": "0.38", "held": "45"}, ("yes", "0.40", "5", False)),
        ({"ask": "0.40", "bid": "0.38", "held": "45.5"}, ("yes", "0.40", "4", False)),
        ({"ask": "0.40", "bid": "0.38", "held": "-5"}, BOUGHT),  # whoever sold it before: the gate counts it
        ({"ask": "0.62", "bid": "0.60", "held": "7"}, ("no", "0.40", "7", True)),
        ({"ask": None, "bid": "0.75", "held": "7"}, ("no", "0.25", "7", True)),
        ({"ask": "0.62", "bid": "0.60", "held": "7", "size": "2"}, ("no", "0.40", "2", True)),
        ({"ask": "0.62", "bid": "0.60", "held": "2.5"}, ("no", "0.40", "2.5", True)),
        ({"ask": "0.40", "bid": "0.38", "now": OPEN}, BOUGHT),
        ({"ask": "0.40", "bid": "0.38", "seen": NOW - timedelta(seconds=15)}, BOUGHT),
    ],
)
def test_it_buys_cheap_and_sells_dear(changes: dict[str, Any], wanted: tuple[str, str, str, bool]) -> None:
    decision = Threshold().on_tick(view(**changes))
    (intent,) = decision.intents
    assert told(intent) == wanted
    assert intent.time_in_force is TimeInForce.IOC
    assert decision.agreed
    assert not decision.skipped


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"market": None}, "no_market"),
        ({"quote": None}, "no_quote"),
        ({"ask": "0.40", "bid": "0.38", "seen": NOW - timedelta(seconds=16)}, "no_quote"),
        ({"ask": None, "bid": None}, "one_sided"),
        ({"ask": "0.41", "bid": "0.39"}, "between"),
        ({"ask": None, "bid": "0.30"}, "between"),
        ({"ask": "0.61", "bid": "0.59", "held": "7"}, "between"),
        ({"ask": "0.62", "bid": "0.60"}, "between"),
        ({"ask": "0.62", "bid": "0.60", "held": "-7"}, "between"),
        ({"ask": "0.40", "bid": "0.38", "held": "50"}, "full"),
        ({"ask": "0.40", "bid": "0.38", "held": "49.5"}, "full"),
        ({"ask": "0.40", "bid": "0.38", "size": "0.5"}, "full"),
        ({"ask": "0.40", "bid": "0.38", "resting": (resting(YES, "0.40"),)}, "resting"),
        ({"ask": "0.62", "bid": "0.60", "held": "7", "resting": (resting(NO, "0.40"),)}, "resting"),
    ],
)
def test_everything_else_is_skipped_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    decision = Threshold().on_tick(view(**changes))
    assert (decision.skipped, decision.intents) == (reason, ())
    assert decision.detail


def test_its_prices_are_parameters() -> None:
    careful = Threshold(buy_at=D("0.10"), sell_at=D("0.95"), contracts_max=D(3), contracts_each=D(2))
    assert careful.on_tick(view(ask="0.11", bid="0.09")).skipped == "between"
    (intent,) = careful.on_tick(view(ask="0.10", bid="0.09", held="2")).intents
    assert told(intent) == ("yes", "0.10", "1", False)


def test_its_exit_rules_come_first() -> None:
    stopped = Threshold(exits=ExitRules(stop_loss=D("0.10")))
    (intent,) = stopped.on_tick(view(ask="0.30", bid="0.28", held="7", paid="0.40")).intents
    assert told(intent) == ("no", "0.72", "7", True)
