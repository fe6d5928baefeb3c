"""The local order book of one market: its levels, its touch, and what it refuses."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.market import Level, Outcome
from trading.exchange.kalshi.codec import touch
from trading.exchange.kalshi.orderbook import OrderBook
from trading.exchange.kalshi.wire import BookWire

D = Decimal
YES, NO = Outcome.YES, Outcome.NO
prices = st.integers(0, 1000).map(lambda n: D(n) / 1000)
counts = st.integers(0, 10_000).map(lambda n: D(n) / 100)
sides = st.dictionaries(prices, counts, max_size=8)


def filled() -> OrderBook:
    book = OrderBook()
    book.reset([(D("0.40"), D(5)), (D("0.42"), D(3))], [(D("0.55"), D(7)), (D("0.01"), D(1))])
    return book


def test_the_ask_is_what_remains_of_a_dollar() -> None:
    assert OrderBook().touch() == (None, None)
    assert filled().touch() == (Level(D("0.42"), D(3)), Level(D("0.45"), D(7)))


def test_changes_add_take_and_empty_a_level() -> None:
    book = filled()
    book.change(YES, D("0.4200"), D("-1.5"))
    book.change(YES, D("0.41"), D("2.00"))
    book.change(NO, D("0.5500"), D("-7.00"))
    assert book.levels(YES) == [Level(D("0.42"), D("1.5")), Level(D("0.41"), D(2)), Level(D("0.40"), D(5))]
    assert book.levels(NO) == [Level(D("0.01"), D(1))]
    assert book.touch() == (Level(D("0.42"), D("1.5")), Level(D("0.99"), D(1)))


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    book = filled()
    before = book.levels(YES), book.levels(NO), book.touch()
    with pytest.raises(ValueError, match=r"at 0\.42"):
        book.change(YES, D("0.42"), D("-3.01"))
    with pytest.raises(ValueError):
        book.change(NO, D("0.30"), D("-0.01"))
    with pytest.raises(ValueError):
        book.reset([(D("0.40"), D(1))], [(D("0.50"), D(-1))])
    assert (book.levels(YES), book.levels(NO), book.touch()) == before


def test_a_cross_is_seen() -> None:
    book = filled()
    book.change(NO, D("0.57"), D(1))
    assert not book.crossed
    book.change(NO, D("0.58"), D(1))
    assert book.crossed
    book.change(NO, D("0.58"), D(-1))
    assert not book.crossed


@given(yes=sides, no=sides)
def test_a_snapshot_reads_as_over_rest(yes: dict[Decimal, Decimal], no: dict[Decimal, Decimal]) -> None:
    book = OrderBook()
    book.reset(yes.items(), no.items())
    rest = BookWire([(str(p), str(n)) for p, n in yes.items()], [(str(p), str(n)) for p, n in no.items()])
    assert book.touch() == touch(rest)
    assert all(level.count > 0 for side in Outcome for level in book.levels(side))


@given(yes=sides, no=sides, target_yes=sides, target_no=sides)
def test_changes_lead_from_any_book_to_any_other(
    yes: dict[Decimal, Decimal],
    no: dict[Decimal, Decimal],
    target_yes: dict[Decimal, Decimal],
    target_no: dict[Decimal, Decimal],
) -> None:
    book, wanted = OrderBook(), OrderBook()
    book.reset(yes.items(), no.items())
    wanted.reset(target_yes.items(), target_no.items())
    for side, old, new in ((YES, yes, target_yes), (NO, no, target_no)):
        for price in old.keys() | new.keys():
            book.touch()  # what was worked out before must not stay
            book.change(side, price, new.get(price, D(0)) - old.get(price, D(0)))
    assert book.levels(YES) == wanted.levels(YES)
    assert book.levels(NO) == wanted.levels(NO)
    assert book.touch() == wanted.touch()
