"""What a running bot counts for Prometheus: what happened, taken from the events as they are committed.

The registry is the bot's own, so that nothing of a library gets in by itself. Every label has few values and none
names a market, a person or a secret: codes that come from outside are counted under `other` unless they are known.
How things stand at the moment of a scrape says `metrics_now`.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from chatbot.version import VERSION
from trading.domain import events as ev
from trading.domain.ledger import NOT_REFUSED
from trading.domain.order import Mode
from trading.domain.state import Reason
from trading.exchange.kalshi.refusals import ORDER_FIXES

NAME = "kalshi_chatops"
OTHER = "other"
REFUSALS = frozenset(ORDER_FIXES) | NOT_REFUSED
PARTS = (  # how the codes of errors begin
    *("exchange", "market data", "clock", "fill cap", "feed", "recovery", "beat", "strategy", "scanner", "arbitrage"),
    *("settlement_mismatch", "cash_mismatch", "channel", "command", "stranger", "second factor"),
    *("archive", "intent log", "log"),
)
COMMIT_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)

# A time for each counter, which this text format has no use for.
disable_created_metrics()  # type: ignore[no-untyped-call]


def new_registry(environment: str) -> CollectorRegistry:
    """A registry with what is true of any bot: which program this is, where it trades, what the process takes."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    Info(f"{NAME}_build", "The program.", registry=registry).info(
        {"version": VERSION, "python": platform.python_version()}
    )
    Info(f"{NAME}_environment", "Which exchange.", registry=registry).info({"environment": environment})
    return registry


class Metrics:
    """`count` is told every event that changed something; `commits` is observed by whoever commits."""

    def __init__(self, environment: str) -> None:
        self.registry = new_registry(environment)
        self.commits = Histogram(
            f"{NAME}_commit_seconds",
            "How long a commit took until it was on disk.",
            buckets=COMMIT_SECONDS,
            registry=self.registry,
        )
        self._orders = self._counter("orders", "Orders that were written down to be sent.", mode=Mode)
        self._rejected = self._counter(
            "order_rejections", "Orders proved never taken.", code=[*sorted(REFUSALS), OTHER]
        )
        self._unresolved = self._counter("orders_unresolved", "Orders of which nobody knew what became.")
        self._cancels = self._counter("cancels", "Orders that were to be cancelled.")
        self._fills = self._counter("fills", "Fills of ours.", mode=Mode)
        self._contracts = self._counter("filled_contracts", "Contracts of these fills.", mode=Mode)
        self._fees = self._counter("fees_usd", "Fees of these fills, in dollars.", mode=Mode)
        self._settled = self._counter("settlements", "Markets that paid.", mode=Mode)
        self._halts = self._counter("halts", "How often trading was stopped or reduced.", reason=Reason)
        self._errors = self._counter("errors", "Errors that people are told of.", part=[*PARTS, OTHER])

    def count(self, events: Sequence[ev.Event]) -> None:
        """These have happened."""
        for event in events:
            if counted := _COUNTED.get(type(event)):
                counted(self, event)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)

    def _counter(self, name: str, about: str, **label: Any) -> Counter:
        """Each value of the label is there from the start, at 0: what never happened can be told from what is not
        counted."""
        made = Counter(f"{NAME}_{name}", about, list(label), registry=self.registry)
        for values in label.values():
            for value in values:
                made.labels(str(value))
        return made

    # --- one event ---

    def _intended(self, event: ev.OrderIntended) -> None:
        self._orders.labels(event.order.mode.value).inc()

    def _refused(self, event: ev.OrderRejected) -> None:
        code = event.code.lower()
        self._rejected.labels(code if code in REFUSALS else OTHER).inc()

    def _filled(self, event: ev.OrderFilled) -> None:
        fill, mode = event.fill, event.fill.mode.value
        self._fills.labels(mode).inc()
        self._contracts.labels(mode).inc(float(fill.count))
        self._fees.labels(mode).inc(max(float(fill.fee), 0.0))

    def _paid(self, event: ev.MarketSettled) -> None:
        self._settled.labels(event.mode.value).inc()

    def _halted(self, event: ev.HaltRaised) -> None:
        self._halts.labels(event.reason.value).inc()

    def _failed(self, event: ev.ErrorSeen) -> None:
        self._errors.labels(next((part for part in PARTS if event.code.startswith(part)), OTHER)).inc()

    def _unknown(self, event: ev.OrderUnresolved) -> None:
        self._unresolved.inc()

    def _cancelling(self, event: ev.CancelRequested) -> None:
        self._cancels.inc()


_COUNTED: Mapping[type, Callable[[Metrics, Any], None]] = {
    ev.OrderIntended: Metrics._intended,
    ev.OrderRejected: Metrics._refused,
    ev.OrderUnresolved: Metrics._unknown,
    ev.CancelRequested: Metrics._cancelling,
    ev.OrderFilled: Metrics._filled,
    ev.MarketSettled: Metrics._paid,
    ev.HaltRaised: Metrics._halted,
    ev.ErrorSeen: Metrics._failed,
}
