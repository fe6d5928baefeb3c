"""The figures that say whether a strategy wins: known values, and what must hold for any trades."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import OPEN, TICKER
from trading.domain.corrections import corrected
from trading.domain.fees import worst_fee
from trading.domain.ledger import settle
from trading.domain.market import Outcome
from trading.domain.money import ONE, ZERO
from trading.domain.order import Mode
from trading.domain.statistics import (
    TRADES_MIN,
    Tally,
    Verdict,
    by_hour,
    by_price,
    by_signals,
    grouped,
    groupings,
    sentence,
    tally_of,
    wilson,
    won,
)
from trading.domain.trade import Trade, TradeOutcome

TINY = Decimal("1e-18")


def bet(
    wins: bool = True, price: str = "0.50", contracts: int = 1, side: Outcome = Outcome.YES, fee: Decimal | None = None
) -> Trade:
    """A bet held to its market's end, taken at `price` of its own side."""
    paid, size = Decimal(price), Decimal(contracts)
    held = size if side is Outcome.YES else -size
    trade = Trade(
        trade_id="k-1",
        mode=Mode.REAL,
        strategy="consensus",
        ticker=TICKER,
        side=side,
        opened_at=OPEN,
        close_time=OPEN + timedelta(minutes=15),
        limit_price=paid,
        ordered=size,
        contracts=size,
        cost=paid * size,
        cash=-held * (paid if side is Outcome.YES else ONE - paid),
        position=held,
        fees=worst_fee(paid, size) if fee is None else fee,
    )
    return settle(trade, ONE if wins == (side is Outcome.YES) else ZERO, OPEN + timedelta(minutes=15))


prices = st.integers(1, 99).map(lambda cents: f"0.{cents:02}")
bets = st.builds(bet, st.booleans(), prices, st.integers(1, 500), st.sampled_from(Outcome))


# --- the interval


@pytest.mark.parametrize(
    ("wins", "trades", "low", "high"),
    [  # computed apart from this code, by halving towards where the score test turns
        (23, 47, "0.3528", "0.6276"),
        (50, 100, "0.4038", "0.5962"),
        (0, 10, "0", "0.2775"),
        (10, 10, "0.7225", "1"),
        (1, 1, "0.2065", "1"),
        (11201, 23336, "0.4736", "0.4864"),
    ],
)
def test_known_intervals(wins: int, trades: int, low: str, high: str) -> None:
    assert tuple(round(end, 4) for end in wilson(wins, trades)) == (Decimal(low), Decimal(high))


def test_nothing_tried_says_nothing() -> None:
    assert wilson(0, 0) == (ZERO, ONE)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_rate_and_stays_a_share(tried: tuple[int, int]) -> None:
    wins, trades = tried
    low, high = wilson(wins, trades)
    assert 0 <= low <= Decimal(wins) / trades <= high <= 1
    assert low < high
    mirrored = wilson(trades - wins, trades)
    assert abs(mirrored[0] - (1 - high)) < TINY
    assert abs(mirrored[1] - (1 - low)) < TINY


@given(st.integers(1, 1000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_more_trades_of_the_same_rate_narrow_it(tried: tuple[int, int]) -> None:
    (low, high), (lower, higher) = wilson(2 * tried[0], 2 * tried[1]), wilson(*tried)
    assert high - low < higher - lower


# --- break-even


def test_at_fifty_cents_the_taker_fee_makes_it_51_75_percent() -> None:
    assert tally_of([bet()]).needed == Decimal("0.5175")
    assert tally_of([bet(True, contracts=9), bet(False, contracts=9, side=Outcome.NO)]).needed == Decimal("0.5175")


def test_without_fees_it_is_the_price() -> None:
    assert tally_of([bet(price="0.37", fee=ZERO)]).needed == Decimal("0.37")
    assert tally_of([]).needed is None


def test_contracts_weigh_and_the_result_does_not() -> None:
    cheap, dear = bet(price="0.40", contracts=3, fee=ZERO), bet(price="0.60", fee=ZERO)
    assert tally_of([cheap, dear]).needed == Decimal("0.45")
    assert tally_of([bet(False, "0.40", 3, fee=ZERO), dear]).needed == Decimal("0.45")


@given(st.lists(bets, min_size=1, max_size=30))
def test_winning_that_share_of_every_bet_leaves_nothing(trades: list[Trade]) -> None:
    needed = tally_of(trades).needed
    assert needed is not None
    won_all = sum((t.paying(ONE if t.position > 0 else ZERO).profit for t in trades), ZERO)
    lost_all = sum((t.paying(ZERO if t.position > 0 else ONE).profit for t in trades), ZERO)
    assert abs(needed * won_all + (1 - needed) * lost_all) < TINY


@given(prices, st.integers(1, 50), st.integers(0, 60), st.integers(1, 60))
def test_equal_bets_make_a_profit_just_above_it(price: str, contracts: int, wins: int, more: int) -> None:
    trades = [bet(n < wins, price, contracts) for n in range(wins + more)]
    tally = tally_of(trades)
    assert tally.rate is not None
    assert tally.needed is not None
    assert (tally.profit > 0) == (tally.rate > tally.needed)


def test_what_was_sold_before_the_end_comes_off_what_must_be_won_back() -> None:
    half = bet(price="0.50", contracts=10, fee=ZERO)  # five of ten sold at 70 cents
    half = replace(half, cash=half.cash + Decimal("3.50"), position=Decimal(5))
    assert tally_of([settle(half, ONE, OPEN)]).needed == Decimal("0.3")


# --- what counts


def test_what_did_not_win_or_lose_stands_apart() -> None:
    scalar = settle(replace(bet(), outcome=TradeOutcome.OPEN), Decimal("0.4"), OPEN)
    sold = settle(replace(bet(), position=ZERO, cash=Decimal("0.1")), ZERO, OPEN)
    unfilled = replace(bet(), outcome=TradeOutcome.UNFILLED, contracts=ZERO, position=ZERO)
    running = replace(bet(), outcome=TradeOutcome.OPEN)
    tally = tally_of([bet(), scalar, sold, unfilled, running])
    assert (tally.wins, tally.trades, tally.others) == (1, 1, 2)
    assert tally.profit == bet().profit + scalar.profit + sold.profit
    assert tally.needed == Decimal("0.5175")
    assert [won(t) for t in (scalar, sold, unfilled, running)] == [None] * 4


@given(bets, st.booleans())
def test_an_amended_result_counts_as_it_was_paid_in_the_end(trade: Trade, yes: bool) -> None:
    amended = corrected(trade, ONE if yes else ZERO)
    assert amended.outcome is TradeOutcome.CORRECTED
    assert won(amended) is ((trade.side is Outcome.YES) == yes)


@given(bets)
def test_a_win_is_what_the_ledger_says(trade: Trade) -> None:
    assert won(trade) is (trade.outcome is TradeOutcome.WIN)


@given(st.lists(bets, max_size=30), st.lists(bets, max_size=30))
def test_groups_hold_every_trade_once(some: list[Trade], others: list[Trade]) -> None:
    groups = grouped([*some, *others], by_price)
    whole = tally_of([*some, *others])
    for field in ("wins", "trades", "others", "staked", "fees", "profit", "risked", "contracts"):
        assert sum(getattr(tally, field) for tally in groups.values()) == getattr(whole, field)
    assert list(groups) == sorted(groups)


@given(st.lists(bets, max_size=30))
def test_several_groupings_at_once_are_each_of_them(trades: list[Trade]) -> None:
    ways: list[Callable[[Trade], str]] = [by_price, by_signals, by_hour(UTC), lambda trade: "all"]
    for way, groups in zip(ways, groupings(trades, *ways), strict=True):
        names = sorted({way(trade) for trade in trades})
        assert list(groups.items()) == [(n, tally_of(t for t in trades if way(t) == n)) for n in names]


def test_fee_drag() -> None:
    tally = tally_of([bet(True, contracts=10), bet(False, contracts=10)])
    assert tally.fees_of_stake == Decimal("0.35") / 10
    assert tally.fees_of_gross is None  # it won as much as it lost: there is nothing to take a share of
    assert tally_of([bet(True, contracts=10)]).fees_of_gross == Decimal("0.175") / 5
    assert (Tally().fees_of_stake, Tally().rate, Tally().needed) == (None, None, None)


# --- groups


@pytest.mark.parametrize(
    ("price", "band"),
    [("0.50", "50-55¢"), ("0.549", "50-55¢"), ("0.55", "55-60¢"), ("0.01", "00-05¢"), ("0.99", "95-100¢")],
)
def test_price_bands(price: str, band: str) -> None:
    assert by_price(bet(price=price)) == band


@pytest.mark.parametrize(
    ("previous", "momentum", "said"),
    [
        ("yes", "yes", "both agreed"),
        ("yes", "", "previous alone"),
        ("no", "yes", "momentum alone"),
        ("", "", "no signal"),
        ("no", "no", "no signal"),  # a bet against both
    ],
)
def test_signals_that_spoke_for_the_bet(previous: str, momentum: str, said: str) -> None:
    assert by_signals(replace(bet(), previous_signal=previous, momentum_signal=momentum)) == said


def test_hours_are_the_owners() -> None:
    late = replace(bet(), opened_at=datetime(2026, 1, 5, 23, 59, 59, tzinfo=UTC))
    assert by_hour(UTC)(late) == "23h"
    assert by_hour(ZoneInfo("Europe/Berlin"))(late) == "00h"


# --- the sentence


def tally(wins: int, trades: int, price: str = "0.50") -> Tally:
    return tally_of(bet(n < wins, price) for n in range(trades))


def test_the_sentence_says_the_rate_the_interval_and_what_is_needed() -> None:
    assert sentence(tally(23, 47)) == (
        "Of 47 trades 23 won (48.9%, 95% between 35% and 63%); 51.8% are needed: no edge is shown."
    )


@pytest.mark.parametrize(
    ("wins", "trades", "verdict", "end"),
    [
        (0, 0, Verdict.NONE, "nothing can be said."),
        (1, 1, Verdict.FEW, "fewer than 30 trades show nothing yet."),
        (29, 29, Verdict.FEW, "fewer than 30 trades show nothing yet."),
        (300, 1000, Verdict.BELOW, "it loses at these prices."),
        (520, 1000, Verdict.UNCLEAR, "no edge is shown."),
        (700, 1000, Verdict.ABOVE, "so far it wins more than it must."),
    ],
)
def test_every_verdict_has_its_words(wins: int, trades: int, verdict: Verdict, end: str) -> None:
    assert tally(wins, trades).verdict is verdict
    assert sentence(tally(wins, trades)).endswith(end)


@given(st.integers(0, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), prices)
def test_an_edge_is_never_claimed_against_the_money(tried: tuple[int, int], price: str) -> None:
    """Equal bets: above only where there is a profit, below only where there is a loss, and never of a few."""
    found = tally(*tried, price)
    if found.verdict is Verdict.ABOVE:
        assert found.profit > 0
    if found.verdict is Verdict.BELOW:
        assert found.profit < 0
    assert (found.verdict in (Verdict.NONE, Verdict.FEW)) == (tried[1] < TRADES_MIN)
