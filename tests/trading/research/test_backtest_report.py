"""The figures of a report: each worked out by hand here, and its parts adding up to the whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.errors import Misconfigured
from trading.domain.market import Outcome
from trading.domain.order import Mode
from trading.domain.trade import Trade, TradeOutcome
from trading.research.backtest import Played
from trading.research.report import POINTS_MAX, About, Drawdown, Report, figures, report, thinned

D = Decimal
START = datetime(2026, 1, 5, tzinfo=UTC)
ABOUT = About(
    "previous", (("stake_usd", "5"),), "results.csv", ("assumed",), START, START + timedelta(hours=10), 0.25, "touch"
)


def bet(number: int, won: bool, price: str = "0.50") -> Trade:
    """Ten contracts in the market that opens so many quarters of an hour after the start."""
    opened, cost, fee = START + timedelta(minutes=15 * number), 10 * D(price), D("0.175")
    return Trade(
        trade_id=f"t{number}",
        mode=Mode.DRY_RUN,
        strategy="previous",
        ticker=f"M{number}",
        side=Outcome.YES,
        opened_at=opened,
        close_time=opened + timedelta(minutes=15),
        limit_price=D(price),
        ordered=D(10),
        contracts=D(10),
        cost=cost,
        cash=-cost,
        position=D(10),
        fees=fee,
        outcome=TradeOutcome.WIN if won else TradeOutcome.LOSS,
        payout=D(10) if won else D(0),
        profit=(10 if won else 0) - cost - fee,
        closed_at=opened + timedelta(minutes=16),
    )


def told(trades: list[Trade], split: float = 0.5) -> Report:
    return report(Played(trades=trades, markets=len(trades)), ABOUT, UTC, split)


def test_the_figures_of_four_bets() -> None:
    made = told([bet(0, True), bet(1, False), bet(2, False, "0.62"), bet(30, True)])
    tally = made.whole.tally
    assert (tally.trades, tally.wins, tally.fees) == (4, 2, D("0.7"))
    assert tally.profit == D("4.825") - D("5.175") - D("6.375") + D("4.825")
    assert [total for _, total in made.points] == [D("4.825"), D("-0.35"), D("-6.725"), D("-1.9")]
    assert made.drawdown == Drawdown(D("-11.55"), START + timedelta(minutes=46))
    assert [(band.name, band.paid, band.tally.trades) for band in made.bands] == [
        ("50-55¢", D("0.5"), 3),
        ("60-65¢", D("0.62"), 1),
    ]
    assert [(name, tally.trades) for name, tally in made.hours] == [("00h", 3), ("07h", 1)]
    assert [(part.name, part.luck.trades, part.tally.profit) for part in made.parts] == [
        ("in sample", 3, D("-6.725")),
        ("out of sample", 1, D("4.825")),
    ]
    assert made.parts[0].last == made.parts[1].first == START + timedelta(hours=5)


def test_the_sentences_say_the_rate_its_interval_and_whether_it_is_luck() -> None:
    losing = told([bet(number, number % 10 == 0) for number in range(40)])
    assert losing.sentences[0].startswith(
        "Of 40 trades 4 won (10.0%, 95% between 4% and 23%); 51.8% are needed: it loses"
    )
    assert losing.sentences[1].startswith("It differs from luck, for the worse: -4.1750 dollars a trade")
    even = told([bet(number, number % 2 == 0) for number in range(40)])
    assert even.sentences[1].startswith("It does not differ from luck")


def test_nothing_played_is_said_and_divides_by_nothing() -> None:
    made = told([])
    assert made.sentences == ("No trade has won or lost yet: nothing can be said.",)
    assert (made.points, made.bands, made.hours, made.drawdown) == ((), (), (), Drawdown())
    assert figures(made)["win_rate"] is None


@pytest.mark.parametrize("split", [0, 1, -1, 1.5])
def test_a_split_that_leaves_nothing_is_refused(split: float) -> None:
    with pytest.raises(Misconfigured, match="is not between 0 and 1"):
        told([], split)


def test_figures_are_json_with_four_decimals() -> None:
    made = figures(told([bet(0, True), bet(1, False)]))
    assert json.loads(json.dumps(made)) == made
    assert (made["profit_usd"], made["fees_usd"], made["mean_usd"]) == (-0.35, 0.35, -0.175)
    assert (made["win_rate"], made["break_even"], made["trades"]) == (0.5, 0.5175, 2)
    assert set(made["parts"]) == {"in_sample", "out_of_sample"}


@given(st.lists(st.booleans(), max_size=40), st.floats(0.05, 0.95))
def test_the_parts_add_up_to_the_whole(won: list[bool], split: float) -> None:
    made = told([bet(number, each) for number, each in enumerate(won)], split)
    whole = made.whole.tally
    for groups in ([p.tally for p in made.parts], [b.tally for b in made.bands], [t for _, t in made.hours]):
        assert sum((tally.profit for tally in groups), D(0)) == whole.profit
        assert sum(tally.wins for tally in groups) == whole.wins
    assert (made.points[-1][1] if made.points else 0) == whole.profit
    assert made.drawdown.deepest <= min([total for _, total in made.points], default=D(0)) <= whole.profit or not won


def test_a_long_curve_is_thinned_to_what_can_be_seen_and_keeps_its_end() -> None:
    points = [(START + timedelta(minutes=n), D(n)) for n in range(5_000)]
    assert len(thinned(points)) == POINTS_MAX
    assert thinned(points)[-1] == points[-1]
    assert thinned(points[:3]) == points[:3]
