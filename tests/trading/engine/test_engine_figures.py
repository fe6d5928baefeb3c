"""What closed trades came to, read back from the book: performance, equity, pages of trades."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import cast

from tests.trading.build import TICKER, fill, order
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.events import MarketSettled, OrderAcknowledged, OrderFilled, OrderIntended
from trading.domain.market import Outcome
from trading.domain.order import Mode, OrderStatus
from trading.domain.records import Record
from trading.domain.signal import Signal
from trading.domain.statistics import Verdict, tally_of
from trading.domain.trade import Trade
from trading.engine.history import emptied

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
    assert [total for _, total in page.points] == [WON, WON + LOST, WON + 2 * LOST, 2 * (WON + LOST)]
    assert [profit for _, profit in page.days] == [WON + LOST, LOST, WON]
    assert [at for at, _ in page.points] == sorted(at for at, _ in page.points)
    assert page.points[-1][1] == (await r.desk.pnl("all")).totals.profit
    assert (page.mode, page.period) == (Mode.REAL, "all")
    assert [total for _, total in (await r.desk.equity("day")).points] == [WON]
    assert (await rig().desk.equity("all")).points == ()


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


async def test_bets_come_in_the_order_of_their_ends() -> None:
    r = rig()
    for number, days in enumerate((0.2, 3, 0, 1, 40, 1.1)):
        bet(r, number, won=True, days_ago=days)
    bets = await r.desk.history.bets(Mode.REAL, None)
    assert [trade.trade_id for trade in bets] == ["k-4", "k-1", "k-5", "k-3", "k-0", "k-2"]


def test_a_list_is_emptied_from_its_end_also_where_nobody_wants_the_rest() -> None:
    items = [1, 2, 3, 4]
    assert list(emptied(items)) == [4, 3, 2, 1]
    assert items == []
    items = [1, 2, 3, 4]
    some = emptied(items)
    assert next(some) == 4
    some.close()
    assert items == []
