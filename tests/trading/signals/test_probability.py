"""The probability to end at or above the strike: known values, what must hold of it, and when it is silent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from math import sqrt
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import OPEN, market
from trading.domain.market import Outcome, Tick
from trading.signals.probability import ProbabilityLimits, at_or_above, probability, realised_volatility

D = Decimal
NOW = OPEN + timedelta(seconds=300)
dollars = st.floats(1, 200_000)
seconds = st.floats(0, 3_600)
volatility = st.floats(0, 100)


def walk(*prices: str, every: float = 5, until: Any = NOW) -> tuple[Tick, ...]:
    """Samples at equal distances, the last one now."""
    first = until - timedelta(seconds=every * (len(prices) - 1))
    return tuple(Tick("BRTI", D(p), first + timedelta(seconds=every * n)) for n, p in enumerate(prices))


ZIGZAG = walk(*("90000", "90010") * 10)


@pytest.mark.parametrize(
    ("spot", "strike", "left", "moves", "wanted"),
    [
        (100, 100, 900, 1, 0.5),
        (130, 100, 900, 1, 0.8413447),  # one standard deviation above
        (70, 100, 900, 1, 0.1586553),
        (158.7989, 100, 900, 1, 0.975),  # 1.959964 of them
        (160, 100, 900, 1, 0.9772499),
        (160, 100, 225, 1, 0.9999683),  # a quarter of the time is half the way: four of them
        (160, 100, 3600, 1, 0.8413447),
        (101, 100, 0, 5, 1.0),
        (100, 100, 0, 5, 1.0),  # a tie settles YES
        (99, 100, 0, 5, 0.0),
        (99, 100, -5, 5, 0.0),
        (101, 100, 900, 0, 1.0),
        (99, 100, 900, 0, 0.0),
    ],
)
def test_known_values(spot: float, strike: float, left: float, moves: float, wanted: float) -> None:
    assert at_or_above(spot, strike, left, moves) == pytest.approx(wanted, abs=1e-6)


@given(dollars, dollars, dollars, seconds, volatility)
def test_a_higher_spot_is_never_less_likely_and_both_sides_make_one(
    spot: float, other: float, strike: float, left: float, moves: float
) -> None:
    low, high = sorted((spot, other))
    assert 0 <= at_or_above(low, strike, left, moves) <= at_or_above(high, strike, left, moves) <= 1
    mirrored = at_or_above(2 * strike - spot, strike, left, moves)
    if spot != strike and left * moves > 0:
        assert at_or_above(spot, strike, left, moves) + mirrored == pytest.approx(1, abs=1e-6)


def test_the_volatility_is_that_of_the_walk_it_was_made_of() -> None:
    chance, price, made = Random(7), 90_000.0, ["90000"]
    for _ in range(4_000):
        price += chance.gauss(0, 3 * sqrt(2))  # 3 dollars per root of a second, sampled every 2 s
        made.append(f"{price:.2f}")
    assert realised_volatility(walk(*made, every=2)) == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize("ticks", [(), walk("90000"), walk("90000", "90000"), walk("90000", "90010", every=0)])
def test_without_a_move_or_time_there_is_no_volatility(ticks: tuple[Tick, ...]) -> None:
    assert realised_volatility(ticks) == 0


def test_the_signal_names_the_likelier_side_and_how_sure() -> None:
    signal = probability(market(strike=D("90010")), ZIGZAG, NOW, ProbabilityLimits())
    assert (signal.side, signal.strength) == (Outcome.YES, 0.5)
    signal = probability(market(strike=D("90120")), ZIGZAG, NOW, ProbabilityLimits())
    moves = 10 / sqrt(5)  # ten dollars every five seconds
    assert signal.side is Outcome.NO
    assert signal.strength == pytest.approx(at_or_above(90_010, 90_120, 600, moves))
    assert "90010 to 90120 in 600 s" in signal.evidence


@pytest.mark.parametrize(
    ("changes", "ticks", "reason"),
    [
        ({}, (), "no_spot"),
        ({}, walk(*("90000", "90010") * 10, until=NOW - timedelta(seconds=16)), "stale_spot"),
        ({}, walk(*("90000", "90010") * 10, until=NOW - timedelta(seconds=15)), ""),
        ({"strike": None}, ZIGZAG, "no_strike"),
        ({}, ZIGZAG[-9:], "no_history"),
        ({}, ZIGZAG[-10:], ""),
        ({}, walk(*("90000", "90010") * 5, every=60), "no_history"),  # most of them are too long ago
    ],
)
def test_it_is_silent_without_what_it_needs(changes: dict[str, Any], ticks: tuple[Tick, ...], reason: str) -> None:
    signal = probability(market(**changes), ticks, NOW, ProbabilityLimits())
    assert (signal.reason, signal.side is None) == (reason, bool(reason))


def test_what_comes_later_is_not_looked_at() -> None:
    later = (*ZIGZAG, Tick("BRTI", D(50_000), NOW + timedelta(seconds=1)))
    known = probability(market(), ZIGZAG, NOW, ProbabilityLimits())
    assert probability(market(), later, NOW, ProbabilityLimits()) == known
