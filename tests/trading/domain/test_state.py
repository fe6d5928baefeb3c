"""The books that a mode's limits are held against."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.trading.build import OPEN, TICKER, order
from trading.domain.market import Outcome
from trading.domain.order import Mode, Order, OrderStatus
from trading.domain.state import State, Totals, book_key
from trading.domain.trade import Trade


def open_trade(mode: Mode) -> Trade:
    price = Decimal("0.5")
    return Trade(f"{mode}-t", mode, f"{mode} trade", TICKER, Outcome.YES, OPEN, OPEN, price, Decimal(5))


def sent(mode: Mode, status: OrderStatus) -> Order:
    return order(client_order_id=f"{mode}-{status}", mode=mode, strategy=f"{mode} {status}", status=status)


BOTH = State(
    books={book_key(mode, f"{mode} closed"): Totals() for mode in Mode},
    trades={trade.trade_id: trade for trade in map(open_trade, Mode)},
    orders={
        one.client_order_id: one
        for mode in Mode
        for one in (sent(mode, OrderStatus.RESTING), sent(mode, OrderStatus.CANCELED))
    },
)


def test_all_real_orders_share_one_and_on_paper_each_strategy_that_has_traded_has_its_own() -> None:
    assert BOTH.book_names(Mode.REAL) == [""]
    assert BOTH.book_names(Mode.DRY_RUN) == ["dry_run closed", "dry_run resting", "dry_run trade"]


@pytest.mark.parametrize("mode", Mode)
def test_there_is_one_at_least(mode: Mode) -> None:
    assert State().book_names(mode) == [""]
