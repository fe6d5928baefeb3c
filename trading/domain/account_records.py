"""What the exchange keeps of an account beside orders and positions: cash in and out, groups, queues, a key's rights.

Field meanings: the exchange's spec 3.34. Dollars and contracts are exact Decimals, times aware UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading.domain.money import ZERO

# What the bot needs is `read` and `write::trade`; the balance alone is part of `read`.
NEEDED_SCOPES = frozenset({"read", "read::portfolio_balance", "write::trade"})
FUNDING_SCOPE = "write::transfer"  # only `fund` moves cash

# Of a cash flow's `status`: on its way, and there.
PENDING, APPLIED = "pending", "applied"


class CashDirection(StrEnum):
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class CashFlow:
    """Money that came from outside or went there. `status` and `method` are the exchange's words
    (pending, applied, failed, returned; ach, wire, crypto, debit, apm)."""

    flow_id: str
    direction: CashDirection
    status: str
    method: str
    amount: Decimal  # dollars, never negative
    fee: Decimal  # dollars
    created_at: datetime
    finalized_at: datetime | None = None

    @property
    def moved(self) -> Decimal:
        """What it has done to the account's cash by now (dollars): nothing before it is applied, or once returned."""
        if self.status != APPLIED:
            return ZERO
        return self.amount if self.direction is CashDirection.DEPOSIT else -self.amount


@dataclass(frozen=True, slots=True)
class OrderGroup:
    """Orders on one shard that the exchange cancels together once more than `contracts_limit` contracts of them fill
    within 15 seconds. `order_ids` is read only where one group is asked for.

    `triggered` is the exchange's `is_auto_cancel_enabled`, whose meaning no document says: others have seen on the demo
    exchange that it turns true by the trigger. Nothing here depends on it.
    """

    group_id: str
    triggered: bool
    contracts_limit: Decimal | None
    exchange_index: int = 0
    order_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """How many contracts stand before a resting order at its price."""

    order_id: str
    ticker: str
    ahead: Decimal


@dataclass(frozen=True, slots=True)
class Amended:
    """The exchange's acknowledgement of a changed order; None is what it did not say."""

    order_id: str
    filled: Decimal | None
    remaining: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True)
class KeyScopes:
    """What one API key may do, in the exchange's words; `subaccount` is the only one it may touch, None: any."""

    key_id: str
    name: str
    scopes: frozenset[str]
    subaccount: int | None = None


def may_trade(scopes: Iterable[str]) -> bool:
    """Whether they are enough: everything is read, and orders are sent."""
    return {"read"} <= set(scopes) and bool({"write", "write::trade"} & set(scopes))


def needless_scopes(scopes: Iterable[str], *, funding: bool = False) -> list[str]:
    """Those that the bot has no use for, sorted: all of `write`, block trades, and whatever is new.

    `funding` says that the key is meant for `fund` too.
    """
    needed = NEEDED_SCOPES | ({FUNDING_SCOPE} if funding else set())
    return sorted(set(scopes) - needed)
