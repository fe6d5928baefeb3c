"""Order groups: a limit on how many contracts the orders of a group may fill in any 15 seconds.

Over the limit, or when it is told to, a group triggers: what rests of it is cancelled and it takes no order until it is
reset. Resting and incoming fills count alike. Groups do not span shards: whoever names the wrong one finds nothing.
Source: the exchange's page on order groups and its OpenAPI description 3.34.0.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile

from trading.exchange.simulated.account import Account
from trading.exchange.simulated.books import Books
from trading.exchange.simulated.chance import identity
from trading.exchange.simulated.records import GroupEvent, HeldOrder, OrderGroup
from trading.exchange.simulated.refusals import VenueError, invalid_order, invalid_parameters, not_found
from trading.exchange.simulated.units import COUNT_UNIT

WINDOW = timedelta(seconds=15)
LIMIT_MAX = 1_000_000 * COUNT_UNIT  # count units
GROUPS_MAX = 100_000  # of one member


class OrderGroups:
    """The member's groups. Acts raise VenueError 404 for an unknown group; counts are count units."""

    def __init__(self, account: Account, books: Books, seed: int) -> None:
        self._account, self._books, self._seed = account, books, seed
        books.on_fill = self._watch

    def create(self, limit: int, shard: int, at: datetime) -> OrderGroup:
        """A new group. Raises VenueError 400."""
        _check_limit(limit)
        if len(self._account.groups) >= GROUPS_MAX:
            raise invalid_parameters(f"no more than {GROUPS_MAX} order groups")
        number = self._account.groups_made
        made = OrderGroup(number, identity(self._seed, "group", number), shard, limit, at)
        return self._account.put_group(made)

    def find(self, group_id: str, shard: int | None = None) -> OrderGroup:
        """The group of that id, on that shard unless it is None."""
        group = self._account.groups.get(group_id)
        if group is None or shard not in (None, group.exchange_index):
            raise not_found("order group")
        return group

    def admit(self, group_id: str, shard: int) -> None:
        """Let an order into a group. Raises VenueError: the codes of both refusals are inferred."""
        if group_id and self.find(group_id, shard).triggered:
            raise invalid_order("order group is triggered")

    def resting(self, group_id: str) -> list[HeldOrder]:
        """What rests of a group, the oldest first."""
        found = (o for orders in self._account.resting.values() for o in orders.values())
        return sorted((o for o in found if o.order_group_id == group_id), key=lambda o: o.number)

    def trigger(self, group_id: str, shard: int, at: datetime) -> None:
        """Cancel what rests of it and let nothing in; a second time changes nothing."""
        group = self.find(group_id, shard)
        if not group.triggered:
            self._trigger(group, at)

    def reset(self, group_id: str, shard: int, at: datetime) -> None:
        """Take orders again and count from nothing."""
        group, counts_from = self.find(group_id, shard), len(self._account.fills)
        self._account.put_group(replace(group, event=GroupEvent.RESET, at=at, triggered=False, counts_from=counts_from))

    def set_limit(self, group_id: str, shard: int, limit: int, at: datetime) -> None:
        """Change the limit; what has filled by now may be over it. Raises VenueError 400 and 404."""
        group = self.find(group_id, shard)
        _check_limit(limit)
        self._account.put_group(replace(group, event=GroupEvent.LIMIT_UPDATED, at=at, limit=limit))
        self._watch(group_id, at)

    def delete(self, group_id: str, shard: int, at: datetime) -> None:
        """Cancel what rests of it and forget it."""
        group = self.find(group_id, shard)
        self._cancel_resting(group_id, at)
        self._account.put_group(replace(group, event=GroupEvent.DELETED, at=at))

    def filled(self, group: OrderGroup, at: datetime) -> int:
        """What has filled of it in the 15 seconds up to `at`, since its last reset."""
        recent = takewhile(
            lambda f: f.at > at - WINDOW and f.number >= group.counts_from, reversed(self._account.fills)
        )
        orders = self._account.orders
        return sum(f.count for f in recent if orders[f.order_id].order_group_id == group.group_id)

    def _watch(self, group_id: str, at: datetime) -> None:
        """Trigger a group that is over its limit; an order outlives a deleted group only where it no longer rests."""
        group = self._account.groups.get(group_id)
        if group and not group.triggered and self.filled(group, at) > group.limit:
            self._trigger(group, at)

    def _trigger(self, group: OrderGroup, at: datetime) -> None:
        self._cancel_resting(group.group_id, at)
        self._account.put_group(replace(group, event=GroupEvent.TRIGGERED, at=at, triggered=True))

    def _cancel_resting(self, group_id: str, at: datetime) -> None:
        """The stream has no reason of its own for these cancels, so they carry none."""
        for order in self.resting(group_id):
            self._books.drop(order)
            self._account.end_order(order, at, "")


def group_limit(contracts_limit: int | None, limit: int | None) -> int:
    """The limit in count units, said in whole contracts, in count units, or both ways. Raises VenueError 400."""
    if contracts_limit is None and limit is None:
        raise invalid_parameters("contracts_limit or contracts_limit_fp is required")
    whole = limit if contracts_limit is None else contracts_limit * COUNT_UNIT
    if whole is None or limit not in (None, whole):
        raise invalid_parameters("contracts_limit and contracts_limit_fp must match")
    return whole


def _check_limit(limit: int) -> None:
    if not COUNT_UNIT <= limit <= LIMIT_MAX:
        raise VenueError(400, "invalid_parameters", "contracts_limit must be from 1 to 1,000,000")
