"""Several strategies side by side: each in its own book of the dry run, on paper beside real trades, on its series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from tests.trading.build import OPEN, TICKER, market, quote
from tests.trading.engine.rig import WISH, Rig, rig
from trading.domain.errors import Unavailable
from trading.domain.events import MarketSettled, ModeChanged
from trading.domain.intent import Decision, Intent, View
from trading.domain.intent_line import Line
from trading.domain.market import MarketStatus, Outcome
from trading.domain.money import ONE, ZERO
from trading.domain.order import Mode, OrderStatus, TimeInForce
from trading.domain.state import Reason
from trading.engine.acting import WITHDRAWN
from trading.engine.assigned import Assigned
from trading.engine.cycle import Cycle
from trading.engine.loading import load_state
from trading.engine.observer import Observer
from trading.engine.windows import Windows

D = Decimal
SERIES, ETH = "KXBTC15M", "KXETH15M"
ETH_TICKER = "KXETH15M-26JAN050715-15"


@dataclass(frozen=True)
class Plain:
    """Wants what it was given, at every beat; one attempt a market."""

    name: str
    intents: tuple[Intent, ...] = ()
    cancels: tuple[str, ...] = ()

    def on_tick(self, view: View) -> Decision:
        return Decision(intents=tuple(replace(i, strategy=self.name) for i in self.intents), cancels=self.cancels)


@dataclass(frozen=True)
class Quoting:
    """Keeps one quote out, at a price that the caller moves: it is taken back where it is not there any more."""

    name: str
    price: Decimal
    reenters: ClassVar[bool] = True

    def on_tick(self, view: View) -> Decision:
        wrong = tuple(o.client_order_id for o in view.resting if o.price != self.price)
        missing = not any(o.price == self.price for o in view.resting) and not view.holdings
        wish = Intent(self.name, TICKER, Outcome.YES, self.price, D(3), "quote", post_only=True)
        return Decision(intents=(wish,) if missing else (), cancels=wrong)


YES = replace(WISH, side=Outcome.YES, price=D("0.52"), count=D(5))
NO = replace(WISH, side=Outcome.NO, price=D("0.50"), count=D(4))


def side_by_side(*assigned: Assigned, mode: Mode = Mode.DRY_RUN, **changes: object) -> Rig:
    r = rig(mode=mode, **changes)  # type: ignore[arg-type]
    r.cycle.assigned = assigned
    return r


def on(strategy: Plain | Quoting, paper: bool = False) -> Assigned:
    return Assigned(strategy, (SERIES,), paper)


async def beat(r: Rig, seconds: float = 5) -> None:
    r.clock.advance_to(r.clock.now() + timedelta(seconds=seconds))
    r.real.quotes = {ticker: replace(each, seen_at=r.clock.now()) for ticker, each in r.real.quotes.items()}
    await r.cycle.beat()


def held(r: Rig) -> dict[tuple[Mode, str], Decimal]:
    return {(p.mode, p.strategy): p.contracts for p in r.book.state.positions.values()}


# --- books ----------------------------------------------------------------------------------------------------------


async def test_in_the_dry_run_two_may_hold_both_sides_of_a_market_and_each_is_paid_for_its_own() -> None:
    r = side_by_side(on(Plain("bull", (YES,))), on(Plain("bear", (NO,))))
    r.paper.on_place = ["fill", "fill"]
    await beat(r)
    assert held(r) == {(Mode.DRY_RUN, "bull"): D(5), (Mode.DRY_RUN, "bear"): D(-4)}
    r.book.record(MarketSettled(r.clock.now(), TICKER, Mode.DRY_RUN, "yes", ONE))
    state = r.book.state
    assert state.positions == {}
    bull, bear = (state.totals_of(Mode.DRY_RUN, name) for name in ("bull", "bear"))
    assert (bull.wins, bull.losses, bear.wins, bear.losses) == (1, 0, 0, 1)
    assert bull.profit + bear.profit == state.totals_of(Mode.DRY_RUN).profit
    assert load_state(r.store, r.clock.now(), Mode.DRY_RUN) == state


async def test_for_real_the_second_is_denied_because_the_exchange_nets_them() -> None:
    r = side_by_side(on(Plain("bull", (YES,))), on(Plain("bear", (NO,))), mode=Mode.REAL)
    await beat(r)
    assert [o.strategy for o in r.book.state.orders.values()] == ["bull"]
    assert r.cycle.windows.current["bear", SERIES].reason == "denied:contested"


async def test_what_is_on_paper_stays_on_paper_while_another_trades_for_real() -> None:
    r = side_by_side(on(Plain("bull", (YES,))), on(Plain("bear", (NO,)), paper=True), mode=Mode.REAL)
    await beat(r)
    assert {(o.strategy, o.mode) for o in r.book.state.orders.values()} == {
        ("bull", Mode.REAL),
        ("bear", Mode.DRY_RUN),
    }
    assert (r.real.calls.count("place"), r.paper.calls.count("place")) == (1, 1)
    r.clock.advance_to(OPEN + timedelta(minutes=15))
    r.cycle.windows.close()
    passed = r.store.select("windows")
    assert {(w.strategy, w.mode, w.ordered) for w in passed} == {  # type: ignore[union-attr]
        ("bull", Mode.REAL, True),
        ("bear", Mode.DRY_RUN, True),
    }


async def test_a_kill_ends_what_rests_on_paper_too() -> None:
    r = side_by_side(on(Plain("bull", (YES,))), on(Plain("bear", (NO,)), paper=True), mode=Mode.REAL)
    await beat(r)
    await r.desk.kill("Ann")
    assert r.book.state.live_orders() == []
    await beat(r)
    assert len(r.book.state.orders) == 2


async def test_what_one_loses_on_paper_halts_no_real_trading_and_holds_up_nobody_else_on_paper() -> None:
    big = replace(NO, price=D("0.50"), count=D(18))
    r = side_by_side(on(Plain("bear", (big,)), paper=True), mode=Mode.REAL)
    for n in range(3):
        ticker = f"{SERIES}-X{n}"
        r.real.known = {ticker: market(ticker=ticker)}
        r.real.quotes = {ticker: replace(quote(), ticker=ticker)}
        r.cycle.observer.forget_news()
        r.cycle.assigned = (on(Plain("bear", (replace(big, ticker=ticker),)), paper=True),)
        r.paper.on_place = ["fill"]
        await beat(r)
        r.book.record(MarketSettled(r.clock.now(), ticker, Mode.DRY_RUN, "yes", ONE))
    lost = r.book.state.totals_of(Mode.DRY_RUN, "bear").profit
    assert -25 < lost < -15
    assert r.cycle.windows.current["bear", SERIES].reason == "denied:day_loss"
    await beat(r)
    assert Reason.DAY_LOSS not in r.book.state.halts
    r.paper.on_place = []
    r.cycle.assigned = (on(Plain("bull", (replace(YES, ticker=ticker),)), paper=True),)
    await beat(r)
    assert [o.status for o in r.book.state.orders.values() if o.strategy == "bull"] == [OrderStatus.RESTING]


async def test_a_mode_that_is_changed_while_a_strategy_decides_gets_no_order() -> None:
    r = side_by_side(on(Quoting("quoting", D("0.51"))), mode=Mode.REAL)
    await beat(r)
    r.cycle.assigned = (on(Quoting("quoting", D("0.50"))),)
    right = r.real.cancel

    async def meanwhile(order: object) -> Decimal:
        r.book.record(ModeChanged(r.clock.now(), Mode.DRY_RUN, "Ann"))
        return await right(order)  # type: ignore[arg-type]

    r.real.cancel = meanwhile  # type: ignore[method-assign, assignment]
    await beat(r)
    assert (r.real.calls.count("place"), r.paper.calls.count("place")) == (1, 0)
    await beat(r)
    assert (r.real.calls.count("place"), r.paper.calls.count("place")) == (1, 1)


# --- cancels and attempts -------------------------------------------------------------------------------------------


async def test_a_quote_that_moves_is_taken_back_before_it_is_placed_anew_and_never_under_an_old_id() -> None:
    r, ids = side_by_side(on(Quoting("quoting", D("0.51")))), list[str]()
    for cents in (51, 50, 49, 50):
        r.cycle.assigned = (on(Quoting("quoting", D(cents) / 100)),)
        await beat(r)
        (live,) = r.book.state.live_orders()
        assert live.own_price == D(cents) / 100
        ids.append(live.client_order_id)
    assert len(set(ids)) == 4
    assert {order.why for order in r.book.state.orders.values() if not order.live} == {WITHDRAWN}
    assert r.paper.calls.index("cancel") < len(r.paper.calls) - 1 - r.paper.calls[::-1].index("place")


async def test_the_next_attempt_is_free_also_after_a_restart_and_when_the_old_ones_are_forgotten() -> None:
    r = side_by_side(on(Quoting("quoting", D("0.51"))))
    await beat(r)
    await beat(r, 61)  # it is timed out, and quoted again
    (first, second) = r.book.state.orders.values()
    r.book.state = replace(r.book.state, orders={}, attempts={}, trades={})  # as after two days
    again = Cycle(
        r.cycle.observers, r.account, r.halting, Windows(r.book, r.clock), (on(Quoting("quoting", D("0.49"))),), r.real
    )
    await again.beat()
    (third,) = r.book.state.orders.values()
    assert third.client_order_id not in {first.client_order_id, second.client_order_id}


async def test_nobody_takes_back_what_another_has_out() -> None:
    r = side_by_side(on(Plain("bull", (YES,))), mode=Mode.REAL)
    await beat(r)
    (order,) = r.book.state.live_orders()
    r.cycle.assigned = (on(Plain("bear", cancels=(order.client_order_id, "nobody's"))), on(Plain("bull"), paper=True))
    await beat(r, 1)
    r.cycle.assigned = (on(Plain("bull", cancels=(order.client_order_id,)), paper=True),)
    await beat(r, 1)
    assert [o.client_order_id for o in r.book.state.live_orders()] == [order.client_order_id], "nor its own for real"


async def test_intents_wait_when_a_cancel_left_something_else_behind() -> None:
    r = side_by_side(on(Quoting("quoting", D("0.51"))))
    await beat(r)
    (first,) = r.book.state.live_orders()
    r.cycle.assigned = (on(Quoting("quoting", D("0.50"))),)
    right = r.paper.cancel

    async def filled_on_the_way(order: object) -> Decimal:
        r.paper.execute(first.order_id, D(1))
        r.paper.listed[first.order_id] = replace(r.paper.listed[first.order_id], filled=D(1))
        return await right(order)  # type: ignore[arg-type]

    r.paper.cancel = filled_on_the_way  # type: ignore[method-assign, assignment]
    await beat(r)
    assert r.paper.calls.count("place") == 1, "one contract is held by now: it has to think again"
    assert held(r) == {(Mode.DRY_RUN, "quoting"): D(1)}


async def test_intents_wait_when_a_cancel_is_not_proved() -> None:
    r = side_by_side(on(Quoting("quoting", D("0.51"))))
    await beat(r)
    r.cycle.assigned = (on(Quoting("quoting", D("0.50"))),)
    r.paper.cancel_error = Unavailable("gone")
    await beat(r)
    assert r.paper.calls.count("place") == 1
    r.paper.cancel_error = None
    await beat(r)
    assert [o.own_price for o in r.book.state.live_orders()] == [D("0.50")]


async def test_who_has_one_attempt_may_still_leave_as_often_as_it_takes() -> None:
    r = side_by_side(on(Plain("bull", (YES,))))
    r.paper.on_place = ["fill", "kill", "fill"]
    await beat(r)
    leave = replace(NO, count=D(5), time_in_force=TimeInForce.IOC, reduce_only=True)
    r.cycle.assigned = (on(Plain("bull", (YES, leave))),)
    await beat(r)
    assert held(r) == {(Mode.DRY_RUN, "bull"): D(5)}, "nobody took it"
    await beat(r)
    assert held(r) == {}
    assert len(r.book.state.orders) == 3, "one way in, two ways out"


async def test_who_has_one_attempt_and_made_it_asks_the_gate_no_more() -> None:
    r = side_by_side(on(Plain("bull", (YES,))))
    await beat(r)
    await beat(r, 1)
    assert (r.paper.calls.count("place"), r.broker.denied) == (1, {})


async def test_a_view_shows_what_is_the_strategys_own_in_its_book() -> None:
    seen: dict[str, View] = {}

    @dataclass(frozen=True)
    class Looking(Plain):
        def on_tick(self, view: View) -> Decision:
            seen[self.name] = view
            return Plain.on_tick(self, view)

    behind = replace(YES, price=D("0.40"), time_in_force=TimeInForce.GTC)
    r = side_by_side(on(Looking("bull", (YES,))), on(Looking("bear", (NO,))), on(Looking("late", (behind,))))
    r.paper.on_place = ["fill", "fill"]
    await beat(r)
    await beat(r)
    assert [(h.ticker, h.contracts, h.paid) for h in seen["bull"].holdings] == [(TICKER, D(5), D("0.52"))]
    assert [(h.contracts, h.paid, h.side) for h in seen["bear"].holdings] == [(D(-4), D("0.50"), Outcome.NO)]
    assert [(o.side, o.price, o.count) for o in seen["late"].resting] == [(Outcome.YES, D("0.40"), D(5))]
    assert (seen["bull"].resting, seen["late"].holdings) == ((), ())


# --- series and the log ---------------------------------------------------------------------------------------------


def two_series(r: Rig, *assigned: Assigned, log: list[Line] | None = None) -> None:
    """The rig with an observer of another series beside the first."""
    r.real.known[ETH_TICKER] = market(ticker=ETH_TICKER, exchange_index=0, status=MarketStatus.ACTIVE)
    r.real.quotes[ETH_TICKER] = replace(quote("0.40", "0.45"), ticker=ETH_TICKER)
    right = r.real.markets

    async def of_series(*, series: str = "", **rest: object) -> list[object]:
        return [m for m in await right(**rest) if m.ticker.startswith(series)]  # type: ignore[arg-type]

    r.real.markets = of_series  # type: ignore[method-assign, assignment]
    main, other = Observer(r.real, r.feed, r.clock, SERIES), Observer(r.real, None, r.clock, ETH)
    lines = log if log is not None else []

    def take(more: Sequence[Line]) -> None:
        lines.extend(more)

    r.cycle = Cycle((main, other), r.account, r.halting, Windows(r.book, r.clock), assigned, r.real, log=take)


async def test_each_trades_its_own_series_and_one_may_trade_several() -> None:
    @dataclass(frozen=True)
    class Anywhere:
        name: str = "anywhere"

        def on_tick(self, view: View) -> Decision:
            assert view.market, "both series have one"
            assert view.quote, "and a quote"
            ask = view.quote.ask_for(Outcome.YES)
            assert ask, "which is offered"
            return Decision(intents=(replace(YES, strategy=self.name, ticker=view.market.ticker, price=ask.price),))

    r = rig(mode=Mode.DRY_RUN)
    both, one = Assigned(Anywhere(), (SERIES, ETH)), Assigned(Anywhere("eth"), (ETH,))
    two_series(r, both, one)
    await beat(r)
    sent = {(o.strategy, o.ticker, o.price) for o in r.book.state.orders.values()}
    assert sent == {
        ("anywhere", TICKER, D("0.52")),
        ("anywhere", ETH_TICKER, D("0.45")),
        ("eth", ETH_TICKER, D("0.45")),
    }
    assert r.cycle.windows.current.keys() == {("anywhere", SERIES), ("anywhere", ETH), ("eth", ETH)}


async def test_a_series_that_cannot_be_read_is_told_and_the_other_goes_on() -> None:
    r = rig(mode=Mode.DRY_RUN)
    two_series(r, on(Plain("bull", (YES,))))
    right = r.real.quote

    async def gone(ticker: str) -> object:
        if ticker == ETH_TICKER:
            raise Unavailable("no answer")
        return await right(ticker)

    r.real.quote = gone  # type: ignore[method-assign, assignment]
    await beat(r)
    assert set(r.cycle.pulse.problems) == {f"market data of {ETH}:quote"}
    assert len(r.book.state.orders) == 1


async def test_every_wish_is_logged_with_the_book_that_it_was_made_on() -> None:
    r, log = rig(mode=Mode.DRY_RUN), list[Line]()
    denied = replace(YES, price=D("0.90"))
    two_series(r, on(Quoting("quoting", D("0.51"))), on(Plain("wild", (denied,))), log=log)
    await beat(r)
    quoted, refused = log
    assert quoted.wish
    assert (quoted.strategy, quoted.ticker, quoted.wish.price, quoted.wish.refused) == (
        "quoting",
        TICKER,
        D("0.51"),
        "",
    )
    assert quoted.top == r.real.quotes[TICKER]
    assert refused.wish
    assert (refused.strategy, refused.wish.refused) == ("wild", "collar")
    log.clear()
    r.cycle.assigned = (on(Quoting("quoting", D("0.50"))),)
    await beat(r)
    look, taken_back, again = log
    assert (look.strategy, look.top, look.wish) == ("", r.real.quotes[TICKER], None)
    assert taken_back.cancel == quoted.wish.wish_id
    assert again.wish
    assert again.wish.price == D("0.50")
    assert again.wish.count > ZERO
