"""An immutable mapping that grows by one key at a time, however many there are.

The State keeps the ids of two days, ten thousand on a busy bot, and each order and each fill adds one. A dictionary
would be copied whole every time; here what came lately is copied, and now and then joined with the rest.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import TypeVar

V = TypeVar("V")
RECENT_MAX = 128  # keys put since the parts were joined: to copy them costs less than an order's other steps do


class Growing(Mapping[str, V]):
    """In the order in which its keys were first put, as a dictionary is."""

    __slots__ = ("_parts",)

    def __init__(self, values: Mapping[str, V]) -> None:
        # The bulk and what came since: one attribute, so that whoever reads in another thread sees both as they belong.
        self._parts: tuple[dict[str, V], dict[str, V]] = dict(values), {}

    def put(self, key: str, value: V) -> Growing[V]:
        """The same with this value at this key."""
        bulk, recent = self._parts
        changed = Growing[V]({})
        changed._parts = bulk, {**recent, key: value}
        if len(recent) >= RECENT_MAX:
            changed._joined()
        return changed

    def _joined(self) -> dict[str, V]:
        """Both parts in one dictionary, kept for who asks next."""
        bulk, recent = self._parts
        if recent:
            bulk = {**bulk, **recent}
            self._parts = bulk, {}
        return bulk

    def __getitem__(self, key: str) -> V:
        bulk, recent = self._parts
        return recent[key] if key in recent else bulk[key]

    def __contains__(self, key: object) -> bool:
        bulk, recent = self._parts
        return key in recent or key in bulk

    def __len__(self) -> int:
        bulk, recent = self._parts
        return len(bulk) + len(_fresh(bulk, recent))

    def __iter__(self) -> Iterator[str]:
        bulk, recent = self._parts
        yield from bulk
        yield from _fresh(bulk, recent)

    def newest(self) -> Iterator[tuple[str, V]]:
        """Keys and values, the newest first, found without a look at all others."""
        bulk, recent = self._parts
        yield from ((key, recent[key]) for key in reversed(_fresh(bulk, recent)))
        yield from ((key, recent.get(key, value)) for key, value in reversed(bulk.items()))

    # What the library would do by asking for one key after the other.

    def keys(self) -> KeysView[str]:
        return self._joined().keys()

    def values(self) -> ValuesView[V]:
        return self._joined().values()

    def items(self) -> ItemsView[str, V]:
        return self._joined().items()

    def __repr__(self) -> str:
        return repr(self._joined())


def _fresh(bulk: Mapping[str, V], recent: Mapping[str, V]) -> list[str]:
    """The recent keys that the bulk does not have."""
    return [key for key in recent if key not in bulk]
