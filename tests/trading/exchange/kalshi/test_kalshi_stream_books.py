"""All books of one subscription against a model exchange whose messages are lost, repeated and out of order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.domain.market import Level, Outcome
from trading.exchange.kalshi.orderbook import OrderBook, Touch
from trading.exchange.kalshi.stream_books import BookPatience, SubscribedBooks
from trading.exchange.kalshi.stream_sequence import OLD_IN_A_ROW_MAX, Sequence, Step

D = Decimal
YES, NO = Outcome.YES, Outcome.NO
PATIENCE = BookPatience(ask_seconds=1.0, ask_seconds_max=4.0, recover_seconds=10.0, crossed_seconds=2.0)
TICKERS = ("A", "B", "C")
Message = tuple[int, tuple[object, ...]]  # its number; its kind and what it says
Move = tuple[str, Outcome, int, int]  # a market, a side, a price in cents and the count that it now has


@dataclass
class Hand:
    """A clock that is moved by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def books(hand: Hand) -> SubscribedBooks:
    """Two markets with a book each; number 3 comes next."""
    made = SubscribedBooks(hand, PATIENCE)
    made.expect(["A", "B"])
    for number, ticker in ((1, "A"), (2, "B")):
        assert made.admit(number) is Step.NEXT
        show(made, ticker)
    return made


def show(books: SubscribedBooks, ticker: str) -> None:
    books.snapshot(ticker, [(D("0.40"), D(5))], [(D("0.50"), D(6))])


SHOWN: Touch = (Level(D("0.40"), D(5)), Level(D("0.50"), D(6)))


def test_numbers() -> None:
    sequence = Sequence()
    assert [sequence.take(n) for n in (1, 2, 2, 1, 4, 3, 5)] == [
        Step.NEXT,
        Step.NEXT,
        Step.OLD,
        Step.OLD,
        Step.GAP,
        Step.OLD,
        Step.NEXT,
    ]
    assert Sequence().take(2) is Step.GAP


def test_a_numbering_that_began_anew_is_noticed() -> None:
    sequence = Sequence()
    sequence.take(1000)
    steps = [sequence.take(number) for number in range(1, OLD_IN_A_ROW_MAX + 4)]
    assert steps == [Step.OLD] * OLD_IN_A_ROW_MAX + [Step.ANEW, Step.NEXT, Step.NEXT]
    assert not Step.ANEW.usable
    assert Step.ANEW.doubtful


def test_a_book_shows_nothing_before_its_snapshot(books: SubscribedBooks) -> None:
    assert books.touch("A") == SHOWN
    assert books.touch("C") is None
    books.expect(["C"])
    books.delta("C", YES, D("0.1"), D(1))
    assert books.touch("C") is None
    books.forget(["A"])
    assert books.touch("A") is None
    show(books, "A")
    assert books.touch("A") is None


def test_a_gap_makes_all_books_untrusted_until_each_is_shown(books: SubscribedBooks, hand: Hand) -> None:
    hand.now = 5.0
    assert books.admit(4) is Step.GAP
    assert books.touch("A") is books.touch("B") is None
    assert books.due() == ["A", "B"]
    assert books.due() == []
    books.delta("A", YES, D("0.40"), D(-5))
    show(books, "A")
    assert books.touch("A") == SHOWN
    assert books.touch("B") is None
    books.delta("A", YES, D("0.40"), D(-1))
    assert books.touch("A") == (Level(D("0.40"), D(4)), SHOWN[1])


def test_it_is_asked_again_ever_more_rarely(books: SubscribedBooks, hand: Hand) -> None:
    books.admit(4)
    asked = []
    while hand.now < 20.0:
        if books.due():
            asked.append(hand.now)
        hand.now += 0.5
    assert asked == [1.0, 2.0, 4.0, 8.0, 12.0, 16.0]
    for ticker in ("A", "B"):
        show(books, ticker)
    books.admit(6)
    assert books.due() == ["A", "B"]
    hand.now += 1.0
    assert books.due() == ["A", "B"]


def test_hopeless_is_only_where_no_book_is_left(books: SubscribedBooks, hand: Hand) -> None:
    books.admit(4)
    hand.now = 11.0
    assert books.hopeless
    show(books, "B")
    assert not books.hopeless
    hand.now = 100.0
    assert not books.hopeless
    books.admit(6)
    hand.now = 105.0
    books.admit(8)
    assert not books.hopeless  # B was there until 100
    hand.now = 111.0
    assert books.hopeless
    books.forget(["A", "B"])
    assert not books.hopeless


def test_a_change_that_cannot_be_costs_that_book_its_trust(books: SubscribedBooks, hand: Hand) -> None:
    hand.now = 5.0
    books.delta("A", YES, D("0.40"), D("-5.01"))
    assert books.touch("A") is None
    assert books.touch("B") == SHOWN
    assert books.due() == ["A"]
    books.snapshot("A", [(D("0.40"), D(-1))], [])
    assert books.touch("A") is None


def test_a_cross_is_never_shown_and_asked_about_when_it_stays(books: SubscribedBooks, hand: Hand) -> None:
    hand.now = 5.0
    books.delta("A", YES, D("0.60"), D(1))
    assert books.touch("A") is None
    assert books.due() == []
    books.delta("A", NO, D("0.50"), D(-6))
    assert books.touch("A") == (Level(D("0.60"), D(1)), None)
    assert books.due() == []
    books.delta("A", NO, D("0.50"), D(6))
    assert books.due() == []
    hand.now = 7.5
    assert books.due() == ["A"]
    show(books, "A")
    assert books.touch("A") == SHOWN


def test_a_new_subscription_counts_from_one(books: SubscribedBooks) -> None:
    books.restart()
    assert books.touch("A") is None
    assert books.admit(1) is Step.NEXT
    show(books, "A")
    assert books.touch("A") == SHOWN


# What the model exchange does at a step: a market's book moves, or it is only a reply that has a number too.
moves = st.one_of(
    st.tuples(st.sampled_from(TICKERS), st.sampled_from((YES, NO)), st.integers(1, 49), st.integers(0, 9)),
    st.none(),
)
faults = st.sampled_from(("none", "none", "none", "drop", "twice", "late"))


@dataclass
class Model:
    """The exchange's end of one subscription, and a network that spoils what it carries."""

    books: dict[str, OrderBook] = field(default_factory=lambda: {ticker: OrderBook() for ticker in TICKERS})
    counts: dict[tuple[str, Outcome, int], int] = field(default_factory=dict)
    number: int = 0
    late: list[Message] = field(default_factory=list)

    def message(self, *content: object) -> Message:
        self.number += 1
        return self.number, content

    def shown(self, ticker: str) -> Message:
        sides = [[(lv.price, lv.count) for lv in self.books[ticker].levels(side)] for side in (YES, NO)]
        return self.message("snapshot", ticker, *sides)

    def moved(self, move: Move | None) -> Message:
        """A level takes a new count; prices below a half on both sides never cross."""
        if move is None:
            return self.message("reply")
        ticker, side, cents, count = move
        by = count - self.counts.get((ticker, side, cents), 0)
        self.counts[ticker, side, cents] = count
        self.books[ticker].change(side, D(cents) / 100, D(by))
        return self.message("delta", ticker, side, D(cents) / 100, D(by))

    def carried(self, message: Message, fault: str) -> Iterator[Message]:
        """What arrives of a message, and with it what was late."""
        if fault == "late" and not self.late:
            self.late = [message]
            return
        if fault != "drop":
            yield message
        if fault == "twice":
            yield message
        yield from self.late
        self.late = []


class Client:
    """The books under test; `seen` is the newest number that has come."""

    def __init__(self, hand: Hand) -> None:
        self.books, self.seen = SubscribedBooks(hand, PATIENCE), 0

    def take(self, message: Message) -> None:
        """As a session does."""
        number, (kind, *rest) = message
        self.seen = max(self.seen, number)
        if self.books.admit(number).usable and kind != "reply":
            (self.books.snapshot if kind == "snapshot" else self.books.delta)(*rest)  # type: ignore[arg-type]

    def check(self, model: Model) -> None:
        """Nothing that is trusted is crossed; where the newest message has come, it is the exchange's."""
        for ticker, book in model.books.items():
            touch = self.books.touch(ticker)
            bid, ask = touch or (None, None)
            assert bid is None or ask is None or bid.price < ask.price
            assert touch is None or self.seen < model.number or touch == book.touch()


@settings(max_examples=200)
@given(steps=st.lists(st.tuples(moves, faults, st.booleans(), faults), max_size=60))
def test_trusted_books_are_the_exchanges_and_all_are_once_it_is_quiet(
    steps: list[tuple[Move | None, str, bool, str]],
) -> None:
    hand, model = Hand(), Model()
    client = Client(hand)
    client.books.expect(TICKERS)
    for ticker in TICKERS:
        client.take(model.shown(ticker))
    for move, fault, asks, answer_fault in steps:
        hand.now += 0.7
        for message in model.carried(model.moved(move), fault):
            client.take(message)
            client.check(model)
        for ticker in client.books.due() if asks else ():
            for message in model.carried(model.shown(ticker), answer_fault):
                client.take(message)
                client.check(model)
    for message in [*model.late, model.message("reply")]:
        client.take(message)
    hand.now += PATIENCE.ask_seconds_max
    for ticker in client.books.due():
        client.take(model.shown(ticker))
    assert {ticker: client.books.touch(ticker) for ticker in TICKERS} == {t: b.touch() for t, b in model.books.items()}
