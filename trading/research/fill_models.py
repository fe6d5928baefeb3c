"""When a resting order would have filled, by three readings of the tops of the book that were seen after it.

None of them knows what was not recorded. `touch` believes that we stand first at our price; `through` that we stand
last, and fill only when the market trades through it; `queue` that what was shown at our price when we came stands
before us, and that what left it since was traded.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from trading.domain.market import Level, Quote
from trading.domain.money import ZERO
from trading.domain.order import Order, Side
from trading.exchange.paper_book import FillModel, Touch


class Through:
    """Fills when the other side's touch is better than the order's own price."""

    def fills(self, order: Order, quote: Quote, crossing: Decimal) -> Decimal:
        level = quote.ask if order.side is Side.BID else quote.bid
        better = level is not None and (order.price - level.price) * order.side.sign > 0
        return crossing if better else ZERO


class Queue:
    """Fills what leaves our price after all that stood there before us has left it; and whatever crosses."""

    def __init__(self) -> None:
        self._ahead: dict[str, Decimal] = {}  # contracts, by client order id
        self._shown: dict[str, Level] = {}  # the level at our price when last seen

    def fills(self, order: Order, quote: Quote, crossing: Decimal) -> Decimal:
        name, own = order.client_order_id, quote.bid if order.side is Side.BID else quote.ask
        before = self._shown.get(name)
        at_ours = own if own is not None and own.price == order.price else None
        passed = own is None or (own.price - order.price) * order.side.sign < 0  # the touch fell behind our price
        if at_ours:
            self._shown[name] = at_ours
            self._ahead.setdefault(name, at_ours.count)
        if crossing or before is None:
            return crossing
        left = before.count if passed else before.count - at_ours.count if at_ours else ZERO
        if passed:
            del self._shown[name]
        return self._through_the_queue(name, max(left, ZERO))

    def _through_the_queue(self, name: str, left: Decimal) -> Decimal:
        """What of the contracts that left reaches us."""
        ahead = self._ahead[name]
        self._ahead[name] = max(ahead - left, ZERO)
        return max(left - ahead, ZERO)


MODELS: dict[str, Callable[[], FillModel]] = {"touch": Touch, "through": Through, "queue": Queue}
