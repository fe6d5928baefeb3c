"""Order groups: the exchange cancels all orders of a group once too many of its contracts fill within 15 seconds.

A group lives on one shard, and an order joins it by its `order_group_id`. What lowers risk (trigger, delete) is
repeated until it is answered; what raises it (create, reset, a new limit) is sent once. Source: the exchange's pages
on order groups, spec 3.34.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar
from urllib.parse import quote as quoted

import msgspec

from trading.domain.account_records import OrderGroup
from trading.exchange.kalshi import codec, codec_account, wire
from trading.exchange.kalshi import wire_account as w
from trading.exchange.kalshi.calls import Calls, Params, texts
from trading.exchange.kalshi.http import Request
from trading.exchange.kalshi.writes import Write, Writes

T = TypeVar("T")

GROUPS_PATH = "/portfolio/order_groups"

_read_created = wire.reader(w.GroupCreated)
_read_list = wire.reader(w.GroupList)
_read_one = wire.reader(w.OneGroup)


class OrderGroups:
    """The order groups of one subaccount, over `calls` and `writes`."""

    def __init__(self, calls: Calls, writes: Writes, subaccount: int) -> None:
        self._calls, self._writes, self._subaccount = calls, writes, subaccount

    async def create(self, contracts_limit: Decimal, exchange_index: int) -> str:
        """A new group on this shard for so many contracts in 15 seconds; its id. Raises Rejected, Unresolved."""

        def encode() -> bytes:
            limit = codec.count_text(contracts_limit)
            return msgspec.json.encode(w.GroupBody(limit, self._subaccount, exchange_index))

        def decode(body: bytes) -> str:
            return _named(_read_created(body).order_group_id)

        return await self._writes.send(Write("POST", f"{GROUPS_PATH}/create", encode, decode, exchange_index))

    async def all(self) -> list[OrderGroup]:
        """Every group, of all shards. Raises Unavailable, Paused, Unauthorized."""
        self._calls.require_key("the order groups")

        def decode(body: bytes) -> list[OrderGroup]:
            return list(map(codec_account.listed_group, _read_list(body).order_groups or ()))

        return await self._calls.read(GROUPS_PATH, decode, {"subaccount": self._subaccount})

    async def get(self, group_id: str) -> OrderGroup:
        """One group with the ids of its orders. Raises NotFound, Unavailable, Paused, Unauthorized."""
        self._calls.require_key("the order group")

        def decode(body: bytes) -> OrderGroup:
            return codec_account.order_group(group_id, _read_one(body))

        return await self._calls.read(_path(group_id), decode, {"subaccount": self._subaccount})

    async def trigger(self, group_id: str, exchange_index: int) -> None:
        """Cancel its orders and let no new ones in until it is reset. Raises NotFound, Unavailable, Unauthorized."""
        await self._calm("PUT", f"{_path(group_id)}/trigger", exchange_index, b"{}")

    async def delete(self, group_id: str, exchange_index: int) -> None:
        """Cancel its orders and remove it. Raises NotFound (gone already), Unavailable, Unauthorized."""
        await self._calm("DELETE", _path(group_id), exchange_index, None)

    async def reset(self, group_id: str, exchange_index: int) -> None:
        """Count from nothing again and let orders in. Raises Rejected, Unresolved."""
        await self._put(f"{_path(group_id)}/reset", lambda: b"{}", exchange_index)

    async def set_limit(self, group_id: str, contracts_limit: Decimal, exchange_index: int) -> None:
        """A new limit, which may trigger it at once. Raises Rejected, Unresolved."""

        def encode() -> bytes:
            return msgspec.json.encode(w.GroupLimitBody(codec.count_text(contracts_limit)))

        await self._put(f"{_path(group_id)}/limit", encode, exchange_index)

    async def _calm(self, method: str, path: str, exchange_index: int, body: bytes | None) -> None:
        self._calls.require_key("an order group")
        request = Request(method, path, texts(self._own(exchange_index)), body=body)
        await self._calls.calming(request, _done, exchange_index)

    async def _put(self, path: str, encode: Callable[[], bytes], exchange_index: int) -> None:
        await self._writes.send(Write("PUT", path, encode, _done, exchange_index, self._own(exchange_index)))

    def _own(self, exchange_index: int) -> Params:
        return {"subaccount": self._subaccount, "exchange_index": exchange_index}


def _path(group_id: str) -> str:
    return f"{GROUPS_PATH}/{quoted(_named(group_id), safe='')}"


def _named(group_id: str) -> str:
    if not group_id:
        raise ValueError("an order group without an id")
    return group_id


def _done(body: bytes) -> bool:
    """The exchange answers with an empty object."""
    return True
