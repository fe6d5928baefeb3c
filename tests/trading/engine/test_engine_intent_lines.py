"""What the intent log is told: enough, and in the order, to give the fills of the dry run again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from tests.trading.build import TICKER, market, quote
from tests.trading.engine.rig import Rig, rig
from trading.domain.intent import Decision, Intent, View
from trading.domain.intent_line import Line
from trading.domain.market import Outcome
from trading.domain.order import Mode
from trading.engine.assigned import Assigned
from trading.engine.cycle import Cycle
from trading.engine.own import own_view
from trading.engine.windows import Windows
from trading.exchange.paper import PaperExchange
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


def logging(r: Rig) -> list[Line]:
    log: list[Line] = []
    r.broker.exchanges = {Mode.DRY_RUN: PaperExchange(r.real, r.clock, {"once": D(100), "market_maker": D(100)})}
    observers, windows = r.cycle.observers, Windows(r.book, r.clock)
    assigned = (Assigned(Once(), ("KXBTC15M",)),)
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
    assert log[1].top == r.real.quotes[TICKER]
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
