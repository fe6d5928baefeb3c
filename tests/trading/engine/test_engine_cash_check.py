"""The account's cash, held against what is listed: deposits are told once, what nothing explains is a notice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import MemoryStore, plain_notices
from trading.clock import VirtualClock
from trading.domain.account_records import CashDirection, CashFlow
from trading.domain.order import Side, TimeInForce
from trading.domain.records import Notice
from trading.domain.state import State
from trading.engine.book import Book
from trading.engine.cash_check import CashCheck
from trading.exchange.simulated.direct import DirectExchange
from trading.exchange.simulated.records import NewOrder
from trading.exchange.simulated.venue import open_venue
from trading.exchange.simulated.world import SeededWorld

START = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)
TICKER = "KXBTC15M-26JAN050715-15"
OTHER = "KXETH15M-26JAN050715-15"
MINUTE = timedelta(minutes=1)


class Flows:
    """ports.CashFlows of what it is given."""

    def __init__(self) -> None:
        self.listed: list[CashFlow] = []

    def add(self, dollars: str, status: str = "applied", out: bool = False) -> None:
        direction = CashDirection.WITHDRAWAL if out else CashDirection.DEPOSIT
        self.listed.append(CashFlow(f"w{len(self.listed)}", direction, status, "ach", D(dollars), D(0), START))

    async def deposits(self) -> list[CashFlow]:
        return [flow for flow in self.listed if flow.direction is CashDirection.DEPOSIT]

    async def withdrawals(self) -> list[CashFlow]:
        return [flow for flow in self.listed if flow.direction is CashDirection.WITHDRAWAL]


class Rig:
    """A cash check on a whole venue, whose member trades by hand."""

    def __init__(self) -> None:
        self.clock, self.store, self.flows = VirtualClock(START), MemoryStore(), Flows()
        self.venue = open_venue(self.clock, seed=7, world=SeededWorld(7, ("KXBTC15M", "KXETH15M"), 0))
        self.exchange = DirectExchange(self.venue)
        self.start()

    def start(self) -> None:
        """A new process on what is stored."""
        self.check = CashCheck(Book(self.store, State(), plain_notices), self.clock, self.flows)

    async def look(self, after: timedelta = MINUTE) -> list[str]:
        """What one more look, that much later, tells."""
        before = len(self.store.rows.get("outbox", {}))
        self.clock.advance_to(self.clock.now() + after)
        await self.check.check(self.exchange)
        told = list(cast(dict[str, Notice], self.store.rows.get("outbox", {})).values())
        return [notice.kind for notice in told[before:]]

    def trade(self, side: Side, count: str, ticker: str = TICKER) -> None:
        price = D("0.99") if side is Side.BID else D("0.01")
        self.venue.create(NewOrder(ticker, side, price, D(count), TimeInForce.IOC))

    def vanish(self, dollars: str) -> None:
        """Cash that goes without a trace."""
        self.venue.account.set_cash(0, self.venue.account.cash[0] - D(dollars))
        self.venue.account.commit(self.clock.now())


async def test_bets_sales_and_settlements_explain_themselves_whoever_made_them() -> None:
    r = Rig()
    assert await r.look() == []
    r.trade(Side.BID, "5")
    assert await r.look() == []
    r.trade(Side.ASK, "8")  # sells the five, and is short of three
    r.trade(Side.ASK, "2.5", OTHER)
    assert await r.look() == []
    assert await r.look(timedelta(minutes=20)) == []
    assert r.venue.account.settlements
    r.vanish("0.02")
    assert await r.look() == []
    assert await r.look() == ["ErrorSeen"]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from([TICKER, OTHER]), st.sampled_from(Side), st.integers(1, 900)), max_size=8))
def test_any_course_of_trading_adds_up(trades: list[tuple[str, Side, int]]) -> None:
    async def played() -> None:
        r = Rig()
        assert await r.look() == []
        for number, (ticker, side, hundredths) in enumerate(trades):
            r.trade(side, str(D(hundredths) / 100), ticker)
            if number % 3:
                assert await r.look(timedelta(seconds=20)) == []
        for _ in range(2):
            assert await r.look(timedelta(minutes=20)) == []
        cash = sum(r.venue.account.cash.values())
        kept = r.store.get("control", "cash_checked")
        assert kept is not None
        assert D(kept.value["cash"]) == cash  # type: ignore[union-attr]

    asyncio.run(played())


async def test_a_deposit_and_a_withdrawal_are_told_once_also_over_a_restart() -> None:
    r = Rig()
    r.flows.add("50")  # before the first look: no news
    assert await r.look() == []
    r.flows.add("120.55")
    r.venue.deposit(D("120.55"))
    assert await r.look() == ["CashMoved"]
    r.flows.add("20", out=True)
    r.venue.withdraw(D("20"))
    assert await r.look() == ["CashMoved"]
    r.start()
    assert await r.look() == []
    assert await r.look() == []


async def test_while_money_is_on_its_way_nothing_is_compared() -> None:
    r = Rig()
    await r.look()
    r.flows.add("20", "pending", out=True)
    r.venue.withdraw(D("20"))
    assert [await r.look() for _ in range(3)] == [[], [], []]
    r.flows.listed = [replace(r.flows.listed[0], status="applied")]
    assert await r.look() == ["CashMoved"]
    assert [await r.look() for _ in range(2)] == [[], []]


async def test_a_deposit_that_comes_back_is_told_as_that() -> None:
    r = Rig()
    await r.look()
    r.flows.add("30")
    r.venue.deposit(D("30"))
    assert await r.look() == ["CashMoved"]
    r.flows.listed = [replace(r.flows.listed[0], status="returned")]
    r.venue.withdraw(D("30"))
    assert await r.look() == ["CashMoved"]
    assert [await r.look() for _ in range(2)] == [[], []]


async def test_what_nothing_explains_is_told_at_the_second_look_and_then_accepted() -> None:
    r = Rig()
    await r.look()
    r.vanish("0.01")
    assert await r.look() == []
    r.start()
    assert await r.look() == []
    assert await r.look() == ["ErrorSeen"]
    assert [await r.look() for _ in range(3)] == [[], [], []]
    r.vanish("0.0099")  # below a cent
    assert [await r.look() for _ in range(3)] == [[], [], []]


async def test_a_resting_order_holds_cash_back_and_the_comparison_up() -> None:
    r = Rig()
    await r.look()
    order = r.venue.create(NewOrder(TICKER, Side.BID, D("0.01"), D(100), TimeInForce.GTC))
    r.vanish("7")
    assert [await r.look() for _ in range(3)] == [[], [], []]
    r.venue.cancel(order.order_id)
    assert [await r.look() for _ in range(2)] == [[], ["ErrorSeen"]]


async def test_a_transfer_between_shards_is_no_event() -> None:
    r = Rig()
    await r.look()
    r.venue.transfer(0, 2, D("100.5"))
    assert [await r.look() for _ in range(3)] == [[], [], []]


async def test_a_payment_that_is_listed_anew_counts_once() -> None:
    r = Rig()
    await r.look()
    r.trade(Side.BID, "5")
    assert await r.look(timedelta(minutes=20)) == []
    [was] = await r.exchange.settlements(ticker=TICKER)
    new = "no" if was.result == "yes" else "yes"
    r.venue.amend_result(TICKER, new)
    r.clock.advance_to(r.clock.now() + MINUTE)
    [now] = await r.exchange.settlements(ticker=TICKER)
    r.check.replaced(was, now)
    assert [await r.look() for _ in range(3)] == [[], [], []]
