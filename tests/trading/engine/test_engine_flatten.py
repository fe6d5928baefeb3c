"""A person's way out: it passes every halt, sells what is held and never more, and tells what it brought."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.trading.build import TICKER, market, quote
from tests.trading.engine.rig import START, WISH, Rig, rig
from trading.domain.errors import NotFound, Rejected, Unavailable, Unresolved
from trading.domain.events import HaltRaised
from trading.domain.market import Outcome
from trading.domain.order import Mode, OrderReport, OrderStatus, Side, TimeInForce
from trading.domain.state import Reason
from trading.engine.pages import Exited
from trading.risk.gate import Denial

D = Decimal


async def holding(side: Outcome = Outcome.YES, mode: Mode = Mode.REAL) -> Rig:
    """Nine contracts of one side, bought at 52 or 50 cents."""
    r = rig(mode)
    place = r.real if mode is Mode.REAL else r.paper
    r.paper.known, r.paper.quotes = r.real.known, r.real.quotes
    place.on_place = ["fill"]
    wish = WISH if side is Outcome.YES else replace(WISH, side=Outcome.NO, price=D("0.50"))
    await r.broker.submit(wish, market(), quote(at=START))
    await r.account.update()
    place.on_place = ["fill", "fill"]
    return r


def held(r: Rig) -> Decimal:
    return sum((p.contracts for p in r.book.state.positions.values()), D(0))


async def leave(r: Rig, ticker: str = "") -> Exited:
    (done,) = (await r.desk.flatten(ticker)).done
    return done


@pytest.mark.parametrize(
    ("side", "bid", "paid", "made"),
    [(Outcome.YES, "0.50", "4.8375", "-0.4950"), (Outcome.NO, "0.48", "4.6575", "-0.4948")],
)
async def test_the_preview_says_what_leaving_would_bring(side: Outcome, bid: str, paid: str, made: str) -> None:
    r = await holding(side)
    (exit_,) = (await r.desk.exits("")).open
    assert (exit_.side, exit_.contracts, exit_.bid, exit_.paid) == (side, D(9), D(bid), D(paid))
    assert exit_.proceeds == D(bid) * 9
    assert exit_.result == D(made)
    assert r.real.calls.count("place") == 1, "looking sells nothing"


@pytest.mark.parametrize("side", Outcome)
@pytest.mark.parametrize("mode", Mode)
async def test_everything_is_sold_reduce_only_at_once_or_not_at_all(side: Outcome, mode: Mode) -> None:
    r = await holding(side, mode)
    done = await leave(r)
    order = list(r.book.state.orders.values())[-1]
    assert (order.reduce_only, order.time_in_force, order.count) == (True, TimeInForce.IOC, D(9))
    assert order.side is (Side.ASK if side is Outcome.YES else Side.BID)
    assert (done.sold, done.problem, held(r)) == (D(9), "", D(0))
    assert not r.book.state.open_trades()


@pytest.mark.parametrize("reason", [r for r in Reason if r is not Reason.STORAGE])
async def test_no_halt_holds_it_up(reason: Reason) -> None:
    r = await holding()
    r.book.record(HaltRaised(r.clock.now(), reason, "Ann"))
    r.broker.latch.closed = True
    assert isinstance(await r.submit(), Denial)
    assert (await leave(r)).sold == 9


async def test_a_limit_on_risk_does_not_hold_it_up() -> None:
    r = await holding()
    nothing = {
        "max_order_usd": D(0),
        "max_exposure_usd": D(0),
        "daily_loss_limit_usd": D(0),
        "max_orders_per_minute": 0,
    }
    r.broker.limits = replace(r.broker.limits, max_open_orders=0, **nothing)
    assert (await leave(r)).sold == 9


async def test_two_at_once_cannot_turn_the_position() -> None:
    r = await holding()
    await asyncio.gather(r.desk.flatten(""), r.desk.flatten(""))
    assert held(r) == 0
    assert r.real.calls.count("place") == 2, "the way in, and one way out"


async def test_a_way_out_of_unknown_outcome_counts_as_taken() -> None:
    r = await holding()
    r.real.on_place, r.real.lands = [Unresolved("no answer")], False
    await leave(r)
    r.clock.advance_to(START + timedelta(seconds=2))
    done = await leave(r)
    assert "9 already leaving" in done.problem
    assert r.real.calls.count("place") == 2


async def test_what_cannot_be_sold_is_said() -> None:
    r = await holding()
    r.real.quotes[TICKER] = quote(bid=None, at=r.clock.now())
    assert (await leave(r)).problem == "nobody bids for it"
    r.real.quotes[TICKER] = quote(at=r.clock.now())
    r.real.on_place, r.real.lands = [Rejected("market_closed", "too late", 409)], False
    assert "9 not sold: market_closed" in (await leave(r)).problem
    r.real.down = Unavailable("gone")
    assert (await leave(r)).problem == "gone"
    assert held(r) == 9


async def test_only_the_market_that_is_named() -> None:
    r = await holding()
    assert (await r.desk.flatten("KXOTHER")).done == ()
    assert (await leave(r, TICKER)).sold == 9


# --- /cancel


async def test_an_order_is_cancelled_by_how_its_id_begins() -> None:
    r = rig()
    await r.submit()
    with pytest.raises(NotFound, match="0 open orders begin with zz"):
        await r.desk.cancel("zz", "Ann")
    report = await r.desk.cancel(r.order().order_id[:6], "Ann")
    assert (report.canceled, report.unproved) == (1, 0)
    assert (r.order().status, r.order().why) == (OrderStatus.CANCELED, "cancelled by Ann")


async def test_all_means_all_of_ours_and_foreign_ones_only_by_name() -> None:
    r = rig()
    await r.submit()
    foreign = OrderReport("by-hand-1", "x", TICKER, Side.BID, D("0.10"), OrderStatus.RESTING, D(0), D(5), D(5), None)
    r.real.listed[foreign.order_id] = foreign
    assert (await r.desk.cancel("all", "Ann")).canceled == 1
    assert r.real.listed["by-hand-1"].status is OrderStatus.RESTING
    report = await r.desk.cancel("by-hand", "Ann")
    assert (report.canceled, report.foreign) == (1, True)
    assert r.real.listed["by-hand-1"].status is OrderStatus.CANCELED


async def test_a_cancel_that_is_not_proved_says_so() -> None:
    r = rig()
    await r.submit()
    r.real.cancel_error = Unavailable("gone")
    report = await r.desk.cancel("all", "Ann")
    assert (report.canceled, report.unproved) == (0, 1)
