"""Start-up is recovery: what a crash left open is proved, and what nobody can explain halts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from tests.trading.build import OPEN, TICKER, market, order
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.errors import Unresolved
from trading.domain.market import MarketStatus
from trading.domain.order import Fill, Mode, OrderStatus, Position, Settlement, Side
from trading.domain.state import Reason
from trading.engine.loading import load_state


def restarted(r: Rig) -> Rig:
    """The same store and the same exchange, with a new bot."""
    after = rig(store=r.store, state=load_state(r.store, r.clock.now(), Mode.REAL))
    after.real.listed, after.real.executions = r.real.listed, r.real.executions
    return after


async def test_an_order_that_was_sent_and_never_answered_is_found_after_a_crash() -> None:
    r = rig()
    r.real.on_place = [Unresolved("the process died")]
    await r.submit()
    r.real.execute(r.order().order_id or f"x-{r.order().client_order_id}", Decimal(9))
    r = restarted(r)
    found = await r.reconcile.recover()
    assert r.book.state.open_trades()[0].contracts == 9
    assert any("filled" in text for text in found)


async def test_an_order_that_was_written_and_never_sent_is_proved_absent() -> None:
    r = rig()
    r.real.on_place, r.real.lands = [Unresolved("the process died")], False
    await r.submit()
    r = restarted(r)
    await r.reconcile.recover()
    assert r.order().status is OrderStatus.UNKNOWN
    r.clock.advance_to(START + timedelta(minutes=2))
    await r.account.update()
    assert r.order().status is OrderStatus.REJECTED


async def test_the_market_is_not_entered_again_after_a_crash() -> None:
    r = rig()
    await r.submit()
    r = restarted(r)
    await r.reconcile.recover()
    assert (await r.submit()).code == "already_entered"


async def test_a_position_that_nobody_can_explain_halts_at_the_second_look() -> None:
    r = rig()
    r.real.held = [Position(Mode.REAL, TICKER, Decimal(7))]
    await r.reconcile.check()
    assert not r.book.state.halts
    await r.reconcile.check()
    assert "7 contracts" in r.book.state.halts[Reason.RECONCILE_MISMATCH].detail


async def test_two_looks_in_a_row_mean_in_a_row() -> None:
    r = rig()
    for held in (Decimal(7), Decimal(0), Decimal(7)):
        r.real.held = [Position(Mode.REAL, TICKER, held)] if held else []
        await r.reconcile.check()
    assert not r.book.state.halts


async def test_foreign_fills_explain_a_position_and_are_never_ours() -> None:
    r = rig()
    r.real.land(order(client_order_id="by-hand", count=Decimal(7)), "fill")
    r.real.held = [Position(Mode.REAL, TICKER, Decimal(7))]
    await r.reconcile.check()
    await r.reconcile.check()
    assert not r.book.state.halts
    assert r.broker.foreign == {TICKER: Decimal(7)}
    assert not r.book.state.trades


async def test_the_exchanges_own_settlement_is_kept_and_a_difference_is_told() -> None:
    r = rig()
    r.real.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    r.clock.advance_to(OPEN + timedelta(minutes=16))
    r.real.known[TICKER] = market(status=MarketStatus.FINALIZED, result="yes", settlement_value=Decimal(1))
    await r.account.update()
    paid = Settlement(
        TICKER, "yes", Decimal(9), Decimal("0.1575"), Decimal(9), Decimal(0), Decimal("4.68"), Decimal(0), START
    )
    r.real.paid = [paid]
    await r.reconcile.check()
    assert r.store.get("settlements", TICKER) == paid
    assert "ErrorSeen" not in r.told()
    del r.store.rows["settlements"]
    r.real.paid = [replace(paid, fees=Decimal("0.20"))]
    await r.reconcile.check()
    assert "ErrorSeen" in r.told()


async def test_a_settlement_that_is_known_is_not_held_against_the_trades_again() -> None:
    """Those of two days are read each time, some hundreds: only what has changed costs a search."""
    r = rig()
    r.real.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    r.clock.advance_to(OPEN + timedelta(minutes=16))
    r.real.known[TICKER] = market(status=MarketStatus.FINALIZED, result="yes", settlement_value=Decimal(1))
    await r.account.update()
    fees, cost = Decimal("0.1575"), Decimal("4.68")
    paid = Settlement(TICKER, "yes", Decimal(9), fees, Decimal(9), Decimal(0), cost, Decimal(0), START)
    searched: list[str] = []
    closed = r.account.closed
    r.account.closed = lambda ticker, mode: searched.append(ticker) or closed(ticker, mode)  # type: ignore[func-returns-value,method-assign]
    for record in (paid, paid, replace(paid, fees=Decimal("0.20"))):
        r.real.paid = [record]
        await r.reconcile.check()
    assert searched == [TICKER, TICKER]
    assert r.store.get("settlements", TICKER) == replace(paid, fees=Decimal("0.20"))


async def test_a_settlement_that_others_share_is_no_alarm() -> None:
    """The exchange nets per market: its record of a market holds what was traded there by hand, too."""
    r = rig()
    r.real.on_place = ["fill"]
    await r.submit()
    r.real.land(order(client_order_id="by-hand", count=Decimal(3)), "fill")
    await r.account.update()
    r.clock.advance_to(OPEN + timedelta(minutes=16))
    r.real.known[TICKER] = market(status=MarketStatus.FINALIZED, result="yes", settlement_value=Decimal(1))
    await r.account.update()
    r.real.paid = [
        Settlement(
            TICKER, "yes", Decimal(12), Decimal("0.21"), Decimal(12), Decimal(0), Decimal("6.24"), Decimal(0), START
        )
    ]
    await r.reconcile.check()
    assert r.store.get("settlements", TICKER) == r.real.paid[0]
    assert "ErrorSeen" not in r.told()


async def test_what_was_sold_before_the_end_is_not_in_the_exchanges_record() -> None:
    r = rig()
    r.real.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    sold = Fill("out", r.order().order_id, TICKER, Side.ASK, Decimal("0.60"), Decimal(4), Decimal("0.07"), True, START)
    r.account.book_fills([sold], Mode.REAL)
    r.clock.advance_to(OPEN + timedelta(minutes=16))
    r.real.known[TICKER] = market(status=MarketStatus.FINALIZED, result="yes", settlement_value=Decimal(1))
    await r.account.update()
    r.real.paid = [
        Settlement(
            TICKER, "yes", Decimal(5), Decimal("0.2275"), Decimal(5), Decimal(0), Decimal("2.60"), Decimal(0), START
        )
    ]
    await r.reconcile.check()
    assert "ErrorSeen" not in r.told()


async def test_fills_are_found_by_a_clock_that_is_ahead() -> None:
    """As far as the exchange still takes our signatures: it dates fills by its own clock."""
    r = rig()
    await r.submit()
    r.real.execute(f"x-{r.order().client_order_id}", Decimal(9))
    behind = replace(r.real.executions[0], at=START - timedelta(seconds=30))
    everything = r.real.fills

    async def fills(*, since: datetime | None = None, **wanted: str) -> list[Fill]:
        return [f for f in await everything(**wanted) if since is None or f.at >= since]

    r.real.executions, r.real.fills = [behind], fills
    await r.account.update()
    assert r.order().filled == 9
