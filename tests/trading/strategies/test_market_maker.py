"""MARKET MAKER as a table and by its promises: two quotes around a fair value, the difference alone is sent, no more
than the notional is ever at stake, and nothing is out when it should not be."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import OPEN, market
from tests.trading.strategies.views import NO, NOW, YES, headline, resting, view
from trading.domain.intent import Decision, Resting
from trading.domain.market import Tick, on_grid
from trading.domain.money import ONE
from trading.domain.order import yes_price
from trading.strategies.exits import ExitRules
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
        ({"headlines": (headline("a", ago=60),)}, {}, "headline"),
        ({"headlines": (headline("old", ago=61), headline("b", 0.1, ago=0))}, {}, "headline"),
    ],
)
def test_everything_is_pulled(changes: dict[str, Any], parameters: dict[str, Any], reason: str) -> None:
    decision = MarketMaker(**parameters).on_tick(view(resting=OUT, **changes))
    assert (decision.skipped, decision.intents, decision.cancels) == (reason, (), ("bid", "offer"))


def test_a_headline_that_is_old_or_about_another_market_is_none() -> None:
    far = (headline("old", ago=61), headline("other", ticker="KX-OTHER"), headline("later", ago=-1))
    assert len(MarketMaker().on_tick(view(headlines=far)).intents) == 2


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


def zigzag(spot: str, until: datetime = NOW) -> tuple[Tick, ...]:
    """Ten dollars up and down every five seconds, so that the volatility is 4.47 dollars per root of a second."""
    prices = (D(spot) - 10, D(spot)) * 10
    return tuple(
        Tick("BRTI", p, until - timedelta(seconds=5 * n)) for n, p in zip(range(19, -1, -1), prices, strict=True)
    )


@pytest.mark.parametrize(
    ("spot", "wanted"),
    [
        ("90010", [("yes", "0.49", "5"), ("no", "0.49", "5")]),  # at the strike: one half
        ("90050", [("yes", "0.61", "5"), ("no", "0.36", "5")]),  # 40 dollars above, of 127 that it may move: 0.6233
        ("89970", [("yes", "0.36", "5"), ("no", "0.61", "5")]),
    ],
)
def test_the_fair_value_may_be_that_of_the_spot(spot: str, wanted: list[tuple[str, str, str]]) -> None:
    seen = view(bid="0.30", ask="0.70", ticks=zigzag(spot))
    assert quotes(MarketMaker(fair="spot").on_tick(seen)) == wanted
    assert quotes(MarketMaker().on_tick(seen)) == [("yes", "0.49", "5"), ("no", "0.49", "5")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ticks": ()}, "no_spot"),
        ({"ticks": zigzag("90010", NOW - timedelta(seconds=16))}, "stale_spot"),
        ({"ticks": zigzag("90010")[-5:]}, "no_history"),
        ({"ticks": zigzag("90010"), "market": market(strike=None)}, "no_strike"),
    ],
)
def test_without_the_spots_word_everything_is_pulled(changes: dict[str, Any], reason: str) -> None:
    decision = MarketMaker(fair="spot").on_tick(view(resting=OUT, **changes))
    assert (decision.skipped, decision.intents, decision.cancels) == (reason, (), ("bid", "offer"))


def test_an_exit_rule_pulls_first_and_sells_then() -> None:
    maker = MarketMaker(exits=ExitRules(stop_loss=D("0.10")))
    losing = {"held": "5", "paid": "0.65"}
    first = maker.on_tick(view(resting=OUT, **losing))
    assert (first.intents, first.cancels, first.skipped) == ((), ("bid", "offer"), "leaving")
    (intent,) = maker.on_tick(view(**losing)).intents
    assert (intent.side, intent.price, intent.count, intent.reduce_only) == (NO, D("0.50"), 5, True)
    assert MarketMaker().on_tick(view(resting=OUT, **losing)).skipped == ""


def test_parts_of_contracts_are_not_quoted() -> None:
    assert quotes(MarketMaker(count=D("2.5")).on_tick(view())) == [("yes", "0.50", "2"), ("no", "0.48", "2")]
