"""What people changed, laid over a strategy's configured parameters: within bounds, and nothing else touched."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import OPEN, before, market, quote, ticks
from trading.domain.intent import Decision, View
from trading.strategies.base import Raises, Tunable, parameters, tunables, tuned
from trading.strategies.consensus import Consensus

D = Decimal
SEEN = View(OPEN, market(), before(), quote(at=OPEN), ticks(OPEN))


@dataclass(frozen=True)
class Plain:
    """A strategy that declares nothing."""

    name: str = "plain"

    def on_tick(self, view: View) -> Decision:
        return Decision()


def test_a_changed_stake_is_what_it_bets_and_nothing_else_differs() -> None:
    less = tuned(Consensus(), {"stake_usd": D("2.60")})
    assert less == replace(Consensus(), stake_usd=D("2.60"))
    (intent,) = less.on_tick(SEEN).intents
    assert intent.count == 5


@pytest.mark.parametrize("changes", [{}, {"name": D(1)}, {"momentum": D(1)}, {"gone": D(3)}])
def test_what_may_not_be_changed_stays(changes: dict[str, Decimal]) -> None:
    assert tuned(Consensus(), changes) == Consensus()


def test_one_that_declares_nothing_has_nothing_to_change() -> None:
    assert tunables(Plain()) == {}
    assert tuned(Plain(), {"stake_usd": D(1)}) == Plain()
    assert list(parameters(Plain())) == []


@given(st.dictionaries(st.sampled_from([f.name for f in fields(Consensus)]), st.decimals(-(10**9), 10**9, places=4)))
def test_no_change_leaves_its_bounds_or_its_type(changes: dict[str, Decimal]) -> None:
    made: Any = tuned(Consensus(), changes)
    for name, tunable in Consensus.tunables.items():
        value = getattr(made, name)
        assert type(value) is type(getattr(Consensus(), name))
        assert tunable.least <= D(str(value)) <= tunable.most
    made.on_tick(SEEN)


@pytest.mark.parametrize(
    ("way", "up", "down"), [(Raises.UP, True, False), (Raises.DOWN, False, True), (Raises.ANY, True, True)]
)
def test_which_way_raises_the_risk(way: Raises, up: bool, down: bool) -> None:
    tunable = Tunable(way, D(0), D(10))
    assert (tunable.raised(D(5), D(6)), tunable.raised(D(5), D(4)), tunable.raised(D(5), D(5))) == (up, down, False)


def test_every_tunable_is_a_parameter_and_the_stake_has_the_order_limit_for_a_ceiling() -> None:
    assert set(Consensus.tunables) <= {f.name for f in fields(Consensus)}
    assert Consensus.tunables["stake_usd"].ceiling == "max_order_usd"


def test_all_parameters_are_shown_also_those_of_a_signal() -> None:
    shown = dict(parameters(Consensus()))
    assert shown["stake_usd"] == D(5)
    assert shown["dead_zone_bp"] == 1
    assert "name" not in shown
