"""Attempt numbers: each is used once, whatever is remembered and whatever was made before."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import MemoryStore, plain_notices
from tests.trading.build import OPEN, TICKER, order
from tests.trading.engine.rig import WISH
from trading.domain.order import Mode
from trading.domain.records import Put
from trading.domain.state import State
from trading.engine.attempts import MARKETS_MAX, Attempts
from trading.engine.book import Book
from trading.risk.gate import Identity

ME = Identity("k1234567", "simulated")
numbers = st.sets(st.integers(1, 30))


def key_of(attempt: int, mode: Mode = Mode.REAL, ticker: str = TICKER) -> str:
    return ME.client_order_id(mode, WISH.strategy, ticker, attempt)


def attempts(in_memory: set[int], stored: set[int]) -> tuple[Attempts, Book]:
    """What was made: of the last two days in memory too, of before in the store alone."""
    store = MemoryStore()
    store.commit([Put("orders", key_of(n), order(client_order_id=key_of(n))) for n in stored])
    book = Book(store, State(attempts={key_of(n): OPEN for n in in_memory}), plain_notices)
    return Attempts(book, ME), book


@given(in_memory=numbers, stored=numbers, first=st.integers(1, 30))
def test_it_is_the_first_that_was_never_made(in_memory: set[int], stored: set[int], first: int) -> None:
    made, (counter, _) = in_memory | stored, attempts(in_memory, stored)
    expected = next(n for n in range(first, 100) if n not in made)
    assert counter.next(replace(WISH, attempt=first), Mode.REAL).attempt == expected


@given(made=numbers, count=st.integers(1, 20))
def test_one_after_the_other_they_are_all_different(made: set[int], count: int) -> None:
    counter, book = attempts(made, set())
    for n in range(1, count + 1):
        wish = counter.next(WISH, Mode.REAL)
        key = key_of(wish.attempt)
        assert key not in book.state.attempts
        book.state = replace(book.state, attempts={**book.state.attempts, key: OPEN})
        assert len(book.state.attempts) == len(made) + n


def test_one_that_was_denied_is_not_used_up() -> None:
    counter, _ = attempts({1, 2}, set())
    assert [counter.next(WISH, Mode.REAL).attempt for _ in range(2)] == [3, 3]


def test_modes_markets_and_strategies_count_for_themselves() -> None:
    counter, _ = attempts({1}, set())
    others = [replace(WISH, ticker="KXOTHER"), replace(WISH, strategy="other")]
    assert [counter.next(each, Mode.REAL).attempt for each in (WISH, *others)] == [2, 1, 1]
    assert counter.next(WISH, Mode.DRY_RUN).attempt == 1


def test_what_is_remembered_is_bounded_and_only_a_hint() -> None:
    counter, _ = attempts({1, 2, 3}, set())
    for n in range(MARKETS_MAX + 5):
        counter.next(replace(WISH, ticker=f"KX-{n}"), Mode.REAL)
    assert len(counter._free) <= MARKETS_MAX
    assert counter.next(WISH, Mode.REAL).attempt == 4
