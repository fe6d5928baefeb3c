"""A watch over pairs put together with doubles, on a virtual clock: what its tests stand on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.trading.build import TICKER, market, quote
from tests.trading.engine.rig import START, Rig, rig
from trading.clock import VirtualClock
from trading.domain.market import Level, Outcome
from trading.domain.opportunity import OpportunitySeen
from trading.domain.venue import VenueBook, VenueFees
from trading.engine.arbitrage import ArbitrageWatch, Elsewhere
from trading.strategies.arbitrage import Arbitrage, Leg, Pair

D = Decimal
OTHER = "KXBTC15M-26JAN050715-16"
HERE = Leg("kalshi", TICKER, Outcome.YES)
CROSS = Pair("rain", (HERE, Leg("polymarket", "77", Outcome.NO)))
COMPLEMENT = Pair("final", (HERE, Leg("kalshi", OTHER, Outcome.YES)))
FREE = VenueFees(D(0))


@dataclass
class Books:
    """ports.VenueBooks that says what it was given; `late` makes an answer so many seconds old."""

    clock: VirtualClock
    ask: str | None = "0.40"
    size: str = "100"
    least: str = "5"
    late: float = 0.0
    fails: Exception | None = None
    asked: list[str] = field(default_factory=list)

    async def book(self, token: str) -> VenueBook:
        self.asked.append(token)
        if self.fails:
            raise self.fails
        ask = Level(D(self.ask), D(self.size)) if self.ask else None
        seen_at = self.clock.now() - timedelta(seconds=self.late)
        return VenueBook(token, seen_at, None, ask, D("0.01"), D(self.least))


@dataclass
class Watched:
    """A watch over an engine of doubles, and the opportunities that it told."""

    rig: Rig
    books: Books
    watch: ArbitrageWatch
    told: list[OpportunitySeen]

    async def look(self, seconds: float = 0) -> int:
        """After so many seconds, with fresh prices; how many it told."""
        self.rig.clock.advance_to(self.rig.clock.now() + timedelta(seconds=seconds))
        quotes = self.rig.real.quotes
        self.rig.real.quotes = {key: replace(each, seen_at=self.rig.clock.now()) for key, each in quotes.items()}
        before = len(self.told)
        await self.watch.look()
        return len(self.told) - before


def watched(pair: Pair = CROSS, ask: str | None = "0.52", **parameters: Any) -> Watched:
    told: list[OpportunitySeen] = []

    def hear(event: Any, before: Any, after: Any) -> list[Any]:
        told.extend([event] if isinstance(event, OpportunitySeen) else [])
        return []

    made = rig(notices=hear)
    made.real.known[OTHER] = market(ticker=OTHER)
    made.real.quotes = {TICKER: quote(ask=ask, at=START), OTHER: replace(quote(None, "0.40", START), ticker=OTHER)}
    books = Books(made.clock)
    watch = ArbitrageWatch(Arbitrage(**parameters), [pair], made.broker, made.real, Elsewhere(books, FREE))
    return Watched(made, books, watch, told)


def for_longer(found: Watched) -> None:
    """Markets that stay open for another day."""
    real = found.rig.real
    real.known = {m.ticker: replace(m, close_time=m.close_time + timedelta(days=1)) for m in real.known.values()}
