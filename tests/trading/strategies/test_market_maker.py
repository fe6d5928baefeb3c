"""MARKET MAKER as a table and by its promises: two quotes around a fair value, the difference alone is sent, no more
than the notional is ever at stake, and nothing is out when it should not be."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import OPEN
from tests.trading.strategies.views import NO, NOW, YES, resting, view
from trading.domain.intent import Decision, Resting
from trading.domain.market import on_grid
from trading.domain.money import ONE
from trading.domain.order import yes_price
from trading.strategies.market_maker import MarketMaker

D = Decimal
CLOSE = OPEN + timedelta(minutes=15)
OUT = (resting(YES, "0.50", name="bid"), resting(NO, "0.48", name="offer"))


def quotes(decision: Decision) -> list[tuple[str, str, str]]:
    return [(i.side.value, str(i.price), str(i.count)) for i in decision.intents]


@pytest.mark.parametrize(
    ("changes", "parameters", "wanted"),
    [
        ({}, {}, [("yes", "0.50", "5"), ("no", "0.48", "5")]),  # fair 0.51
        ({"bid": "0.40", "ask": "0.60"}, {}, [("yes", "0.49", "5"), ("no", "0.49", "5")]),
        ({"bid": "0.50", "ask": "0.51"}, {}, [("yes", "0.49", "5"), ("no", "0.48", "5")]),
        ({}, {"spread": D("0.10")}, [("yes", "0.46", "5"), ("no", "0.44", "5")]),
        ({}, {"count": D(1)}, [("yes", "0.50", "1"), ("no", "0.48", "1")]),
        ({"held": "2"}, {}, [("yes", "0.49", "5"), ("no", "0.49", "5")]),
        ({"held": "10"}, {}, [("yes", "0.45", "5"), ("no", "0.49", "5")]),  # it never offers below the bid
        ({"held": "-2"}, {}, [("yes", "0.51", "5"), ("no", "0.47", "5")]),
        ({"held": "-10"}, {}, [("yes", "0.51", "5"), ("no", "0.43", "5")]),
        ({"held": "2"}, {"skew": D(0)}, [("yes", "0.50", "5"), ("no", "0.48", "5")]),
        ({"held": "2"}, {"notional_max_usd": D(2)}, [("yes", "0.49", "2"), ("no", "0.49", "4")]),
        ({"held": "4"}, {"notional_max_usd": D(2)}, [("no", "0.49", "4")]),
        ({"held": "-4"}, {"notional_max_usd": D(2)}, [("yes", "0.51", "3")]),
        ({"bid": "0.98", "ask": "0.99"}, {"spread": D("0.04")}, [("yes", "0.96", "5")]),  # no offer at a dollar
        ({"bid": "0.01", "ask": "0.02"}, {"spread": D("0.04")}, [("no", "0.96", "5")]),
        ({"now": CLOSE - timedelta(seconds=61)}, {}, [("yes", "0.50", "5"), ("no", "0.48", "5")]),
    ],
)
def test_it_quotes_around_the_fair_value(
    changes: dict[str, Any], parameters: dict[str, Any], wanted: list[tuple[str, str, str]]
) -> None:
    decision = MarketMaker(**parameters).on_tick(view(**changes))
    assert quotes(decision) == wanted
    assert all(intent.post_only for intent in decision.intents)
    assert decision.cancels == ()


@pytest.mark.parametrize(
    ("changes", "placed", "cancelled"),
    [
        ({"resting": OUT}, [], []),
        ({"resting": OUT[:1]}, [("no", "0.48", "5")], []),
        ({"resting": (resting(YES, "0.50", "2", "part"), OUT[1])}, [], []),  # filled in part: it keeps its place
        ({"resting": (resting(YES, "0.50", "9", "more"), OUT[1])}, [("yes", "0.50", "5")], ["more"]),
        ({"resting": (resting(YES, "0.49", name="low"), OUT[1])}, [("yes", "0.50", "5")], ["low"]),
        ({"resting": (*OUT, resting(YES, "0.50", name="twice"))}, [], ["twice"]),
        ({"resting": OUT, "held": "2"}, [("yes", "0.49", "5"), ("no", "0.49", "5")], ["bid", "offer"]),
        ({"resting": (Resting("else", "KX-OTHER", YES, D("0.50"), D(5)), *OUT)}, [], ["else"]),
    ],
)
def test_only_the_difference_is_sent(
    changes: dict[str, Any], placed: list[tuple[str, str, str]], cancelled: list[str]
) -> None:
    decision = MarketMaker().on_tick(view(**changes))
    assert (quotes(decision), list(decision.cancels)) == (placed, cancelled)


@pytest.mark.parametrize(
    ("changes", "parameters", "reason"),
    [
        ({"market": None}, {}, "no_market"),
        ({"quote": None}, {}, "no_quote"),
        ({"seen": NOW - timedelta(seconds=11)}, {}, "no_quote"),
        ({"bid": None}, {}, "one_sided"),
        ({"ask": None}, {}, "one_sided"),
        ({"bid": None, "ask": None}, {}, "one_sided"),
        ({"now": CLOSE - timedelta(seconds=60)}, {}, "closing"),
        ({"now": CLOSE}, {}, "closing"),
        ({}, {"releases": (NOW + timedelta(seconds=60),)}, "release"),
        ({}, {"releases": (NOW - timedelta(seconds=60),)}, "release"),
    ],
)
def test_everything_is_pulled(changes: dict[str, Any], parameters: dict[str, Any], reason: str) -> None:
    decision = MarketMaker(**parameters).on_tick(view(resting=OUT, **changes))
    assert (decision.skipped, decision.intents, decision.cancels) == (reason, (), ("bid", "offer"))


def test_a_release_that_is_far_is_none() -> None:
    far = (NOW + timedelta(seconds=61), NOW - timedelta(seconds=61))
    assert len(MarketMaker(releases=far).on_tick(view()).intents) == 2


cents = st.integers(1, 98)


@given(
    bid=cents,
    gap=st.integers(1, 60),
    held=st.integers(-2_000, 2_000),
    paid=cents,
    notional=st.integers(1, 600),
    spread=st.integers(2, 20),
)
def test_whatever_is_held_the_notional_is_never_exceeded(
    bid: int, gap: int, held: int, paid: int, notional: int, spread: int
) -> None:
    ask = min(bid + gap, 99)
    seen = view(bid=str(D(bid) / 100), ask=str(D(ask) / 100), held=str(held), paid=str(D(paid) / 100))
    maker = MarketMaker(notional_max_usd=D(notional), spread=D(spread) / 100)
    decision = maker.on_tick(seen)
    by_side = {intent.side: intent for intent in decision.intents}
    for side, intent in by_side.items():
        committed = abs(D(held)) * D(paid) / 100 if (held > 0) == (side is YES) and held else D(0)
        assert committed + intent.count * intent.price <= max(D(notional), committed)
        assert seen.market is not None
        assert on_grid(yes_price(side, intent.price), seen.market.price_ranges)
        touch = D(ask) / 100 if side is YES else ONE - D(bid) / 100
        assert intent.price < touch  # post-only orders that would take are refused
    if len(by_side) == 2:
        assert ONE - by_side[NO].price - by_side[YES].price >= maker.spread
