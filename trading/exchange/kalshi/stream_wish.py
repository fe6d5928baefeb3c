"""Which markets are followed: what a connection is brought in line with, and what news is sifted by."""

from __future__ import annotations

from collections.abc import Callable, Collection


def series_of(ticker: str) -> str:
    """The series that a market's ticker begins with."""
    return ticker.partition("-")[0]


class Wish:
    """The markets wanted now. `changed` is called after every change."""

    def __init__(self) -> None:
        self.tickers: frozenset[str] = frozenset()
        self.changed: Callable[[], None] = lambda: None
        self._series: frozenset[str] = frozenset()

    def follow(self, tickers: Collection[str]) -> None:
        """Exactly these from now on."""
        wanted = frozenset(tickers)
        if wanted == self.tickers:
            return
        self.tickers, self._series = wanted, frozenset(series_of(ticker) for ticker in wanted)
        self.changed()

    def akin(self, ticker: str) -> bool:
        """Whether a followed market is of the same series."""
        return series_of(ticker) in self._series
