"""The broker and the account step: nothing leaves unwritten, nothing is assumed, nothing stays open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal

import pytest

from tests.trading.build import TICKER, market, quote
from tests.trading.engine.rig import START, WISH, rig
from trading.domain.errors import Rejected, StoreFailed, Unavailable, Unresolved
from trading.domain.events import ModeChanged
from trading.domain.market import MarketStatus, Outcome
from trading.domain.order import Mode, OrderStatus
from trading.domain.signal import Signal
from trading.domain.state import Halt, Reason, Totals, TradingState
from trading.engine.broker import ABSENCE_SECONDS
from trading.engine.loading import load_state
from trading.risk.gate import Denial


async def test_the_order_is_on_disk_before_it_is_sent() -> None:
    r = rig()
    at_sending: list[object] = []

    async def look() -> None:
        at_sending.extend(r.store.select("orders"))

    r.real.during_place = look
    await r.submit()
    (written,) = at_sending
    assert written.status is OrderStatus.PENDING  # type: ignore[attr-defined]
    assert r.order().status is OrderStatus.RESTING


async def test_a_store_that_fails_sends_nothing() -> None:
    r = rig()
    r.store.fail = StoreFailed("disk full")
    with pytest.raises(StoreFailed):
        await r.submit()
    assert r.real.calls == []
    assert r.book.state.orders == {}


async def test_a_fill_is_what_the_exchange_lists() -> None:
    r = rig()
    r.real.on_place = ["fill"]
    await r.submit()
    assert r.order().filled == 0
    assert r.order().reported == 9
    await r.account.update()
    assert r.order().filled == 9
    assert r.book.state.open_trades()[0].contracts == 9
    await r.account.update()
    assert r.store.count("fills") == 1


async def test_what_does_not_fill_in_time_is_cancelled_and_confirmed() -> None:
    r = rig()
    await r.submit()
    r.clock.advance_to(START + timedelta(seconds=9))
    await r.account.update()
    assert "cancel" not in r.real.calls
    r.clock.advance_to(START + timedelta(seconds=10))
    await r.account.update()
    assert r.order().status is OrderStatus.CANCELED
    assert r.real.calls.count("cancel") == 1
    assert not r.book.state.trades


async def test_a_partial_fill_before_the_cancel_is_kept() -> None:
    r = rig()
    await r.submit()
    r.real.execute(r.order().order_id, Decimal(4))
    r.clock.advance_to(START + timedelta(seconds=10))
    await r.account.update()
    assert r.order().status is OrderStatus.CANCELED
    assert r.book.state.open_trades()[0].contracts == 4


async def test_an_unanswered_order_that_landed_is_found_by_its_own_id() -> None:
    r = rig()
    r.real.on_place = [Unresolved("timed out")]
    await r.submit()
    assert (r.order().status, r.order().why, r.order().updated_at) == (OrderStatus.UNKNOWN, "timed out", START)
    await r.account.update()
    assert r.order().status is OrderStatus.RESTING
    assert r.real.calls.count("place") == 1


async def test_an_unanswered_order_that_never_landed_stays_unknown_until_that_is_proved() -> None:
    r = rig()
    r.real.on_place, r.real.lands = [Unresolved("timed out")], False
    await r.submit()
    proof = r.order().expires_at + timedelta(seconds=ABSENCE_SECONDS)
    r.clock.advance_to(proof)
    await r.account.update()
    assert r.order().status is OrderStatus.UNKNOWN
    r.clock.advance_to(proof + timedelta(seconds=1))
    await r.account.update()
    assert r.order().status is OrderStatus.REJECTED
    assert not r.book.state.trades


@pytest.mark.parametrize(
    ("error", "trading", "counted"),
    [
        (Rejected("authentication_error", "the key is unknown", 401), TradingState.HALTED, 1),
        (Rejected("forbidden", "no scope", 403), TradingState.HALTED, 1),
        (Rejected("deprecated_v1_order_endpoint", "", 410), TradingState.HALTED, 1),
        (Rejected("insufficient_balance", "", 400), TradingState.ACTIVE, 1),
        (Rejected("fill_or_kill_insufficient_resting_volume", "", 409), TradingState.ACTIVE, 0),
        (Rejected("trading_is_paused", "", 409), TradingState.ACTIVE, 0),
        (Rejected("a_code_of_tomorrow", "", 400), TradingState.ACTIVE, 1),
    ],
)
async def test_a_refusal_halts_at_once_only_where_every_order_will_be_refused(
    error: Rejected, trading: TradingState, counted: int
) -> None:
    r = rig()
    r.real.on_place, r.real.lands = [error], False
    await r.submit()
    assert r.order().status is OrderStatus.REJECTED
    assert (r.order().why, r.order().updated_at) == (str(error), START)
    assert (r.book.state.trading, r.book.state.rejections) == (trading, counted)
    said = Halt(Reason.REJECTIONS, START, "engine", f"the exchange will refuse every order: {error}")
    assert list(r.book.state.halts.values()) == ([said] if trading is TradingState.HALTED else [])


async def test_rejections_in_a_row_halt() -> None:
    r = rig()
    for i in range(5):
        r.real.on_place = [Rejected("insufficient_balance", "not enough cash on shard 2")]
        ticker = f"{TICKER}{i}"
        touch = replace(quote(at=START), ticker=ticker)
        await r.broker.submit(replace(WISH, ticker=ticker), market(ticker=ticker), touch)
    last = "insufficient_balance: not enough cash on shard 2"
    detail = f"5 orders in a row were rejected, the last with {last}"
    assert r.book.state.halts == {Reason.REJECTIONS: Halt(Reason.REJECTIONS, START, "engine", detail)}
    assert r.book.state.trading is TradingState.HALTED


@pytest.mark.parametrize("count", ["1", "9"])
@pytest.mark.parametrize(
    ("act", "status"),
    [("rest", OrderStatus.RESTING), ("fill", OrderStatus.EXECUTED), ("kill", OrderStatus.CANCELED)],
)
async def test_an_acknowledgement_is_taken_at_its_word(act: str, status: OrderStatus, count: str) -> None:
    r = rig()
    r.real.on_place = [act]
    await r.broker.submit(replace(WISH, count=Decimal(count)), market(), quote(at=START))
    assert (r.order().status, r.order().reported) == (status, Decimal(count) if act == "fill" else 0)
    assert (r.order().updated_at, r.order().why) == (START, "both say yes")


async def test_the_trade_keeps_what_the_signals_said() -> None:
    r = rig()
    said = (Signal("previous", Outcome.YES, START, "the last one was yes"),)
    await r.broker.submit(replace(WISH, signals=said), market(), quote(at=START))
    assert r.book.state.open_trades()[0].previous_signal == "yes"


async def test_the_gate_is_told_what_others_hold_and_which_day_the_owner_has() -> None:
    r = rig()
    assert await r.broker.submit(WISH, None, None) == Denial("market_closed", f"{TICKER} is not open")
    r.broker.foreign = {TICKER: Decimal(3)}
    foreign = await r.submit()
    assert foreign.code == "contested"
    r.broker.foreign = {}
    lost = Totals(day=START.date(), day_profit=Decimal(-24))
    r.book.state = replace(r.book.state, totals={Mode.REAL: lost})
    assert (await r.submit()).code == "day_loss"
    r.book.zone = timezone(timedelta(hours=12))  # there that day is over
    assert not isinstance(await r.submit(), Denial)


async def test_denials_are_counted_by_their_codes() -> None:
    r = rig()
    for _ in range(2):
        await r.broker.submit(WISH, None, None)
    assert r.broker.denied == {"market_closed": 2}


async def test_a_way_out_is_sent_in_the_mode_of_what_is_held() -> None:
    r = rig()
    r.real.on_place = ["fill", "fill"]
    await r.submit()
    await r.account.update()
    r.book.record(ModeChanged(START, Mode.DRY_RUN, "ann"))
    out = replace(WISH, side=Outcome.NO, price=Decimal("0.50"), reduce_only=True, attempt=2)
    sent = await r.broker.flatten(out, Mode.REAL, market(), quote(at=START))
    assert (sent.mode, sent.status, r.paper.calls) == (Mode.REAL, OrderStatus.EXECUTED, [])


async def test_a_second_try_in_the_same_market_is_denied_whatever_became_of_the_first() -> None:
    r = rig()
    r.real.on_place = [Rejected("x", "")]
    await r.submit()
    again = await r.submit()
    assert isinstance(again, Denial)
    assert again.code == "already_entered"


async def test_settlement_books_profit_after_fees_once_all_fills_are_read() -> None:
    r = rig()
    r.real.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    r.clock.advance_to(market().close_time + timedelta(seconds=7))
    r.real.known[TICKER] = market(status=MarketStatus.FINALIZED, result="yes", settlement_value=Decimal(1))
    await r.account.update()
    (trade,) = r.store.select("trades")
    assert trade.profit == 9 - Decimal("0.52") * 9 - Decimal("0.0175") * 9  # type: ignore[union-attr]
    assert not r.book.state.positions


async def test_a_settlement_waits_for_fills_that_are_reported_but_not_read() -> None:
    r = rig()
    r.real.on_place = ["fill"]
    await r.submit()
    r.real.executions.clear()
    r.clock.advance_to(market().close_time + timedelta(seconds=7))
    r.real.known[TICKER] = market(status=MarketStatus.FINALIZED, result="yes", settlement_value=Decimal(1))
    await r.account.update()
    assert r.book.state.open_trades()
    r.real.execute(r.order().order_id, Decimal(9))
    await r.account.update()
    assert not r.book.state.open_trades()


async def test_a_cancel_that_is_refused_is_asked_again() -> None:
    r = rig()
    await r.submit()
    r.real.cancel_error = Unavailable("exchange_is_paused")
    assert not await r.broker.cancel(r.order(), "test")
    r.real.cancel_error = None
    assert await r.broker.cancel(r.order(), "test")


async def test_the_state_read_back_from_the_rows_is_the_state() -> None:
    r = rig()
    r.real.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    r.desk.pause("ann")
    assert load_state(r.store, r.clock.now(), Mode.REAL) == r.book.state
