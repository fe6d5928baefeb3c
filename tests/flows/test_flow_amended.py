"""The exchange's book is the truth also when it changes: amended results, deposits, cash that goes without a word."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from chatbot.tools.demo import EPOCH
from tests.flows.venues import Running, running
from trading.clock import VirtualClock
from trading.domain.records import Notice
from trading.domain.trade import TradeOutcome

FUNDS = Decimal(2000)  # what the account begins with
MINUTE = timedelta(minutes=1)


def listen(bot: Running) -> list[str]:
    """The titles of all notices from now on."""
    titles: list[str] = []
    bot.app.book.listen(lambda puts: titles.extend(p.record.title for p in puts if isinstance(p.record, Notice)))
    return titles


async def all_closed(bot: Running) -> None:
    """No new bets, and the end of those that are open."""
    bot.app.cycle.strategies = ()
    await bot.until(bot.clock.now() + 17 * MINUTE)
    assert not bot.app.book.state.trades


async def checked(bot: Running, times: int = 4) -> list[str]:
    """What so many reconciliations tell, a minute apart."""
    titles = listen(bot)
    for _ in range(times):
        bot.clock.advance_to(bot.clock.now() + MINUTE)
        await bot.app.check()
    return titles


async def test_a_result_that_is_amended_is_corrected_to_the_cent_and_told_once(tmp_path: Path) -> None:
    clock = VirtualClock(EPOCH)
    async with running(tmp_path, clock) as bot:
        await bot.until(EPOCH + 50 * MINUTE)
        await all_closed(bot)
        first = bot.trades()[0]
        [market] = await bot.app.places.exchange.markets(tickers=[first.ticker])
        bot.simulated.venue.amend_result(first.ticker, "no" if market.result == "yes" else "yes")
        corrections = [title for title in await checked(bot) if not title.startswith("Order")]
        assert [title.split()[0] for title in corrections] == ["CORRECTED"]
    async with running(tmp_path, clock) as bot:
        assert await checked(bot) == []
        corrected = bot.trades()[0]
        assert (corrected.outcome, corrected.closed_at) == (TradeOutcome.CORRECTED, first.closed_at)
        assert abs(corrected.profit - first.profit) == first.contracts
        profit = sum((trade.profit for trade in bot.trades()), Decimal(0))
        assert profit == await bot.cash() - FUNDS
        assert [(await bot.app.desk.pnl(period)).totals.profit for period in ("day", "all")] == [profit, profit]


async def test_deposits_are_told_once_and_only_what_nothing_explains_is_an_error(tmp_path: Path) -> None:
    clock = VirtualClock(EPOCH)
    async with running(tmp_path, clock) as bot:
        venue = bot.simulated.venue
        await bot.until(EPOCH + 5 * MINUTE)
        titles = listen(bot)
        venue.deposit(Decimal("120.55"))
        await bot.until(EPOCH + 32 * MINUTE)
        venue.withdraw(Decimal(20))
        await all_closed(bot)
        money = [title for title in titles if title.startswith(("Deposit", "Withdrawal", "ERROR"))]
        assert money == ["Deposit +$120.55", "Withdrawal -$20.00"]
    async with running(tmp_path, clock) as bot:
        venue = bot.simulated.venue
        assert await checked(bot) == []
        venue.account.set_cash(0, venue.account.cash[0] - Decimal("0.01"))
        venue.account.commit(clock.now())
        assert await checked(bot) == ["ERROR cash_mismatch"]
        profit = sum((trade.profit for trade in bot.trades()), Decimal(0))
        assert (await bot.app.desk.pnl("all")).totals.profit == profit
        assert await bot.cash() == FUNDS + profit + Decimal("120.55") - 20 - Decimal("0.01")
