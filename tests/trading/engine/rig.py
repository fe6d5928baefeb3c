"""The engine put together with doubles, on a virtual clock: what its tests stand on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.fakes import GivenFeed, MemoryStore, ScriptedExchange, plain_notices
from tests.trading.build import OPEN, TICKER, before, market, quote
from trading.clock import VirtualClock
from trading.domain.intent import Intent
from trading.domain.market import Outcome
from trading.domain.order import Mode
from trading.domain.state import State
from trading.engine.account import Account
from trading.engine.assigned import Assigned
from trading.engine.book import Book
from trading.engine.broker import Broker
from trading.engine.cycle import Cycle
from trading.engine.desk import Desk
from trading.engine.halting import Halting
from trading.engine.observer import Observer
from trading.engine.reconcile import Reconcile
from trading.engine.views import Facts
from trading.engine.windows import Windows
from trading.ports import NoticeSource
from trading.risk.gate import Identity
from trading.risk.limits import Limits
from trading.strategies.consensus import Consensus

WISH = Intent("consensus", TICKER, Outcome.YES, Decimal("0.52"), Decimal(9), "both say yes")
START = OPEN + timedelta(seconds=90)


@dataclass
class Rig:
    clock: VirtualClock
    store: MemoryStore
    book: Book
    real: ScriptedExchange
    paper: ScriptedExchange
    feed: GivenFeed
    broker: Broker
    account: Account
    halting: Halting
    cycle: Cycle
    reconcile: Reconcile
    desk: Desk
    marks: list[str]

    async def submit(self, **changes: Any) -> Any:
        at = self.clock.now()
        return await self.broker.submit(WISH, market(), quote(at=at))

    def order(self) -> Any:
        """The only order there is."""
        (order,) = self.book.state.orders.values()
        return order

    def told(self) -> list[str]:
        return [n.kind for n in self.store.rows.get("outbox", {}).values()]  # type: ignore[union-attr]


def rig(
    mode: Mode = Mode.REAL,
    store: MemoryStore | None = None,
    state: State | None = None,
    notices: NoticeSource = plain_notices,
) -> Rig:
    clock = VirtualClock(START)
    store = store or MemoryStore()
    book = Book(store, state or State(mode=mode), notices)
    real, paper, feed = ScriptedExchange(clock), ScriptedExchange(clock), GivenFeed(clock, Decimal(90000))
    real.known = {m.ticker: m for m in (market(), before())}
    real.quotes = {TICKER: quote(at=START)}
    exchanges = {Mode.REAL: real, Mode.DRY_RUN: paper}
    broker = Broker(book, exchanges, Identity("k1234567", "simulated"), Limits(), clock)
    account = Account(broker, real)
    marks: list[str] = []
    halting = Halting(broker, marks.append)
    observer = Observer(real, feed, clock, "KXBTC15M")
    assigned = (Assigned(Consensus(), (observer.series,)),)
    cycle = Cycle((observer,), account, halting, Windows(book, clock), assigned, real)
    desk = Desk(cycle, Facts("simulated", "0", START, 5), lambda: 0)
    return Rig(clock, store, book, real, paper, feed, broker, account, halting, cycle, Reconcile(account), desk, marks)
