"""NEWS: lean with a headline that is sure enough, or step aside for a while; one order for each headline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar, Literal

from trading.domain.intent import Decision, Headline, Intent, View
from trading.domain.market import Market
from trading.domain.money import CENT, ONE, ZERO
from trading.domain.order import TimeInForce
from trading.strategies.base import Raises, Tunable
from trading.strategies.entry import STAKE_USD_MAX
from trading.strategies.exits import ExitRules
from trading.strategies.touch import readable


@dataclass(frozen=True, slots=True)
class News:
    """Acts on headlines of more than `confidence_min`, not older than `fresh_seconds`, and no sooner than
    `cooldown_seconds` after the last one acted on. `lean` buys the side that a headline speaks for with `stake_usd` up
    to `price_max`; `aside` buys nothing, and says so, so that others can pull their quotes."""

    mode: Literal["lean", "aside"] = "lean"
    confidence_min: float = 0.7
    fresh_seconds: float = 60
    cooldown_seconds: float = 300
    stake_usd: Decimal = Decimal("5")
    price_max: Decimal = Decimal("0.85")
    quote_age_seconds: float = 15
    exits: ExitRules = field(default_factory=ExitRules)
    name: str = "news"

    tunables: ClassVar[Mapping[str, Tunable]] = MappingProxyType(
        {
            "confidence_min": Tunable(Raises.DOWN, ZERO, ONE),
            "fresh_seconds": Tunable(Raises.UP, ONE, Decimal(3_600)),
            "cooldown_seconds": Tunable(Raises.DOWN, ZERO, Decimal(86_400)),
            "stake_usd": Tunable(Raises.UP, CENT, STAKE_USD_MAX, ceiling="max_order_usd"),
            "price_max": Tunable(Raises.UP, CENT, ONE - CENT),
        }
    )
    reenters: ClassVar[bool] = True

    def on_tick(self, view: View) -> Decision:
        market = view.market
        if market is None:
            return Decision(skipped="no_market", detail="no open market in the series")
        headline, skipped, detail = self._headline(view, market)
        if headline is None:
            return Decision(intents=self.exits.exits(self.name, view), skipped=skipped, detail=detail)
        if self.mode == "aside":
            return Decision(skipped="stepped_aside", detail=headline.title, agreed=True)
        return self._lean(view, market, headline)

    def _headline(self, view: View, market: Market) -> tuple[Headline | None, str, str]:
        """The newest one to act on, or why there is none."""
        about = [each for each in view.headlines if each.ticker == market.ticker and each.at <= view.now]
        if not about:
            return None, "no_headline", f"{len(view.headlines)} headlines, none about it"
        acted = max((each.at for each in about if each.headline_id in view.spent), default=None)
        if acted is not None and view.now - acted < timedelta(seconds=self.cooldown_seconds):
            return None, "cooldown", f"{(view.now - acted).total_seconds():.0f} s since the last one acted on"
        newest = about[-1]
        if newest.headline_id in view.spent:
            return None, "spent", "the newest headline was acted on"
        if (view.now - newest.at).total_seconds() > self.fresh_seconds:
            return None, "old_headline", f"older than {self.fresh_seconds:g} s"
        if newest.confidence <= self.confidence_min:
            return None, "unsure", f"confidence {newest.confidence:.2f}, more than {self.confidence_min:g} is wanted"
        return newest, "", ""

    def _lean(self, view: View, market: Market, headline: Headline) -> Decision:
        quote, skipped, detail = readable(view, market, self.quote_age_seconds)
        ask = quote.ask_for(headline.side) if quote else None
        if ask is None:
            return Decision(skipped=skipped or "one_sided", detail=detail or "nobody offers that side", agreed=True)
        if ask.price > self.price_max:
            return Decision(skipped="price_band", detail=f"ask {ask.price} is above {self.price_max}", agreed=True)
        count = max(Decimal(int(self.stake_usd / ask.price)), ONE)
        why = f"{headline.headline_id}: {headline.title}"
        intent = Intent(
            self.name,
            market.ticker,
            headline.side,
            ask.price,
            count,
            why,
            time_in_force=TimeInForce.IOC,
            headline=headline.headline_id,
        )
        return Decision(intents=(intent,), agreed=True)
