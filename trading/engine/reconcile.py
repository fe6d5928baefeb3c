"""Holding what we know against what the exchange says: at start-up (which is recovery) and on a schedule.

Foreign orders and fills, placed by hand or by another bot, explain a position and are never booked to a strategy.
A position that stays unexplained halts real trading until a person has looked. The exchange may change a result after
it has paid: its records of the last days are read again, and the trades that were closed by the old one are corrected.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

from trading.domain.errors import NotFound, Unavailable
from trading.domain.events import ErrorSeen, HaltRaised, SettlementRead
from trading.domain.money import CENT, CENTI_CENT, ONE, ZERO
from trading.domain.order import Fill, Mode, Order, OrderStatus, Settlement
from trading.domain.pruning import KEPT
from trading.domain.records import Control, Put
from trading.domain.state import Reason
from trading.domain.trade import Trade
from trading.engine.account import FILL_OVERLAP, Account, unproved
from trading.engine.cash_check import CashCheck
from trading.ports import CashFlows, Exchange

BASELINE = "baseline"  # of the control table
AMENDED_MAX = timedelta(days=2)  # a result that was paid this long ago is not looked at again
REVIEW_EVERY = timedelta(minutes=15)  # of the markets of paper trades: many, and hardly ever one of them changes
RECENT_TRADES = 500  # of both books, in AMENDED_MAX, with room
VALUES = {"yes": ONE, "no": ZERO}  # dollars that one YES contract pays
STRIKES = 2  # passes in a row that must find the same unexplained position: a fill may be on its way to us


class Reconcile:
    """Works on the real book; the paper book is its own truth, but for results that are changed later. `flows` are
    the account's deposits and withdrawals, where they are its own."""

    def __init__(self, account: Account, flows: CashFlows | None = None) -> None:
        self.account, self.broker, self.book, self.clock = account, account.broker, account.book, account.clock
        self.cash = CashCheck(self.book, self.clock, flows)
        self._strikes: dict[str, int] = {}
        self._checked: datetime | None = None
        self._reviewed: datetime | None = None

    async def recover(self) -> tuple[str, ...]:
        """Resolve what a crash left open; what was found, in words. Raises Unavailable, Unauthorized."""
        before = self.book.state
        for order in unproved(before):
            await self.broker.resolve(order)
        for order in self.book.state.live_orders():
            if order.order_id:
                await self.broker.confirm(order)
        await self.account.update()
        await self._pass()
        await self._baseline()
        found = (*self._found(before.orders.values()), *await self._forgotten())
        await self._count_cash()
        return found

    async def _baseline(self) -> None:
        """The first time that the account was read: what it held before this bot traded on it."""
        exchange, store = self.broker.exchanges.get(Mode.REAL), self.book.store
        if exchange is None or store.get("control", BASELINE) is not None:
            return
        cash, held = (await exchange.balance()).total, len(self.broker.foreign)
        row = Control(BASELINE, {"cash": str(cash), "foreign_positions": str(held)}, self.clock.now())
        store.commit([Put("control", BASELINE, row)])

    async def _forgotten(self) -> list[str]:
        """Orders with our own name that this folder does not know: it was restored from an older copy. Halts."""
        exchange, now = self.broker.exchanges.get(Mode.REAL), self.clock.now()
        listed = await exchange.orders(since=now - KEPT) if exchange else []
        unknown = [
            report.order_id
            for report in listed
            if self.broker.identity.owns(report.client_order_id)
            and self.book.store.get("orders", report.client_order_id) is None
        ]
        if not unknown:
            return []
        detail = f"the exchange lists {len(unknown)} orders of this bot that the data folder does not know"
        self.book.record(HaltRaised(now, Reason.HISTORY, "engine", f"{detail}: is it an older copy?"))
        return [detail]

    def _found(self, before: Iterable[Order]) -> Iterable[str]:
        for was in before:
            order = self.book.state.orders.get(was.client_order_id)
            if was.live and order and order.status is not was.status:
                yield f"order {was.ticker} was {was.status}, is {order.status}"
            elif was.live and order and order.status is OrderStatus.UNKNOWN:
                yield f"order {was.ticker} is still unknown and counts as filled"
            if order and order.filled != was.filled:
                yield f"{order.filled - was.filled} of {was.ticker} filled meanwhile"

    async def check(self) -> None:
        """One pass over the real account: fills, positions, settlements, cash. Raises Unavailable, Unauthorized."""
        await self._pass()
        await self._count_cash()

    async def _count_cash(self) -> None:
        exchange = self.broker.exchanges.get(Mode.REAL)
        if exchange is None:
            return
        try:
            await self.cash.check(exchange)
        except NotFound as error:
            raise Unavailable(str(error)) from error

    async def _pass(self) -> None:
        await self._review_paper()
        exchange = self.broker.exchanges.get(Mode.REAL)
        if exchange is None:
            return
        now = self.clock.now()
        since = (self._checked or now - timedelta(days=1)) - FILL_OVERLAP
        self.account.book_fills(await exchange.fills(since=since), Mode.REAL)
        await self._positions(exchange, now)
        for settlement in await exchange.settlements(since=self._settled_since(now)):
            await self._compare(exchange, settlement)
        self._checked = now

    def _settled_since(self, now: datetime) -> datetime:
        """From when on settlements are read again: after an absence, all that came meanwhile too."""
        newest = cast(list[Settlement], self.book.store.tail("settlements", 0 if self._checked else 1))
        return min(now, *(paid.at for paid in newest)) - AMENDED_MAX if newest else now - AMENDED_MAX

    async def _review_paper(self) -> None:
        """Nobody settles the paper book but we: see whether the markets of its last trades still say the same."""
        now = self.clock.now()
        if self._reviewed and now - self._reviewed < REVIEW_EVERY:
            return
        since = now - AMENDED_MAX
        newest = cast(list[Trade], self.book.store.tail("trades", RECENT_TRADES))
        closed = [t for t in newest if t.mode is Mode.DRY_RUN and t.contracts and t.closed_at and t.closed_at >= since]
        if closed:
            for market in await self.account.market_data.markets(tickers=sorted({t.ticker for t in closed})):
                self.account.review(market)
        self._reviewed = now

    async def _positions(self, exchange: Exchange, now: datetime) -> None:
        theirs = {p.ticker: p.contracts for p in await exchange.positions()}
        state = self.book.state
        ours = {p.ticker: p.contracts for p in state.positions.values() if p.mode is Mode.REAL}
        closed = {t.ticker for t in state.open_trades(Mode.REAL) if t.close_time <= now}
        foreign: dict[str, Decimal] = {}
        for ticker in sorted((theirs.keys() | ours.keys() | self._strikes.keys()) - closed):
            extra = theirs.get(ticker, ZERO) - ours.get(ticker, ZERO)
            if extra and not await self._explained(exchange, ticker, extra):
                self._strike(ticker, theirs.get(ticker, ZERO), ours.get(ticker, ZERO))
            else:
                self._strikes.pop(ticker, None)
                foreign |= {ticker: extra} if extra else {}
        self.broker.foreign = foreign

    async def _explained(self, exchange: Exchange, ticker: str, extra: Decimal) -> bool:
        """Whether the fills of orders that are not ours add up to it."""
        return sum((f.signed for f in await self._foreign(exchange, ticker)), ZERO) == extra

    async def _foreign(self, exchange: Exchange, ticker: str) -> list[Fill]:
        """The fills in a market of orders that are not ours."""
        return [f for f in await exchange.fills(ticker=ticker) if not self._ours(f.order_id)]

    def _ours(self, order_id: str) -> bool:
        return bool(self.book.store.select("orders", order_id=order_id))

    def _strike(self, ticker: str, theirs: Decimal, ours: Decimal) -> None:
        self._strikes[ticker] = self._strikes.get(ticker, 0) + 1
        if self._strikes[ticker] >= STRIKES:
            detail = f"{ticker}: the exchange says {theirs} contracts, our fills say {ours}"
            self.book.record(HaltRaised(self.clock.now(), Reason.RECONCILE_MISMATCH, "engine", detail))

    async def _compare(self, exchange: Exchange, settlement: Settlement) -> None:
        """Keep the exchange's record, correct what was closed by another result, and say where our own figures differ.
        Where others have traded in the same market it holds their fills too, and says nothing about ours."""
        known = cast(Settlement | None, self.book.store.get("settlements", settlement.ticker))
        if known == settlement:  # nearly always: those of two days are read again each time
            return
        bets = self.account.closed(settlement.ticker, Mode.REAL)
        if not bets or (value := await self._value(exchange, settlement)) is None:
            return
        wrong = _difference(settlement, bets, value)
        told = wrong and not await self._foreign(exchange, settlement.ticker)
        now = self.clock.now()
        mismatch = (ErrorSeen(now, "settlement_mismatch", wrong),) if told else ()
        self.account.correct(bets, value, SettlementRead(now, settlement), *mismatch)
        if known:
            self.cash.replaced(known, settlement)

    async def _value(self, exchange: Exchange, settlement: Settlement) -> Decimal | None:
        """Dollars that a YES contract paid. In between, the record has whole cents and the market the exact figure;
        None while that is not to be had."""
        if settlement.result in VALUES:
            return VALUES[settlement.result]
        found = await exchange.markets(tickers=[settlement.ticker])
        return next((market.settlement_value for market in found if market.settled), None)


def _difference(settlement: Settlement, bets: Sequence[Trade], value: Decimal) -> str:
    """In which figures the exchange's record is not ours; empty where they are the same."""
    fees = sum((t.fees for t in bets), ZERO)
    paid = sum((_paid(t, value) for t in bets), ZERO)
    if abs(fees - settlement.fees) < CENTI_CENT and abs(paid - settlement.revenue) < CENT:
        return ""
    return (
        f"{settlement.ticker}: the exchange paid ${settlement.revenue} and charged ${settlement.fees}, "
        f"our fills say ${paid} and ${fees}"
    )


def _paid(bet: Trade, value: Decimal) -> Decimal:
    """What the end of its market brought a bet (dollars): what was sold before is not in the exchange's record."""
    return bet.position * value if bet.position > 0 else -bet.position * (ONE - value)
