"""The watch over pairs of markets: reads both legs, tells where they cost less than they pay, and buys where told to.

A job of its own beside the beat. It reads the legs of a pair at once, and judges them only while both are fresh: a
price of a minute ago is nobody's offer. An opportunity is told once for a while, not at every look. What it buys goes
through the broker like every order, so that halts, limits and /disable hold; and only legs on Kalshi, in the pair's
order, each all or nothing: where one is not wholly taken, the next is not sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from trading.domain.errors import NotFound, Unauthorized, Unavailable
from trading.domain.events import ErrorSeen
from trading.domain.market import Level, Market, Quote
from trading.domain.opportunity import OpportunitySeen
from trading.domain.order import Order
from trading.engine.broker import Broker
from trading.engine.fee_watch import FeeWatch
from trading.engine.tuning import tuned_by
from trading.ports import MarketData, VenueBooks
from trading.risk.first_hours import cut_down
from trading.risk.gate import Denial
from trading.strategies.arbitrage import Arbitrage, Charges, Leg, Offer, Opportunity, Pair
from trading.strategies.base import Strategy

TICKER_CHARS_MAX = 48


@dataclass(frozen=True, slots=True)
class ArbitrageBounds:
    """Seconds of the clock: how old a leg's price may be when it is judged, and when the same pair is told again."""

    age_seconds_max: float = 5.0
    again_seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The other venue: its books, and what it charges."""

    books: VenueBooks
    fees: Charges


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a leg costs, and when that was read; on Kalshi also where an order would go."""

    offer: Offer
    at: datetime
    market: Market | None = None
    quote: Quote | None = None


@dataclass(slots=True)
class ArbitrageWatch:
    """`strategy` is as configured; `fees` makes the fee terms' reader of a series, None where the usual terms must do;
    `problems` says why a pair could not be read at the last look."""

    strategy: Arbitrage
    pairs: Sequence[Pair]
    broker: Broker
    market_data: MarketData
    elsewhere: Elsewhere | None = None
    fees: Callable[[str], FeeWatch] | None = None
    bounds: ArbitrageBounds = field(default_factory=ArbitrageBounds)
    problems: dict[str, str] = field(default_factory=dict)
    _told: dict[str, datetime] = field(default_factory=dict)
    _fee_watches: dict[str, FeeWatch] = field(default_factory=dict)

    @property
    def in_force(self) -> Arbitrage:
        """With what people have changed of its parameters."""
        changed = self.broker.book.state.parameters
        return cast(Arbitrage, tuned_by(cast(Strategy, self.strategy), changed, self.broker.limits))

    async def look(self) -> None:
        """One pass over the pairs; none while it is switched off. Raises StoreFailed."""
        for pair in self.pairs:
            if self.strategy.name in self.broker.book.state.disabled:
                return
            await self._look_at(pair)

    async def _look_at(self, pair: Pair) -> None:
        try:
            left, right = await asyncio.gather(*(self._read(leg) for leg in pair.legs))
        except (Unavailable, Unauthorized, NotFound) as error:
            self._failed(pair, str(error))
            return
        self.problems.pop(pair.name, None)
        if left is None or right is None or not self._fresh(left, right):
            return
        found = self.in_force.look(pair, (left.offer, right.offer))
        if found and self._due(pair):
            await self._tell(found, (left, right))

    async def _read(self, leg: Leg) -> _Seen | None:
        """What the leg costs now; None where nobody sells it. Raises Unavailable, Unauthorized, NotFound."""
        return await (self._here(leg) if leg.venue == "kalshi" else self._there(leg))

    async def _here(self, leg: Leg) -> _Seen | None:
        listed = await self.market_data.markets(tickers=[leg.ticker])
        market = next((m for m in listed if m.ticker == leg.ticker), None)
        if market is None:
            raise NotFound(f"kalshi lists no market {leg.ticker}: mend the pair")
        market = await self._priced(market)
        quote = await self.market_data.quote(leg.ticker)
        ask = quote.ask_for(leg.side)
        if ask is None or not market.open_at(self.broker.clock.now()):
            return None
        return _Seen(Offer(ask, market.fees), quote.seen_at, market, quote)

    async def _there(self, leg: Leg) -> _Seen | None:
        """A token is one side already: what it costs is its own ask."""
        if self.elsewhere is None:
            raise NotFound(f"nobody reads {leg.venue} here: leave the pair out")
        book = await self.elsewhere.books.book(leg.ticker)
        if book.ask is None:
            return None
        enough = min(book.ask.count, self.in_force.count_max) >= book.count_min
        ask = book.ask if enough else Level(book.ask.price, book.ask.count * 0)
        return _Seen(Offer(ask, self.elsewhere.fees), book.seen_at)

    async def _priced(self, market: Market) -> Market:
        if self.fees is None:
            return market
        series = market.event_ticker.partition("-")[0]
        if series not in self._fee_watches:
            self._fee_watches[series] = self.fees(series)
        watch = self._fee_watches[series]
        await watch.read([market])
        return watch.priced(market)

    def _fresh(self, *legs: _Seen) -> bool:
        now = self.broker.clock.now()
        return all((now - leg.at).total_seconds() <= self.bounds.age_seconds_max for leg in legs)

    def _due(self, pair: Pair) -> bool:
        told = self._told.get(pair.name)
        return told is None or (self.broker.clock.now() - told).total_seconds() >= self.bounds.again_seconds

    async def _tell(self, found: Opportunity, seen: tuple[_Seen, _Seen]) -> None:
        self._told[found.pair.name] = self.broker.clock.now()
        done = await self._trade(found, seen)
        left, right = found.pair.legs
        self.broker.book.record(
            OpportunitySeen(
                at=self.broker.clock.now(),
                pair=found.pair.name,
                legs=(_words(left), _words(right)),
                prices=found.prices,
                fees=found.fees,
                count=found.count,
                gain=found.gain,
                risk=found.pair.risk,
                done=done,
            )
        )

    async def _trade(self, found: Opportunity, seen: tuple[_Seen, _Seen]) -> str:
        """Buy our own legs, where that was told; what came of it, in words."""
        by_ticker = {leg.market.ticker: leg for leg in seen if leg.market}
        done: list[str] = []
        for wish in self.in_force.intents(found):
            leg, broker = by_ticker[wish.ticker], self.broker
            intent = cut_down(wish, broker.book.state, broker.limits, broker.clock.now())
            outcome = await broker.submit(intent, leg.market, leg.quote)
            done.append(_outcome(intent.ticker, outcome))
            if isinstance(outcome, Denial) or outcome.reported < outcome.count:
                break
        return "; ".join(done)

    def _failed(self, pair: Pair, why: str) -> None:
        """Told when it begins, and not while it lasts."""
        if pair.name not in self.problems:
            self.broker.book.record(ErrorSeen(self.broker.clock.now(), f"arbitrage:{pair.name}", f"{pair.name}: {why}"))
        self.problems[pair.name] = why


def _words(leg: Leg) -> str:
    """A token id is 77 figures, of which nobody reads more than the ends."""
    short = leg.ticker if len(leg.ticker) <= TICKER_CHARS_MAX else f"{leg.ticker[:8]}..{leg.ticker[-4:]}"
    return f"{leg.venue} {leg.side.upper()} {short}"


def _outcome(ticker: str, outcome: Order | Denial) -> str:
    if isinstance(outcome, Denial):
        return f"{ticker} not bought: {outcome.text}"
    if outcome.reported >= outcome.count:
        return f"{ticker} bought"
    return f"{ticker} {outcome.status.value}: {outcome.why}"
