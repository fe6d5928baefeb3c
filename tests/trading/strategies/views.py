"""Views for the tables of strategies: a market in mid-life, a fresh quote, and what is the case besides."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.trading.build import OPEN, TICKER, before, market, quote, ticks
from trading.domain.intent import Headline, Holding, Resting, View
from trading.domain.market import Outcome

NOW = OPEN + timedelta(seconds=90)
YES, NO = Outcome.YES, Outcome.NO


def view(**changes: Any) -> View:
    """`bid`, `ask`, `size`: of the quote; `held`: signed YES contracts, bought at `paid` each, `age` seconds ago."""
    now = changes.pop("now", NOW)
    bid, ask, size = changes.pop("bid", "0.50"), changes.pop("ask", "0.52"), changes.pop("size", "100")
    seen = changes.pop("seen", now)
    held, paid, age = changes.pop("held", None), changes.pop("paid", "0.50"), changes.pop("age", 30)
    if held is not None:
        changes["holdings"] = (holding(held, paid, now - timedelta(seconds=age)),)
    return replace(View(now, market(), before(), quote(bid, ask, seen, size), ticks(now)), **changes)


def holding(held: str, paid: str, since: datetime) -> Holding:
    return Holding(TICKER, Decimal(held), Decimal(paid), since)


def resting(side: Outcome, price: str, count: str = "5", name: str = "") -> Resting:
    return Resting(name or f"k1-{side}-{price}", TICKER, side, Decimal(price), Decimal(count))


def headline(
    name: str, confidence: float = 0.9, ago: float = 10, side: Outcome = YES, ticker: str = TICKER
) -> Headline:
    return Headline(name, ticker, side, confidence, NOW - timedelta(seconds=ago), f"title of {name}", "a feed")
