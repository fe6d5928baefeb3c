"""What was seen of the last hours' markets, beat by beat, so that a picture of one can be drawn. In memory only."""

from __future__ import annotations

from collections import deque

from trading.domain.intent import View
from trading.engine.pages import Sample

EVERY_SECONDS = 4.0  # samples lie at least so far apart, however often the bot looks
SAMPLES_MAX = 3_600  # of all markets together: four hours at one in 4 seconds, some 1.5 MB


class Samples:
    """A bounded series; the oldest samples go first."""

    def __init__(self) -> None:
        self._kept: deque[tuple[str, Sample]] = deque(maxlen=SAMPLES_MAX)

    def take(self, view: View) -> None:
        """Keep what this view shows of the market open now, unless the last sample of it is too fresh."""
        if view.market is None or self._too_soon(view.market.ticker, view):
            return
        quote = view.quote
        sample = Sample(
            at=view.now,
            spot=view.ticks[-1].price if view.ticks else None,
            bid=quote.bid.price if quote and quote.bid else None,
            ask=quote.ask.price if quote and quote.ask else None,
        )
        self._kept.append((view.market.ticker, sample))

    def of(self, ticker: str) -> tuple[Sample, ...]:
        """The samples of one market, oldest first."""
        return tuple(sample for name, sample in self._kept if name == ticker)

    def _too_soon(self, ticker: str, view: View) -> bool:
        if not self._kept or self._kept[-1][0] != ticker:
            return False
        return (view.now - self._kept[-1][1].at).total_seconds() < EVERY_SECONDS
