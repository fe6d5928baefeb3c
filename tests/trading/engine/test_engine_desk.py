"""What the desk answers, checked against what is in the book."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from tests.trading.build import TICKER, fill, order
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.events import MarketSettled, OrderAcknowledged, OrderFilled, OrderIntended
from trading.domain.order import Mode, OrderStatus
from trading.domain.trade import TradeOutcome


def trade(r: Rig, number: int, *, won: bool | None, days_ago: int = 0, mode: Mode = Mode.REAL) -> None:
    """One trade from order to settlement; `won` None: its order ended without a fill."""
    at = START - timedelta(days=days_ago)
    bet = order(
        client_order_id=f"k-{number}", ticker=f"{TICKER}{number}", mode=mode, created_at=at, order_id=f"x{number}"
    )
    r.book.record(OrderIntended(at, bet))
    if won is None:
        r.book.record(OrderAcknowledged(at, bet.client_order_id, bet.order_id, OrderStatus.CANCELED, Decimal(0)))
        return
    r.book.record(OrderFilled(at, replace(fill(bet), fill_id=f"f{number}")))
    r.book.record(MarketSettled(at, bet.ticker, mode, "yes" if won else "no", Decimal(1 if won else 0)))


async def test_periods_sum_what_was_closed_in_them_and_keep_the_modes_apart() -> None:
    r = rig()
    trade(r, 1, won=True, days_ago=40)
    trade(r, 2, won=False, days_ago=3)  # the week before: START is a Monday
    trade(r, 3, won=True)
    trade(r, 4, won=None)
    trade(r, 5, won=False, mode=Mode.DRY_RUN)
    day, week, month, everything = [await r.desk.pnl(p) for p in ("day", "week", "month", "all")]
    assert (day.totals.wins, day.totals.losses, day.unfilled) == (1, 0, 1)
    assert day.totals.profit == Decimal("4.825")
    assert week.totals.trades == 1
    assert month.totals.trades == 2
    assert everything.totals.trades == 3
    assert day.other_mode.losses == 1
    assert everything.totals.profit == Decimal("4.825") * 2 - Decimal("5.175")


async def test_the_newest_trades_come_first_however_many_there_are() -> None:
    r = rig()
    for number in range(150):
        trade(r, number, won=number % 2 == 0)
    page = await r.desk.trades(3)
    assert [t.trade_id for t in page.trades] == ["k-149", "k-148", "k-147"]
    assert page.total == 150
    assert (await r.desk.pnl("day")).totals.trades == 150
    assert [t.outcome for t in (await r.desk.trades(2)).trades] == [TradeOutcome.LOSS, TradeOutcome.WIN]


async def test_status_and_health_come_from_memory_even_when_the_exchange_is_gone() -> None:
    r = rig()
    await r.cycle.beat()
    r.real.calls.clear()
    page, health = r.desk.status(), r.desk.health()
    assert page.market is not None
    assert page.quote is not None
    assert health.beats == 1
    assert r.real.calls == []
