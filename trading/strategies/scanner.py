"""SCANNER: four layers over every open market, each of which says what it dropped and why.

1. hydrate: every market that is listed. 2. band: the favourite side's price is in the band. 3. validation: it closes
soon enough, is traded enough, its spread is small, its category is not excluded. 4. risk: contracts for the stake, as
far as the touch, the cap of a market and what is left of the day's risk go.

A YES price of 0.70-0.87 makes YES the favourite, one of 0.13-0.30 makes it NO: the bands are each other's mirror.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from trading.domain.intent import Intent
from trading.domain.market import Level, Market, Outcome, Quote, on_grid
from trading.domain.money import ONE, ZERO, floor_to
from trading.domain.order import yes_price

LAYERS = ("hydrate", "band", "validation", "risk")


@dataclass(frozen=True, slots=True)
class Listed:
    """A market as a listing shows it: its touch, and the contracts traded in 24 hours."""

    market: Market
    quote: Quote
    volume_24h: Decimal
    category: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is worth an order: `count` contracts of `side` at `price` (that side's own), and why."""

    listed: Listed
    side: Outcome
    price: Decimal
    count: Decimal
    why: str

    @property
    def cost(self) -> Decimal:
        """The most that can be lost: the price and the worst fee, dollars."""
        fees = self.listed.market.fees.worst_fee(self.price, self.count)
        return self.price * self.count + fees


@dataclass
class Funnel:
    """What a pass came to: how many each layer kept, and what it dropped by reason."""

    kept: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(LAYERS, 0)))
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    candidates: list[Candidate] = field(default_factory=list)
    risked: Decimal = ZERO  # dollars, by the candidates and by what was spent before


@dataclass(frozen=True, slots=True)
class Scanner:
    """The parameters; prices in dollars, volumes in dollars (contracts x what the favourite costs)."""

    band_low: Decimal = Decimal("0.70")  # of the favourite's ask
    band_high: Decimal = Decimal("0.87")
    closes_within: timedelta = timedelta(days=7)
    closes_after: timedelta = timedelta(minutes=5)
    volume_min_usd: Decimal = Decimal(5_000)
    spread_max: Decimal = Decimal("0.04")
    contracts_max: Decimal = Decimal(700)
    excluded: frozenset[str] = frozenset()  # categories, in lower case
    stake_usd: Decimal = Decimal(5)
    daily_risk_usd: Decimal = Decimal(50)
    name: str = "scanner"

    def sift(self, listed: Iterable[Listed], now: datetime, spent_usd: Decimal, held: frozenset[str]) -> Funnel:
        """One pass. `spent_usd` is what today's orders risked already, `held` are tickers with an order or a position.

        The best come first: the narrowest spread, then the most traded.
        """
        funnel = Funnel(risked=spent_usd)
        sound = [each for each in listed if self._sound(each, now, held, funnel)]
        for each in sorted(sound, key=lambda each: (_spread(each.quote) or ONE, -each.volume_24h)):
            self._risk(each, funnel)
        return funnel

    def intent(self, candidate: Candidate) -> Intent:
        market = candidate.listed.market
        return Intent(self.name, market.ticker, candidate.side, candidate.price, candidate.count, candidate.why)

    def _sound(self, listed: Listed, now: datetime, held: frozenset[str], funnel: Funnel) -> bool:
        """Whether it passes the layers that look at it alone."""
        funnel.kept["hydrate"] += 1
        looks: tuple[tuple[str, Callable[[], str]], ...] = (
            ("band", lambda: self._out_of_band(listed)),
            ("validation", lambda: self._unsound(listed, now, held)),
        )
        for layer, look in looks:
            if reason := look():
                funnel.dropped[layer, reason] += 1
                return False
            funnel.kept[layer] += 1
        return True

    def _out_of_band(self, listed: Listed) -> str:
        if listed.quote.bid is None or listed.quote.ask is None:
            return "one_sided"
        return "" if self._favourite(listed) else "price"

    def _favourite(self, listed: Listed) -> tuple[Outcome, Level] | None:
        """The side whose ask is in the band, and that ask."""
        asks = ((side, listed.quote.ask_for(side)) for side in Outcome)
        return next(((s, ask) for s, ask in asks if ask and self.band_low <= ask.price <= self.band_high), None)

    def _unsound(self, listed: Listed, now: datetime, held: frozenset[str]) -> str:
        left, spread = listed.market.close_time - now, _spread(listed.quote)
        if listed.market.ticker in held:
            return "held"
        if not listed.market.open_at(now) or left < self.closes_after:
            return "closing"
        if left > self.closes_within:
            return "far"
        if listed.category.casefold() in self.excluded:
            return "category"
        if spread is None or spread > self.spread_max:
            return "spread"
        return "" if self._traded(listed) > self.volume_min_usd else "volume"

    def _traded(self, listed: Listed) -> Decimal:
        """Dollars of 24 hours, at what the favourite costs now."""
        found = self._favourite(listed)
        return listed.volume_24h * found[1].price if found else ZERO

    def _risk(self, listed: Listed, funnel: Funnel) -> None:
        found = self._favourite(listed)
        assert found, "it was in the band"
        side, ask = found
        count = self._affordable(listed.market, ask, self.daily_risk_usd - funnel.risked)
        if count < 1 or not on_grid(yes_price(side, ask.price), listed.market.price_ranges):
            funnel.dropped["risk", "cap" if count < 1 else "off_grid"] += 1
            return
        funnel.kept["risk"] += 1
        candidate = Candidate(listed, side, ask.price, count, _why(listed, side, ask))
        funnel.candidates.append(candidate)
        funnel.risked += candidate.cost

    def _affordable(self, market: Market, ask: Level, left_usd: Decimal) -> Decimal:
        """Whole contracts: for the stake, at the touch, under the caps, and with their fee inside what is left."""
        each = ask.price + market.fees.worst_fee(ask.price, ONE)
        return max(floor_to(min(self.stake_usd / ask.price, ask.count, self.contracts_max, left_usd / each), ONE), ZERO)


def _spread(quote: Quote) -> Decimal | None:
    return quote.ask.price - quote.bid.price if quote.bid and quote.ask else None


def _why(listed: Listed, side: Outcome, ask: Level) -> str:
    return f"{side.value} at {ask.price}, spread {_spread(listed.quote)}, {listed.volume_24h:,.0f} contracts in 24 h"
