"""Cash on its way: between the shards of the account, into it and out of it.

Deposits land on shard 0 and withdrawals leave from there (inferred: the documentation names no shard); both are at once
and without a fee. Transfers between shards are at once too, where the live exchange takes a moment.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

from trading.exchange.simulated import refusals
from trading.exchange.simulated.account import Account
from trading.exchange.simulated.chance import identity
from trading.exchange.simulated.records import CashFlow, CashFlowKind, Transfer

CASH_SHARD = 0  # where deposits land
CENT = Decimal("0.01")


class Treasury:
    """Moves the cash of the account. Amounts are dollars; every act raises VenueError 400 when it is refused."""

    def __init__(self, account: Account, seed: int, shards: Collection[int]) -> None:
        self._account, self._seed, self._shards = account, seed, frozenset(shards)

    def transfer(self, source: int, destination: int, amount: Decimal, client_id: str, at: datetime) -> Transfer:
        """From shard to shard. The same client id twice is one transfer."""
        for done in self._account.transfers:
            if client_id and done.client_transfer_id == client_id:
                return done
        if amount <= 0 or source == destination or {source, destination} - self._shards:
            raise refusals.invalid_parameters("a transfer needs a positive amount and two different shards")
        self._covered(source, amount)
        number = len(self._account.transfers)
        transfer_id = identity(self._seed, "transfer", number)
        done = Transfer(number, transfer_id, client_id, source, destination, amount, at)
        self._account.move(done)
        return done

    def deposit(self, amount: Decimal, at: datetime) -> CashFlow:
        """Whole cents from outside."""
        return self._flow(CashFlowKind.DEPOSIT, amount, at)

    def withdraw(self, amount: Decimal, at: datetime) -> CashFlow:
        """Whole cents to outside, of what is free."""
        self._covered(CASH_SHARD, amount)
        return self._flow(CashFlowKind.WITHDRAWAL, amount, at)

    def _flow(self, kind: CashFlowKind, amount: Decimal, at: datetime) -> CashFlow:
        if amount <= 0 or amount % CENT:
            raise refusals.invalid_parameters("an amount of whole cents above zero")
        number = len(self._account.cash_flows)
        done = CashFlow(number, identity(self._seed, "cash", number), kind, amount, at)
        self._account.flow(CASH_SHARD, done)
        return done

    def _covered(self, shard: int, amount: Decimal) -> None:
        if amount > self._account.available(shard):
            raise refusals.insufficient_balance()
