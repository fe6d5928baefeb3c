"""What /backtest plays: a strategy as the bot has it now, over the days that are kept of the bot's series."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from chatbot.backtests import Wish
from chatbot.config import Settings
from trading.domain.errors import NotFound
from trading.exchange.kalshi.client import PRODUCTION_URL
from trading.strategies import STRATEGIES, Strategy
from trading.strategies.base import parameters

RESEARCH = "research"  # the folder of what was fetched


def research_folder(settings: Settings) -> Path:
    """Where fetched days are kept: production's for everybody, another exchange's apart."""
    real = (settings.api_base or PRODUCTION_URL) == PRODUCTION_URL
    return (settings.data_dir.expanduser() if real else settings.data_folder) / RESEARCH


def unknown(name: str) -> str:
    """One sentence about a strategy that there is none of."""
    near = difflib.get_close_matches(name, STRATEGIES, n=1)
    fix = f"did you mean {near[0]}?" if near else f"use one of {', '.join(STRATEGIES)}"
    return f"there is no strategy {name[:24]!r} to backtest: {fix}"


def wished(name: str, days: int, settings: Settings, running: Iterable[Strategy]) -> Wish:
    """The wish for a strategy that runs, with its parameters, or for any other with its defaults. Raises NotFound."""
    name = name.casefold()
    if name not in STRATEGIES:
        raise NotFound(unknown(name))
    strategy = next((each for each in running if each.name == name), None) or STRATEGIES[name]()
    return Wish(name, told(strategy), str(research_folder(settings)), settings.kalshi_event_ticker_prefix, days)


def told(strategy: Strategy) -> dict[str, str]:
    """Its parameters as `sweep.configured` reads them; what is no figure or word keeps its default."""
    kinds = int | float | Decimal | str
    named = parameters(strategy)
    return {name: str(value) for name, value in named if isinstance(value, kinds) and not isinstance(value, bool)}
