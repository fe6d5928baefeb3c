"""Holding what we know against what the exchange says: at start-up (which is recovery) and on a schedule.

Foreign orders and fills, placed by hand or by another bot, explain a position and are never booked to a strategy.
A position that stays unexplained halts real trading until a person has looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

from trading.domain.events import ErrorSeen, HaltRaised, SettlementRead
from trading.domain.ledger import KEPT
from trading.domain.money import CENT, CENTI_CENT, ONE, ZERO
from trading.domain.order import Fill, Mode, Order, OrderStatus, Settlement
from trading.domain.records import Control, Put
from trading.domain.state import Reason
from trading.domain.trade import Trade
from trading.engine.account import FILL_OVERLAP, Account, unproved
from trading.ports import Exchange

BASELINE = "baseline"  # of the control table
STRIKES = 2  # passes in a row that must find the same unexplained position: a fill may be on its way to us


class Reconcile:
    """Works on the real book; the paper book is its own truth."""

    def __init__(self, account: Account) -> None:
        self.account, self.broker, self.book, self.clock = account, account.broker, account.book, account.clock
        self._strikes: dict[str, int] = {}
        self._checked: datetime | None = None

    async def recover(self) -> tuple[str, ...]:
        """Resolve what a crash left open; what was found, in words. Raises Unavailable, Unauthorized."""
        before = self.book.state
        for order in unproved(before):
            await self.broker.resolve(order)
        for order in self.book.state.live_orders():
            if order.order_id:
                await self.broker.confirm(order)
        await self.account.update()
        await self.check()
        await self._baseline()
        return (*self._found(before.orders.values()), *await self._forgotten())

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
        """One pass over fills, positions and settlements of the real account. Raises Unavailable, Unauthorized."""
        exchange = self.broker.exchanges.get(Mode.REAL)
        if exchange is None:
            return
        now = self.clock.now()
        since = (self._checked or now - timedelta(days=1)) - FILL_OVERLAP
        self.account.book_fills(await exchange.fills(since=since), Mode.REAL)
        await self._positions(exchange, now)
        for settlement in await exchange.settlements(since=since):
            await self._compare(exchange, settlement)
        self._checked = now

    async def _positions(self, exchange: Exchange, now: datetime) -> None:
        theirs = {p.ticker: p.contracts for p in await exchange.positions()}
        state = self.book.state
        ours = {p.ticker: p.contracts for p in state.positions.values() if p.mode is Mode.REAL}
        closed = {t.ticker for t in state.open_trades(Mode.REAL) if t.close_time <= now}
        foreign: dict[str, Decimal] = {}
        for ticker in sorted((theirs.keys() | ours.keys()) - closed):
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
        """Keep the exchange's record, and say so where it differs from our own figures. Where others have traded in
        the same market it holds their fills too, and says nothing about ours."""
        trades = cast(list[Trade], self.book.store.select("trades", ticker=settlement.ticker, mode=Mode.REAL))
        known = self.book.store.get("settlements", settlement.ticker) is not None
        bets = [t for t in trades if t.contracts and not t.open]
        if known or not bets:
            return
        wrong = _difference(settlement, bets)
        told = wrong and not await self._foreign(exchange, settlement.ticker)
        now = self.clock.now()
        mismatch = (ErrorSeen(now, "settlement_mismatch", wrong),) if told else ()
        self.book.record(SettlementRead(now, settlement), *mismatch)


def _difference(settlement: Settlement, bets: Sequence[Trade]) -> str:
    """In which figures the exchange's record is not ours; empty where they are the same."""
    fees = sum((t.fees for t in bets), ZERO)
    paid = sum((_paid(t, settlement) for t in bets), ZERO)
    if abs(fees - settlement.fees) < CENTI_CENT and abs(paid - settlement.revenue) < CENT:
        return ""
    return (
        f"{settlement.ticker}: the exchange paid ${settlement.revenue} and charged ${settlement.fees}, "
        f"our fills say ${paid} and ${fees}"
    )


def _paid(bet: Trade, settlement: Settlement) -> Decimal:
    """What the end of its market brought a bet (dollars): what was sold before is not in the exchange's record."""
    value = (ONE if settlement.result == "yes" else ZERO) if settlement.value is None else settlement.value
    return bet.position * value if bet.position > 0 else -bet.position * (ONE - value)
