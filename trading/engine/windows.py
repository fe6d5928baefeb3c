"""What became of each market for each strategy: one window, one final word, written when the window is over.

The final word is the last reason seen inside the entry window; that an order was sent outdoes every reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from trading.domain.events import WindowPassed
from trading.domain.intent import Decision, View
from trading.domain.market import Market
from trading.domain.order import Mode
from trading.engine.book import Book
from trading.ports import Clock

LATE = "entry_window"  # says nothing about why nothing was bought while there was time


@dataclass(slots=True)
class Window:
    """One strategy's current market, as far as it got."""

    market: Market
    mode: Mode
    decision: Decision
    agreed: bool = False
    ordered: bool = False
    reason: str = "not_running"
    detail: str = ""


class Windows:
    """Follows every strategy's current window and records the ended ones."""

    def __init__(self, book: Book, clock: Clock) -> None:
        self._book, self._clock = book, clock
        self.current: dict[str, Window] = {}

    def see(self, strategy: str, view: View, decision: Decision) -> None:
        """Take in what a strategy made of a view."""
        if view.market is None:
            return
        window = self._window(strategy, view.market, decision)
        window.decision = decision
        window.agreed |= decision.agreed
        if decision.skipped and (decision.skipped != LATE or window.reason == "not_running"):
            window.reason, window.detail = decision.skipped, decision.detail

    def ordered(self, strategy: str) -> None:
        self.current[strategy].ordered = True

    def denied(self, strategy: str, code: str, text: str) -> None:
        window = self.current[strategy]
        window.reason, window.detail = f"denied:{code}", text

    def close(self) -> None:
        """Record every window that has ended; called with the end of the run too."""
        now = self._clock.now()
        for strategy, window in list(self.current.items()):
            if window.market.close_time <= now:
                self._pass(strategy, window)

    def _window(self, strategy: str, market: Market, decision: Decision) -> Window:
        window = self.current.get(strategy)
        if window and window.market.ticker != market.ticker:
            self._pass(strategy, window)
            window = None
        if window is None or window.mode is not self._book.state.mode:
            window = self.current[strategy] = Window(market, self._book.state.mode, decision)
            window.ordered = self._entered(strategy, window)
        window.market = market
        return window

    def _entered(self, strategy: str, window: Window) -> bool:
        """Whether an order was sent before a restart."""
        sent = self._book.state.orders.values()
        return any((o.strategy, o.ticker, o.mode) == (strategy, window.market.ticker, window.mode) for o in sent)

    def _pass(self, strategy: str, window: Window) -> None:
        del self.current[strategy]
        self._book.record(
            WindowPassed(
                at=self._clock.now(),
                strategy=strategy,
                ticker=window.market.ticker,
                close_time=window.market.close_time,
                mode=window.mode,
                agreed=window.agreed or window.ordered,
                ordered=window.ordered,
                reason="" if window.ordered else window.reason,
                detail="" if window.ordered else window.detail,
            )
        )
