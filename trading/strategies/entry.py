"""The one way into a market that CONSENSUS and its relatives share: stake, band, window and the age of a quote.

They differ in their opinion alone. What is bought, and when nothing is, stands here: once per market, at the ask,
within a band of prices, while the market is young enough and its quote fresh.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Protocol

from trading.domain.intent import Decision, Intent, View
from trading.domain.market import Level, Market, Outcome, on_grid
from trading.domain.money import CENT, ONE
from trading.domain.order import yes_price
from trading.domain.signal import Signal
from trading.strategies.base import Raises, Tunable
from trading.strategies.exits import ExitRules
from trading.strategies.touch import readable

WINDOW_SECONDS = 900  # from the open of a market to its close
STAKE_USD_MAX = Decimal(1_000_000)

ENTRY_TUNABLES: Mapping[str, Tunable] = MappingProxyType(
    {
        "stake_usd": Tunable(Raises.UP, CENT, STAKE_USD_MAX, ceiling="max_order_usd"),
        "min_price": Tunable(Raises.ANY, CENT, ONE - CENT),
        "max_price": Tunable(Raises.ANY, CENT, ONE - CENT),
        "entry_window_seconds": Tunable(Raises.UP, ONE, Decimal(WINDOW_SECONDS)),
    }
)
ENTRY_ORDER = (("min_price", "max_price"),)  # the first stays below the second


class Terms(Protocol):
    """What such a strategy has: `stake_usd` buys int(stake / ask) contracts, at least one, at an ask within [min_price,
    max_price] (dollars of the bought side), within `entry_window_seconds` of the market's open."""

    @property
    def name(self) -> str: ...
    @property
    def stake_usd(self) -> Decimal: ...
    @property
    def min_price(self) -> Decimal: ...
    @property
    def max_price(self) -> Decimal: ...
    @property
    def entry_window_seconds(self) -> float: ...
    @property
    def quote_age_seconds(self) -> float: ...
    @property
    def exits(self) -> ExitRules: ...


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the signals come to: a side and why, or the code and the words for why there is none."""

    signals: tuple[Signal, ...]
    side: Outcome | None = None
    why: str = ""
    skipped: str = ""
    detail: str = ""


def said_by(signal: Signal) -> Opinion:
    """The opinion of one signal alone."""
    if signal.side is None:
        return Opinion((signal,), skipped=signal.reason, detail=f"{signal.name}: {signal.evidence}")
    return Opinion((signal,), signal.side, f"{signal.name} says {signal.side}")


def decide(terms: Terms, view: View, opinion_on: Callable[[View, Market], Opinion]) -> Decision:
    """Leave where an exit rule says so, else enter with the opinion, or say why not."""
    market = view.market
    if market is None:
        return Decision(skipped="no_market", detail="no open market in the series")
    opinion = opinion_on(view, market)
    if leaving := terms.exits.exits(terms.name, view):
        return Decision(opinion.signals, intents=leaving, agreed=opinion.side is not None)
    if (view.now - market.open_time).total_seconds() > terms.entry_window_seconds:
        late = f"more than {terms.entry_window_seconds:g} s after the open"
        return Decision(opinion.signals, skipped="entry_window", detail=late)
    if opinion.side is None:
        return Decision(opinion.signals, skipped=opinion.skipped, detail=opinion.detail)
    return _enter(terms, view, market, opinion, opinion.side)


def _enter(terms: Terms, view: View, market: Market, opinion: Opinion, side: Outcome) -> Decision:
    ask, skipped, detail = _touch(terms, view, market, side)
    if ask is None:
        return Decision(opinion.signals, skipped=skipped, detail=detail, agreed=True)
    count = max(Decimal(int(terms.stake_usd / ask.price)), ONE)
    intent = Intent(terms.name, market.ticker, side, ask.price, count, opinion.why, opinion.signals)
    return Decision(opinion.signals, intents=(intent,), agreed=True)


def _touch(terms: Terms, view: View, market: Market, side: Outcome) -> tuple[Level | None, str, str]:
    """The ask to buy at, or the code and the words for why there is none."""
    quote, skipped, detail = readable(view, market, terms.quote_age_seconds)
    if quote is None:
        return None, skipped, detail
    if quote.bid is None or quote.ask is None:
        return None, "one_sided", "the order book has one side only"
    ask = quote.ask_for(side)
    if ask is None or not on_grid(yes_price(side, ask.price), market.price_ranges):
        return None, "off_grid", f"{ask.price if ask else 'no'} ask is not on the market's price grid"
    if not terms.min_price <= ask.price <= terms.max_price:
        return None, "price_band", f"ask {ask.price:.4f} is outside {terms.min_price}-{terms.max_price}"
    return ask, "", ""
