"""The account step: what it asks for, and that it asks for nothing where nothing is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import TICKER, market, quote
from tests.trading.engine.rig import START, WISH, Rig, rig
from trading.domain.errors import Unresolved
from trading.domain.events import MarketSettled, OrderFilled, ResultAmended
from trading.domain.market import Market, MarketStatus
from trading.domain.order import Mode, Order, OrderStatus
from trading.domain.trade import Trade
from trading.engine.account import FILL_OVERLAP, Account

D = Decimal
CLOSE = market().close_time
LATER = START + timedelta(seconds=10)
YES = market(status=MarketStatus.FINALIZED, result="yes", settlement_value=D(1))


async def entered(*acts: str, count: str = "9") -> Rig:
    r = rig()
    r.real.on_place = list(acts)
    await r.broker.submit(replace(WISH, count=D(count)), market(), quote(at=START))
    return r


async def test_fills_are_asked_for_from_before_the_oldest_open_order(monkeypatch: pytest.MonkeyPatch) -> None:
    r = await entered()
    asked: list[Any] = []

    async def fills(*, since: Any = None, **_: str) -> list[Any]:
        asked.append(since)
        return []

    monkeypatch.setattr(r.real, "fills", fills)
    r.clock.advance_to(START + timedelta(seconds=5))
    other = f"{TICKER}1"
    await r.broker.submit(replace(WISH, ticker=other), market(ticker=other), replace(quote(at=START), ticker=other))
    await r.account.update()
    assert asked == [START - FILL_OVERLAP]


async def test_where_everything_is_read_nothing_is_asked() -> None:
    r = await entered("fill")
    await r.account.update()
    r.real.calls.clear()
    await r.account.update()
    assert set(r.real.calls) <= {"balance"}


async def test_a_fill_of_the_other_book_is_not_ours_to_take() -> None:
    r = await entered("fill")
    r.account.book_fills(r.real.executions, Mode.DRY_RUN)
    assert r.order().filled == 0
    heard: list[Any] = []
    r = rig(notices=lambda event, *_: heard.append(event) or ())
    r.real.on_place = ["fill"]
    await r.submit()
    for _ in range(2):
        r.account.book_fills(r.real.executions, Mode.REAL)
    assert len([event for event in heard if isinstance(event, OrderFilled)]) == 1


async def test_what_filled_while_it_was_cancelled_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    r = await entered()
    cancel = r.real.cancel

    async def late(order: Order) -> D:
        r.real.execute(order.order_id, D(4))
        r.real.listed[order.order_id] = replace(r.real.listed[order.order_id], filled=D(4))
        return await cancel(order)

    monkeypatch.setattr(r.real, "cancel", late)
    r.clock.advance_to(LATER)
    await r.account.update()
    assert (r.order().status, r.order().filled, r.order().cancel_requested_at) == (OrderStatus.CANCELED, 4, LATER)
    assert r.order().why == "not filled in time"


async def test_markets_that_have_closed_are_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    r = await entered("fill")
    asked: list[Any] = []

    async def markets(*, tickers: Sequence[str] = (), **_: Any) -> list[Market]:
        asked.append(tickers)
        return [YES]

    monkeypatch.setattr(r.real, "markets", markets)
    r.clock.advance_to(CLOSE - timedelta(seconds=1))
    await r.account.update()
    assert asked == []
    r.clock.advance_to(CLOSE)
    await r.account.update()
    assert asked == [[TICKER]]


async def test_one_contract_that_is_not_read_holds_up_its_own_book_alone() -> None:
    r = await entered("fill")
    await r.account.update()
    r.book.state = replace(r.book.state, mode=Mode.DRY_RUN)
    r.paper.on_place = ["fill"]
    await r.broker.submit(replace(WISH, count=D(1)), market(), quote(at=START))
    r.account.pay(YES)
    assert [t.mode for t in r.book.state.open_trades()] == [Mode.DRY_RUN]


async def test_who_listens_is_told_of_what_was_paid_and_of_what_was_corrected() -> None:
    r = await entered("fill")
    told: list[Any] = []
    account = Account(r.broker, r.real, told.append, told.append)
    await account.update()
    account.pay(YES)
    assert told == [MarketSettled(START, TICKER, Mode.REAL, "yes", D(1))]
    (bet,) = r.store.select("trades")
    assert isinstance(bet, Trade)
    account.review(market())
    account.review(YES)
    account.review(replace(YES, settlement_value=None))
    assert len(told) == 1
    account.review(replace(YES, status=MarketStatus.DETERMINED, settlement_value=D(0)))
    assert len(told) == 1, "not paid yet"
    account.review(replace(YES, result="no", settlement_value=D(0)))
    assert told[1:] == [ResultAmended(START, bet, D(0))]


async def test_fills_are_asked_of_the_book_whose_orders_the_exchange_knows() -> None:
    r = await entered()
    await r.account.read_fills(Mode.DRY_RUN)
    assert "fills" not in r.paper.calls
    r = rig()
    r.real.on_place, r.real.lands = [Unresolved("timed out")], False
    await r.submit()
    await r.account.read_fills(Mode.REAL)
    assert r.order().order_id == ""
    assert "fills" not in r.real.calls


async def test_a_fill_is_booked_though_known_and_foreign_ones_are_listed_before_it() -> None:
    r = await entered()
    r.real.execute(r.order().order_id, D(4), "first")
    r.account.book_fills(r.real.executions, Mode.REAL)
    r.real.executions.append(replace(r.real.executions[0], fill_id="foreign", order_id="by hand"))
    r.real.execute(r.order().order_id, D(3), "second")
    r.account.book_fills(r.real.executions, Mode.REAL)
    assert r.order().filled == 7


@pytest.mark.parametrize(("seconds", "live"), [(59, True), (60, False)])
async def test_a_quote_rests_for_its_own_time(seconds: int, live: bool) -> None:
    r = rig()
    await r.broker.submit(replace(WISH, post_only=True), market(), quote(at=START))
    r.clock.advance_to(START + timedelta(seconds=seconds))
    await r.account.update()
    assert r.order().live is live
