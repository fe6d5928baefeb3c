"""What a strategy sees of its own: its own book alone, whatever else is held and out beside it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.trading.build import OPEN, TICKER, market, order
from trading.domain.intent import View
from trading.domain.market import Outcome
from trading.domain.order import Mode, Order, OrderStatus
from trading.domain.state import State
from trading.domain.trade import Trade
from trading.engine.own import own_view

D = Decimal
OTHER = "KXETH15M-26JAN050715-15"
SEEN = View(OPEN, market(), None, None)


def trade(mode: Mode, strategy: str, ticker: str = TICKER, position: str = "5") -> Trade:
    bought = {"contracts": D(5), "cost": D("2.50"), "cash": D("-2.50"), "position": D(position)}
    ends = market().close_time
    made = Trade(f"{mode}-{strategy}-{ticker}", mode, strategy, ticker, Outcome.YES, OPEN, ends, D("0.5"), D(5))
    return replace(made, **bought)  # type: ignore[arg-type]


def resting(mode: Mode, strategy: str, ticker: str = TICKER, headline: str = "", **changes: object) -> Order:
    name = f"{mode}-{strategy}-{ticker}"
    given = {"status": OrderStatus.RESTING, "order_id": f"x-{name}", "headline": headline} | changes
    return order(client_order_id=name, mode=mode, strategy=strategy, ticker=ticker, **given)


def state(*rows: Trade | Order) -> State:
    return State(
        trades={row.trade_id: row for row in rows if isinstance(row, Trade)},
        orders={row.client_order_id: row for row in rows if isinstance(row, Order)},
    )


EVERYBODY = state(
    *(trade(mode, name, ticker) for mode in Mode for name in ("news", "previous") for ticker in (TICKER, OTHER)),
    *(resting(mode, name, ticker) for mode in Mode for name in ("news", "previous") for ticker in (TICKER, OTHER)),
)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize(("series", "tickers"), [("KXBTC15M", {TICKER}), ("KXETH15M", {OTHER}), ("", {TICKER, OTHER})])
def test_it_is_of_one_strategy_in_one_mode_and_series(mode: Mode, series: str, tickers: set[str]) -> None:
    own = own_view(SEEN, EVERYBODY, "news", mode, series)
    assert {held.ticker for held in own.holdings} == tickers
    assert {each.client_order_id for each in own.resting} == {f"{mode}-news-{ticker}" for ticker in tickers}
    assert len(own.holdings) == len(own.resting) == len(tickers)


def test_a_series_whose_name_begins_another_ones_is_not_it() -> None:
    assert own_view(SEEN, EVERYBODY, "news", Mode.REAL, "KXBTC").holdings == ()


def test_what_is_held_is_priced_by_what_was_paid_for_it() -> None:
    own = own_view(SEEN, state(trade(Mode.REAL, "news")), "news", Mode.REAL)
    (held,) = own.holdings
    assert (held.contracts, held.paid, held.since) == (5, D("0.5"), OPEN)
    assert own_view(SEEN, state(trade(Mode.REAL, "news", position="0")), "news", Mode.REAL).holdings == ()


def test_what_is_gone_is_not_seen_any_more() -> None:
    own = own_view(SEEN, state(trade(Mode.REAL, "news"), resting(Mode.REAL, "news", headline="h1")), "news", Mode.REAL)
    assert (len(own.holdings), len(own.resting), own.spent) == (1, 1, {"h1"})
    assert own_view(own, State(), "news", Mode.REAL) == SEEN


def test_what_rests_is_what_may_still_fill() -> None:
    part = resting(Mode.REAL, "news", filled=D(4))
    (out,) = own_view(SEEN, state(part), "news", Mode.REAL).resting
    assert (out.ticker, out.side, out.price, out.count) == (TICKER, Outcome.YES, D("0.50"), 6)
    ended = resting(Mode.REAL, "news", status=OrderStatus.CANCELED)
    assert own_view(SEEN, state(ended), "news", Mode.REAL).resting == ()


@pytest.mark.parametrize(
    ("mode", "strategy", "spent"),
    [(Mode.REAL, "news", {"h1"}), (Mode.DRY_RUN, "news", set()), (Mode.REAL, "previous", set())],
)
def test_a_headline_is_spent_where_its_own_order_acted_on_it(mode: Mode, strategy: str, spent: set[str]) -> None:
    acted = resting(Mode.REAL, "news", OTHER, headline="h1", status=OrderStatus.EXECUTED)
    assert own_view(SEEN, state(acted, resting(Mode.REAL, "news")), strategy, mode, "KXBTC15M").spent == spent
