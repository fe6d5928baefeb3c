"""What has changed in the venue between two ticks of the stream, as its channels are told it.

The account's part is collected from its committed lines while somebody listens, each order with the reason of its last
change, which the record itself does not always tell.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from trading.exchange.simulated.account import Account
from trading.exchange.simulated.records import FillRecord, HeldOrder, Holding, Line, OrderGroup


@dataclass(frozen=True, slots=True)
class OrderChange:
    """An order as it now is; `reason` is the stream's word for its last change, empty where it has none."""

    order: HeldOrder
    reason: str


@dataclass(frozen=True, slots=True)
class PositionChange:
    """A holding as it now is (nothing once settled) and the count units traded in its market so far."""

    holding: Holding
    volume: int


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything from `since` (left out) to `now`; the account's part in the order in which it was committed."""

    since: datetime
    now: datetime
    orders: tuple[OrderChange, ...] = ()
    fills: tuple[FillRecord, ...] = ()
    positions: tuple[PositionChange, ...] = ()
    groups: tuple[OrderGroup, ...] = ()  # each state that a group went through

    def bounded(self, back_max: timedelta) -> datetime:
        """`since`, but at most so far back."""
        return max(self.since, self.now - back_max)

    def cause(self, ticker: str, price: int) -> str:
        """The client id of an own order that may have moved that level (YES price units); empty for the street."""
        for change in self.orders:
            if (change.order.ticker, change.order.price) == (ticker, price) and change.order.client_order_id:
                return change.order.client_order_id
        own = (f.client_order_id for f in self.fills if f.is_taker and (f.ticker, f.price) == (ticker, price))
        return next(own, "")


class AccountWatch:
    """Collects the account's committed changes from `begin` to `end`; `take` hands them over."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._orders: list[OrderChange] = []
        self._fills: list[FillRecord] = []
        self._positions: list[PositionChange] = []
        self._groups: list[OrderGroup] = []
        self._known: dict[str, HeldOrder] = {}
        self._volumes: Counter[str] = Counter()

    def begin(self) -> None:
        self._known = dict(self._account.orders)
        self._volumes = Counter()
        for fill in self._account.fills:
            self._volumes[fill.ticker] += fill.count
        self._account.watchers.append(self._keep)

    def end(self) -> None:
        self._account.watchers.remove(self._keep)
        self._orders, self._fills, self._positions, self._groups = [], [], [], []
        self._known.clear()

    def take(self, since: datetime, now: datetime) -> Changes:
        """What came since the last call."""
        told = (tuple(self._orders), tuple(self._fills), tuple(self._positions), tuple(self._groups))
        changes = Changes(since, now, *told)
        self._orders, self._fills, self._positions, self._groups = [], [], [], []
        return changes

    def _keep(self, line: Line) -> None:
        self._fills.extend(line.fills)
        for fill in line.fills:
            self._volumes[fill.ticker] += fill.count
        for order in line.orders:
            self._orders.append(OrderChange(order, reason_of(self._known.get(order.order_id), order)))
            self._known[order.order_id] = order
        self._positions.extend(PositionChange(held, self._volumes[held.ticker]) for held in line.holdings)
        self._groups.extend(line.groups)


def reason_of(before: HeldOrder | None, order: HeldOrder) -> str:
    """The stream's `last_update_reason`; `before` is None for a new order."""
    if order.why:
        return order.why
    if before is None:
        return "Trade" if order.filled else ""
    if order.filled > before.filled:
        return "Trade"
    if not order.resting:
        return ""
    lowered = order.initial < before.initial and order.price == before.price and order.expires_at == before.expires_at
    return "Decrease" if lowered else "Amend"
