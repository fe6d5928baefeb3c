"""SCANNER: four layers over every open market, each of which says what it dropped and why.

1. hydrate: every market that is listed. 2. band: the favourite side's price is in the band. 3. validation: it closes
soon enough, is traded enough, its spread is small, its category is not excluded. 4. risk: contracts for the stake, as
far as the touch, the cap of a market and what is left of the day's risk go.

What a market's figures alone say (`glance`) is asked of every row as it is read, so that only the few that pass are
ever kept: there are up to 60,000.

A YES price of 0.70-0.87 makes YES the favourite, one of 0.13-0.30 makes it NO: the bands are each other's mirror.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar

from trading.domain.intent import Intent
from trading.domain.market import Level, Market, Outcome, Quote, on_grid
from trading.domain.money import ONE, ZERO, floor_to
from trading.domain.order import yes_price
from trading.strategies.base import Order, Raises, Tunable

LAYERS = ("hydrate", "band", "validation", "risk")

Drop = tuple[str, str]  # the layer that drops a market, and its reason


@dataclass(frozen=True, slots=True)
class Listed:
    """A market as a listing shows it: its touch, and the contracts traded in 24 hours."""

    market: Market
    quote: Quote
    volume_24h: Decimal
    category: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing: the markets that a glance kept, and how many were dropped why."""

    listed: tuple[Listed, ...]
    dropped: Mapping[Drop, int]

    @property
    def read(self) -> int:
        """How many markets it had."""
        return len(self.listed) + sum(self.dropped.values())


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
    dropped: Counter[Drop] = field(default_factory=Counter)
    candidates: list[Candidate] = field(default_factory=list)
    risked: Decimal = ZERO  # dollars, by the candidates and by what was spent before

    def drop(self, drop: Drop, count: int = 1) -> None:
        """Count markets as dropped by that layer, and as kept by those before it."""
        for layer in LAYERS[: LAYERS.index(drop[0])]:
            self.kept[layer] += count
        self.dropped[drop] += count


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

    tunables: ClassVar[Mapping[str, Tunable]] = MappingProxyType(
        {
            "stake_usd": Tunable(Raises.UP, ONE, Decimal(1_000), ceiling="max_order_usd"),
            "daily_risk_usd": Tunable(Raises.UP, ZERO, Decimal(10_000)),
            "contracts_max": Tunable(Raises.UP, ONE, Decimal(10_000)),
            "volume_min_usd": Tunable(Raises.DOWN, ZERO, Decimal(1_000_000)),
            "spread_max": Tunable(Raises.UP, Decimal("0.001"), Decimal("0.2")),
            "band_low": Tunable(Raises.ANY, Decimal("0.5"), Decimal("0.99")),
            "band_high": Tunable(Raises.ANY, Decimal("0.5"), Decimal("0.99")),
        }
    )
    ordered: ClassVar[Order] = (("band_low", "band_high"),)

    def glance(self, bid: Decimal | None, ask: Decimal | None, volume_24h: Decimal) -> Drop | None:
        """Why a market is dropped by its touch (YES dollars) and its contracts of 24 hours alone; None: it is not."""
        if bid is None or ask is None:
            return "band", "one_sided"
        found = self._favourite(bid, ask)
        if found is None:
            return "band", "price"
        if ask - bid > self.spread_max:
            return "validation", "spread"
        return None if volume_24h * found[1] > self.volume_min_usd else ("validation", "volume")

    def sift(
        self,
        listed: Iterable[Listed],
        now: datetime,
        spent_usd: Decimal,
        held: frozenset[str],
        dropped: Mapping[Drop, int] | None = None,
    ) -> Funnel:
        """One pass. `spent_usd` is what today's orders risked already, `held` are tickers with an order or a position,
        `dropped` those that a glance dropped before.

        The best come first: the narrowest spread, then the most traded.
        """
        funnel = Funnel(risked=spent_usd)
        for drop, count in (dropped or {}).items():
            funnel.drop(drop, count)
        sound = [each for each in listed if self._sound(each, now, held, funnel)]
        for each in sorted(sound, key=lambda each: (_spread(each.quote) or ONE, -each.volume_24h)):
            self._risk(each, funnel)
        return funnel

    def intent(self, candidate: Candidate) -> Intent:
        market = candidate.listed.market
        return Intent(self.name, market.ticker, candidate.side, candidate.price, candidate.count, candidate.why)

    def _sound(self, listed: Listed, now: datetime, held: frozenset[str], funnel: Funnel) -> bool:
        """Whether it passes the layers that look at it alone."""
        drop = self.glance(*_prices(listed.quote), listed.volume_24h) or self._unsound(listed, now, held)
        if drop:
            funnel.drop(drop)
            return False
        funnel.kept.update(("hydrate", "band", "validation"))
        return True

    def _favourite(self, bid: Decimal, ask: Decimal) -> tuple[Outcome, Decimal] | None:
        """The side whose ask is in the band, and that ask."""
        if self.band_low <= ask <= self.band_high:
            return Outcome.YES, ask
        return (Outcome.NO, ONE - bid) if self.band_low <= ONE - bid <= self.band_high else None

    def _unsound(self, listed: Listed, now: datetime, held: frozenset[str]) -> Drop | None:
        left = listed.market.close_time - now
        if listed.market.ticker in held:
            return "validation", "held"
        if not listed.market.open_at(now) or left < self.closes_after:
            return "validation", "closing"
        if left > self.closes_within:
            return "validation", "far"
        return ("validation", "category") if self._left_out(listed.category.casefold()) else None

    def _left_out(self, category: str) -> bool:
        """Where some categories are excluded, a market of unknown category is too."""
        return bool(self.excluded) and category in self.excluded | {""}

    def _risk(self, listed: Listed, funnel: Funnel) -> None:
        side, ask = self._taken(listed.quote)
        count = self._affordable(listed.market, ask, self.daily_risk_usd - funnel.risked)
        if count < 1 or not on_grid(yes_price(side, ask.price), listed.market.price_ranges):
            funnel.dropped["risk", "cap" if count < 1 else "off_grid"] += 1
            return
        funnel.kept["risk"] += 1
        candidate = Candidate(listed, side, ask.price, count, _why(listed, side, ask))
        funnel.candidates.append(candidate)
        funnel.risked += candidate.cost

    def _taken(self, quote: Quote) -> tuple[Outcome, Level]:
        """The favourite of a market in the band, and what is offered of it."""
        bid, ask = _prices(quote)
        found = self._favourite(bid, ask) if bid is not None and ask is not None else None
        level = quote.ask_for(found[0]) if found else None
        assert found, "it was in the band"
        assert level, "so somebody offers it"
        return found[0], level

    def _affordable(self, market: Market, ask: Level, left_usd: Decimal) -> Decimal:
        """Whole contracts: for the stake, at the touch, under the caps, and with their fee inside what is left."""
        if left_usd < ask.price:
            return ZERO
        each = ask.price + market.fees.worst_fee(ask.price, ONE)
        return max(floor_to(min(self.stake_usd / ask.price, ask.count, self.contracts_max, left_usd / each), ONE), ZERO)


def _prices(quote: Quote) -> tuple[Decimal | None, Decimal | None]:
    return quote.bid.price if quote.bid else None, quote.ask.price if quote.ask else None


def _spread(quote: Quote) -> Decimal | None:
    return quote.ask.price - quote.bid.price if quote.bid and quote.ask else None


def _why(listed: Listed, side: Outcome, ask: Level) -> str:
    return f"{side.value} at {ask.price}, spread {_spread(listed.quote)}, {listed.volume_24h:,.0f} contracts in 24 h"
