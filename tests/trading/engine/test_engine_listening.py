"""The exchange's own news: booked as it comes, once, and never more than a hint to look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.fakes import GivenStream
from tests.trading.build import TICKER
from tests.trading.engine.rig import Rig, rig
from trading.domain.errors import StoreFailed, Unavailable, Unresolved
from trading.domain.news import FillNews, MarketNews, Missed, OrderNews
from trading.domain.order import Fill, OrderReport, OrderStatus
from trading.engine.listening import Listening

PAID = MarketNews(TICKER, "determined", result="yes", settlement_value=Decimal(1))


def listening(r: Rig) -> Listening:
    async def catch_up() -> None:
        r.marks.append("caught up")

    return Listening(GivenStream(), r.account, r.cycle.observers, catch_up)


def report(r: Rig) -> OrderReport:
    return r.real.listed[r.order().order_id]


def told_fill(r: Rig, count: str = "9") -> Fill:
    r.real.execute(r.order().order_id, Decimal(count))
    return r.real.executions[-1]


@asynccontextmanager
async def running(heard: Listening) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(heard.run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_fill_is_booked_as_it_is_told_and_once() -> None:
    r = rig()
    await r.submit()
    news = FillNews(told_fill(r), r.order().client_order_id)
    heard = listening(r)
    asked = len(r.real.calls)
    await heard.hear(news)
    assert r.order().filled == 9
    assert r.told().count("OrderFilled") == 1
    assert len(r.real.calls) == asked, "nothing had to be asked"
    await heard.hear(news)
    await r.account.update()
    assert r.store.count("fills") == 1


async def test_a_fill_that_overtakes_its_acknowledgement_waits_for_it() -> None:
    r = rig()
    heard = listening(r)
    early: list[asyncio.Task[None]] = []

    async def match() -> None:
        (order,) = r.book.state.orders.values()
        r.real.land(order, "fill")
        news = FillNews(r.real.executions.pop(), order.client_order_id)  # the list of fills lags behind
        early.append(asyncio.create_task(heard.hear(news)))
        await asyncio.sleep(0)
        assert r.order().filled == 0

    r.real.during_place, r.real.on_place = match, ["rest"]
    await r.submit()
    await asyncio.gather(*early)
    assert r.order().filled == 9


async def test_news_of_an_order_waits_for_its_acknowledgement_too() -> None:
    r = rig()
    heard = listening(r)
    early: list[asyncio.Task[None]] = []

    async def end() -> None:
        (order,) = r.book.state.orders.values()
        r.real.land(order, "kill")
        early.append(asyncio.create_task(heard.hear(OrderNews(r.real.listed[f"x-{order.client_order_id}"]))))
        await asyncio.sleep(0)
        assert r.order().status is OrderStatus.PENDING

    r.real.during_place, r.real.on_place = end, ["rest"]
    await r.submit()
    await asyncio.gather(*early)
    assert r.order().status is OrderStatus.CANCELED


async def test_a_foreign_fill_is_nobodys() -> None:
    r = rig()
    await r.submit()
    foreign = replace(told_fill(r), order_id="somebody", fill_id="f9")
    await listening(r).hear(FillNews(foreign, "by-hand"))
    assert r.store.count("fills") == 0


async def test_an_order_that_the_exchange_ends_is_learned_at_once() -> None:
    r = rig()
    await r.submit()
    gone = replace(report(r), status=OrderStatus.CANCELED, remaining=Decimal(0))
    await listening(r).hear(OrderNews(gone, "its time is over"))
    assert (r.order().status, r.order().why) == (OrderStatus.CANCELED, "its time is over")


async def test_old_news_of_an_order_changes_nothing() -> None:
    r = rig()
    await r.submit()
    resting = report(r)
    await r.broker.cancel(r.order(), "asked to")
    await listening(r).hear(OrderNews(resting))
    assert r.order().status is OrderStatus.CANCELED


async def test_an_order_of_unknown_outcome_is_proved_by_its_news() -> None:
    r = rig()
    r.real.on_place = [Unresolved("no answer")]
    await r.submit()
    assert r.order().status is OrderStatus.UNKNOWN
    (listed,) = r.real.listed.values()
    await listening(r).hear(OrderNews(listed))
    assert r.order().status is OrderStatus.RESTING


async def test_news_of_foreign_orders_changes_nothing() -> None:
    r = rig()
    await r.submit()
    before = r.book.state
    await listening(r).hear(OrderNews(replace(report(r), client_order_id="by-hand", order_id="z")))
    assert r.book.state == before


async def test_a_market_that_settles_is_paid_after_its_last_fill() -> None:
    r = rig()
    await r.submit()
    told_fill(r)  # not told by the stream
    await r.cycle.observer.look()
    heard = listening(r)
    await heard.hear(PAID)
    assert r.book.state.open_trades(), "determined is not yet paid"
    await heard.hear(MarketNews(TICKER, "settled"))
    assert not r.book.state.open_trades()
    assert r.book.state.totals_of(r.book.state.mode).wins == 1


async def test_a_market_is_not_paid_while_its_fills_cannot_be_read() -> None:
    r = rig()
    await r.submit()
    await r.cycle.observer.look()
    r.real.down = Unavailable("gone")
    heard = listening(r)
    await heard.hear(PAID)
    await heard.hear(MarketNews(TICKER, "settled"))
    assert r.book.state.trades


async def test_what_may_have_been_missed_is_asked_for() -> None:
    r = rig()
    stream = GivenStream()
    started, go_on = asyncio.Event(), asyncio.Event()

    async def catch_up() -> None:
        r.marks.append("asked")
        started.set()
        await go_on.wait()

    heard = Listening(stream, r.account, r.cycle.observers, catch_up)
    async with running(heard):
        stream.queue.put_nowait(Missed("connected"))
        await started.wait()
        await r.submit()
        stream.queue.put_nowait(FillNews(told_fill(r)))  # heard although the questions are not answered yet
        for _ in range(5):
            stream.queue.put_nowait(Missed("the queue was full"))
        await asyncio.sleep(0.01)
        assert stream.queue.empty()
        assert r.order().filled == 9
        go_on.set()
        await asyncio.sleep(0.01)
    assert r.marks == ["asked", "asked"], "five reasons to ask once more are one question"


async def test_a_store_that_fails_ends_the_listening() -> None:
    r = rig()
    await r.submit()
    stream = GivenStream()
    heard = Listening(stream, r.account, r.cycle.observers, listening(r)._catch_up)
    r.store.fail = StoreFailed("disk full")
    stream.queue.put_nowait(FillNews(told_fill(r)))
    async with running(heard) as task:
        with pytest.raises(ExceptionGroup) as caught:
            await asyncio.wait_for(task, 1)
    assert caught.value.subgroup(StoreFailed)
