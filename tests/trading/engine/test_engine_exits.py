"""Leaving a position, in figures: at which price it is asked, what it brought, and what cannot be left."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.trading.build import TICKER, before, market, quote
from tests.trading.engine.rig import START, WISH, Rig, rig
from trading.domain.errors import Unavailable
from trading.domain.fees import FeeTerms
from trading.domain.market import LINEAR_CENT, Outcome
from trading.domain.order import Mode, Order, Position, position_key
from trading.domain.state import State
from trading.engine.flatten import Flattener
from trading.engine.pages import Exit, Exited

D = Decimal
FREE = FeeTerms("quadratic", D(0))


async def holding(side: Outcome = Outcome.YES, count: str = "9") -> tuple[Rig, Flattener]:
    """Contracts of one side, bought at 52 or 50 cents, in a market that is not the first one listed."""
    r = rig()
    r.real.known = {m.ticker: m for m in (before(), market(fees=FREE))}
    r.real.on_place = ["fill", "fill"]
    wish = replace(WISH, side=side, price=D("0.52") if side is Outcome.YES else D("0.50"), count=D(count))
    await r.broker.submit(wish, market(), quote(at=START))
    await r.account.update()
    return r, Flattener(r.account, r.real.quote)


def out(r: Rig) -> Order:
    return list(r.book.state.orders.values())[-1]


@pytest.mark.parametrize(
    ("side", "count", "seen", "price", "received"),
    [  # two cents below the bid for that side, less 1.75 cents a contract
        (Outcome.YES, "9", Exit(Mode.REAL, TICKER, Outcome.YES, D(9), D("4.8375"), D("0.50"), D("4.50")), "0.48", 9),
        (Outcome.NO, "9", Exit(Mode.REAL, TICKER, Outcome.NO, D(9), D("4.6575"), D("0.48"), D("4.32")), "0.54", 9),
        (Outcome.YES, "1", Exit(Mode.REAL, TICKER, Outcome.YES, D(1), D("0.5375"), D("0.50"), D("0.50")), "0.48", 1),
    ],
)
async def test_what_it_would_bring_and_what_it_brought(
    side: Outcome, count: str, seen: Exit, price: str, received: int
) -> None:
    r, flattener = await holding(side, count)
    assert await flattener.preview() == [seen]
    own = D(price) if side is Outcome.YES else 1 - D(price)
    brought = (own - D("0.0175")) * received
    assert await flattener.flatten() == [Exited(seen, D(count), brought)]
    assert (out(r).price, out(r).why) == (D(price), "flatten")


@pytest.mark.parametrize(("bid", "price"), [("0.01", "0.01"), ("0.02", "0.01"), ("0.03", "0.01"), ("0.04", "0.02")])
async def test_the_price_stays_on_the_grid_down_to_the_last_cent(bid: str, price: str) -> None:
    r, flattener = await holding()
    r.real.known[TICKER] = market(price_ranges=LINEAR_CENT)
    r.real.quotes[TICKER] = quote(bid, "0.05", at=START)
    await flattener.flatten()
    assert out(r).price == D(price)


async def test_what_is_left_over_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    r, flattener = await holding()
    land = r.real.land

    def partly(order: Order, act: str) -> None:
        land(order, "kill")
        order_id = f"x-{order.client_order_id}"
        r.real.execute(order_id, D(4))
        r.real.listed[order_id] = replace(r.real.listed[order_id], filled=D(4))

    monkeypatch.setattr(r.real, "land", partly)
    (done,) = await flattener.flatten()
    assert (done.sold, done.problem.startswith("5 not sold: ")) == (D(4), True)


async def test_a_way_out_whose_fills_cannot_be_read_yet_was_sent() -> None:
    r, flattener = await holding()
    (seen,) = await flattener.preview()

    async def cut() -> None:
        r.real.down = Unavailable("refused")

    r.real.during_place = cut
    problem = "sent, and what it brought cannot be read yet: refused"
    assert await flattener.flatten() == [Exited(seen, problem=problem)]


async def test_what_cannot_be_seen_or_is_denied_is_said_of_its_position() -> None:
    r, flattener = await holding()
    paid = Exit(Mode.REAL, TICKER, Outcome.YES, D(9), D("4.8375"))
    unread = "the market or its price cannot be read now"

    async def no_quote(ticker: str) -> None: ...

    assert await Flattener(r.account, no_quote).preview() == [replace(paid, problem=unread)]
    known, r.real.known = r.real.known, {}
    assert await flattener.flatten() == [Exited(replace(paid, problem=unread), problem=unread)]
    r.real.known = known
    (seen,) = await flattener.preview()
    r.broker.foreign = {TICKER: D(3)}
    denial = f"the account holds 3 of {TICKER} that is not ours"
    assert await flattener.flatten() == [Exited(seen, problem=denial)]


async def test_a_position_without_a_trade_of_its_mode_has_cost_nothing() -> None:
    r = rig(Mode.DRY_RUN)
    r.paper.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    held = {position_key(Mode.REAL, TICKER, "consensus"): Position(Mode.REAL, TICKER, D(9), "consensus")}
    r.book.state = replace(State(), trades=r.book.state.trades, positions=held)
    (seen,) = await Flattener(r.account, r.real.quote).preview()
    assert (seen.paid, seen.contracts) == (0, 9)
