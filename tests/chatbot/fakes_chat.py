"""Fakes for testing the chat: a desk with fixed pages, people, and messages of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from fakes_charts import FakeCharts
from fakes_outbox import MemoryStore
from fakes_pages import (
    FILL,
    LABEL,
    MANUAL,
    MARKET,
    NOW,
    QUOTE,
    TICKER,
    ago,
    all_trades,
    d,
    equity_page,
    market_page,
    order,
    performance_page,
    report_of,
    samples,
    scan_page,
    signals_page,
    status_page,
    trade,
)
from fakes_program import FakeProgram

from chatbot.access import Access, Confirmations
from chatbot.beside import Beside
from chatbot.command import Command
from chatbot.commands.registry import COMMANDS, HOST_COMMANDS
from chatbot.knocks import Knocks
from chatbot.locking import Lock
from chatbot.message import Incoming, Person, Reply, Role
from chatbot.router import Router, Told
from chatbot.rules import Rules
from chatbot.second_factor import SecondFactor
from trading.domain.errors import NotFound, Stale
from trading.domain.market import Outcome
from trading.domain.order import Balance, Mode, OrderStatus, Position, Side
from trading.domain.records import AuditEntry
from trading.domain.state import Halt, Reason, Totals, TradingState
from trading.domain.statistics import tally_of
from trading.engine import pages, pages_figures, pages_scan, pages_strategies
from trading.engine.desk import Desk
from trading.engine.pages import Exit, Exited
from trading.engine.pages_report import ReportPage
from trading.engine.scanning import nobody

OWNER = Person("telegram", "1", "Ann")
OPERATOR = Person("telegram", "2", "Bo")
VIEWER = Person("telegram", "3", "Cy")
STRANGER = Person("telegram", "666", "Mallory")
ROLES = {"telegram": {"1": Role.OWNER, "2": Role.OPERATOR, "3": Role.VIEWER}}


class FakeDesk(Desk):
    """Answers with fixed pages; tests change `pages` and `state`, and read `done` and `audits`."""

    def __init__(self) -> None:
        self.status_page = status_page()
        self.balance_page = pages.BalancePage(
            LABEL,
            Balance(d("1985.2537"), {0: d(985), 2: d("1000.2537")}, d("4.59")),
            d("4.7475"),
            d("12.4037"),
            d("4.50"),
        )
        self.positions_page = pages_figures.PositionsPage(
            LABEL,
            (
                pages_figures.HeldPosition(
                    Position(Mode.REAL, TICKER, d(9), "consensus"), trade(), QUOTE, MARKET.close_time
                ),
                pages_figures.HeldPosition(Position(Mode.REAL, "KXOTHER-26DEC31-T3.50", d(-12)), None, QUOTE, None),
                pages_figures.HeldPosition(Position(Mode.REAL, "KXTHIRD-26DEC31", d(1)), None, None, None),
            ),
        )
        self.orders_page = pages.OrdersPage(
            LABEL,
            (order(), order(status=OrderStatus.UNKNOWN, order_id="", mode=Mode.DRY_RUN, filled=d(3), side=Side.ASK)),
            tuple(f"7d1f1c3e-5b2a-4c1d-8e9f-00000000000{n}" for n in range(7)),
        )
        self.trades_page = pages_figures.TradesPage(LABEL, all_trades(), 57)
        self.pnl_page = pages.PnlPage(
            LABEL,
            "day",
            date(2026, 10, 3),
            Totals(7, 4, 1, d("12.4037"), d("1.8904")),
            1,
            d("4.7475"),
            Totals(3, 2, 0, d("-3.2"), d("0.79")),
            unfilled=2,
        )
        self.signals_page = signals_page()
        self.performance_page = performance_page(all_trades())
        self.equity_page = equity_page(all_trades())
        self.report_page = ReportPage(LABEL, report_of("day"))
        self.market_page = market_page()
        self.scan_page = scan_page()
        self.market_history_page = pages.MarketHistoryPage(LABEL, MARKET, samples(), (FILL,))
        self.health_page = pages.HealthPage(
            LABEL,
            "0.1.0",
            ago(90_061),
            18_012,
            ago(2),
            0.0421,
            {"spot": 1.2, "quote": None},
            True,
            (),
            {"orders": 1200},
        )
        self.going_live_page = pages_strategies.GoingLivePage(
            replace(LABEL, mode=Mode.DRY_RUN, environment="production"),
            tally_of(all_trades()),
            6,
            48.0,
            2,
            ((0, d(985)), (2, d("1000.2537"))),
            ("read", "write::trade"),
        )
        self.disabled, self.unproved, self.stake = False, 0, d(5)
        self.halts: tuple[Halt, ...] = ()
        self.dry = False
        self.refused = ""
        self.hang = asyncio.Event()
        self.hanging = False
        self.done: list[str] = []
        self.broken = ""
        self.ways_out = (
            Exit(Mode.REAL, TICKER, Outcome.YES, d(9), d("4.7475"), d("0.50"), d("4.50"), d("0.1575")),
            Exit(Mode.DRY_RUN, "KXETH15M-26OCT031015-15", Outcome.NO, d("10.5"), d(5), problem="nobody bids for it"),
        )
        self.audits: list[tuple[str, str, str, str]] = []

    @property
    def fingerprint(self) -> str:
        return f"{self.dry}/{','.join(h.reason for h in self.halts)}"

    def status(self) -> pages.StatusPage:
        trading = TradingState.HALTED if self.halts else self.status_page.trading
        return replace(self.status_page, trading=trading, halts=self.halts or self.status_page.halts)

    async def balance(self) -> pages.BalancePage:
        if self.hanging:
            await self.hang.wait()
        return self.balance_page

    async def positions(self) -> pages_figures.PositionsPage:
        return self.positions_page

    async def orders(self) -> pages.OrdersPage:
        return self.orders_page

    async def trades(self, count: int, offset: int = 0) -> pages_figures.TradesPage:
        return replace(self.trades_page, trades=self.trades_page.trades[offset : offset + count], offset=offset)

    async def performance(self, period: str) -> pages_figures.PerformancePage:
        return replace(self.performance_page, period=period)

    async def equity(self, period: str) -> pages.EquityPage:
        return replace(self.equity_page, period=period)

    async def report(self, period: str) -> ReportPage:
        return replace(self.report_page, report=replace(self.report_page.report, period=period))

    async def market(self, ticker: str) -> pages_figures.MarketPage:
        if ticker.upper() not in ("", TICKER):
            raise NotFound(f"the exchange lists no market {ticker.upper()}: /status shows the one open now")
        return self.market_page

    async def market_history(self, ticker: str) -> pages.MarketHistoryPage:
        if ticker.upper() not in ("", TICKER):
            raise NotFound(f"the exchange lists no market {ticker.upper()}: /status shows the one open now")
        return self.market_history_page

    async def pnl(self, period: str) -> pages.PnlPage:
        return replace(self.pnl_page, period=period)

    def signals(self) -> tuple[pages_figures.SignalsPage, ...]:
        return (self.signals_page,)

    def health(self) -> pages.HealthPage:
        return self.health_page

    async def kill(self, by: str) -> pages.KillReport:
        self.done.append(f"kill by {by}")
        self.halts = (*self.halts, MANUAL)
        return pages.KillReport(LABEL, True, True, (), 1, d("4.7475"), 0.041)

    def pause(self, by: str) -> None:
        self.done.append(f"pause by {by}")
        self.halts = (Halt(Reason.PAUSED, NOW, by),)

    def preview_resume(self) -> pages.ResumePreview:
        clears = tuple(h for h in self.halts if h.reason is not Reason.STALE_FEED)
        stays = tuple(h for h in self.halts if h.reason is Reason.STALE_FEED)
        return pages.ResumePreview(LABEL, clears, stays, self.fingerprint)

    def resume(self, by: str, fingerprint: str) -> pages.ResumePreview:
        preview = self.preview_resume()
        if fingerprint != preview.fingerprint:
            raise Stale("what stands in the way has changed")
        self.done.append(f"resume by {by}")
        self.halts = preview.stays
        return preview

    def preview_mode(self, dry_run: bool) -> pages.ModePreview:
        to = Mode.DRY_RUN if dry_run else Mode.REAL
        label = replace(self.status_page.label, mode=Mode.REAL if dry_run else Mode.DRY_RUN)
        return pages.ModePreview(label, to, 1, 2, self.refused, self.fingerprint)

    async def going_live(self) -> pages_strategies.GoingLivePage:
        return self.going_live_page

    async def strategies(self) -> pages_strategies.StrategiesPage:
        return pages_strategies.StrategiesPage(LABEL, (self._strategy("consensus"),))

    def _strategy(self, name: str) -> pages_strategies.StrategyLine:
        if name.casefold() != "consensus":
            raise NotFound(f"no strategy is called {name}: there is consensus")
        parameters = (
            pages_strategies.ParameterLine("stake_usd", str(self.stake), self.stake != 5),
            pages_strategies.ParameterLine("entry_window_seconds", "600"),
        )
        return pages_strategies.StrategyLine("consensus", not self.disabled, parameters, 1, d("12.4037"))

    async def preview_enable(self, name: str) -> pages_strategies.EnablePreview:
        return pages_strategies.EnablePreview(LABEL, self._strategy(name), self.fingerprint)

    def enable(self, name: str, by: str, fingerprint: str) -> None:
        self.disabled = not self._strategy(name).name
        self.done.append(f"enable {name} by {by} {fingerprint}")

    async def disable(self, name: str, by: str) -> pages_strategies.DisableReport:
        self.disabled = bool(self._strategy(name).name)
        self.done.append(f"disable {name} by {by}")
        return pages_strategies.DisableReport(LABEL, 1, self.unproved, 1)

    def preview_parameter(
        self, name: str, value: Decimal | None = None, strategy: str = ""
    ) -> pages_strategies.ParameterPreview:
        self._strategy(strategy or "consensus")
        if name != "stake_usd":
            raise NotFound(f"{strategy} has no {name} that can be changed: there is stake_usd")
        refused = f"{name} {value} is too high" if value and value > 10 else ""
        change = pages_strategies.ParameterChange("consensus", self.stake, bool(value and value > self.stake))
        return pages_strategies.ParameterPreview(
            LABEL, name, (change,), value, d(10), "max_order_usd", refused, self.fingerprint
        )

    def set_parameter(
        self, name: str, value: Decimal, by: str, fingerprint: str = "", strategy: str = ""
    ) -> pages_strategies.ParameterPreview:
        page = self.preview_parameter(name, value, strategy)
        self.stake = value
        self.done.append(f"set {f'{strategy} {name}'.strip()} {value} by {by} {fingerprint}".strip())
        return page

    async def set_dry_run(self, dry_run: bool, by: str, fingerprint: str = "") -> pages.ModeReport:
        if self.hanging:
            await self.hang.wait()
        self.done.append(f"dry run {dry_run} by {by} {fingerprint}".strip())
        self.dry = dry_run
        return pages.ModeReport(LABEL, 1, "one paper position runs on")

    async def cancel(self, which: str, by: str) -> pages.CancelReport:
        if which == "zz":
            raise NotFound("0 open orders begin with zz: /orders shows their ids")
        self.done.append(f"cancel {which} by {by}")
        return pages.CancelReport(LABEL, 2, int(which == "half"), foreign=which == "by-hand")

    def limits(self) -> pages.LimitsPage:
        names = ("order", "position", "exposure", "day_loss", "week_loss")
        dollars = tuple(pages.LimitLine(name, d(1000), d(1000), d("4.7475")) for name in names)
        return pages.LimitsPage(LABEL, (*dollars, pages.LimitLine("order_rate", 10, 10, 2)))

    def preview_limit(self, name: str, value: Decimal) -> pages.LimitPreview:
        refused = "the configuration allows 10 at most: change it there, then /reload" if value > 10 else ""
        return pages.LimitPreview(LABEL, name, d(5), d(10), value, refused, self.fingerprint)

    def set_limit(self, name: str, value: Decimal, by: str, fingerprint: str = "") -> pages.LimitPreview:
        self.done.append(f"limit {name} {value} by {by} {fingerprint}".strip())
        return self.preview_limit(name, value)

    async def exits(self, ticker: str) -> pages.ExitsPage:
        return pages.ExitsPage(LABEL, tuple(e for e in self.ways_out if ticker in ("", e.ticker)))

    async def flatten(self, ticker: str) -> pages.ExitsPage:
        self.done.append(f"flatten {ticker or 'all'}")
        out = (await self.exits(ticker)).open
        return pages.ExitsPage(LABEL, done=tuple(Exited(e, e.contracts, e.proceeds - e.fee, e.problem) for e in out))

    async def scan(self, told: Callable[[int, int], Awaitable[None]] = nobody) -> pages_scan.ScanPage:
        await told(1_000, 12)
        if self.hanging:
            await self.hang.wait()
        return self.scan_page

    async def audit_page(self, count: int) -> pages.AuditPage:
        said = ("Ann Berg-Lindström (telegram:7)", "telegram", "/limit order 4.50", "order is $4.50 now, was $5.00")
        entries = (AuditEntry(12, ago(5), *said), AuditEntry(11, ago(90_000), "engine", "engine", "halt day_loss", "x"))
        return pages.AuditPage(LABEL, entries[:count], 12, self.broken)

    def audit(self, person: str, channel: str, command: str, result: str) -> None:
        self.audits.append((person, channel, command, result))


def said(text: str, person: Person = OWNER, **changed: Any) -> Incoming:
    return replace(Incoming(person, "chat", text, NOW), **changed)


class Times:
    """Real time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.at = NOW
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOW).total_seconds()

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_(seconds)
        await asyncio.sleep(0)


@dataclass(slots=True)
class Chat:
    """A router on a fake desk, with what it told beside its answers."""

    desk: FakeDesk
    router: Router
    times: Times
    strangers: list[Person]
    errors: list[tuple[str, Exception]]
    access: Access
    program: FakeProgram
    alarms: list[str]
    charts: FakeCharts

    async def say(self, text: str, person: Person = OWNER, **changed: Any) -> Reply | None:
        return await self.router.handle(said(text, person, **{"sent_at": self.times.at, **changed}))

    async def answer(self, text: str, person: Person = OWNER, **changed: Any) -> Reply:
        reply = await self.say(text, person, **changed)
        assert reply is not None
        return reply


def chat(
    commands: Mapping[str, Command] = COMMANDS,
    roles: Mapping[str, Mapping[str, Role]] = ROLES,
    store: MemoryStore | None = None,
    now: Callable[[], datetime] | None = None,
    secret: str = "",
) -> Chat:
    """`now` is real time, where what is sent carries its own; without it time stands still until a test moves it. With
    a `secret` there is a second factor."""
    desk, times = FakeDesk(), Times()
    now = now or times.now
    access = Access(roles, store, now)
    strangers: list[Person] = []
    errors: list[tuple[str, Exception]] = []
    alarms: list[str] = []
    program, charts, rules = FakeProgram(), FakeCharts(), Rules("", store, now)
    rules.channels = ("telegram", "discord", "terminal")
    router = Router(
        desk,
        Beside(
            "0.1.0",
            UTC,
            access,
            Lock(store, now),
            rules=rules,
            knocks=Knocks(store, now),
            draw=charts.draw,
            program=program,
        ),
        commands,
        Confirmations(times.monotonic),
        Told(strangers.append, lambda name, error: errors.append((name, error))),
        second_factor=SecondFactor(secret, store, alarms.append, now=now) if secret else None,
        for_host=HOST_COMMANDS,
        now=now,
    )
    return Chat(desk, router, times, strangers, errors, access, program, alarms, charts)
