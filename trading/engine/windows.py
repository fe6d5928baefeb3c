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

Key = tuple[str, str]  # a strategy, and a series that it trades


@dataclass(slots=True)
class Window:
    """One strategy's current market in a series, as far as it got."""

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
        self.current: dict[Key, Window] = {}

    def see(self, key: Key, view: View, decision: Decision, mode: Mode) -> None:
        """Take in what a strategy made of a view, for orders that would go to this mode."""
        if view.market is None:
            return
        window = self._window(key, view.market, decision, mode)
        window.decision = decision
        window.agreed |= decision.agreed
        if decision.skipped and (decision.skipped != LATE or window.reason == "not_running"):
            window.reason, window.detail = decision.skipped, decision.detail

    def ordered(self, key: Key) -> None:
        self.current[key].ordered = True

    def denied(self, key: Key, code: str, text: str) -> None:
        if window := self.current.get(key):
            window.reason, window.detail = f"denied:{code}", text

    def close(self) -> None:
        """Record every window that has ended; called with the end of the run too."""
        now = self._clock.now()
        for key, window in list(self.current.items()):
            if window.market.close_time <= now:
                self._pass(key, window)

    def _window(self, key: Key, market: Market, decision: Decision, mode: Mode) -> Window:
        window = self.current.get(key)
        if window and window.market.ticker != market.ticker:
            self._pass(key, window)
            window = None
        if window is None or window.mode is not mode:
            window = self.current[key] = Window(market, mode, decision)
            window.ordered = self._entered(key[0], window)
        window.market = market
        return window

    def _entered(self, strategy: str, window: Window) -> bool:
        """Whether an order was sent before a restart."""
        sent = self._book.state.orders.values()
        return any((o.strategy, o.ticker, o.mode) == (strategy, window.market.ticker, window.mode) for o in sent)

    def _pass(self, key: Key, window: Window) -> None:
        del self.current[key]
        self._book.record(
            WindowPassed(
                at=self._clock.now(),
                strategy=key[0],
                ticker=window.market.ticker,
                close_time=window.market.close_time,
                mode=window.mode,
                agreed=window.agreed or window.ordered,
                ordered=window.ordered,
                reason="" if window.ordered else window.reason,
                detail="" if window.ordered else window.detail,
            )
        )
