"""What a key may do: its scopes, and the one subaccount that it may be locked to.

A parent scope (`read`, `write`) grants all of its kind, a child only its own group of operations; `write` is given only
together with `read`. Source: the API-key models 3.34.0 and the changelog of June and July 2026. The codes of the
refusals and that order groups count as trading are inferred.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from trading.exchange.simulated.asks import Ask
from trading.exchange.simulated.refusals import VenueError


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"
    READ_BALANCE = "read::portfolio_balance"
    READ_BLOCK_TRADES = "read::block_trade_accept"
    TRADE = "write::trade"
    TRANSFER = "write::transfer"
    FCM_RISK = "write::fcm_risk"
    ACCEPT_BLOCK_TRADES = "write::block_trade_accept"


@dataclass(frozen=True, slots=True)
class Rights:
    """Raises ValueError for `write` without `read`. `subaccount` None: every one."""

    name: str = "member"
    scopes: tuple[Scope, ...] = (Scope.READ, Scope.WRITE)
    subaccount: int | None = None

    def __post_init__(self) -> None:
        if Scope.WRITE in self.scopes and Scope.READ not in self.scopes:
            raise ValueError("a key with the scope write must have read as well")


FULL = Rights()
BALANCE = "/portfolio/balance"
TRANSFERS = ("/portfolio/intra_exchange_instance_transfer",)


class _Named(msgspec.Struct):
    """Where a body, or an item of a batch, may name subaccounts."""

    subaccount: int | None = None
    source_subaccount: int | None = None
    destination_subaccount: int | None = None
    orders: list[_Named] = []

    def named(self) -> set[int]:
        """Those it names; naming none means the primary, 0."""
        found = (self.subaccount, self.source_subaccount, self.destination_subaccount)
        return {number for number in found if number is not None} or {0}


def check_rights(rights: Rights, method: str, path: str, ask: Ask) -> None:
    """Nothing when a key with these rights may ask that; `path` is the route's. Raises VenueError 403."""
    granting = _granting(method, path)
    if not granting & set(rights.scopes):
        needed = " or ".join(sorted(granting))
        raise VenueError(403, "insufficient_scope", "the API key lacks the scope for this", needed)
    if rights.subaccount is not None and named_subaccounts(ask) - {rights.subaccount}:
        raise VenueError(403, "subaccount_restricted", "the API key is locked to another subaccount")


def named_subaccounts(ask: Ask) -> set[int]:
    """The subaccounts that a request is about."""
    in_query = ask.number("subaccount")
    if in_query is not None:
        return {in_query}
    try:
        body = msgspec.json.decode(ask.body or b"{}", type=_Named)
    except msgspec.DecodeError:
        return {0}  # whatever it is about, the handler refuses it
    return set().union(*(item.named() for item in body.orders or [body]))


def _granting(method: str, path: str) -> frozenset[Scope]:
    """The scopes of which one is enough."""
    if method == "GET":
        return frozenset({Scope.READ, Scope.READ_BALANCE} if path == BALANCE else {Scope.READ})
    return frozenset({Scope.WRITE, Scope.TRANSFER if path in TRANSFERS else Scope.TRADE})
