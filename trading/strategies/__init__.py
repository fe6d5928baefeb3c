"""The strategies by name: one explicit table of what makes each with its defaults, or with parameters given.

The scanner and arbitrage look at many markets at once, and have jobs of their own beside the beat.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from trading.signals.momentum import MomentumLimits
from trading.strategies.base import Strategy
from trading.strategies.consensus import Consensus
from trading.strategies.market_maker import MarketMaker
from trading.strategies.momentum import QUARTER_SECONDS, Momentum
from trading.strategies.news import News
from trading.strategies.previous import Previous
from trading.strategies.threshold import Threshold

STRATEGIES: Mapping[str, Callable[..., Strategy]] = MappingProxyType(
    {
        "consensus": Consensus,
        "previous": Previous,
        "momentum": Momentum,
        "momentum_15": partial(Momentum, momentum=MomentumLimits(window_seconds=QUARTER_SECONDS), name="momentum_15"),
        "threshold": Threshold,
        "market_maker": MarketMaker,
        "news": News,
    }
)
JOBS = ("scanner", "arbitrage")
NAMES = (*STRATEGIES, *JOBS)  # all that there are

__all__ = ["JOBS", "NAMES", "STRATEGIES", "Consensus", "Strategy"]
