"""The page before real orders in production: the paper record and what the account says, within a short time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.trading.build import TICKER, fill, order, quote
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.account_records import KeyScopes
from trading.domain.errors import NotFound, Unavailable
from trading.domain.events import MarketSettled, OrderFilled, OrderIntended
from trading.domain.order import Balance, Mode
from trading.engine import going_live
from trading.engine.desk import Desk

D = Decimal
KEY = KeyScopes("k", "bot", frozenset({"write::trade", "read"}))


async def scopes() -> KeyScopes:
    return KEY


async def never() -> KeyScopes:
    await asyncio.Event().wait()
    return KEY


async def refused() -> KeyScopes:
    raise NotFound("the exchange does not list this key")


def desk(r: Rig, ask: going_live.Scopes | None = scopes) -> Desk:
    return Desk(r.cycle, r.desk.facts, lambda: 0, ask)


def bet(r: Rig, number: int, mode: Mode, value: int, days: int) -> None:
    """Ten YES at 50 cents with the taker's fee, settled so many days after the start."""
    at = START + timedelta(days=days)
    made = order(client_order_id=f"k-{number}", ticker=f"{TICKER}-{number}", mode=mode, created_at=at)
    result = "yes" if value else "no"
    r.book.record(
        OrderIntended(at, made),
        OrderFilled(at, fill(made, key=f"f{number}")),
        MarketSettled(at, made.ticker, mode, result, D(value)),
    )


async def test_it_shows_what_paper_trading_came_to_and_nothing_of_real_trades() -> None:
    r = rig(Mode.DRY_RUN)
    for number, (value, days) in enumerate([(1, 0), (0, 0), (1, 1), (1, 3)]):
        bet(r, number, Mode.DRY_RUN, value, days)
    bet(r, 9, Mode.REAL, 1, 7)
    page = await desk(r).going_live()
    assert (page.paper.wins, page.paper.trades, page.paper_days) == (3, 4, 3)
    assert page.paper.needed == D("0.5175")
    assert page.first_hours == 48


async def test_it_shows_the_cash_by_shard_and_what_the_key_may() -> None:
    r = rig(Mode.DRY_RUN)
    r.real.quotes = {TICKER: quote(at=START)}
    await r.cycle.beat()
    page = await desk(r).going_live()
    assert (page.shard, page.cash, page.scopes, page.problems) == (2, ((2, D(1000)),), ("read", "write::trade"), ())


@pytest.mark.parametrize(
    ("ask", "problem"),
    [
        (never, "scopes: the exchange gave no answer within 0.01 s"),
        (refused, "scopes: the exchange does not list this key"),
        (None, "scopes: cannot be asked for here"),
    ],
)
async def test_what_the_exchange_does_not_say_is_said(
    monkeypatch: pytest.MonkeyPatch, ask: going_live.Scopes | None, problem: str
) -> None:
    monkeypatch.setattr(going_live, "ANSWER_SECONDS_MAX", 0.01)
    page = await desk(rig(Mode.DRY_RUN), ask).going_live()
    assert (page.scopes, page.problems) == ((), (problem,))
    assert page.cash == ((2, D(1000)),), "the one does not hold up the other"


async def test_cash_that_cannot_be_read_is_said_too(monkeypatch: pytest.MonkeyPatch) -> None:
    r = rig(Mode.DRY_RUN)
    r.real.down = Unavailable("gone away")
    page = await desk(r).going_live()
    assert (page.cash, page.problems) == ((), ("cash: gone away",))

    async def hanging() -> Balance:
        await asyncio.Event().wait()
        return Balance(D(0))

    monkeypatch.setattr(going_live, "ANSWER_SECONDS_MAX", 0.01)
    monkeypatch.setattr(r.real, "balance", hanging)
    page = await desk(r).going_live()
    assert page.problems == ("cash: the exchange gave no answer within 0.01 s",)


async def test_without_a_key_there_is_no_cash_to_show() -> None:
    r = rig(Mode.DRY_RUN)
    r.broker.exchanges = {Mode.DRY_RUN: r.paper}
    page = await desk(r, None).going_live()
    assert page.problems == ("cash: cannot be asked for here", "scopes: cannot be asked for here")
