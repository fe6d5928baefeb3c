"""What the intent log is told: enough, and in the order, to give the fills of the dry run again."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from tests.trading.build import TICKER, market, order, quote
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.errors import Rejected
from trading.domain.fees import FeeTerms
from trading.domain.intent import Decision, Intent, View
from trading.domain.intent_line import Line, Wish, wish_of
from trading.domain.market import Outcome
from trading.domain.order import Mode, Order, OrderStatus, TimeInForce
from trading.domain.state import State
from trading.engine.acting import Acting, Turn
from trading.engine.assigned import Assigned
from trading.engine.cycle import Cycle
from trading.engine.own import own_view
from trading.engine.windows import Windows
from trading.exchange.paper import PaperExchange
from trading.strategies.base import Strategy
from trading.strategies.market_maker import MarketMaker

D = Decimal
ETH = "KXETH15M-26JAN050715-15"


@dataclass(frozen=True)
class Once:
    """Rests one quote, and does nothing else."""

    name: str = "once"
    reenters: ClassVar[bool] = True

    def on_tick(self, view: View) -> Decision:
        wish = Intent(self.name, TICKER, Outcome.YES, D("0.51"), D(3), "quote", post_only=True)
        return Decision(intents=() if view.resting or view.holdings else (wish,))


ONCE = Once()


@dataclass(frozen=True)
class Wishing:
    """Wishes the same at every beat."""

    wish: Intent
    name: str = "once"
    reenters: ClassVar[bool] = True

    def on_tick(self, view: View) -> Decision:
        return Decision(intents=(self.wish,))


def logging(r: Rig, strategy: Strategy = ONCE) -> list[Line]:
    log: list[Line] = []
    r.broker.exchanges = {Mode.DRY_RUN: PaperExchange(r.real, r.clock, {"once": D(100), "market_maker": D(100)})}
    observers, windows = r.cycle.observers, Windows(r.book, r.clock)
    assigned = (Assigned(strategy, ("KXBTC15M",)),)
    r.cycle = Cycle(observers, r.account, r.halting, windows, assigned, r.real, log=log.extend)
    return log


async def beat(r: Rig, bid: str, ask: str, seconds: float = 5) -> None:
    r.clock.advance_to(r.clock.now() + timedelta(seconds=seconds))
    r.real.quotes = {TICKER: quote(bid, ask, r.clock.now())}
    await r.cycle.beat()


def kinds(log: list[Line]) -> list[str]:
    return ["wish" if line.wish else "cancel" if line.cancel else "look" for line in log]


async def test_the_look_at_which_all_that_rested_filled_is_logged() -> None:
    r = rig(mode=Mode.DRY_RUN)
    log = logging(r)
    await beat(r, "0.50", "0.53")
    await beat(r, "0.48", "0.50")
    assert [order.filled for order in r.book.state.orders.values()] == [3]
    assert kinds(log) == ["wish", "look"]
    assert log[1] == Line(r.clock.now(), "", TICKER, r.real.quotes[TICKER])
    await beat(r, "0.40", "0.42")  # nothing rests, but what is held is looked after
    assert kinds(log) == ["wish", "look", "look"]


async def test_what_a_timer_takes_back_is_logged_after_the_look_and_before_what_follows() -> None:
    r = rig(mode=Mode.DRY_RUN)
    log = logging(r)
    await beat(r, "0.50", "0.53")
    await beat(r, "0.50", "0.53", seconds=60)
    assert kinds(log) == ["wish", "look", "cancel", "wish"]
    first, second = (line.wish for line in log if line.wish)
    assert log[2].cancel == first.wish_id != second.wish_id


async def test_a_person_who_takes_it_back_is_logged_too() -> None:
    r = rig(mode=Mode.DRY_RUN)
    log = logging(r)
    await beat(r, "0.50", "0.53")
    await r.broker.cancel(r.order(), "a person")
    assert kinds(log) == ["wish", "cancel"]
    assert log[1] == Line(r.order().updated_at, "once", TICKER, cancel=r.order().client_order_id)


async def test_quotes_in_one_series_are_left_alone_on_the_turn_of_another() -> None:
    r = rig(mode=Mode.DRY_RUN)
    await beat(r, "0.50", "0.53")
    log = logging(r)
    r.cycle.assigned = (Assigned(MarketMaker(), ("KXBTC15M",)),)
    await beat(r, "0.50", "0.53")
    assert kinds(log) == ["wish", "wish"]
    state = r.book.state
    view = View(r.clock.now(), market(ticker=ETH), None, replace(quote(at=r.clock.now()), ticker=ETH))
    assert MarketMaker().on_tick(own_view(view, state, "market_maker", Mode.DRY_RUN, "KXETH15M")).cancels == ()
    assert len(own_view(view, state, "market_maker", Mode.DRY_RUN, "KXBTC15M").resting) == 2
    assert len(own_view(view, state, "market_maker", Mode.DRY_RUN).resting) == 2


QUOTE = Intent("once", TICKER, Outcome.NO, D("0.49"), D(3), "a quote", post_only=True)
TAKING = replace(QUOTE, post_only=False, time_in_force=TimeInForce.IOC)
SELLING = replace(QUOTE, post_only=False, reduce_only=True)
FREE = FeeTerms("quadratic", D(0))


@pytest.mark.parametrize(("wish", "code"), [(QUOTE, "max_order"), (TAKING, "max_order"), (SELLING, "not_reducing")])
async def test_a_wish_that_was_denied_is_logged_whole_with_what_it_was_decided_on(wish: Intent, code: str) -> None:
    r = rig(mode=Mode.DRY_RUN)
    log = logging(r, Wishing(wish))
    r.real.known = {TICKER: market(fees=FREE)}
    r.broker.limits = replace(r.broker.limits, max_order_usd=D("0.01"))
    await beat(r, "0.50", "0.53")
    denied = Wish(
        side=Outcome.NO,
        price=D("0.49"),
        count=D(3),
        why="a quote",
        post_only=wish.post_only,
        reduce_only=wish.reduce_only,
        time_in_force=wish.time_in_force,
        fees=FREE,
        refused=code,
    )
    assert log == [Line(r.clock.now(), "once", TICKER, r.real.quotes[TICKER], denied)]
    assert r.cycle.windows.current["once", "KXBTC15M"].reason == f"denied:{code}"


async def test_a_wish_where_no_market_is_open_is_denied_and_no_line() -> None:
    r, log = rig(mode=Mode.DRY_RUN), list[Line]()
    nothing = View(r.clock.now(), None, None, None)
    turn = Turn(Assigned(ONCE, ()), "KXBTC15M", nothing, Decision(intents=(QUOTE,)), Mode.DRY_RUN)
    assert await Acting(r.account, r.cycle.windows, r.cycle._guarded, log.extend).act(turn) == []
    assert (r.broker.denied, log) == ({"market_closed": 1}, [])


async def test_a_wish_in_another_market_than_the_views_is_logged_under_its_own() -> None:
    r, log = rig(mode=Mode.DRY_RUN), list[Line]()
    seen = View(r.clock.now(), market(), None, quote(at=r.clock.now()))
    turn = Turn(Assigned(ONCE, ()), "KXBTC15M", seen, Decision(intents=(replace(QUOTE, ticker=ETH),)), Mode.DRY_RUN)
    r.cycle.windows.see(turn.key, seen, turn.decision, turn.mode)
    assert await Acting(r.account, r.cycle.windows, r.cycle._guarded, log.extend).act(turn) == []
    [line] = log
    assert (line.ticker, line.top, bool(line.wish and line.wish.refused)) == (ETH, None, True)


async def test_what_the_exchange_refused_is_logged_with_its_code() -> None:
    r = rig()
    log = logging(r, Wishing(QUOTE))
    r.broker.exchanges = {Mode.REAL: r.real}
    r.real.on_place, r.real.lands = [Rejected("insufficient_balance", "not enough: 3 cents")], False
    await beat(r, "0.50", "0.53")
    assert log == [
        Line(r.clock.now(), "once", TICKER, r.real.quotes[TICKER], wish_of(r.order(), "insufficient_balance"))
    ]


# --- one turn -------------------------------------------------------------------------------------------------------


async def turned(r: Rig, paper: bool, cancels: tuple[str, ...] = (), *intents: Intent) -> tuple[list[Order], list[str]]:
    """The orders that one turn of `once` sent on paper, and the parts whose failures would have been told."""
    told: list[str] = []

    async def guarded(part: str, work: Awaitable[None]) -> None:
        told.append(part)
        await work

    seen = View(r.clock.now(), market(), None, quote(at=r.clock.now()))
    view = own_view(seen, r.book.state, "once", Mode.DRY_RUN, "KXBTC15M")
    turn = Turn(Assigned(ONCE, (), paper), "KXBTC15M", view, Decision(intents=intents, cancels=cancels), Mode.DRY_RUN)
    r.cycle.windows.see(turn.key, view, turn.decision, turn.mode)
    return await Acting(r.account, r.cycle.windows, guarded, list[Line]().extend).act(turn), told


async def test_all_that_was_sent_is_handed_back_and_what_fails_beside_it_is_told_of_the_exchange() -> None:
    r = rig(mode=Mode.DRY_RUN)
    sent, told = await turned(r, False, (), QUOTE, replace(QUOTE, price=D("0.48")))
    assert [order.own_price for order in sent] == [D("0.49"), D("0.48")]
    assert told == ["exchange", "exchange"]
    assert await turned(r, False, (sent[0].client_order_id,)) == ([], ["exchange"])


@pytest.mark.parametrize("elsewhere", [{"mode": Mode.REAL}, {"mode": Mode.DRY_RUN, "ticker": ETH}])
async def test_what_it_has_out_elsewhere_does_not_hold_up_what_follows_a_cancel(elsewhere: dict[str, Any]) -> None:
    r = rig(mode=Mode.DRY_RUN)
    (first,), _ = await turned(r, False, (), QUOTE)
    out = order(client_order_id="out", strategy="once", status=OrderStatus.RESTING, order_id="x-out", **elsewhere)
    r.book.state = r.book.state.with_order(out)
    sent, _ = await turned(r, False, (first.client_order_id,), replace(QUOTE, price=D("0.48")))
    assert [order.own_price for order in sent] == [D("0.48")]


async def test_the_first_hours_of_real_orders_cut_down_nothing_on_paper() -> None:
    r = rig(state=State(real_since=START))
    (sent,), _ = await turned(r, True, (), QUOTE)
    assert sent.count == QUOTE.count
