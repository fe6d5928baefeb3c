"""Telling people in time that the money runs out: once when it falls below what is enough, and again after it was."""

from __future__ import annotations

from trading.domain.events import BalanceEnough, BalanceLow
from trading.engine.broker import Broker
from trading.risk.checks import at_risk


class LowBalance:
    """Of the current mode. What stands in open bets and orders counts as there until it is lost: an account that is
    small beside its stakes would otherwise cry at every bet."""

    def __init__(self, broker: Broker) -> None:
        self._broker, self._book, self._clock = broker, broker.book, broker.clock

    async def look(self) -> None:
        """Tell what has changed since the last look. Raises StoreFailed."""
        state, enough = self._book.state, self._broker.limits.low_balance_usd
        cash = await self._broker.cash.total() if enough else None
        if cash is None:
            return
        told, now = state.mode in state.balance_low, self._clock.now()
        if cash >= enough and not told:
            return  # whatever is staked besides
        staked = at_risk(state, state.mode)
        if cash + staked < enough and not told:
            self._book.record(BalanceLow(now, state.mode, cash, staked, enough))
        elif cash + staked >= enough and told:
            self._book.record(BalanceEnough(now, state.mode))
