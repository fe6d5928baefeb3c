"""PREVIOUS as a table: a view goes in, an intent or one reason comes out; the spot has no say."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import OPEN, TICKER, before, market, ticks
from tests.trading.strategies.views import NOW, view
from trading.strategies.exits import ExitRules
from trading.strategies.previous import Previous

D = Decimal
FELL = {"market": market(strike=D("89990")), "previous": before(result="no")}


@pytest.mark.parametrize(
    ("changes", "side", "price", "count"),
    [
        ({}, "yes", "0.52", "9"),
        (FELL, "no", "0.50", "10"),
        ({"market": market(strike=D("90000.00"))}, "yes", "0.52", "9"),  # a tie settles YES
        ({"previous": before(result="")}, "yes", "0.52", "9"),  # the strikes alone
        ({"market": market(strike=None)}, "yes", "0.52", "9"),  # the result alone
        ({"market": market(strike=None), "previous": before(result="no")}, "no", "0.50", "10"),
        ({"ticks": ()}, "yes", "0.52", "9"),
        ({"ticks": ticks(NOW, new="89000")}, "yes", "0.52", "9"),
        ({"bid": "0.60", "ask": "0.65"}, "yes", "0.65", "7"),
        ({"bid": "0.30", "ask": "0.35"}, "yes", "0.35", "14"),
        ({**FELL, "bid": "0.35", "ask": "0.37"}, "no", "0.65", "7"),
        ({"now": OPEN}, "yes", "0.52", "9"),
        ({"now": OPEN + timedelta(seconds=600)}, "yes", "0.52", "9"),
        ({"seen": NOW - timedelta(seconds=15)}, "yes", "0.52", "9"),
    ],
)
def test_it_buys_the_side_of_the_market_before(changes: dict[str, Any], side: str, price: str, count: str) -> None:
    decision = Previous().on_tick(view(**changes))
    (intent,) = decision.intents
    assert (intent.side.value, str(intent.price), str(intent.count)) == (side, price, count)
    assert (intent.strategy, intent.ticker, intent.why) == ("previous", TICKER, f"previous says {side}")
    assert [signal.name for signal in intent.signals] == ["previous"]
    assert decision.agreed


@pytest.mark.parametrize(
    ("changes", "reason", "agreed"),
    [
        ({"market": None}, "no_market", False),
        ({"previous": None}, "no_adjacent_window", False),
        ({"previous": before(close_time=OPEN - timedelta(minutes=15))}, "no_adjacent_window", False),
        ({"market": market(strike=None), "previous": before(result="")}, "no_strike", False),
        ({"previous": before(result="no")}, "previous_contradicted", False),
        ({"now": OPEN + timedelta(seconds=601)}, "entry_window", False),
        ({"quote": None}, "no_quote", True),
        ({"seen": NOW - timedelta(seconds=16)}, "no_quote", True),
        ({"bid": None}, "one_sided", True),
        ({"ask": None}, "one_sided", True),
        ({"bid": None, "ask": None}, "one_sided", True),
        ({"ask": "0.525"}, "off_grid", True),
        ({"bid": "0.60", "ask": "0.66"}, "price_band", True),
        ({"bid": "0.32", "ask": "0.34"}, "price_band", True),
        ({**FELL, "bid": "0.34", "ask": "0.36"}, "price_band", True),
    ],
)
def test_everything_else_is_skipped_with_its_reason(changes: dict[str, Any], reason: str, agreed: bool) -> None:
    decision = Previous().on_tick(view(**changes))
    assert (decision.skipped, decision.intents, decision.agreed) == (reason, (), agreed)
    assert decision.detail


def test_an_exit_rule_comes_before_an_entry_and_also_when_it_is_late() -> None:
    leaving = Previous(exits=ExitRules(after_seconds=10))
    for now in (NOW, OPEN + timedelta(seconds=700)):
        (intent,) = leaving.on_tick(view(now=now, held="5", age=20)).intents
        assert (intent.reduce_only, intent.strategy, intent.side.value) == (True, "previous", "no")
    assert not Previous().on_tick(view(held="5", age=20)).intents[0].reduce_only
