"""Whether the account's cash is what fills, settlements, deposits and withdrawals make of it.

What came in and went out is told, and is no profit. The rest is arithmetic from one quiet moment to the next: buying
costs its price and fee, a contract sold brings its price, and a pair of YES and NO is a dollar. While an order rests,
or money is on its way, nothing is compared. What stays unexplained is told and never halts: the figure is then what the
next one is held against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

from trading.domain.account_records import PENDING, CashFlow
from trading.domain.corrections import CASH_FLOW
from trading.domain.events import CashMoved, ErrorSeen
from trading.domain.money import CENT, ZERO
from trading.domain.order import Fill, Settlement
from trading.domain.records import Control, Put
from trading.engine.book import Book
from trading.ports import CashFlows, Clock, Exchange

ROW = "cash_checked"  # of the control table: the cash and all flows at the last quiet moment
QUIET = timedelta(seconds=1)  # without a fill or a payment before the exchange's moment: it may have two in one instant
LISTED_MAX = timedelta(days=7)  # older fills and settlements may have left the exchange's listings


@dataclass(frozen=True, slots=True)
class Since:
    """What the account lists as having happened after a moment, and what it holds now (signed YES contracts)."""

    fills: Sequence[Fill]
    settlements: Sequence[Settlement]
    held: Mapping[str, Decimal]

    @property
    def moments(self) -> list[datetime]:
        return [fill.at for fill in self.fills] + [paid.at for paid in self.settlements]

    @property
    def cash(self) -> Decimal:
        """Dollars that it did to the cash. Contracts that are short are NO contracts, whose dollar was put up."""
        traded = sum((-fill.signed * fill.price - fill.fee for fill in self.fills), ZERO)
        put_up = sum((self._put_up(ticker) for ticker in {fill.ticker for fill in self.fills}), ZERO)
        return traded - put_up + sum((paid.revenue for paid in self.settlements), ZERO)

    @property
    def inexact(self) -> Decimal:
        """Below this a difference is none: the exchange tells what a settlement paid in whole cents."""
        return CENT * max(len(self.settlements), 1)

    def _put_up(self, ticker: str) -> Decimal:
        ended = {s.ticker: s.yes_count - s.no_count for s in self.settlements}
        after = ended.get(ticker, self.held.get(ticker, ZERO))
        before = after - sum((fill.signed for fill in self.fills if fill.ticker == ticker), ZERO)
        return max(-after, ZERO) - max(-before, ZERO)


class CashCheck:
    """`flows` is None where there are none to ask for: their cash is then unexplained."""

    def __init__(self, book: Book, clock: Clock, flows: CashFlows | None = None) -> None:
        self._book, self._clock, self._flows = book, clock, flows
        self._total: Decimal | None = None  # of all flows, None until they were read
        self._on_the_way = False
        self._seen = ZERO  # the difference at the last look

    async def check(self, exchange: Exchange) -> None:
        """One look at the cash of the real account. Raises Unavailable, Unauthorized, NotFound, StoreFailed."""
        as_of, cash, row = await exchange.as_of(), (await exchange.balance()).total, self._row()
        if row and cash == Decimal(row.value["cash"]) and self._total is not None and not self._on_the_way:
            return
        self._total = await self._read_flows(known=row is None)
        if self._on_the_way or await exchange.orders(status="resting"):
            return
        until = as_of - QUIET
        since = await _since(exchange, row.at if row else until)
        if any(at > until for at in since.moments):
            return
        if row is None or until - row.at > LISTED_MAX:
            self._keep(cash, until)
        else:
            self._compare(row, since, cash, until)

    def replaced(self, was: Settlement, now: Settlement) -> None:
        """A payment before the last quiet moment is listed as another one now. Raises StoreFailed."""
        row = self._row()
        if row is None:
            return
        counted = sum((s.revenue * sign for s, sign in ((was, -1), (now, 1)) if s.at <= row.at), ZERO)
        if counted:
            self._put(Decimal(row.value["cash"]) + counted, Decimal(row.value["flows"]), row.at)

    def _compare(self, row: Control, since: Since, cash: Decimal, until: datetime) -> None:
        moved = (self._total or ZERO) - Decimal(row.value["flows"])
        expected = Decimal(row.value["cash"]) + moved + since.cash
        difference = cash - expected
        if abs(difference) < since.inexact:
            self._keep(cash, until)
        elif difference == self._seen:  # twice: no read that came too early
            text = f"the account has ${cash} in place of ${expected}: nothing that it lists explains ${difference}"
            self._book.record(ErrorSeen(self._clock.now(), "cash_mismatch", text))
            self._keep(cash, until)
        else:
            self._seen = difference

    async def _read_flows(self, *, known: bool) -> Decimal:
        """Book and tell the flows that are news (none where all are `known`, at the first look); the sum of all."""
        listed = [*await self._flows.deposits(), *await self._flows.withdrawals()] if self._flows else []
        self._on_the_way = any(flow.status == PENDING for flow in listed)
        for flow in listed:
            event = CashMoved(self._clock.now(), flow, flow.moved - self._booked(flow))
            if event.amount and known:
                row = Control(f"{CASH_FLOW}{flow.flow_id}", {"amount": str(flow.moved)}, event.at)
                self._book.store.commit([Put("control", row.name, row)])
            elif event.amount:
                self._book.record(event)
        return sum((flow.moved for flow in listed), ZERO)

    def _booked(self, flow: CashFlow) -> Decimal:
        row = cast(Control | None, self._book.store.get("control", f"{CASH_FLOW}{flow.flow_id}"))
        return Decimal(row.value["amount"]) if row else ZERO

    def _row(self) -> Control | None:
        return cast(Control | None, self._book.store.get("control", ROW))

    def _keep(self, cash: Decimal, at: datetime) -> None:
        self._seen = ZERO
        self._put(cash, self._total or ZERO, at)

    def _put(self, cash: Decimal, flows: Decimal, at: datetime) -> None:
        row = Control(ROW, {"cash": str(cash), "flows": str(flows)}, at)
        self._book.store.commit([Put("control", ROW, row)])


async def _since(exchange: Exchange, moment: datetime) -> Since:
    fills = [fill for fill in await exchange.fills(since=moment) if fill.at > moment]
    settlements = [paid for paid in await exchange.settlements(since=moment) if paid.at > moment]
    return Since(fills, settlements, {p.ticker: p.contracts for p in await exchange.positions()})
