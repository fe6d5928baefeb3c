"""What no strategy may answer: whoever does is switched off, and the others go on.

The gate holds each intent against the limits and denies it alone. Here is what says that the strategy itself is
broken, so that nothing else that it wants can be believed either.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from trading.domain.intent import Decision, Intent, View
from trading.domain.money import ZERO

INTENTS_MAX = 20  # of one decision: more than any strategy has quotes


def fault(strategy: str, decision: object, view: View) -> str:
    """What is wrong with a strategy's answer to its view, in words; empty where nothing is."""
    if not isinstance(decision, Decision):
        return f"answered with {type(decision).__name__}, which is no decision"
    if len(decision.intents) == 0:  # as in most beats
        return ""
    if len(decision.intents) > INTENTS_MAX:
        return f"wanted {len(decision.intents)} orders at once, {INTENTS_MAX} at most are believed"
    known = set(_tickers(view))
    found = (_wrong(strategy, intent, known) for intent in decision.intents)
    return next((wrong for wrong in found if wrong), "")


def _wrong(strategy: str, intent: Intent, known: set[str]) -> str:
    for name, value in (("price", intent.price), ("count", intent.count)):
        if not isinstance(value, Decimal) or not value.is_finite() or value < ZERO:
            return f"wanted an order with the {name} {value}"
    if intent.strategy != strategy:
        return f"wanted an order in the name of {intent.strategy}"
    return "" if intent.ticker in known else f"wanted an order in {intent.ticker}, which it was not shown"


def _tickers(view: View) -> Iterator[str]:
    """Every market that a view shows."""
    yield from (market.ticker for market in (view.market, view.previous) if market)
    yield from (held.ticker for held in view.holdings)
    yield from (order.ticker for order in view.resting)
    yield from (headline.ticker for headline in view.headlines)
