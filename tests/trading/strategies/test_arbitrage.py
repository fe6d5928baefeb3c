"""ARBITRAGE as a table: two offers go in, an opportunity or nothing comes out; only our own legs are ever bought."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.fees import QUADRATIC, FeeTerms
from trading.domain.market import Level, Outcome
from trading.domain.order import TimeInForce
from trading.strategies.arbitrage import BASIS_RISK, Arbitrage, Leg, Offer, Pair

D = Decimal
FREE = FeeTerms("quadratic", D(0))  # a venue that charges nothing
HERE = Leg("kalshi", "KX-A", Outcome.YES)
OTHER = Leg("kalshi", "KX-B", Outcome.YES)
THERE = Leg("polymarket", "0xabc", Outcome.NO)
CROSS, COMPLEMENT = Pair("rain", (HERE, THERE)), Pair("final", (HERE, OTHER))


def offer(price: str, size: str = "100", fees: FeeTerms = FREE) -> Offer:
    return Offer(Level(D(price), D(size)), fees)


@pytest.mark.parametrize(
    ("left", "right", "parameters", "cost", "count"),
    [
        (offer("0.40"), offer("0.50"), {}, "0.90", "10"),
        (offer("0.48"), offer("0.49"), {}, "0.97", "10"),
        (offer("0.01"), offer("0.02"), {}, "0.03", "10"),
        (offer("0.40", "3"), offer("0.50"), {}, "0.90", "3"),
        (offer("0.40"), offer("0.50", "2.9"), {}, "0.90", "2"),
        (offer("0.40"), offer("0.50"), {"count_max": D(1)}, "0.90", "1"),
        (offer("0.40", fees=QUADRATIC), offer("0.50"), {}, "0.9168", "10"),  # 0.07 x 10 x 0.4 x 0.6
        (offer("0.40", fees=QUADRATIC), offer("0.50", fees=QUADRATIC), {}, "0.9343", "10"),
        (offer("0.46", fees=QUADRATIC), offer("0.50"), {}, "0.97739", "10"),
        (offer("0.40"), offer("0.59"), {"cost_max": D("1")}, "0.99", "10"),
    ],
)
def test_two_legs_for_less_than_they_pay(
    left: Offer, right: Offer, parameters: dict[str, Any], cost: str, count: str
) -> None:
    found = Arbitrage(**parameters).look(CROSS, (left, right))
    assert found is not None
    assert (found.cost, found.count) == (D(cost), D(count))
    assert found.gain == (1 - D(cost)) * D(count)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (offer("0.48"), offer("0.50")),
        (offer("0.50"), offer("0.50")),
        (offer("0.60"), offer("0.50")),
        (offer("0.48", fees=QUADRATIC), offer("0.49")),
        (offer("0.47", fees=QUADRATIC), offer("0.49", fees=QUADRATIC)),
        (offer("0.40", "0"), offer("0.50")),
        (offer("0.40", "0.9"), offer("0.50")),
        (offer("0.40"), offer("0.50", "0")),
    ],
)
def test_no_opportunity(left: Offer, right: Offer) -> None:
    assert Arbitrage().look(CROSS, (left, right)) is None


def test_it_reports_unless_it_is_told_to_trade() -> None:
    found = Arbitrage().look(CROSS, (offer("0.40"), offer("0.50")))
    assert found is not None
    assert Arbitrage().intents(found) == ()


@pytest.mark.parametrize(("pair", "tickers"), [(CROSS, ["KX-A"]), (COMPLEMENT, ["KX-A", "KX-B"])])
def test_told_to_trade_it_buys_its_own_legs_only(pair: Pair, tickers: list[str]) -> None:
    trading = Arbitrage(trades=True)
    found = trading.look(pair, (offer("0.40"), offer("0.50")))
    assert found is not None
    intents = trading.intents(found)
    assert [intent.ticker for intent in intents] == tickers
    assert all(intent.time_in_force is TimeInForce.FOK and intent.count == 10 for intent in intents)
    assert "0.9000 after fees" in intents[0].why


def test_the_basis_risk_is_said_in_words() -> None:
    assert "Both legs can lose" in BASIS_RISK


prices = st.integers(1, 99).map(lambda cents: str(D(cents) / 100))
sizes = st.integers(0, 300).map(str)
offers = st.builds(offer, prices, sizes, st.sampled_from([FREE, QUADRATIC]))


@given(offers, offers)
def test_what_is_reported_really_costs_less(left: Offer, right: Offer) -> None:
    found = Arbitrage().look(CROSS, (left, right))
    if found is not None:
        fees = (o.fees.worst_fee(o.ask.price, found.count) for o in (left, right))
        assert (left.ask.price + right.ask.price) * found.count + sum(fees) == found.paid < D("0.98") * found.count
        assert found.gain == found.count - found.paid
        assert found.count <= min(left.ask.count, right.ask.count)
        assert found.gain > 0
