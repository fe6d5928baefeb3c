"""Whether a quote may be acted on: of this market, fresh, and with something in it."""

from __future__ import annotations

from trading.domain.intent import View
from trading.domain.market import Market, Quote


def readable(view: View, market: Market, age_seconds_max: float) -> tuple[Quote | None, str, str]:
    """The view's quote, or the code and the words for why there is none to act on."""
    quote = view.quote
    if quote is None or quote.ticker != market.ticker or quote.age(view.now) > age_seconds_max:
        return None, "no_quote", f"no quote within {age_seconds_max:g} s"
    if quote.bid is None and quote.ask is None:
        return None, "one_sided", "an empty book"
    return quote, "", ""
