"""A strategy's own limit on a day's loss: reached at worst, it is switched off, said once, and pulled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import OPEN, TICKER, order
from tests.trading.engine.rig import rig
from trading.domain.intent import Decision, Intent, View
from trading.domain.market import Outcome
from trading.domain.order import Mode
from trading.domain.state import State, Totals, book_key
from trading.domain.trade import Trade
from trading.engine.assigned import Assigned
from trading.engine.own_loss import lost
from trading.strategies.consensus import Consensus

D = Decimal
TODAY = date(2026, 1, 5)
MODE = Mode.DRY_RUN


@dataclass(frozen=True)
class Limited:
    """Keeps one quote out."""

    daily_loss_usd: Decimal = Decimal("10")
    name: str = "limited"

    def on_tick(self, view: View) -> Decision:
        wish = Intent(self.name, TICKER, Outcome.YES, D("0.45"), D(1), "quote", post_only=True)
        return Decision(intents=() if view.resting else (wish,))


def trade(**changes: Any) -> Trade:
    """Which holds 10 YES at 0.60: six dollars at risk."""
    held = Trade(
        trade_id="t1",
        mode=MODE,
        strategy="limited",
        ticker=TICKER,
        side=Outcome.YES,
        opened_at=OPEN,
        close_time=OPEN + timedelta(minutes=15),
        limit_price=D("0.60"),
        ordered=D(10),
        contracts=D(10),
        cost=D(6),
        cash=D(-6),
        position=D(10),
    )
    return replace(held, **changes)


def state(closed: str, *, day: date = TODAY, strategy: str = "limited", mode: Mode = MODE, held: Any = None) -> State:
    totals = Totals(day=day, day_profit=D(closed), week=day - timedelta(days=day.weekday()))
    trades = {held.trade_id: held} if held else {}
    return State(mode=MODE, books={book_key(mode, strategy): totals}, trades=trades)


@pytest.mark.parametrize(
    ("given", "reached"),
    [
        (state("-9.99"), False),
        (state("-10"), True),
        (state("-25"), True),
        (state("10"), False),
        (state("-3.99", held=trade()), False),
        (state("-4", held=trade()), True),
        (state("-4", held=trade(fees=D("0.01"), cash=D("-5.99"))), True),
        (state("5", held=trade(contracts=D(30), cost=D(18), cash=D(-18), position=D(30))), True),
        (state("9", held=trade(contracts=D(30), cost=D(18), cash=D(-18), position=D(30))), False),
        (state("-4", held=trade(strategy="another")), False),
        (state("-4", held=trade(mode=Mode.REAL)), False),
        (state("-10", day=TODAY - timedelta(days=1)), False),
        (state("-10", strategy="another"), False),
        (state("-10", mode=Mode.REAL), False),
        (replace(state("-9"), orders={"k": order(mode=MODE, strategy="limited", count=D(100))}), False),
    ],
)
def test_closed_today_and_held_at_worst_count(given: State, reached: bool) -> None:
    assert bool(lost(Limited(), given, MODE, TODAY)) is reached


def test_it_says_how_much_of_what() -> None:
    said = lost(Limited(), state("-4.5", held=trade()), MODE, TODAY)
    assert said == "has lost $4.50 today and may lose $6.00 more by what it holds: its limit is $10.00 a day"
    held = trade(contracts=D(30), cost=D(18), cash=D(-18), position=D(30))
    assert lost(Limited(), state("5", held=held), MODE, TODAY).startswith("has made $5.00 today and may lose $18.00")


def test_a_strategy_without_such_a_limit_has_none() -> None:
    assert lost(Consensus(), state("-1000", strategy="consensus"), MODE, TODAY) == ""


async def test_it_is_switched_off_pulled_and_told_once() -> None:
    r = rig(mode=MODE)
    r.cycle.assigned = (Assigned(Limited(), ("KXBTC15M",)),)
    await r.cycle.beat()
    [resting] = r.book.state.live_orders()
    r.book.state = replace(r.book.state, books=state("-10").books)
    for _ in range(3):
        await r.cycle.beat()
    assert r.book.state.disabled == {"limited"}
    assert not r.book.state.orders[resting.client_order_id].live
    assert r.told().count("ErrorSeen") == 1
