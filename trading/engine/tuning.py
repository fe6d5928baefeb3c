"""Strategies as they are in force: configured, with what people have changed laid over, within the configured limits.

A changed value never outlives a configuration that became stricter: the ceiling holds each time it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from trading.risk.limits import Limits
from trading.strategies.base import Strategy, Tunable, tunables, tuned


def tuned_by(strategy: Strategy, changed: Mapping[str, Decimal], configured: Limits) -> Strategy:
    """The strategy with what people have changed ("strategy.name" -> value), no value above its ceiling."""
    if not changed:
        return strategy
    changes = {
        name: min(changed[f"{strategy.name}.{name}"], most(tunable, configured))
        for name, tunable in tunables(strategy).items()
        if f"{strategy.name}.{name}" in changed
    }
    return tuned(strategy, changes)


def most(tunable: Tunable, configured: Limits) -> Decimal:
    """The highest value that people may give it."""
    ceiling = getattr(configured, tunable.ceiling) if tunable.ceiling else tunable.most
    return min(tunable.most, Decimal(ceiling))
