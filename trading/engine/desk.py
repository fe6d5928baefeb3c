"""The desk: what a person may ask of the running bot and tell it to do. The only door for every chat command.

Asking is `Views`; here is what acts. `by` is who asks, as text for the record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal

from trading.domain.errors import Misconfigured, NotFound, Stale
from trading.domain.events import (
    CommandAnswered,
    HaltCleared,
    HaltRaised,
    LimitChanged,
    ModeChanged,
    ParameterChanged,
    StrategySwitched,
)
from trading.domain.order import Mode
from trading.domain.state import OWNER_CLEARS, Reason
from trading.engine.cycle import Cycle
from trading.engine.flatten import Flattener
from trading.engine.going_live import Scopes, going_live_page
from trading.engine.pages import (
    CancelReport,
    ExitsPage,
    KillReport,
    LimitPreview,
    ModePreview,
    ModeReport,
    ResumePreview,
)
from trading.engine.pages_scan import ScanPage, page_of
from trading.engine.pages_strategies import (
    DisableReport,
    EnablePreview,
    GoingLivePage,
    ParameterPreview,
    StrategiesPage,
)
from trading.engine.roster import Roster
from trading.engine.scanning import Scanning, Told, nobody
from trading.engine.tuning import most
from trading.engine.views import Facts, Views
from trading.risk.checks import at_risk
from trading.risk.limits import CHANGEABLE, COUNTS

PRODUCTION = "production"  # the environment whose money is real


class Desk(Views):
    """What acts: what lowers risk at once, what raises it only for the state that was previewed.

    `scopes` asks the exchange what the key may do, where there is one.
    """

    def __init__(self, cycle: Cycle, facts: Facts, queued: Callable[[], int], scopes: Scopes | None = None) -> None:
        super().__init__(cycle, facts, queued)
        self._flattener, self._scopes = Flattener(cycle.account, cycle.observer.quote), scopes
        self._roster = Roster(cycle)
        self.scanning: Scanning | None = None  # where the exchange lists all its markets

    async def kill(self, by: str) -> KillReport:
        """Stop. The gate is closed before this coroutine first yields; it never raises."""
        killed = await self.cycle.halting.kill(by)
        state = self.book.state
        return KillReport(
            label=self.label(),
            stored=killed.stored,
            cancel_sent=killed.cancel_sent,
            still_listed=killed.listed,
            open_trades=len(state.open_trades(state.mode)),
            at_risk=at_risk(state, state.mode),
            seconds=killed.seconds,
            problems=killed.problems,
        )

    def pause(self, by: str) -> None:
        """REDUCING: no new risk. Idempotent. Raises StoreFailed."""
        self.book.record(HaltRaised(self.clock.now(), Reason.PAUSED, by, "paused"))

    def preview_resume(self) -> ResumePreview:
        halts = self.book.state.halts.values()
        return ResumePreview(
            label=self.label(),
            clears=tuple(h for h in halts if h.reason in OWNER_CLEARS),
            stays=tuple(h for h in halts if h.reason not in OWNER_CLEARS),
            fingerprint=self._fingerprint(),
        )

    def resume(self, by: str, fingerprint: str) -> ResumePreview:
        """Clear exactly what the preview with this fingerprint named; raises Stale when it has changed."""
        preview = self.preview_resume()
        if preview.fingerprint != fingerprint:
            raise Stale("what stands in the way has changed since: look at /resume again")
        now = self.clock.now()
        self.book.record(*(HaltCleared(now, h.reason, by) for h in preview.clears))
        self.broker.latch.closed = False
        return preview

    def preview_mode(self, dry_run: bool) -> ModePreview:
        state = self.book.state
        return ModePreview(
            label=self.label(),
            to=Mode.DRY_RUN if dry_run else Mode.REAL,
            live_orders=len(state.live_orders(state.mode)),
            open_trades=len(state.open_trades(state.mode)),
            refused=self._refused(dry_run),
            fingerprint=self._fingerprint(),
        )

    async def set_dry_run(self, dry_run: bool, by: str, fingerprint: str = "") -> ModeReport:
        """Switch the book that new intents go to. `on` is immediate (no fingerprint) and cancels our resting real
        orders; `off` needs the preview's fingerprint. Raises Stale, Misconfigured (locked by DRY_RUN=true)."""
        refused = self._refused(dry_run)
        if refused:
            raise Misconfigured(refused)
        if not dry_run and fingerprint != self._fingerprint():
            raise Stale("what was previewed has changed since: ask /dryrun off again")
        to = Mode.DRY_RUN if dry_run else Mode.REAL
        if self.book.state.mode is not to:
            self.book.record(ModeChanged(self.clock.now(), to, by, goes_live=self._goes_live(to)))
        left = [o for o in self.book.state.live_orders(Mode.REAL) if dry_run]
        done = [await self.broker.cancel(order, "dry run switched on") for order in left]
        note = "" if all(done) else "some orders are not yet proved cancelled: /orders shows them"
        return ModeReport(self.label(), sum(done), note)

    def _goes_live(self, to: Mode) -> bool:
        return to is Mode.REAL and self.facts.environment == PRODUCTION

    async def going_live(self) -> GoingLivePage:
        """What to have seen before real orders; the exchange is asked, with a short bound. Raises StoreRefused when an
        archive of paper trades cannot be read."""
        return await going_live_page(self, self._scopes)

    async def scan(self, told: Told = nobody) -> ScanPage:
        """Look through all open markets once, and order nothing. Raises Misconfigured, Unavailable, Unauthorized."""
        if self.scanning is None:
            raise Misconfigured("there is no listing of all markets here: /scan needs Kalshi, or a simulated exchange")
        return page_of(self.label(), await self.scanning.look(told), self.scanning)

    # --- strategies and their parameters

    async def strategies(self) -> StrategiesPage:
        """Those of the configuration, also the ones that are switched off."""
        return StrategiesPage(self.label(), self._roster.lines(self._day()))

    async def preview_enable(self, name: str) -> EnablePreview:
        """What would trade again. Raises NotFound."""
        fingerprint = self._fingerprint()  # before the look: what changes during it makes it stale
        return EnablePreview(self.label(), self._roster.line(name, self._day()), fingerprint)

    def enable(self, name: str, by: str, fingerprint: str) -> None:
        """Let a strategy decide, for the state that was previewed. Raises NotFound, Stale, StoreFailed."""
        strategy = self._roster.named(name).name
        if fingerprint != self._fingerprint():
            raise Stale(f"what was previewed has changed since: ask /enable {strategy} again")
        self.book.record(StrategySwitched(self.clock.now(), strategy, True, by))

    async def disable(self, name: str, by: str) -> DisableReport:
        """Let a strategy decide no more, and cancel what it has resting: its open trades run on to their end.
        Idempotent. Raises NotFound, StoreFailed."""
        strategy = self._roster.named(name).name
        if strategy not in self.book.state.disabled:
            self.book.record(StrategySwitched(self.clock.now(), strategy, False, by))
        left = self._roster.orders(strategy)
        done = [await self.broker.cancel(order, f"{strategy} switched off by {by}") for order in left]
        trades = sum(t.strategy == strategy for t in self.book.state.open_trades())
        return DisableReport(self.label(), sum(done), len(left) - sum(done), trades)

    def preview_parameter(self, name: str, value: Decimal | None = None, strategy: str = "") -> ParameterPreview:
        """What one parameter is, and what a change would do: of one strategy, or of all that have it. Raises
        NotFound."""
        tunable, _ = self._roster.tunable(name, strategy)
        return ParameterPreview(
            label=self.label(),
            name=name,
            changes=self._roster.changes(name, value, strategy),
            value=value,
            most=most(tunable, self.broker.limits),
            ceiling=tunable.ceiling,
            refused="" if value is None else self._roster.refused(name, value, strategy),
            fingerprint=self._fingerprint(),
            least=tunable.least,
        )

    def set_parameter(
        self, name: str, value: Decimal, by: str, fingerprint: str = "", strategy: str = ""
    ) -> ParameterPreview:
        """Change it at once where that raises no risk, else for the state that was previewed.

        Raises NotFound, Stale, Misconfigured, StoreFailed.
        """
        page, now = self.preview_parameter(name, value, strategy), self.clock.now()
        if page.refused:
            raise Misconfigured(page.refused)
        if page.raises and fingerprint != page.fingerprint:
            raise Stale("what was previewed has changed since: ask again")
        self.book.record(*(ParameterChanged(now, change.strategy, name, value, by) for change in page.changes))
        return page

    def audit(self, person: str, channel: str, command: str, result: str) -> None:
        """Write a command that changed something into the audit."""
        self.book.record(CommandAnswered(self.clock.now(), person, channel, command, result))

    def preview_limit(self, name: str, value: Decimal) -> LimitPreview:
        """What a change of a limit would do; `name` is one of CHANGEABLE."""
        now, ceiling = (getattr(limits, CHANGEABLE[name]) for limits in (self.broker.in_force, self.broker.limits))
        refused = ""
        if value < 0 or (name in COUNTS and value != int(value)):
            refused = f"{value} is no {'whole number' if name in COUNTS else 'amount'} from 0 up"
        elif value > ceiling:
            refused = f"the configuration allows {ceiling} at most: change it there, then /reload"
        return LimitPreview(self.label(), name, now, ceiling, value, refused, self._fingerprint())

    def set_limit(self, name: str, value: Decimal, by: str, fingerprint: str = "") -> LimitPreview:
        """Lower a limit at once; raise it (up to the configured one) for the state that was previewed.

        Raises Stale, Misconfigured, StoreFailed.
        """
        page = self.preview_limit(name, value)
        if page.refused:
            raise Misconfigured(page.refused)
        if page.raises and fingerprint != page.fingerprint:
            raise Stale("what was previewed has changed since: ask again")
        self.book.record(LimitChanged(self.clock.now(), name, value, by))
        return page

    async def cancel(self, which: str, by: str) -> CancelReport:
        """Cancel one order, named by its id or how that begins, or `all` of ours. Raises NotFound, StoreFailed."""
        live = self.book.state.live_orders()
        ours = live if which == "all" else [o for o in live if o.order_id.startswith(which)]
        if which != "all" and len(ours) != 1:
            return await self._cancel_foreign(which, len(ours))
        done = [await self.broker.cancel(order, f"cancelled by {by}") for order in ours]
        return CancelReport(self.label(), sum(done), len(ours) - sum(done))

    async def _cancel_foreign(self, which: str, ours: int) -> CancelReport:
        """An order that is not ours: a person may name it, nothing else of this program touches it."""
        exchange = self.broker.exchanges.get(Mode.REAL)
        listed = await exchange.orders(status="resting") if exchange else []
        found = [report for report in listed if report.order_id.startswith(which)]
        if exchange is None or ours or len(found) != 1:
            raise NotFound(f"{ours + len(found)} open orders begin with {which}: /orders shows their ids")
        await exchange.cancel(self.cycle.halting.as_order(found[0]))
        return CancelReport(self.label(), 1, 0, foreign=True)

    async def exits(self, ticker: str) -> ExitsPage:
        """What leaving one market, or all of them, would bring now."""
        return ExitsPage(self.label(), tuple(await self._flattener.preview(ticker)))

    async def flatten(self, ticker: str) -> ExitsPage:
        """Leave one market, or all of them, now; also while trading is halted. Raises StoreFailed."""
        return ExitsPage(self.label(), done=tuple(await self._flattener.flatten(ticker)))

    def _refused(self, dry_run: bool) -> str:
        if not dry_run and self.facts.dry_run_locked:
            return "DRY_RUN is true in the configuration, which chat cannot change: set DRY_RUN=false there and restart"
        if not dry_run and Mode.REAL not in self.broker.exchanges:
            return "KALSHI_API_KEY_ID is not set: real orders need a key in the configuration"
        return ""

    def _fingerprint(self) -> str:
        """Changes with the mode, every limit, every strategy and its parameters, every halt raised or cleared."""
        state = self.book.state
        text = [
            f"{state.mode.value} since {state.real_since}",
            repr(self.broker.limits),
            *(repr(self.cycle.in_force(each.strategy)) for each in self.cycle.everybody),
            *sorted(state.disabled),
            *(f"{name}={value}" for name, value in sorted(state.limits.items())),
            *sorted(f"{h.reason}@{h.since.isoformat()}" for h in state.halts.values()),
        ]
        return hashlib.sha256("|".join([*text, str(self.broker.latch.closed)]).encode()).hexdigest()[:16]
