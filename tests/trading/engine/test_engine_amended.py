"""A result that the exchange changes after it has paid: corrected once, told once, and in every sum."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import pytest

from tests.fakes import GivenStream
from tests.trading.build import OPEN, TICKER, market
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.market import Market, MarketStatus
from trading.domain.news import MarketNews
from trading.domain.order import Mode, Settlement
from trading.domain.state import State
from trading.domain.trade import Trade, TradeOutcome
from trading.engine.listening import Listening
from trading.engine.loading import load_state

CLOSED = OPEN + timedelta(minutes=16)
COST, FEES = D("4.68"), D("0.1575")  # of 9 YES at 52 cents


def finalized(result: str, value: D | None = None, status: MarketStatus = MarketStatus.FINALIZED) -> Market:
    known = {"yes": D(1), "no": D(0)}
    return market(status=status, result=result, settlement_value=known.get(result, value))


def paid(result: str, revenue: D, value: D | None = None) -> Settlement:
    return Settlement(TICKER, result, revenue, FEES, D(9), D(0), COST, D(0), CLOSED, value)


async def won(mode: Mode = Mode.REAL) -> Rig:
    """Nine YES contracts, closed as won."""
    r = rig(mode)
    book = r.real if mode is Mode.REAL else r.paper
    book.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    r.clock.advance_to(CLOSED)
    r.real.known[TICKER] = finalized("yes")
    await r.account.update()
    assert trade(r).outcome is TradeOutcome.WIN
    return r


def trade(r: Rig) -> Trade:
    (row,) = r.store.rows["trades"].values()
    assert isinstance(row, Trade)
    return row


def corrections(r: Rig) -> int:
    return r.told().count("ResultAmended")


def sums(r: Rig, mode: Mode = Mode.REAL) -> tuple[int, int, int, D, D, D]:
    t = r.book.state.totals_of(mode)
    return t.wins, t.losses, t.others, t.profit, t.day_profit, t.week_profit


async def test_an_amended_settlement_corrects_the_trade_and_all_sums_exactly_once() -> None:
    r = await won()
    r.real.paid = [paid("yes", D(9))]
    await r.reconcile.check()
    profit = 9 - COST - FEES
    assert (sums(r), corrections(r)) == ((1, 0, 0, profit, profit, profit), 0)
    r.real.paid = [replace(paid("no", D(0)), at=CLOSED + timedelta(hours=1))]
    for _ in range(3):
        r.clock.advance_to(r.clock.now() + timedelta(minutes=1))
        await r.reconcile.check()
    loss = -COST - FEES
    assert (trade(r).outcome, trade(r).payout, trade(r).profit) == (TradeOutcome.CORRECTED, 0, loss)
    assert (sums(r), corrections(r)) == ((0, 0, 1, loss, loss, loss), 1)
    assert "ErrorSeen" not in r.told()
    after = rig(store=r.store, state=load_state(r.store, r.clock.now(), Mode.REAL))
    after.clock.advance_to(r.clock.now())
    after.real.paid, after.real.known, after.real.listed = r.real.paid, r.real.known, r.real.listed
    await after.reconcile.recover()
    assert (sums(after), corrections(after)) == ((0, 0, 1, loss, loss, loss), 1)
    assert after.book.state == replace(r.book.state, orders=after.book.state.orders)


async def test_a_change_back_is_another_correction() -> None:
    r = await won()
    before = trade(r)
    for result, revenue in (("yes", 9), ("no", 0), ("yes", 9)):
        r.real.paid = [paid(result, D(revenue))]
        await r.reconcile.check()
    assert trade(r) == replace(before, outcome=TradeOutcome.CORRECTED)
    assert (sums(r)[:4], corrections(r)) == ((0, 0, 1, before.profit), 2)


async def test_a_settlement_that_was_never_read_by_its_old_result_is_a_correction_too() -> None:
    r = await won()
    r.real.paid = [paid("no", D(0))]
    await r.reconcile.check()
    assert (trade(r).outcome, corrections(r)) == (TradeOutcome.CORRECTED, 1)


async def test_a_day_that_is_over_gets_its_own_correction_and_today_none() -> None:
    r = await won()
    r.clock.advance_to(CLOSED + timedelta(days=1))
    r.real.paid = [paid("no", D(0))]
    await r.reconcile.check()
    today = r.book.state.totals_of(Mode.REAL).on(r.clock.now().date())
    assert (today.profit, today.day_profit, today.week_profit) == (-COST - FEES, 0, -COST - FEES)
    day = await r.desk.history.sums(Mode.REAL, CLOSED.date())
    assert (day.profit, day.others, day.trades) == (-COST - FEES, 1, 1)
    assert (await r.desk.history.sums(Mode.REAL, r.clock.now().date())).trades == 0


async def test_between_all_and_nothing_the_market_has_the_exact_figure() -> None:
    r = await won()
    r.real.paid = [paid("scalar", D("3.03"), D("0.33"))]
    r.real.known[TICKER] = finalized("scalar", D("0.3375"), MarketStatus.AMENDED)
    await r.reconcile.check()
    assert (corrections(r), r.store.get("settlements", TICKER)) == (0, None)  # not paid yet, as the market has it
    r.real.known[TICKER] = finalized("scalar", D("0.3375"))
    await r.reconcile.check()
    assert trade(r).profit == 9 * D("0.3375") - COST - FEES


@pytest.mark.parametrize("status", [MarketStatus.DETERMINED, MarketStatus.DISPUTED, MarketStatus.AMENDED])
async def test_no_bet_is_paid_before_its_market_is_final(status: MarketStatus) -> None:
    r = rig()
    r.real.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    r.clock.advance_to(CLOSED)
    r.real.known[TICKER] = finalized("yes", status=status)
    await r.account.update()
    assert r.book.state.open_trades()
    r.real.known[TICKER] = finalized("no")
    await r.account.update()
    assert (trade(r).outcome, corrections(r)) == (TradeOutcome.LOSS, 0)


async def test_the_paper_book_follows_the_market_and_its_cash_the_correction() -> None:
    r = await won(Mode.DRY_RUN)
    gained: list[D] = []
    r.account._on_amended = lambda news: gained.append(news.trade.paying(news.value).profit - news.trade.profit)
    r.real.known[TICKER] = finalized("no")
    for _ in range(2):
        await r.reconcile.check()
    assert (trade(r).outcome, gained, corrections(r)) == (TradeOutcome.CORRECTED, [D(-9)], 1)
    assert sums(r, Mode.DRY_RUN)[3] == -COST - FEES
    assert r.book.state.totals_of(Mode.REAL) == State().totals_of(Mode.REAL)


async def test_news_of_the_new_result_corrects_at_its_payment_and_the_record_adds_nothing() -> None:
    r = await won()
    await r.cycle.observer.look()

    async def catch_up() -> None:
        raise AssertionError("nothing was missed")

    heard = Listening(GivenStream(), r.account, r.cycle.observers, catch_up)
    await heard.hear(MarketNews(TICKER, "determined", result="no", settlement_value=D(0)))
    assert corrections(r) == 0  # known, not paid
    for _ in range(2):
        await heard.hear(MarketNews(TICKER, "settled"))
    assert (trade(r).profit, corrections(r)) == (-COST - FEES, 1)
    r.real.paid = [paid("no", D(0))]
    await r.reconcile.check()
    assert (corrections(r), "ErrorSeen" in r.told()) == (1, False)


async def test_after_an_absence_everything_since_the_last_record_is_read_again() -> None:
    r = await won()
    r.real.paid = [paid("yes", D(9))]
    await r.reconcile.check()
    after = rig(store=r.store, state=load_state(r.store, r.clock.now(), Mode.REAL))
    after.clock.advance_to(START + timedelta(days=30))
    assert after.reconcile._settled_since(after.clock.now()) <= CLOSED
    await after.reconcile.check()
    assert after.reconcile._settled_since(after.clock.now()) == after.clock.now() - timedelta(days=2)
