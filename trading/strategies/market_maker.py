"""MARKET MAKER: quotes both sides of a market around a fair value, leaning against what it holds.

What it wants to have out is a pure function of the view; it is held against what rests, and only the difference is
cancelled or placed (post-only, so that a quote never takes). It holds no more than `notional_max_usd` could lose, and
has nothing out when its data is stale, close to the market's end, or around a scheduled release.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.intent import Decision, Holding, Intent, Resting, View
from trading.domain.market import Market, Outcome, Quote, on_grid
from trading.domain.money import CENT, ONE, ZERO, ceil_to, floor_to
from trading.domain.order import yes_price
from trading.strategies.touch import readable

HALF = Decimal("0.5")


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
    `release_seconds` before until as long after each of `releases`."""

    spread: Decimal = Decimal("0.02")
    skew: Decimal = Decimal("0.005")
    count: Decimal = Decimal(5)
    notional_max_usd: Decimal = Decimal(500)
    quote_age_seconds: float = 10
    close_seconds: float = 60
    release_seconds: float = 60
    releases: tuple[datetime, ...] = ()
    name: str = "market_maker"

    def on_tick(self, view: View) -> Decision:
        stays, skipped, detail = self._may_quote(view)
        wanted = tuple(self._wanted(view, *stays)) if stays else ()
        return self._difference(view, wanted, skipped, detail)

    def _may_quote(self, view: View) -> tuple[tuple[Market, Quote] | None, str, str]:
        """The market and its quote, or why everything is pulled."""
        market = view.market
        if market is None:
            return None, "no_market", "no open market in the series"
        if (market.close_time - view.now).total_seconds() <= self.close_seconds:
            return None, "closing", f"within {self.close_seconds:g} s of the close"
        near = [at for at in self.releases if abs((at - view.now).total_seconds()) <= self.release_seconds]
        if near:
            return None, "release", f"a release at {near[0]:%H:%M} UTC"
        quote, skipped, detail = readable(view, market, self.quote_age_seconds)
        if quote is None:
            return None, skipped, detail
        if quote.bid is None or quote.ask is None:
            return None, "one_sided", "the order book has one side only"
        return (market, quote), "", ""

    def _wanted(self, view: View, market: Market, quote: Quote) -> Iterator[Wanted]:
        """Bid and offer around the fair value, inside the touch's other side, on the grid, within the notional."""
        holding = view.holding(market.ticker)
        best_bid, best_ask = touch(quote)
        fair = (best_bid + best_ask) * HALF - self.skew * (holding.contracts if holding else ZERO)
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
        return max(min(self.count, floor_to((self.notional_max_usd - committed) / price, ONE)), ZERO)

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
