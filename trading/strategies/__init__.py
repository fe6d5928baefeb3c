"""The strategies by name: one explicit table."""

from trading.strategies.base import Strategy
from trading.strategies.consensus import Consensus

STRATEGIES: dict[str, type[Consensus]] = {"consensus": Consensus}

__all__ = ["STRATEGIES", "Consensus", "Strategy"]
