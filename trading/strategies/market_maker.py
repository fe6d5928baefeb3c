"""MARKET MAKER: quotes both sides of a market around a fair value, leaning against what it holds.

What it wants to have out is a pure function of the view; it is held against what rests, and only the difference is
cancelled or placed (post-only, so that a quote never takes). It holds no more than `notional_max_usd` could lose, and
has nothing out when its data is stale, close to the market's end, or around a scheduled release. The fair value is the
middle of the touch, or the probability that the spot price gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar, Literal

from trading.domain.intent import Decision, Holding, Intent, Resting, View
from trading.domain.market import Market, Outcome, Quote, on_grid
from trading.domain.money import CENT, CENTI_CENT, ONE, ZERO, ceil_to, floor_to
from trading.domain.order import yes_price
from trading.signals.probability import ProbabilityLimits, probability
from trading.strategies.base import Raises, Tunable
from trading.strategies.exits import ExitRules
from trading.strategies.touch import readable

HALF = Decimal("0.5")
SECONDS_MOST = Decimal(900)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One quote: buy `count` of `side` at `price` (that side's own, dollars)."""

    side: Outcome
    price: Decimal
    count: Decimal


@dataclass(frozen=True, slots=True)
class MarketMaker:
    """`spread` between its two quotes (YES dollars), at least; `skew` dollars for each contract held, against it;
    `count` contracts a quote; the loss of all that it holds and has out on one side stays within `notional_max_usd`.
    Quotes are pulled `quote_age_seconds` after the last look, `close_seconds` before the market's end, and from
    `release_seconds` before until as long after each of `releases`, and as long after a headline about the market.
    `fair` is what they stand around: the middle of the touch, or what `probability` says of the spot. Where it may
    have lost `daily_loss_usd` in a day, whoever runs it switches it off."""

    fair: Literal["mid", "spot"] = "mid"
    spread: Decimal = Decimal("0.02")
    skew: Decimal = Decimal("0.005")
    count: Decimal = Decimal(5)
    notional_max_usd: Decimal = Decimal(500)
    daily_loss_usd: Decimal = Decimal(100)
    quote_age_seconds: float = 10
    close_seconds: float = 60
    release_seconds: float = 60
    releases: tuple[datetime, ...] = ()
    probability: ProbabilityLimits = field(default_factory=ProbabilityLimits)
    exits: ExitRules = field(default_factory=ExitRules)
    name: str = "market_maker"

    tunables: ClassVar[Mapping[str, Tunable]] = MappingProxyType(
        {
            "spread": Tunable(Raises.DOWN, CENT, ONE - CENT),
            "skew": Tunable(Raises.DOWN, ZERO, ONE),
            "count": Tunable(Raises.UP, ONE, Decimal(100_000)),
            "notional_max_usd": Tunable(Raises.UP, ONE, Decimal(1_000_000)),
            "daily_loss_usd": Tunable(Raises.UP, ONE, Decimal(1_000_000)),
            "close_seconds": Tunable(Raises.DOWN, ONE, SECONDS_MOST),
            "release_seconds": Tunable(Raises.DOWN, ZERO, SECONDS_MOST),
        }
    )
    reenters: ClassVar[bool] = True

    def on_tick(self, view: View) -> Decision:
        if self.exits.due(view):
            return self._leave(view)
        stays, skipped, detail = self._may_quote(view)
        wanted = tuple(self._wanted(view, *stays)) if stays else ()
        return self._difference(view, wanted, skipped, detail)

    def _leave(self, view: View) -> Decision:
        """First everything is pulled, then what is held is sold."""
        cancels = tuple(order.client_order_id for order in view.resting)
        leaving = self.exits.exits(self.name, view)
        return Decision(intents=leaving, skipped="leaving", detail="an exit rule holds", cancels=cancels)

    def _may_quote(self, view: View) -> tuple[tuple[Market, Quote, Decimal] | None, str, str]:
        """The market, its quote and its fair value, or why everything is pulled."""
        market = view.market
        if market is None:
            return None, "no_market", "no open market in the series"
        if (market.close_time - view.now).total_seconds() <= self.close_seconds:
            return None, "closing", f"within {self.close_seconds:g} s of the close"
        skipped, detail = self._news(view, market)
        if skipped:
            return None, skipped, detail
        quote, skipped, detail = readable(view, market, self.quote_age_seconds)
        if quote is None:
            return None, skipped, detail
        if quote.bid is None or quote.ask is None:
            return None, "one_sided", "the order book has one side only"
        fair, skipped, detail = self._fair_value(view, market, quote)
        return (None if fair is None else (market, quote, fair)), skipped, detail

    def _news(self, view: View, market: Market) -> tuple[str, str]:
        """What may move the price at a stroke now: a release that is due, or a headline about this market."""
        near = [at for at in self.releases if abs((at - view.now).total_seconds()) <= self.release_seconds]
        if near:
            return "release", f"a release at {near[0]:%H:%M} UTC"
        about = (each for each in view.headlines if each.ticker == market.ticker)
        told = [each for each in about if 0 <= (view.now - each.at).total_seconds() <= self.release_seconds]
        return ("headline", told[-1].title) if told else ("", "")

    def _fair_value(self, view: View, market: Market, quote: Quote) -> tuple[Decimal | None, str, str]:
        """YES dollars, or why nobody can say."""
        if self.fair == "mid":
            return sum(touch(quote)) * HALF, "", ""
        signal = probability(market, view.ticks, view.now, self.probability)
        if signal.side is None:
            return None, signal.reason, f"{signal.name}: {signal.evidence}"
        return floor_to(Decimal(signal.strength), CENTI_CENT), "", ""

    def _wanted(self, view: View, market: Market, quote: Quote, value: Decimal) -> Iterator[Wanted]:
        """Bid and offer around the fair value, inside the touch's other side, on the grid, within the notional."""
        holding = view.holding(market.ticker)
        best_bid, best_ask = touch(quote)
        fair = value - self.skew * (holding.contracts if holding else ZERO)
        bid = min(floor_to(fair - self.spread * HALF, CENT), best_ask - CENT)
        offer = max(ceil_to(fair + self.spread * HALF, CENT), best_bid + CENT)
        for side, price in ((Outcome.YES, bid), (Outcome.NO, ONE - offer)):
            count = self._room(side, price, holding)
            if count > 0 and on_grid(yes_price(side, price), market.price_ranges):
                yield Wanted(side, price, count)

    def _room(self, side: Outcome, price: Decimal, holding: Holding | None) -> Decimal:
        """Whole contracts of this side that may be wanted: with what is held of it, they cost the notional at most."""
        if not ZERO < price < ONE:
            return ZERO
        committed = abs(holding.contracts) * holding.paid if holding and holding.side is side else ZERO
        return max(floor_to(min(self.count, (self.notional_max_usd - committed) / price), ONE), ZERO)

    def _difference(self, view: View, wanted: tuple[Wanted, ...], skipped: str, detail: str) -> Decision:
        """What rests as wanted stays; the rest is cancelled, and what is missing placed."""
        left = list(wanted)
        cancels = []
        for order in view.resting:
            match = next((each for each in left if _same(view, order, each)), None)
            if match:
                left.remove(match)
            else:
                cancels.append(order.client_order_id)
        intents = tuple(self._intent(view, each) for each in left)
        return Decision(intents=intents, skipped=skipped, detail=detail, agreed=bool(wanted), cancels=tuple(cancels))

    def _intent(self, view: View, wanted: Wanted) -> Intent:
        assert view.market, "what is wanted is wanted in a market"
        return Intent(self.name, view.market.ticker, wanted.side, wanted.price, wanted.count, "quote", post_only=True)


def touch(quote: Quote) -> tuple[Decimal, Decimal]:
    """Best bid and ask of a quote that has both (YES dollars)."""
    assert quote.bid, "it was looked at before"
    assert quote.ask, "it was looked at before"
    return quote.bid.price, quote.ask.price


def _same(view: View, order: Resting, wanted: Wanted) -> bool:
    """Whether an order is the one that is wanted: it may have filled in part, and then it stays as it is."""
    at_market = view.market is not None and order.ticker == view.market.ticker
    return at_market and (order.side, order.price) == (wanted.side, wanted.price) and order.count <= wanted.count
