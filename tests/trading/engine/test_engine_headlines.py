"""One order for each headline: also over a restart, another market, another mode; and not for what the gate denied."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from storage.codec import decode, encode
from tests.trading.build import OPEN, TICKER, before, market, quote
from tests.trading.engine.rig import START, Rig, rig
from trading.clock import VirtualClock
from trading.domain.events import HaltCleared, HaltRaised
from trading.domain.market import Outcome
from trading.domain.order import Mode
from trading.domain.state import Reason
from trading.engine.assigned import Assigned
from trading.engine.loading import load_state
from trading.engine.observer import Observer
from trading.feeds.news import Headlines
from trading.feeds.news_item import Item
from trading.feeds.news_table import Rule
from trading.strategies.news import News

SERIES = "KXBTC15M"
RULE = Rule(("etf", "approved"), SERIES, Outcome.YES, 0.9)
NEXT = "KXBTC15M-26JAN050730-30"


def reporting(made: Rig, cooldown: float = 0.0) -> Headlines:
    """The engine with NEWS alone, and a feed to tell it things."""
    feed = Headlines((RULE,), made.clock, now=made.clock.now)
    observer = Observer(made.real, made.feed, made.clock, SERIES, headlines=feed)
    made.cycle.observers, made.cycle.observer = (observer,), observer
    made.cycle.assigned = (Assigned(News(cooldown_seconds=cooldown), (SERIES,)),)
    made.real.on_place = made.paper.on_place = ["fill"] * 9
    return feed


def item(name: str, clock: VirtualClock) -> Item:
    return Item(name, clock.now(), f"ETF approved, says {name}", "wire")


async def beats(made: Rig, count: int = 2) -> int:
    """So many beats, a second apart, with fresh prices; the orders since the beginning."""
    for _ in range(count):
        made.clock.advance_to(made.clock.now() + timedelta(seconds=1))
        made.real.quotes = {key: replace(each, seen_at=made.clock.now()) for key, each in made.real.quotes.items()}
        await made.cycle.beat()
    assert made.cycle.pulse.failures == 0
    return len(made.book.state.orders)


async def test_a_headline_is_acted_on_once_and_the_next_one_again() -> None:
    made = rig()
    feed = reporting(made)
    assert await beats(made) == 0
    feed.take([item("a", made.clock)])
    assert await beats(made, 4) == 1
    order = made.order()
    assert (order.headline, order.strategy, order.ticker) == ("a", "news", TICKER)
    assert order.count == 9
    feed.take([item("b", made.clock)])
    assert await beats(made, 4) == 2
    assert {o.headline for o in made.book.state.orders.values()} == {"a", "b"}


async def test_a_cooldown_holds_the_next_one() -> None:
    made = rig()
    feed = reporting(made, cooldown=300)
    feed.take([item("a", made.clock)])
    assert await beats(made) == 1
    feed.take([item("b", made.clock)])
    assert await beats(made) == 1


async def test_a_restart_forgets_nothing() -> None:
    made = rig()
    feed = reporting(made)
    feed.take([item("a", made.clock)])
    assert await beats(made) == 1
    again = rig(store=made.store, state=load_state(made.store, START, Mode.REAL))
    again.real.listed, again.real.executions = made.real.listed, made.real.executions
    told = reporting(again)
    told.take([item("a", again.clock)])
    assert await beats(again) == 1
    told.take([item("b", again.clock)])
    assert await beats(again) == 2


async def test_the_next_market_of_the_series_does_not_act_on_it_again() -> None:
    made = rig()
    feed = reporting(made)
    made.clock.advance_to(OPEN + timedelta(minutes=14, seconds=40))
    feed.take([item("a", made.clock)])
    assert await beats(made) == 1
    late = market(ticker=NEXT, event_ticker=NEXT[:-3], close_time=OPEN + timedelta(minutes=30))
    made.real.known = {each.ticker: each for each in (before(), market(), late)}
    made.real.quotes[NEXT] = replace(quote(at=START), ticker=NEXT)
    made.clock.advance_to(OPEN + timedelta(minutes=15, seconds=2))
    assert await beats(made, 3) == 1
    assert made.cycle.observer.view is not None
    assert made.cycle.observer.view.market == late
    assert [each.headline_id for each in made.cycle.observer.view.headlines] == ["a"]


async def test_what_the_gate_denied_was_not_acted_on() -> None:
    made = rig()
    feed = reporting(made)
    made.book.record(HaltRaised(START, Reason.MANUAL, "somebody"))
    feed.take([item("a", made.clock)])
    assert await beats(made) == 0
    made.book.record(HaltCleared(START, Reason.MANUAL, "somebody"))
    assert await beats(made) == 1


async def test_each_mode_has_its_own_memory() -> None:
    made = rig(Mode.DRY_RUN)
    feed = reporting(made)
    feed.take([item("a", made.clock)])
    assert await beats(made) == 1
    made.book.state = replace(made.book.state, mode=Mode.REAL)
    assert await beats(made) == 2
    assert {order.mode for order in made.book.state.orders.values()} == set(Mode)


async def test_an_order_that_was_written_before_there_were_headlines_is_read_as_none() -> None:
    made = rig()
    feed = reporting(made)
    feed.take([item("a", made.clock)])
    await beats(made)
    order = made.order()
    row = encode("orders", order.client_order_id, order)
    assert decode("orders", row) == order
    assert decode("orders", row.replace(b',"headline":"a"', b"")) == replace(order, headline="")


async def test_a_headline_about_another_series_is_nothing_to_this_one() -> None:
    made = rig()
    feed = reporting(made)
    feed._rules = (replace(RULE, ticker="KXETH15M"),)
    feed.take([item("a", made.clock)])
    assert await beats(made) == 0
    assert Decimal(0) == made.book.state.totals_of(Mode.REAL).profit
