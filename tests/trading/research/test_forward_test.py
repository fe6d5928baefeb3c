"""The forward test: a log goes in, fills and figures come out, by three readings of what the books showed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.errors import Misconfigured
from trading.domain.fees import FeeTerms
from trading.domain.market import Level, Outcome, Quote
from trading.domain.money import ZERO
from trading.domain.order import Fill, TimeInForce
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


moments = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given with one
any_wishes = st.builds(
    Wish,
    side=st.sampled_from(list(Outcome)),
    price=st.integers(1, 9_999).map(lambda n: D(n) / 10_000),
    count=st.integers(1, 10**9).map(lambda n: D(n) / 100),
    why=st.text(),
    wish_id=st.text(),
    post_only=st.booleans(),
    reduce_only=st.booleans(),
    time_in_force=st.sampled_from(list(TimeInForce)),
    expires_at=st.none() | moments,
    fees=st.builds(FeeTerms, st.text(min_size=1), st.integers(0, 300).map(lambda n: D(n) / 100)),
    refused=st.text(),
)


@given(moments, any_wishes, st.text(), st.text(), st.none() | st.integers(0, 100).map(lambda n: D(n) / 100))
def test_whatever_a_line_says_it_is_one_line_and_is_read_again(
    at: datetime, wish: Wish, strategy: str, cancel: str, settled: Decimal | None
) -> None:
    entry = Line(at, strategy, "KX-A", None, wish, cancel, settled)
    text = text_of(entry)
    assert len(text.splitlines()) == 1
    assert line_of(text) == entry


def test_each_strategy_has_a_book_of_its_own() -> None:
    both = [
        Line(START, name, "KX-A", Quote("KX-A", START, *top("0.44", "0.46", ask_size="3")), buy("0.46", "3"))
        for name in ("one", "two")
    ]
    fills = forward_test(both, MODELS["touch"](), Terms()).fills
    assert [(fill.strategy, fill.count) for fill in fills] == [("one", 3), ("two", 3)]


def test_what_was_refused_alive_is_not_placed() -> None:
    refused = replace(buy("0.46"), refused="max_order")
    outcome = forward_test([line(0, top("0.44", "0.46"), wish=refused)], MODELS["touch"](), Terms())
    assert (outcome.fills, outcome.wishes, outcome.refused) == ([], 1, {"maker-1": "max_order"})


def test_what_rests_meets_the_top_before_a_cancel_of_the_same_line_counts() -> None:
    log = [RESTS, line(5, top("0.43", "0.45"), cancel="a")]
    assert filled(log, "touch") == [(5, "0.45", "5")]


def test_an_order_ends_when_it_says_and_is_charged_as_it_says() -> None:
    makers = FeeTerms("quadratic_with_maker_fees", D(1))
    wish = replace(buy("0.45", name="a"), expires_at=START + timedelta(seconds=8), fees=makers)
    log = [
        line(0, top("0.44", "0.48"), wish=wish),
        line(5, top("0.43", "0.45", ask_size="2")),
        line(8, top("0.1", "0.2")),
    ]
    [fill] = forward_test(log, MODELS["touch"](), Terms()).fills
    assert (fill.count, fill.fee) == (2, D("0.0087"))  # a quarter of 0.07 x 2 x 0.45 x 0.55, rounded up


def test_a_log_of_many_days_keeps_every_fill() -> None:
    asks = ["0.45" if n % 2 else "0.46" for n in range(20)]
    log = [line(n * 43_200, top("0.40", ask), wish=buy("0.46", "1", name=f"a{n}")) for n, ask in enumerate(asks)]
    assert [price for _, price, _ in filled(log, "touch")] == asks


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
        ('"ts"', "ts"),
        ('"ticker"', "ticker"),
        ('"strategy"', "strategy"),
        ('"price"', "price"),
        ('"count"', "count"),
        ('"ask_size"', "ask_size"),
    ],
)
def test_what_is_missing_is_named_with_its_line(wrong: str, said: str) -> None:
    fix = "docs/forward-test.md shows a whole line"
    with pytest.raises(Misconfigured, match=f"^mine.jsonl, line 2: '{said}' is missing: {fix}$"):
        list(lines([BY_HAND, BY_HAND.replace(wrong, '"other"')], "mine.jsonl"))


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"side": "yes"', '"side": "buy"', "side is 'buy': write yes or no"),
        ('"price": 0.46', '"price": 46', "price is 46: dollars from 0 to 1 are meant"),
        ('"price": 0.46', '"price": 1', "price is 1: an order's is between 0 and 1"),
        ('"price": 0.46', '"price": NaN', "price is nan: write a number"),
        ('"count": 5', '"count": 0', "count is 0: contracts above zero are meant"),
        ('"count": 5', '"count": true', "count is True: write a number"),
        ('"count": 5', '"count": "many"', "count is 'many': write a number"),
        ('"count": 5', '"count": 5, "post_only": 1', "post_only is 1: write true or false"),
        ('"bid_size": 10', '"bid_size": -3', "bid_size is -3: contracts above zero are meant"),
        ('{"bid": "0.44", "bid_size": 10, "ask": 0.46, "ask_size": 3}', "7", "top_of_book is 7: write an object with "),
        ('"count": 5', '"count": 5, "time_in_force": "day"', "time_in_force is 'day': write one of good_till_canceled"),
        ('"ts": "2026-09-01T12:00:00Z"', '"ts": "noon"', "ts is 'noon': write seconds since 1970, or 2026-09-"),
        ('"ts": "2026-09-01T12:00:00Z"', '"ts": 1e40', "ts is '1E.40': write"),
        (BY_HAND, "hello", "'hello' is no JSON object: write one in braces on each line"),
        (BY_HAND, "[1]", "'.1.' is no JSON object"),
        (BY_HAND, "[" * 100_000, ".*no JSON object"),
    ],
)
def test_what_is_wrong_is_said(right: str, wrong: str, said: str) -> None:
    assert right in BY_HAND
    with pytest.raises(Misconfigured, match=f"^mine.jsonl, line 1: {said}"):
        list(lines([BY_HAND.replace(right, wrong)], "mine.jsonl"))
