"""Price-time matching: a table of books, orders and what comes of them, and properties that no table can list."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.domain.order import Side, TimeInForce
from trading.exchange.simulated.matching import STREET, Book, Incoming, SelfTrade

BID, ASK = Side.BID, Side.ASK
GTC, IOC, FOK = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK
ME = "me"


@dataclass(frozen=True)
class Case:
    name: str
    order: Incoming
    traded: list[tuple[int, int]]  # price, count
    rested: int = 0
    left: int = 0
    killed: bool = False
    cancelled: tuple[str, ...] = ()
    own: list[Incoming] = field(default_factory=list)  # resting before


def mine(order_id: str, side: Side, price: int, count: int, tif: TimeInForce = GTC, **more: SelfTrade) -> Incoming:
    return Incoming(order_id, ME, side, price, count, tif, **more)


STREET_BIDS = [(5000, 100), (4900, 200)]
STREET_ASKS = [(5200, 100), (5300, 200)]
CASES = [
    Case("a bid below the ask rests", mine("a", BID, 5100, 10), [], rested=10),
    Case("a bid at the ask takes", mine("a", BID, 5200, 10), [(5200, 10)]),
    Case("it takes the best first, at the makers' prices", mine("a", BID, 5300, 150), [(5200, 100), (5300, 50)]),
    Case("what is left of it rests", mine("a", BID, 5200, 150), [(5200, 100)], rested=50),
    Case("an ask takes bids from the top", mine("a", ASK, 4900, 250), [(5000, 100), (4900, 150)]),
    Case("immediate-or-cancel leaves the rest", mine("a", BID, 5200, 150, IOC), [(5200, 100)], left=50),
    Case("immediate-or-cancel may get nothing", mine("a", BID, 5100, 150, IOC), [], left=150),
    Case("fill-or-kill gets all", mine("a", BID, 5300, 300, FOK), [(5200, 100), (5300, 200)]),
    Case("fill-or-kill gets nothing", mine("a", BID, 5300, 301, FOK), [], left=301, killed=True),
    Case(
        "the taker stops at its own order",
        mine("b", BID, 5200, 150),
        [(5200, 100)],
        left=50,
        own=[mine("o", ASK, 5200, 10)],
    ),
    Case(
        "an own order in front stops it at once",
        mine("b", BID, 5300, 150),
        [],
        left=150,
        own=[mine("o", ASK, 5100, 10)],
    ),
    Case(
        "the own maker gives way",
        mine("b", BID, 5300, 150, self_trade=SelfTrade.MAKER),
        [(5200, 100), (5300, 50)],
        cancelled=("o",),
        own=[mine("o", ASK, 5100, 10)],
    ),
    Case(
        "fill-or-kill that meets its own order acts as immediate-or-cancel",
        mine("b", BID, 5200, 150, FOK),
        [(5200, 100)],
        left=50,
        own=[mine("o", ASK, 5200, 10)],
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_what_becomes_of_an_order(case: Case) -> None:
    book = Book()
    book.set_street(STREET_BIDS, STREET_ASKS)
    for own in case.own:
        book.place(own)
    matched = book.place(case.order)
    assert [(t.price, t.count) for t in matched.trades] == case.traded
    assert (matched.rested, matched.left, matched.killed) == (case.rested, case.left, case.killed)
    assert matched.self_cancelled == case.cancelled


def test_a_killed_order_changes_nothing() -> None:
    book = Book()
    book.set_street(STREET_BIDS, STREET_ASKS)
    book.place(mine("a", BID, 5300, 10_000, FOK))
    assert (book.levels(BID), book.levels(ASK)) == (STREET_BIDS, STREET_ASKS)


def test_more_street_joins_behind_us_and_less_leaves_from_the_back() -> None:
    book = Book()
    book.set_street([(5000, 100)], [])
    book.place(mine("a", BID, 5000, 10))
    assert book.ahead_of("a") == 100
    book.set_street([(5000, 180)], [])
    assert book.ahead_of("a") == 100
    book.set_street([(5000, 90)], [])
    assert book.ahead_of("a") == 90
    book.set_street([(5100, 7), (5000, 40)], [])
    assert book.ahead_of("a") == 47
    assert book.levels(BID) == [(5100, 7), (5000, 50)]


def test_a_street_that_moves_through_us_trades_with_us_at_our_price() -> None:
    book = Book()
    book.set_street([(5000, 100)], [(5200, 100)])
    book.place(mine("a", BID, 5100, 10))
    trades = book.set_street([(4800, 100)], [(4900, 100)])
    assert [(t.maker_id, t.price, t.count) for t in trades] == [("a", 5100, 10)]
    assert book.levels(ASK) == [(4900, 90)]
    assert not book.named


def test_takers_reach_us_only_behind_the_queue() -> None:
    book = Book()
    book.set_street([(5000, 100)], [])
    book.place(mine("a", BID, 5000, 10))
    first = book.place(Incoming("", STREET, ASK, 5000, 95, IOC))
    second = book.place(Incoming("", STREET, ASK, 5000, 8, IOC))
    assert [t.maker_id for t in first.trades] == [""]
    assert [(t.maker_id, t.count) for t in second.trades] == [("", 5), ("a", 3)]


def test_cancel_shrink_and_requeue() -> None:
    book = Book()
    for order_id in "abc":
        book.place(mine(order_id, BID, 5000, 10))
    book.shrink("a", 4)
    assert (book.ahead_of("b"), book.ahead_of("c")) == (4, 14)
    book.to_back("a")
    assert (book.ahead_of("b"), book.ahead_of("a")) == (0, 20)
    assert book.cancel("b") == 10
    assert book.cancel("b") == 0
    assert book.ahead_of("a") == 10


prices = st.integers(1, 9).map(lambda n: n * 1000)
counts = st.integers(1, 50)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("street"), prices, counts, counts),
        st.tuples(st.just("place"), st.sampled_from([BID, ASK]), prices, counts),
        st.tuples(st.just("taker"), st.sampled_from([BID, ASK]), prices, counts),
    ),
    max_size=30,
)


@settings(max_examples=150)
@given(steps)
def test_nothing_is_lost_no_price_is_worse_and_the_book_never_crosses(played: list[tuple[object, ...]]) -> None:
    book, placed = Book(), {}
    limits: dict[str, tuple[Side, int]] = {}
    traded: dict[str, int] = {}
    ended: set[str] = set()
    for number, (kind, first, second, third) in enumerate(played):
        if kind == "street":
            assert isinstance(first, int)
            bids = [(first - 500, second)]
            trades = book.set_street(bids, [(first + 500, third)])  # type: ignore[list-item]
        else:
            order_id = f"o{number}" if kind == "place" else ""
            owner, tif = (ME, GTC) if kind == "place" else (STREET, IOC)
            matched = book.place(Incoming(order_id, owner, first, second, third, tif))  # type: ignore[arg-type]
            trades = list(matched.trades)
            if order_id:
                placed[order_id], limits[order_id] = third, (first, second)  # type: ignore[assignment]
                if matched.left:
                    ended.add(order_id)
        for trade in trades:
            for order_id, side in ((trade.taker_id, trade.taker_side), (trade.maker_id, None)):
                if order_id:
                    own_side, limit = limits[order_id]
                    assert side in (None, own_side)
                    assert trade.price <= limit if own_side is BID else trade.price >= limit
                    traded[order_id] = traded.get(order_id, 0) + trade.count
        bids, asks = book.levels(BID), book.levels(ASK)
        assert not (bids and asks) or bids[0][0] < asks[0][0]
    for order_id, count in placed.items():
        waiting = book.cancel(order_id)
        if order_id not in ended:
            assert waiting + traded.get(order_id, 0) == count


@settings(max_examples=100)
@given(st.lists(st.tuples(prices, counts), min_size=2, max_size=8), counts)
def test_orders_fill_by_price_then_by_time(orders: list[tuple[int, int]], taken: int) -> None:
    book = Book()
    for number, (price, count) in enumerate(orders):
        book.place(mine(f"{number}", BID, price, count))
    trades = book.place(Incoming("", STREET, ASK, 1, taken, IOC)).trades
    order = [int(t.maker_id) for t in trades]
    assert order == sorted(order, key=lambda n: (-orders[n][0], n))
