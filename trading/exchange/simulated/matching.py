"""One market's order book: price-time priority in YES prices, with an anonymous street beside named owners.

Pure: it knows neither money nor time. Orders are limits; what may be resting rests, what may not is left over for the
caller to cancel. The street is an owner of its own whose levels are set by difference (more joins the back of the
queue, less leaves from the back), so that the place of everybody else's orders in the queue is honest.
Rules: exchange rule 5.9 (price, then time); self-trade prevention and post-only as the create-order page has them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from trading.domain.order import Side, TimeInForce
from trading.exchange.simulated.street import Level

OPPOSITE = {Side.BID: Side.ASK, Side.ASK: Side.BID}
STREET = ""  # the owner that is nobody: it trades with everyone, never with itself


class SelfTrade(StrEnum):
    """What happens where an order would meet another of its owner's."""

    TAKER_AT_CROSS = "taker_at_cross"  # the incoming order ends there; what it filled before stands
    MAKER = "maker"  # the resting order is cancelled and matching goes on


@dataclass(slots=True)
class Entry:
    """Contracts waiting at a price. `order_id` and `owner` are empty for the street."""

    order_id: str
    owner: str
    count: int


@dataclass(frozen=True, slots=True)
class Incoming:
    """An order on its way into the book: price units (YES), count units."""

    order_id: str
    owner: str
    side: Side
    price: int
    count: int
    time_in_force: TimeInForce = TimeInForce.GTC
    self_trade: SelfTrade = SelfTrade.TAKER_AT_CROSS


@dataclass(frozen=True, slots=True)
class Trade:
    """One execution at the maker's price. An empty id is the street's."""

    taker_id: str
    maker_id: str
    taker_side: Side
    price: int
    count: int


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of an incoming order. `left` neither traded nor rests: the caller cancels it.

    `killed` says that a fill-or-kill found too little and nothing happened at all, `met_own` that the order ended where
    it met another of its owner's.
    """

    trades: tuple[Trade, ...] = ()
    rested: int = 0
    left: int = 0
    self_cancelled: tuple[str, ...] = ()
    killed: bool = False
    met_own: bool = False


class Book:
    """The resting orders of one market."""

    def __init__(self) -> None:
        self._sides: dict[Side, dict[int, list[Entry]]] = {Side.BID: {}, Side.ASK: {}}
        self._where: dict[str, tuple[Side, int]] = {}  # of named orders

    @property
    def named(self) -> bool:
        """Whether anybody but the street has an order here."""
        return bool(self._where)

    def levels(self, side: Side) -> list[Level]:
        """Prices and their whole counts, best first."""
        queues = self._sides[side]
        return [(p, sum(e.count for e in queues[p])) for p in sorted(queues, reverse=side is Side.BID)]

    def would_cross(self, side: Side, price: int) -> bool:
        """Whether an order at that price would trade at once."""
        return bool(self._crossing(side, price))

    def place(self, order: Incoming) -> Matched:
        """Match what crosses; rest the remainder of a good-till-cancelled order. Counts must be positive."""
        assert order.count > 0, "an order without contracts"
        if order.time_in_force is TimeInForce.FOK and not self._can_fill(order):
            return Matched(left=order.count, killed=True)
        matched = self._match(order)
        if matched.left and order.time_in_force is TimeInForce.GTC and not matched.met_own:
            self._join(order.side, order.price, Entry(order.order_id, order.owner, matched.left))
            return Matched(matched.trades, matched.left, 0, matched.self_cancelled)
        return matched

    def cancel(self, order_id: str) -> int:
        """Take a named order out; the count that was waiting, 0 when it is not here."""
        place = self._where.pop(order_id, None)
        if place is None:
            return 0
        queue = self._sides[place[0]][place[1]]
        entry = next(e for e in queue if e.order_id == order_id)
        queue.remove(entry)
        self._tidy(*place)
        return entry.count

    def to_back(self, order_id: str) -> None:
        """Put a named order behind everybody else at its price."""
        side, price = self._where[order_id]
        queue = self._sides[side][price]
        entry = next(e for e in queue if e.order_id == order_id)
        queue.remove(entry)
        queue.append(entry)

    def shrink(self, order_id: str, count: int) -> None:
        """Lower a named order's waiting count to `count` (> 0) without losing its place in the queue."""
        side, price = self._where[order_id]
        entry = next(e for e in self._sides[side][price] if e.order_id == order_id)
        assert 0 < count <= entry.count, "an order can only shrink in place"
        entry.count = count

    def ahead_of(self, order_id: str) -> int:
        """The count that trades before a named order: better prices, and earlier at its own."""
        side, price = self._where[order_id]
        better = sum(n for p, n in self.levels(side) if (p > price if side is Side.BID else p < price))
        queue = self._sides[side][price]
        return better + sum(e.count for e in queue[: next(i for i, e in enumerate(queue) if e.order_id == order_id)])

    def set_street(self, bids: Iterable[Level], asks: Iterable[Level]) -> list[Trade]:
        """Make the street's levels these. Whoever stands in the way of a new one trades with it first."""
        wanted = {Side.BID: dict(bids), Side.ASK: dict(asks)}
        for side, levels in wanted.items():
            for price in list(self._sides[side]):
                self._shed(side, price, levels.get(price, 0))
        trades: list[Trade] = []
        for side, levels in wanted.items():
            for price, count in levels.items():
                missing = count - self._street_at(side, price)
                if missing > 0:
                    trades.extend(self.place(Incoming("", STREET, side, price, missing)).trades)
        return trades

    def _match(self, order: Incoming) -> Matched:
        trades: list[Trade] = []
        cancelled: list[str] = []
        left, met_own = order.count, False
        while left:
            crossing = self._crossing(order.side, order.price)
            if not crossing:
                break
            price = crossing[0]
            maker = self._sides[OPPOSITE[order.side]][price][0]
            if maker.owner and maker.owner == order.owner:
                if order.self_trade is SelfTrade.TAKER_AT_CROSS:
                    met_own = True
                    break
                cancelled.append(maker.order_id)
                self.cancel(maker.order_id)
                continue
            count = min(left, maker.count)
            trades.append(Trade(order.order_id, maker.order_id, order.side, price, count))
            left -= count
            self._use(OPPOSITE[order.side], price, count)
        return Matched(tuple(trades), 0, left, tuple(cancelled), met_own=met_own)

    def _crossing(self, side: Side, price: int) -> list[int]:
        """The opposite prices that trade with an order at `price`, best first."""
        queues = self._sides[OPPOSITE[side]]
        reachable = [p for p in queues if (p <= price if side is Side.BID else p >= price)]
        return sorted(reachable, reverse=side is Side.ASK)

    def _can_fill(self, order: Incoming) -> bool:
        """Enough of others' contracts, or a meeting with an own order (then it acts as immediate-or-cancel)."""
        found = 0
        for price in self._crossing(order.side, order.price):
            for entry in self._sides[OPPOSITE[order.side]][price]:
                if entry.owner and entry.owner == order.owner:
                    return True
                found += entry.count
        return found >= order.count

    def _use(self, side: Side, price: int, count: int) -> None:
        """Take `count` from the front order of a queue."""
        queue = self._sides[side][price]
        entry = queue[0]
        entry.count -= count
        if not entry.count:
            del queue[0]
            self._where.pop(entry.order_id, None)
            self._tidy(side, price)

    def _join(self, side: Side, price: int, entry: Entry) -> None:
        queue = self._sides[side].setdefault(price, [])
        if not entry.owner and queue and not queue[-1].owner:
            queue[-1].count += entry.count
            return
        queue.append(entry)
        if entry.order_id:
            self._where[entry.order_id] = (side, price)

    def _street_at(self, side: Side, price: int) -> int:
        return sum(e.count for e in self._sides[side].get(price, ()) if not e.owner)

    def _shed(self, side: Side, price: int, keep: int) -> None:
        """Let the street leave a level from the back until it shows no more than `keep`."""
        queue = self._sides[side][price]
        excess = self._street_at(side, price) - keep
        for entry in reversed([e for e in queue if not e.owner]):
            if excess <= 0:
                break
            gone = min(excess, entry.count)
            entry.count -= gone
            excess -= gone
        queue[:] = [e for e in queue if e.count]
        self._tidy(side, price)

    def _tidy(self, side: Side, price: int) -> None:
        if not self._sides[side][price]:
            del self._sides[side][price]
