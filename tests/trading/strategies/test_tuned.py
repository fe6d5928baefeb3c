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
from trading.strategies import STRATEGIES
from trading.strategies.base import Raises, Tunable, disorder, parameters, tunables, tuned
from trading.strategies.consensus import Consensus
from trading.strategies.exits import ExitRules
from trading.strategies.threshold import Threshold

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


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_tunable_is_a_parameter_that_fits_its_bounds(name: str) -> None:
    made: Any = STRATEGIES[name]()
    assert tunables(made), "something of it may be changed"
    assert disorder(made) == ""
    for parameter, tunable in tunables(made).items():
        assert tunable.least <= D(str(getattr(made, parameter))) <= tunable.most, parameter
        assert type(tuned(made, {parameter: tunable.most})) is type(made)
        assert parameter != "stake_usd" or tunable.ceiling == "max_order_usd"


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_has_its_own_name_and_exit_rules_that_are_off(name: str) -> None:
    made: Any = STRATEGIES[name]()
    assert (made.name, made.exits) == (name, ExitRules())


# --- parameters in order --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (Consensus(), ""),
        (Consensus(min_price=D("0.7")), "min_price 0.7 must be below max_price 0.65"),
        (Consensus(min_price=D("0.65")), "min_price 0.65 must be below max_price 0.65"),
        (Threshold(buy_at=D("0.6")), "buy_at 0.6 must be below sell_at 0.60"),
        (Plain(), ""),
    ],
)
def test_what_contradicts_itself_is_said(made: object, said: str) -> None:
    assert disorder(made) == said


def test_a_change_that_contradicts_a_later_configuration_is_left_away_and_the_others_hold() -> None:
    changes = {"max_price": D("0.50"), "stake_usd": D(2)}
    assert tuned(Consensus(), changes) == Consensus(max_price=D("0.50"), stake_usd=D(2))
    narrower = Consensus(min_price=D("0.55"))
    assert tuned(narrower, changes) == replace(narrower, stake_usd=D(2))
    both = {"min_price": D("0.70"), "max_price": D("0.60")}
    assert tuned(Consensus(), both) == Consensus()


@given(st.dictionaries(st.sampled_from(["buy_at", "sell_at"]), st.decimals(0, 1, places=2)))
def test_no_change_puts_prices_out_of_order(changes: dict[str, Decimal]) -> None:
    assert disorder(tuned(Threshold(), changes)) == ""


def test_all_parameters_are_shown_also_those_of_a_signal() -> None:
    shown = dict(parameters(Consensus()))
    assert shown["stake_usd"] == D(5)
    assert shown["momentum.dead_zone_bp"] == 1
    assert "name" not in shown
    assert not [name for name in shown if name.startswith("exits.")], "they are off"
    stopped = dict(parameters(Consensus(exits=ExitRules(stop_loss=D("0.1")))))
    assert stopped["exits.stop_loss"] == D("0.1")
    assert "exits.take_profit" not in stopped
