"""The desk: what a person may ask of the running bot, and what it answers. The only door for every chat command.

It knows no channel and no words: commands render its pages. `by` is who asks, as text for the record.
"""

from __future__ import annotations

from trading.engine.pages import (
    BalancePage,
    HealthPage,
    KillReport,
    ModePreview,
    ModeReport,
    OrdersPage,
    PnlPage,
    PositionsPage,
    ResumePreview,
    SignalsPage,
    StatusPage,
    TradesPage,
)


class Desk:
    def status(self) -> StatusPage:
        """Everything a glance needs, from memory: never waits for the exchange."""
        raise NotImplementedError

    async def balance(self) -> BalancePage:
        """Asks the exchange (or the paper book). Raises Unavailable, Unauthorized."""
        raise NotImplementedError

    async def positions(self) -> PositionsPage:
        raise NotImplementedError

    async def orders(self) -> OrdersPage:
        raise NotImplementedError

    def trades(self, count: int) -> TradesPage:
        """The newest `count` trades of the current mode."""
        raise NotImplementedError

    def pnl(self, period: str) -> PnlPage:
        """`period` is day, week, month or all."""
        raise NotImplementedError

    def signals(self) -> SignalsPage:
        raise NotImplementedError

    def health(self) -> HealthPage:
        raise NotImplementedError

    async def kill(self, by: str) -> KillReport:
        """Stop. The gate is closed before this coroutine first yields; it never raises."""
        raise NotImplementedError

    def pause(self, by: str) -> None:
        """REDUCING: no new risk. Idempotent. Raises StoreFailed."""
        raise NotImplementedError

    def preview_resume(self) -> ResumePreview:
        raise NotImplementedError

    def resume(self, by: str, fingerprint: str) -> ResumePreview:
        """Clear exactly what the preview with this fingerprint named; raises Stale when it has changed."""
        raise NotImplementedError

    def preview_mode(self, dry_run: bool) -> ModePreview:
        raise NotImplementedError

    async def set_dry_run(self, dry_run: bool, by: str, fingerprint: str = "") -> ModeReport:
        """Switch the book that new intents go to. `on` is immediate (no fingerprint) and cancels our resting real
        orders; `off` needs the preview's fingerprint. Raises Stale, Misconfigured (locked by DRY_RUN=true)."""
        raise NotImplementedError

    def audit(self, person: str, channel: str, command: str, result: str) -> None:
        """Write a command that changed something into the audit."""
        raise NotImplementedError
