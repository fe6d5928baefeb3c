"""NEWS as a table: headlines and a view go in, an intent or one reason comes out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.strategies.views import NO, NOW, YES, headline, view
from trading.strategies.exits import ExitRules
from trading.strategies.news import News

D = Decimal
ONE_ = (headline("a"),)


@pytest.mark.parametrize(
    ("changes", "side", "price", "count"),
    [
        ({"headlines": ONE_}, "yes", "0.52", "9"),
        ({"headlines": (headline("a", side=NO),)}, "no", "0.50", "10"),
        ({"headlines": (headline("a", 0.71),)}, "yes", "0.52", "9"),
        ({"headlines": (headline("a", ago=60),)}, "yes", "0.52", "9"),
        ({"headlines": (headline("old", ago=400), headline("b", side=NO))}, "no", "0.50", "10"),
        ({"headlines": (headline("old", ago=400), headline("b")), "spent": frozenset({"old"})}, "yes", "0.52", "9"),
        ({"headlines": ONE_, "ask": "0.85", "bid": "0.83"}, "yes", "0.85", "5"),
        ({"headlines": ONE_, "ask": "0.04", "bid": "0.03"}, "yes", "0.04", "125"),
        ({"headlines": (*ONE_, headline("other", ticker="KX-OTHER", ago=1))}, "yes", "0.52", "9"),
        ({"headlines": ONE_, "bid": None}, "yes", "0.52", "9"),
    ],
)
def test_it_leans_with_a_headline(changes: dict[str, Any], side: str, price: str, count: str) -> None:
    (intent,) = News().on_tick(view(**changes)).intents
    assert (intent.side.value, str(intent.price), str(intent.count)) == (side, price, count)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"market": None, "headlines": ONE_}, "no_market"),
        ({}, "no_headline"),
        ({"headlines": (headline("other", ticker="KX-OTHER"),)}, "no_headline"),
        ({"headlines": (headline("tomorrow", ago=-1),)}, "no_headline"),
        ({"headlines": (headline("a", 0.7),)}, "unsure"),
        ({"headlines": (headline("a", 0.1),)}, "unsure"),
        ({"headlines": (headline("a", ago=61),)}, "old_headline"),
        ({"headlines": ONE_, "spent": frozenset({"a"})}, "cooldown"),
        ({"headlines": (headline("a", ago=290), headline("b")), "spent": frozenset({"a"})}, "cooldown"),
        ({"headlines": (headline("a", ago=300),), "spent": frozenset({"a"})}, "spent"),
        ({"headlines": ONE_, "quote": None}, "no_quote"),
        ({"headlines": ONE_, "seen": NOW - timedelta(seconds=16)}, "no_quote"),
        ({"headlines": ONE_, "ask": None}, "one_sided"),
        ({"headlines": ONE_, "ask": None, "bid": None}, "one_sided"),
        ({"headlines": (headline("a", side=NO),), "bid": None}, "one_sided"),
        ({"headlines": ONE_, "ask": "0.86", "bid": "0.84"}, "price_band"),
    ],
)
def test_everything_else_is_skipped_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    decision = News().on_tick(view(**changes))
    assert (decision.skipped, decision.intents) == (reason, ())
    assert decision.detail


def test_it_can_step_aside_instead() -> None:
    decision = News(mode="aside").on_tick(view(headlines=ONE_))
    assert (decision.skipped, decision.intents) == ("stepped_aside", ())


def test_between_headlines_its_exit_rules_hold() -> None:
    leaving = News(exits=ExitRules(after_seconds=10))
    (intent,) = leaving.on_tick(view(held="5", age=20)).intents
    assert (intent.side, intent.reduce_only) == (NO, True)
    assert leaving.on_tick(view(held="5", age=20, headlines=ONE_)).intents[0].side is YES
