"""What a person may ask of the running bot, and what it answers: the half of the desk that changes nothing.

It knows no channel and no words: commands render its pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import cast

from trading.domain.audit import verify_audit
from trading.domain.errors import ChatopsError
from trading.domain.money import ZERO
from trading.domain.order import Mode, OrderStatus, Position
from trading.domain.records import TABLES, AuditEntry
from trading.domain.state import Totals
from trading.domain.trade import Trade
from trading.engine.cycle import Cycle
from trading.engine.figures import Figures
from trading.engine.history import History
from trading.engine.market_views import MarketViews
from trading.engine.pages import (
    AuditPage,
    BalancePage,
    EquityPage,
    HealthPage,
    Label,
    LimitLine,
    LimitsPage,
    MarketHistoryPage,
    OrdersPage,
    PnlPage,
    StatusPage,
)
from trading.engine.pages_figures import (
    HeldPosition,
    MarketPage,
    PerformancePage,
    PositionsPage,
    SignalsPage,
    TradesPage,
)
from trading.engine.pages_report import ReportPage
from trading.engine.reports import Reports
from trading.engine.usage import used
from trading.risk.checks import at_risk
from trading.risk.first_hours import one_contract_until
from trading.risk.limits import CHANGEABLE


@dataclass(frozen=True, slots=True)
class Facts:
    """What stays the same while the bot runs. `dry_run_locked`: an explicit DRY_RUN=true, which chat cannot open."""

    environment: str
    version: str
    started_at: datetime
    poll_seconds: float
    instance: str = ""
    address: str = ""
    dry_run_locked: bool = False


class Views:
    """`queued` says how many notices wait for the channels."""

    def __init__(self, cycle: Cycle, facts: Facts, queued: Callable[[], int]) -> None:
        self.cycle, self.facts = cycle, facts
        self.broker, self.book, self.clock = cycle.broker, cycle.book, cycle.clock
        self.history = History(self.book)
        self.figures = Figures(self.history, self.book.zone, self.label, lambda: [s.name for s in cycle.everybody])
        self.seen = MarketViews(cycle, self.label)
        self.reports = Reports(cycle, self.history)
        self._queued = queued

    def label(self) -> Label:
        f = self.facts
        return Label(f.instance, f.environment, self.book.state.mode, self.clock.now(), f.address)

    def status(self) -> StatusPage:
        """Everything a glance needs, from memory: never waits for the exchange."""
        state, view = self.book.state, self.cycle.observer.view
        live = state.live_orders(state.mode)
        return StatusPage(
            label=self.label(),
            trading=state.trading,
            halts=tuple(state.halts.values()),
            strategies=tuple(s.name for s in self.cycle.everybody if s.name not in state.disabled),
            market=view.market if view else None,
            quote=view.quote if view else None,
            tick=view.ticks[-1] if view and view.ticks else None,
            day_profit=self._today(state.mode).day_profit,
            at_risk=at_risk(state, state.mode),
            open_trades=len(state.open_trades(state.mode)),
            live_orders=len(live),
            unknown_orders=sum(o.status is OrderStatus.UNKNOWN for o in live),
            last_beat=self.cycle.pulse.last,
            poll_seconds=self.facts.poll_seconds,
            notices_queued=self._queued(),
            coming=self.cycle.observer.coming(self.clock.now()),
            switched_off=tuple(s.name for s in self.cycle.everybody if s.name in state.disabled),
            one_contract_until=self._one_contract_until(),
        )

    async def balance(self) -> BalancePage:
        """Asks the exchange (or the paper book). Raises Unavailable, Unauthorized."""
        mode = self.book.state.mode
        balance = await self.broker.exchanges[mode].balance()
        brings = [held.brings for held in (await self.positions()).held]
        known = [dollars for dollars in brings if dollars is not None]
        worth = sum(known, ZERO) if len(known) == len(brings) else None
        return BalancePage(self.label(), balance, at_risk(self.book.state, mode), self._today(mode).day_profit, worth)

    async def positions(self) -> PositionsPage:
        """What is held in the current mode, and what others hold on the account. Raises Unavailable."""
        state = self.book.state
        ours = [p for p in state.positions.values() if p.mode is state.mode]
        others = self.broker.foreign.items() if state.mode is Mode.REAL else ()
        held = [await self._held(p, self._trade(p)) for p in ours]
        held += [await self._held(Position(Mode.REAL, ticker, count), None) for ticker, count in others]
        return PositionsPage(self.label(), tuple(held))

    async def _held(self, position: Position, trade: Trade | None) -> HeldPosition:
        quote = await self.cycle.observer.quote(position.ticker)
        return HeldPosition(position, trade, quote, trade.close_time if trade else None)

    def _trade(self, position: Position) -> Trade | None:
        trades = self.book.state.open_trades(position.mode)
        return next((t for t in trades if (t.ticker, t.book) == (position.ticker, position.book)), None)

    async def orders(self) -> OrdersPage:
        """Our live orders, and the ids of foreign ones that the exchange lists."""
        live, foreign, note = tuple(self.book.state.live_orders()), tuple[str, ...](), ""
        exchange = self.broker.exchanges.get(Mode.REAL)
        if exchange:
            try:
                listed = await exchange.orders(status="resting")
                foreign = tuple(r.order_id for r in listed if not self.broker.identity.owns(r.client_order_id))
            except ChatopsError as error:
                note = f"the exchange could not be asked: {error}"
        return OrdersPage(self.label(), live, foreign, note)

    async def trades(self, count: int, offset: int = 0) -> TradesPage:
        """The newest `count` trades of the current mode after the first `offset`. Raises StoreRefused."""
        mode, state = self.book.state.mode, self.book.state
        totals = state.totals_of(mode)
        total = totals.trades + totals.unfilled + len(state.open_trades(mode))
        return TradesPage(self.label(), await self.history.newest(mode, count, offset), total, offset)

    async def pnl(self, period: str) -> PnlPage:
        """`period` is day, week, month or all."""
        mode = self.book.state.mode
        other = Mode.DRY_RUN if mode is Mode.REAL else Mode.REAL
        start = self._start(period)
        totals = await self.history.sums(mode, start)
        return PnlPage(
            label=self.label(),
            period=period,
            start=start,
            totals=totals,
            open_trades=len(self.book.state.open_trades(mode)),
            at_risk=at_risk(self.book.state, mode),
            other_mode=await self.history.sums(other, start),
            unfilled=totals.unfilled,
        )

    async def performance(self, period: str) -> PerformancePage:
        """What the trades closed in a period say about the strategies. Raises StoreRefused."""
        return await self.figures.performance(period, self._start(period))

    async def equity(self, period: str) -> EquityPage:
        """How the profit of a period grew, trade by trade and day by day. Raises StoreRefused."""
        return await self.figures.equity(period, self._start(period))

    async def report(self, period: str) -> ReportPage:
        """What the last `day` or `week` came to, up to now."""
        return ReportPage(self.label(), await self.reports.latest(period))

    def signals(self) -> tuple[SignalsPage, ...]:
        """What each strategy sees now, and why the last markets were skipped."""
        return self.seen.signals()

    async def market(self, ticker: str) -> MarketPage:
        """One market, open or past; without a ticker the one open now. Raises NotFound, Unavailable."""
        return await self.seen.market(ticker)

    async def market_history(self, ticker: str) -> MarketHistoryPage:
        """How one market went, for a picture; without a ticker the one open now. Raises NotFound, Unavailable."""
        return await self.seen.history(ticker)

    async def audit_page(self, count: int) -> AuditPage:
        """The newest `count` entries, and whether the chain of those that are not archived is whole."""
        latest = cast(Iterator[AuditEntry], self.book.store.latest("audit"))
        newest, broken = await asyncio.to_thread(_checked, latest, count)
        return AuditPage(self.label(), newest, newest[0].seq if newest else 0, broken)

    def limits(self) -> LimitsPage:
        """Every limit that people may change, and what is used of it."""
        state = self.book.state
        now_used = used(state, state.mode, self.clock.now(), self._day())
        in_force, configured = self.broker.in_force, self.broker.limits
        lines = (
            LimitLine(name, getattr(in_force, field), getattr(configured, field), now_used.get(name))
            for name, field in CHANGEABLE.items()
        )
        return LimitsPage(self.label(), tuple(lines), self._one_contract_until())

    def _one_contract_until(self) -> datetime | None:
        return one_contract_until(self.book.state, self.broker.limits, self.clock.now())

    def health(self) -> HealthPage:
        now, observer, pulse = self.clock.now(), self.cycle.observer, self.cycle.pulse
        quote = observer.view.quote if observer.view else None
        return HealthPage(
            label=self.label(),
            version=self.facts.version,
            started_at=self.facts.started_at,
            beats=pulse.beats,
            last_beat=pulse.last,
            beat_seconds=pulse.seconds,
            feeds={
                "spot": (now - observer.ticks[-1].seen_at).total_seconds() if observer.ticks else None,
                "quote": quote.age(now) if quote else None,
            },
            exchange_ok=not pulse.problems,
            problems=tuple(pulse.problems.values()),
            rows={table: self.book.store.count(table) for table in TABLES},
            streaming=observer.streaming,
            stream=observer.stream.health if observer.stream else None,
        )

    def _day(self) -> date:
        return self.clock.now().astimezone(self.book.zone).date()

    def _today(self, mode: Mode) -> Totals:
        return self.book.state.totals_of(mode).on(self._day())

    def _start(self, period: str) -> date | None:
        today = self._day()
        starts = {"day": today, "week": today - timedelta(days=today.weekday()), "month": today.replace(day=1)}
        return starts.get(period)


def _checked(latest: Iterator[AuditEntry], count: int) -> tuple[tuple[AuditEntry, ...], str]:
    """The first `count` of these, newest first, and what is wrong with their chain, if anything is."""
    entries = list(latest)
    newest = tuple(entries[:count])
    before = replace(entries[-1], seq=entries[-1].seq - 1, digest=entries[-1].previous) if entries else None
    return newest, verify_audit(reversed(entries), before) or ""
