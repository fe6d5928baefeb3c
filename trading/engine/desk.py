"""The desk: what a person may ask of the running bot and tell it to do. The only door for every chat command.

Asking is `Views`; here is what acts. `by` is who asks, as text for the record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal

from trading.domain.errors import Misconfigured, NotFound, Stale
from trading.domain.events import CommandAnswered, HaltCleared, HaltRaised, LimitChanged, ModeChanged
from trading.domain.order import Mode
from trading.domain.state import OWNER_CLEARS, Reason
from trading.engine.cycle import Cycle
from trading.engine.flatten import Flattener
from trading.engine.pages import (
    CancelReport,
    ExitsPage,
    KillReport,
    LimitPreview,
    ModePreview,
    ModeReport,
    ResumePreview,
)
from trading.engine.views import Facts, Views
from trading.risk.checks import at_risk
from trading.risk.limits import CHANGEABLE, COUNTS


class Desk(Views):
    """What acts: what lowers risk at once, what raises it only for the state that was previewed."""

    def __init__(self, cycle: Cycle, facts: Facts, queued: Callable[[], int]) -> None:
        super().__init__(cycle, facts, queued)
        self._flattener = Flattener(cycle.account, cycle.observer.quote)

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
            self.book.record(ModeChanged(self.clock.now(), to, by))
        left = [o for o in self.book.state.live_orders(Mode.REAL) if dry_run]
        done = [await self.broker.cancel(order, "dry run switched on") for order in left]
        note = "" if all(done) else "some orders are not yet proved cancelled: /orders shows them"
        return ModeReport(self.label(), sum(done), note)

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
            refused = f"the configuration allows {ceiling} at most: change it there and restart"
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
        """Changes with the mode, with every limit and with every halt raised or cleared."""
        state = self.book.state
        text = [
            state.mode.value,
            *(f"{name}={value}" for name, value in sorted(state.limits.items())),
            *sorted(f"{h.reason}@{h.since.isoformat()}" for h in state.halts.values()),
        ]
        return hashlib.sha256("|".join([*text, str(self.broker.latch.closed)]).encode()).hexdigest()[:16]
