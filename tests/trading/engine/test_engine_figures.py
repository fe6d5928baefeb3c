"""What closed trades came to, read back from the book: performance, equity, pages of trades."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.build import TICKER, fill, order
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.events import CommandAnswered, MarketSettled, OrderAcknowledged, OrderFilled, OrderIntended
from trading.domain.market import Outcome
from trading.domain.order import Mode, OrderStatus
from trading.domain.records import Record
from trading.domain.signal import Signal
from trading.domain.statistics import Verdict, tally_of
from trading.domain.trade import Trade
from trading.engine.history import in_order

WON, LOST = Decimal("4.825"), Decimal("-5.175")  # ten contracts at 50 cents, fee $0.175


def bet(
    r: Rig, number: int, *, won: bool | None, days_ago: float = 0, mode: Mode = Mode.REAL, said: str = "yes"
) -> None:
    """One trade from its order to the settlement; `won` None: its order ended without a fill."""
    at = START - timedelta(days=days_ago) + timedelta(seconds=number)
    made = order(
        client_order_id=f"k-{number}", ticker=f"{TICKER}{number}", mode=mode, created_at=at, order_id=f"x{number}"
    )
    signals = (Signal("previous", Outcome.YES, at, ""), Signal("momentum", Outcome(said) if said else None, at, ""))
    r.book.record(OrderIntended(at, made, signals))
    if won is None:
        r.book.record(OrderAcknowledged(at, made.client_order_id, made.order_id, OrderStatus.CANCELED, Decimal(0)))
        return
    r.book.record(OrderFilled(at, replace(fill(made), fill_id=f"f{number}")))
    r.book.record(MarketSettled(at, made.ticker, mode, "yes" if won else "no", Decimal(int(won))))


async def test_performance_counts_the_bets_of_its_period_and_mode() -> None:
    r = rig()
    bet(r, 1, won=True, days_ago=40)
    bet(r, 2, won=False, said="")
    bet(r, 3, won=True)
    bet(r, 4, won=None)
    bet(r, 5, won=True, mode=Mode.DRY_RUN)
    day, everything = await r.desk.performance("day"), await r.desk.performance("all")
    assert (day.tally.wins, day.tally.trades, day.tally.profit) == (1, 2, WON + LOST)
    assert (everything.tally.wins, everything.tally.trades) == (2, 3)
    assert everything.tally.needed == Decimal("0.5175")
    assert everything.tally.verdict is Verdict.FEW
    assert everything.sentence.startswith("Of 3 trades 2 won (66.7%")
    assert {name: tally.trades for name, tally in everything.signals} == {"both agreed": 2, "previous alone": 1}
    assert [name for name, _ in everything.prices] == ["50-55¢"]
    assert [name for name, _ in everything.hours] == ["12h"]
    assert everything.strategies == ("consensus",)


async def test_performance_of_nothing_names_what_runs() -> None:
    page = await rig().desk.performance("week")
    assert (page.tally.trades, page.strategies, page.signals) == (0, ("consensus",), ())
    assert page.sentence == "No trade has won or lost yet: nothing can be said."


async def test_equity_adds_up_to_the_profit_day_by_day() -> None:
    r = rig()
    for number, (won, days_ago) in enumerate([(True, 2), (False, 2), (False, 1), (True, 0), (None, 0)]):
        bet(r, number, won=won, days_ago=days_ago)
    page = await r.desk.equity("all")
    assert list(page.sums) == [0, *(float(total) for total in (WON, WON + LOST, WON + 2 * LOST, 2 * (WON + LOST)))]
    assert [profit for _, profit in page.days] == [WON + LOST, LOST, WON]
    assert [START - at for at in page.closes] == [
        timedelta(days=days, seconds=-n) for n, days in enumerate((2, 2, 1, 0))
    ]
    assert page.total == (await r.desk.pnl("all")).totals.profit
    assert (page.lowest, page.highest) == (WON + 2 * LOST, WON)
    assert (page.mode, page.period) == (Mode.REAL, "all")
    day, nothing = await r.desk.equity("day"), await rig().desk.equity("all")
    assert (list(day.sums), day.lowest, day.highest) == ([0, float(WON)], 0, WON)
    assert (list(nothing.closes), list(nothing.sums), nothing.total) == ([], [0], 0)


async def test_a_trade_that_moves_to_the_archive_while_it_is_read_counts_once() -> None:
    r = rig()
    bet(r, 1, won=True)
    bet(r, 2, won=False)
    stored = r.store.select("trades")
    old = replace(cast(Trade, stored[0]), trade_id="k-0", ticker="KXOLD")

    def archived(table: str) -> list[Record]:
        return [old, *stored[:1]] if table == "trades" else []

    r.store.archived = archived  # type: ignore[method-assign]
    page = await r.desk.performance("all")
    assert page.tally == tally_of([old, *cast(list[Trade], stored)])
    assert (await r.desk.performance("day")).tally.trades == 2  # a period of the store asks for no archive
    assert [t.trade_id for t in (await r.desk.trades(9)).trades] == ["k-2", "k-1", "k-0"]


async def test_pages_of_trades_follow_each_other() -> None:
    r = rig()
    for number in range(7):
        bet(r, number, won=True)
    pages = [await r.desk.trades(3, offset) for offset in (0, 3, 6, 9)]
    assert [[t.trade_id for t in page.trades] for page in pages] == [
        ["k-6", "k-5", "k-4"],
        ["k-3", "k-2", "k-1"],
        ["k-0"],
        [],
    ]
    assert [(page.total, page.offset) for page in pages] == [(7, 0), (7, 3), (7, 6), (7, 9)]


async def test_pages_of_trades_pass_over_the_other_mode() -> None:
    r = rig()
    for number in range(9):
        bet(r, number, won=True, mode=Mode.DRY_RUN if 3 <= number < 6 else Mode.REAL)
    pages = [await r.desk.trades(count, offset) for count, offset in ((3, 0), (4, 0), (2, 2), (3, 4))]
    assert [[t.trade_id for t in page.trades] for page in pages] == [
        ["k-8", "k-7", "k-6"],
        ["k-8", "k-7", "k-6", "k-2"],
        ["k-6", "k-2"],
        ["k-1", "k-0"],
    ]


async def test_closes_come_in_the_order_of_their_ends() -> None:
    r = rig()
    ago = (0.2, 3, 0, 1, 40, 1.1)
    for number, days in enumerate(ago):
        bet(r, number, won=number != 5, days_ago=days)
    closes = list(r.desk.history.closes(Mode.REAL, None))
    assert [closed for closed, _, _ in closes] == sorted(
        START - timedelta(days=days) + timedelta(seconds=number) for number, days in enumerate(ago)
    )
    assert [profit for _, _, profit in closes] == [WON, WON, LOST, WON, WON, WON]


@given(st.lists(st.tuples(st.datetimes(START.replace(tzinfo=None), timezones=st.just(UTC)), st.integers(0, 2))))
def test_sorting_a_day_at_a_time_is_sorting(items: list[tuple[datetime, int]]) -> None:
    """Those with the same key stay as they came."""
    numbered = [(at.replace(microsecond=0, second=0, minute=0), n, place) for place, (at, n) in enumerate(items)]
    assert list(in_order(numbered, lambda item: item[:1])) == sorted(numbered, key=lambda item: item[0])


async def test_no_list_of_trades_stands_while_they_are_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The collector would walk through it while nobody else runs: 30 ms for a hundred thousand."""
    r = rig()
    bet(r, 0, won=True)
    [made] = cast(list[Trade], r.store.select("trades"))
    alive: list[int] = []

    def trades() -> int:
        return sum(isinstance(each, Trade) for each in gc.get_objects())

    def many(table: str) -> Iterator[Record]:
        for number in range(2_000 if table == "trades" else 0):
            if not number % 500:
                alive.append(trades())
            yield replace(made, trade_id=f"k-{number}")

    monkeypatch.setattr(r.store, "latest", many)
    gc.collect()
    others = trades()  # of other tests in this process
    assert (await r.desk.performance("all")).tally.trades == 2_000
    assert (await r.desk.performance("day")).tally.trades == 2_000
    assert len((await r.desk.equity("all")).closes) == 2_000
    assert (await r.desk.pnl("month")).totals.trades == 2_000
    assert (await r.desk.report("day")).report.tally.trades == 2_000
    assert len(alive) >= 5 * 4
    assert max(alive) - others < 50


async def test_many_rows_are_read_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    r = rig()
    bet(r, 0, won=True)
    r.book.record(CommandAnswered(START, "Ann", "telegram", "/report", ""))
    latest, readers = r.store.latest, list[threading.Thread]()

    def read(table: str) -> Iterator[Record]:
        for row in latest(table):
            readers.append(threading.current_thread())
            yield row

    monkeypatch.setattr(r.store, "latest", read)
    desk = r.desk
    for ask in (desk.performance, desk.equity, desk.pnl, desk.report):
        await ask("week")
    await desk.trades(1, 1)
    await desk.audit_page(1)
    assert len(readers) >= 6
    assert threading.main_thread() not in readers
