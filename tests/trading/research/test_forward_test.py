"""The forward test: a log goes in, fills and figures come out, by three readings of what the books showed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.errors import Misconfigured
from trading.domain.market import Level, Outcome, Quote
from trading.domain.money import ZERO
from trading.domain.order import Fill
from trading.research.fill_models import MODELS
from trading.research.forward_report import Report, report
from trading.research.forward_test import Terms, forward_test
from trading.research.intent_log import Line, Wish, line_of, lines, text_of

D = Decimal
START = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
YES, NO = Outcome.YES, Outcome.NO


def top(
    bid: str | None, ask: str | None, bid_size: str = "10", ask_size: str = "10"
) -> tuple[Level | None, Level | None]:
    return Level(D(bid), D(bid_size)) if bid else None, Level(D(ask), D(ask_size)) if ask else None


def line(second: float, book: tuple[Level | None, Level | None] | None = None, **more: Any) -> Line:
    at = START + timedelta(seconds=second)
    return Line(at, "maker", "KX-A", Quote("KX-A", at, *book) if book else None, **more)


def buy(price: str, count: str = "5", side: Outcome = YES, name: str = "", post_only: bool = False) -> Wish:
    return Wish(side, D(price), D(count), "quote", name, post_only)


def filled(log: list[Line], model: str, **terms: Any) -> list[tuple[float, str, str]]:
    """(seconds, YES price, contracts) of each fill."""
    outcome = forward_test(log, MODELS[model](), Terms(**terms))
    return [((f.at - START).total_seconds(), str(f.price), str(f.count)) for f in outcome.fills]


RESTS = line(0, top("0.44", "0.48"), wish=buy("0.45", name="a"))


@pytest.mark.parametrize(
    ("books", "touch", "through", "queue"),
    [
        ([top("0.44", "0.48")], [], [], []),
        ([top("0.44", "0.45")], [(1, "0.45", "5")], [], [(1, "0.45", "5")]),
        ([top("0.42", "0.44")], [(1, "0.45", "5")], [(1, "0.45", "5")], [(1, "0.45", "5")]),
        ([top("0.44", "0.45", "10", "2")], [(1, "0.45", "2")], [], [(1, "0.45", "2")]),
        ([top("0.45", "0.48", "30"), top("0.45", "0.48", "10")], [], [], []),  # 20 left, 30 stood before us
        ([top("0.45", "0.48", "30"), top("0.44", "0.48")], [], [], []),  # all 30 left, none of it ours
        ([top("0.45", "0.48", "8"), top("0.45", "0.48", "18"), top("0.45", "0.48", "6")], [], [], [(3, "0.45", "4")]),
        ([top("0.44", "0.45"), top("0.44", "0.45")], [(1, "0.45", "5")], [], [(1, "0.45", "5")]),
        ([(None, Level(D("0.40"), D(3)))], [(1, "0.45", "3")], [(1, "0.45", "3")], [(1, "0.45", "3")]),
    ],
)
def test_a_resting_order_by_three_readings(books: list[Any], touch: Any, through: Any, queue: Any) -> None:
    log = [RESTS, *(line(n, book) for n, book in enumerate(books, 1))]
    assert (filled(log, "touch"), filled(log, "through"), filled(log, "queue")) == (touch, through, queue)


@pytest.mark.parametrize("model", MODELS)
def test_an_order_that_crosses_takes_the_touch_whatever_the_reading(model: str) -> None:
    log = [line(0, top("0.44", "0.46", ask_size="3"), wish=buy("0.47"))]
    assert filled(log, model) == [(0, "0.46", "3")]


@pytest.mark.parametrize("model", MODELS)
def test_no_is_the_other_side_of_the_same_book(model: str) -> None:
    log = [line(0, top("0.44", "0.48"), wish=buy("0.50", side=NO)), line(1, top("0.52", "0.55"))]
    assert filled(log, model) == [(1, "0.50", "5")]


def test_a_latency_lets_the_market_go_first() -> None:
    log = [line(0, top("0.44", "0.46"), wish=buy("0.46")), line(1, top("0.46", "0.49")), line(2, top("0.40", "0.42"))]
    assert filled(log, "touch") == [(0, "0.46", "5")]
    assert filled(log, "touch", latency_seconds=0.5) == [(2, "0.46", "5")]
    assert filled(log, "touch", latency_seconds=1.5) == [(2, "0.42", "5")]


def test_an_order_without_an_id_rests_as_long_as_is_said() -> None:
    log = [line(0, top("0.44", "0.48"), wish=buy("0.45")), line(10, top("0.44", "0.45"))]
    assert filled(log, "touch") == []
    assert filled(log, "touch", rest_seconds=11) == [(10, "0.45", "5")]


def test_one_with_an_id_rests_until_it_is_cancelled() -> None:
    cancelled = line(20, cancel="a")
    assert filled([RESTS, line(15, top("0.44", "0.45")), cancelled], "touch") == [(15, "0.45", "5")]
    assert filled([RESTS, cancelled, line(25, top("0.44", "0.45"))], "touch") == []
    assert filled([RESTS, line(20, cancel="nobody"), line(25, top("0.44", "0.45"))], "touch") == [(25, "0.45", "5")]
    assert (
        filled([line(0, wish=buy("0.45", name="a")), line(1, cancel="a"), line(2, top("0.40", "0.41"))], "touch") == []
    )


def test_a_post_only_order_that_would_take_is_refused() -> None:
    outcome = forward_test([line(0, top("0.44", "0.46"), wish=buy("0.46", post_only=True))], MODELS["touch"](), Terms())
    assert (outcome.fills, list(outcome.refused.values())) == ([], ["invalid_order: post only cross"])


def test_time_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="stands after one of"):
        forward_test([line(5), line(4)], MODELS["touch"](), Terms())


# --- figures --------------------------------------------------------------------------------------------------------


def figures(log: list[Line], **terms: Any) -> Report:
    return report(forward_test(log, MODELS["touch"](), Terms(**terms)), 60, UTC)


def test_profit_is_what_the_market_paid_less_cost_and_fees() -> None:
    log = [line(0, top("0.44", "0.46"), wish=buy("0.46")), line(900, settled=D(1))]
    total = figures(log).total
    assert (total.fills, total.contracts, total.fees) == (1, 5, D("0.0870"))  # 0.07 x 5 x 0.46 x 0.54, rounded up
    assert total.profit == 5 * (1 - D("0.46")) - D("0.0870")
    assert total.open_contracts == 0
    lost = figures([*log[:1], line(900, settled=D(0))]).total
    assert lost.profit == -5 * D("0.46") - D("0.0870")


def test_what_no_market_paid_is_worth_its_bid_and_said() -> None:
    total = figures([line(0, top("0.44", "0.46"), wish=buy("0.46")), line(60, top("0.40", "0.42"))]).total
    assert total.profit == 5 * (D("0.40") - D("0.46")) - D("0.0870")
    assert total.open_contracts == 5


@pytest.mark.parametrize(
    ("side", "price", "later", "adverse"),
    [
        (YES, "0.46", ("0.38", "0.40"), "0.06"),
        (YES, "0.46", ("0.50", "0.52"), "-0.06"),
        (NO, "0.56", ("0.50", "0.52"), "0.06"),
    ],
)
def test_adverse_selection_is_how_far_the_middle_moved_against_us(
    side: Outcome, price: str, later: tuple[str, str], adverse: str
) -> None:
    log = [
        line(0, top("0.44", "0.46"), wish=buy(price, side=side)),
        line(59, top("0.10", "0.12")),
        line(60, top(*later)),
    ]
    assert figures(log).total.adverse == D(adverse)
    assert figures(log[:2]).total.adverse is None


def test_markets_and_days_stand_apart() -> None:
    other = Line(START, "maker", "KX-B", Quote("KX-B", START, *top("0.20", "0.22")), buy("0.22", "2"))
    log = [
        line(0, top("0.44", "0.46"), wish=buy("0.46")),
        other,
        line(86_400, top("0.50", "0.52"), wish=buy("0.52", "1")),
    ]
    made = figures(log)
    assert [(row.name, row.contracts) for row in made.markets] == [("KX-A", 6), ("KX-B", 2)]
    assert [(row.name, row.contracts) for row in made.days] == [("2026-09-01", 7), ("2026-09-02", 1)]
    assert sum((row.fees for row in made.markets), ZERO) == made.total.fees
    assert (made.wishes, made.filled, made.refused) == (3, 3, 0)


# --- promises over any log ------------------------------------------------------------------------------------------

cents = st.integers(1, 98)
books = st.tuples(cents, st.integers(1, 20), st.integers(1, 30), st.integers(1, 30)).map(
    lambda b: top(str(D(b[0]) / 100), str(D(min(b[0] + b[1], 99)) / 100), str(b[2]), str(b[3]))
)
wishes = st.builds(
    lambda side, price, count, post: Wish(side, D(price) / 100, D(count), "any", "", post),
    st.sampled_from(list(Outcome)),
    cents,
    st.integers(1, 20),
    st.booleans(),
)
logs = st.lists(st.tuples(st.one_of(st.none(), books), st.one_of(st.none(), wishes)), max_size=25).map(
    lambda steps: [line(n * 3, book, wish=wish) for n, (book, wish) in enumerate(steps)]
)


@given(logs, st.sampled_from(list(MODELS)))
def test_no_fill_is_better_than_its_order_or_more_than_it(log: list[Line], model: str) -> None:
    outcome = forward_test(log, MODELS[model](), Terms())
    wanted = {f"maker-{n}": entry.wish for n, entry in enumerate((e for e in log if e.wish), 1)}
    got: dict[str, Decimal] = {}
    for fill in outcome.fills:
        wish = wanted[fill.client_order_id]
        assert wish is not None
        got[fill.client_order_id] = got.get(fill.client_order_id, ZERO) + fill.count
        assert _own_price(fill) <= wish.price
        assert got[fill.client_order_id] <= wish.count


@given(logs)
def test_to_be_traded_through_is_to_be_touched(log: list[Line]) -> None:
    contracts = {m: sum((f.count for f in forward_test(log, MODELS[m](), Terms()).fills), ZERO) for m in MODELS}
    assert contracts["through"] <= contracts["touch"]
    assert contracts["touch"] <= contracts["queue"]


@given(logs, st.integers(0, 24))
def test_what_comes_later_changes_nothing_before(log: list[Line], cut: int) -> None:
    whole = forward_test(log, MODELS["queue"](), Terms()).fills
    begun = forward_test(log[:cut], MODELS["queue"](), Terms()).fills
    assert whole[: len(begun)] == begun


def _own_price(fill: Fill) -> Decimal:
    return fill.price if fill.side.outcome is YES else 1 - fill.price


# --- the log --------------------------------------------------------------------------------------------------------


@given(logs)
def test_a_line_is_read_as_it_was_written(log: list[Line]) -> None:
    assert [line_of(text_of(entry)) for entry in log] == log


BY_HAND = (
    '{"ts": "2026-09-01T12:00:00Z", "strategy": "mine", "ticker": "KX-A", "side": "yes", "price": 0.46, "count": 5, '
    '"why": "a hunch", "top_of_book": {"bid": "0.44", "bid_size": 10, "ask": 0.46, "ask_size": 3}}'
)


def test_a_log_may_be_written_by_hand() -> None:
    [entry] = lines([BY_HAND, "", "  "], "mine.jsonl")
    assert entry.wish == Wish(YES, D("0.46"), D(5), "a hunch")
    assert entry.top == Quote("KX-A", START, *top("0.44", "0.46", "10", "3"))
    assert filled([entry], "touch") == [(0, "0.46", "3")]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('"ts"', "'ts' is missing"),
        ('"ticker"', "'ticker' is missing"),
        ('"count"', "'count' is missing"),
        ('"ask_size"', "'ask_size' is missing"),
    ],
)
def test_what_is_missing_is_named_with_its_line(wrong: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=f"^mine.jsonl, line 2: {said}$"):
        list(lines([BY_HAND, BY_HAND.replace(wrong, '"other"')], "mine.jsonl"))


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"side": "yes"', '"side": "buy"', "side is 'buy': write yes or no"),
        ('"price": 0.46', '"price": 46', "price is 46: dollars from 0 to 1 are meant"),
        ('"price": 0.46', '"price": 1', "5 contracts at 1 are no order"),
        ('"count": 5', '"count": 0', "0 contracts at 0.46 are no order"),
        ('"count": 5', '"count": true', "True is no number"),
        ('"count": 5', '"count": "many"', "not a number: 'many'"),
        ('"ts": "2026-09-01T12:00:00Z"', '"ts": "noon"', "Invalid isoformat string: 'noon'"),
    ],
)
def test_what_is_wrong_is_said(right: str, wrong: str, said: str) -> None:
    assert right in BY_HAND
    with pytest.raises(Misconfigured, match=f"^mine.jsonl, line 1: {said}$"):
        list(lines([BY_HAND.replace(right, wrong)], "mine.jsonl"))
