"""Our orders by client_order_id, which know those of them that something may still come of.

The orders of two days stay in memory, ten thousand on a busy bot, and a handful of them works. Whoever asks what may
still fill asks at every order and every beat, and would walk through all of them.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView

from trading.domain.growing import Growing
from trading.domain.order import Mode, Order


class Orders(Mapping[str, Order]):
    """An immutable mapping; `working` are those that may still fill, or that filled and whose fills are not all read,
    in the order in which they were put; `on_headlines` those that a headline led to; `on_paper` says whether there may
    be any of the dry run."""

    __slots__ = ("_all", "on_headlines", "on_paper", "working")

    def __init__(self, orders: Mapping[str, Order]) -> None:
        self._all = Growing(orders)
        self.working: Mapping[str, Order] = {key: order for key, order in orders.items() if _works(order)}
        self.on_headlines: Mapping[str, Order] = {key: order for key, order in orders.items() if order.headline}
        self.on_paper = any(order.mode is Mode.DRY_RUN for order in orders.values())

    def put(self, order: Order) -> Orders:
        """The same with this order as it is now."""
        key, changed = order.client_order_id, Orders({})
        changed._all = self._all.put(key, order)
        changed.working = {**self.working, key: order} if _works(order) else self._without(key)
        changed.on_headlines = {**self.on_headlines, key: order} if order.headline else self.on_headlines
        changed.on_paper = self.on_paper or order.mode is Mode.DRY_RUN
        return changed

    def _without(self, key: str) -> Mapping[str, Order]:
        return {other: order for other, order in self.working.items() if other != key}

    def __getitem__(self, key: str) -> Order:
        return self._all[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    # What the library would do by asking for one key after the other.

    def __contains__(self, key: object) -> bool:
        return key in self._all

    def keys(self) -> KeysView[str]:
        return self._all.keys()

    def values(self) -> ValuesView[Order]:
        return self._all.values()

    def items(self) -> ItemsView[str, Order]:
        return self._all.items()

    def __repr__(self) -> str:
        return repr(self._all)


def _works(order: Order) -> bool:
    return order.live or order.open_count > 0
