"""No strategy looks ahead: shuffling what comes later changes nothing that it decided before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading.build import OPEN, TICKER, before, market, quote
from tests.trading.strategies.views import headline
from trading.domain.intent import Decision, View
from trading.domain.market import Market, MarketStatus, Quote, Tick
from trading.research.backtest import Terms, backtest
from trading.research.tape import Paid, Record, in_order
from trading.signals.probability import ProbabilityLimits
from trading.strategies import STRATEGIES
from trading.strategies.base import Strategy
from trading.strategies.exits import ExitRules

D = Decimal
HEADLINE = headline("h1", ago=-90)  # three minutes after the open
EXITS = ExitRules(take_profit=D("0.02"), stop_loss=D("0.02"), after_seconds=120)
EAGER: dict[str, dict[str, Any]] = {  # so that each has something to decide in the life below
    "threshold": {"buy_at": D("0.52"), "sell_at": D("0.56")},
    "market_maker": {"fair": "spot", "probability": ProbabilityLimits(samples_min=3)},
    "news": {"exits": EXITS},
}


def life(seed: int) -> list[Record]:
    """One market with a wandering price and quotes around it every ten seconds, and the market before it."""
    chance = Random(seed)
    records = [Record(before().open_time, before()), Record(OPEN + timedelta(seconds=1), market())]
    spot, bid = 90_000, 50
    for n in range(-90, 90):
        at = OPEN + timedelta(seconds=10 * n)
        spot, bid = spot + chance.randint(-20, 20), min(max(bid + chance.randint(-2, 2), 40), 60)
        records.append(Record(at, Tick("BRTI", D(spot), at)))
        if n >= 0:
            records.append(Record(at, quote(str(D(bid) / 100), str(D(bid + 2) / 100), at)))
    end = OPEN + timedelta(seconds=908)
    ended = market(status=MarketStatus.FINALIZED, result="yes", settlement_value=D(1))
    return in_order([*records, Record(end, ended), Record(end, Paid(TICKER, D(1)))])


@dataclass(frozen=True)
class Remembering:
    """Another strategy, told of a headline once it is out, and what it decided when."""

    strategy: Strategy
    decided: list[tuple[View, Decision]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.strategy.name

    def on_tick(self, view: View) -> Decision:
        decision = self.strategy.on_tick(replace(view, headlines=(HEADLINE,)))
        self.decided.append((view, decision))
        return decision

    def until(self, cut: datetime) -> list[tuple[View, Decision]]:
        return [(view, decision) for view, decision in self.decided if view.now < cut]


def shuffled(future: list[Record], chance: Random) -> list[Record]:
    """Other things at the same moments: prices, quotes and results dealt out anew."""
    whats = [record.what for record in future]
    chance.shuffle(whats)
    return [Record(r.at, moved(what, r.at)) for r, what in zip(future, whats, strict=True)]


def moved(what: Market | Quote | Tick | Paid, at: datetime) -> Market | Quote | Tick | Paid:
    return replace(what, seen_at=at) if isinstance(what, Quote | Tick) else what


def decisions(strategy: Strategy, tape: list[Record]) -> Remembering:
    remembering = Remembering(strategy)
    backtest(remembering, tape, Terms(latency_seconds=0))
    return remembering


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), second=st.integers(0, 908))
def test_shuffling_the_future_changes_nothing_before_it(name: str, seed: int, second: int) -> None:
    strategy, tape, cut = STRATEGIES[name](**EAGER.get(name, {})), life(seed), OPEN + timedelta(seconds=second)
    past, future = [r for r in tape if r.at < cut], [r for r in tape if r.at >= cut]
    other = decisions(strategy, past + shuffled(future, Random(seed)))
    assert decisions(strategy, tape).until(cut) == other.until(cut)


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_has_something_to_decide_in_that_life(name: str) -> None:
    """Else the property above would hold of nothing."""
    lives = [decisions(STRATEGIES[name](**EAGER.get(name, {})), life(seed)) for seed in range(5)]
    assert any(decision.intents for each in lives for _, decision in each.decided)


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), later=st.lists(st.integers(1, 200_000), min_size=1, max_size=5))
def test_prices_of_later_than_now_are_not_looked_at(name: str, seed: int, later: list[int]) -> None:
    strategy = STRATEGIES[name](**EAGER.get(name, {}))
    for view, decision in decisions(strategy, life(seed)).decided[::10]:
        seen = replace(view, headlines=(HEADLINE,))
        ahead = tuple(Tick("BRTI", D(p), view.now + timedelta(seconds=n)) for n, p in enumerate(later, start=1))
        assert strategy.on_tick(replace(seen, ticks=(*view.ticks, *ahead))) == decision
