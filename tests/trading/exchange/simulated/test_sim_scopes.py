"""What a key may do: which scope opens which door, keys that are locked to a subaccount, and the list of keys."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from trading.exchange.simulated.keys import Credentials, make_key
from trading.exchange.simulated.scopes import Rights, Scope
from trading.exchange.simulated.server import SimulatedServer
from trading.exchange.simulated.stream_socket import STREAM_PATH
from trading.exchange.simulated.venue import Venue

ORDERS, MOVES = "/portfolio/events/orders", "/portfolio/intra_exchange_instance_transfer"
ORDER = {
    "ticker": "KXBTC15M-26JAN050715-15",
    "side": "bid",
    "count": "1.00",
    "price": "0.0100",
    "time_in_force": "good_till_canceled",
    "self_trade_prevention_type": "taker_at_cross",
    "exchange_index": 2,
}
MOVE = {
    "source": "event_contract",
    "destination": "event_contract",
    "amount": 10_000,
    "source_exchange_shard": 0,
    "destination_exchange_shard": 2,
}
DOORS: dict[str, tuple[str, str, Any]] = {
    "balance": ("GET", "/portfolio/balance", None),
    "orders": ("GET", "/portfolio/orders", None),
    "keys": ("GET", "/api_keys", None),
    "create": ("POST", ORDERS, ORDER),
    "cancel": ("DELETE", f"{ORDERS}/none?exchange_index=2", None),
    "group": ("POST", "/portfolio/order_groups/create", {"contracts_limit": 5}),
    "transfer": ("POST", MOVES, MOVE),
}
READS, TRADES = {"balance", "orders", "keys"}, {"create", "cancel", "group"}


@pytest.mark.parametrize(
    ("scopes", "open_doors"),
    [
        ((Scope.READ, Scope.WRITE), READS | TRADES | {"transfer"}),
        ((Scope.READ,), READS),
        ((Scope.READ, Scope.TRADE), READS | TRADES),
        ((Scope.READ, Scope.TRANSFER), READS | {"transfer"}),
        ((Scope.TRANSFER,), {"transfer"}),
        ((Scope.READ_BALANCE,), {"balance"}),
        ((Scope.READ_BALANCE, Scope.TRADE), {"balance"} | TRADES),
        ((Scope.ACCEPT_BLOCK_TRADES,), set()),
        ((), set()),
    ],
    ids=lambda names: "+".join(sorted(names)) or "none",
)
async def test_a_scope_opens_its_doors_and_no_other(
    checked: Any, venue: Venue, scopes: tuple[Scope, ...], open_doors: set[str]
) -> None:
    venue.rights[checked.credentials.key_id] = Rights("narrow", scopes)
    for door, (method, path, body) in DOORS.items():
        status, answer = await checked.call(method, path, body)
        assert (status == 403) is (door not in open_doors), (door, answer)
        if status == 403:
            assert answer["error"]["code"] == "insufficient_scope"
    orders = venue.account.orders
    assert bool(orders) is ("create" in open_doors)


async def test_a_refused_request_costs_nothing_and_public_reads_need_no_scope(checked: Any, venue: Venue) -> None:
    venue.rights[checked.credentials.key_id] = Rights("none", ())
    statuses = [(await checked.call("POST", ORDERS, ORDER))[0] for _ in range(12)]
    assert statuses == [403] * 12
    assert (await checked.call("GET", "/exchange/status"))[0] == 200
    venue.rights.clear()
    assert (await checked.call("POST", ORDERS, ORDER))[0] == 201


async def test_a_signature_is_looked_at_before_the_scope(checked: Any, venue: Venue) -> None:
    venue.rights[checked.credentials.key_id] = Rights("none", ())
    assert (await checked.call("GET", "/portfolio/orders", sign=False))[0] == 401


@pytest.mark.parametrize(("subaccount", "named", "status"), [(0, None, 200), (0, 0, 200), (0, 1, 403), (1, None, 403)])
async def test_a_locked_key_sees_no_other_subaccount(
    checked: Any, venue: Venue, subaccount: int, named: int | None, status: int
) -> None:
    venue.rights[checked.credentials.key_id] = Rights("locked", subaccount=subaccount)
    query = "" if named is None else f"?subaccount={named}"
    assert (await checked.call("GET", f"/portfolio/fills{query}"))[0] == status
    body = ORDER if named is None else ORDER | {"subaccount": named}
    assert (await checked.call("POST", ORDERS, body))[0] == (201 if status == 200 else 403)
    batch = {"orders": [ORDER, body]}
    assert (await checked.call("POST", f"{ORDERS}/batched", batch))[0] == (201 if status == 200 else 403)
    move = MOVE if named is None else MOVE | {"destination_subaccount": named, "source_subaccount": named}
    code, answer = await checked.call("POST", MOVES, move)
    assert code == status
    if status == 403:
        assert answer["error"]["code"] == "subaccount_restricted"


async def test_a_locked_key_sees_no_breakdown_by_shard(checked: Any, venue: Venue) -> None:
    assert "balance_breakdown" in await checked.get("/portfolio/balance")
    venue.rights[checked.credentials.key_id] = Rights("locked", subaccount=0)
    assert "balance_breakdown" not in await checked.get("/portfolio/balance")


async def test_the_list_of_keys(checked: Any, venue: Venue) -> None:
    key_id = checked.credentials.key_id
    plain = {"api_key_id": key_id, "name": "member", "scopes": ["read", "write"]}
    assert await checked.get("/api_keys") == {"api_keys": [plain]}
    venue.rights[key_id] = Rights("narrow", (Scope.READ, Scope.TRANSFER), 0)
    narrow = {"api_key_id": key_id, "name": "narrow", "scopes": ["read", "write::transfer"], "subaccount": 0}
    assert await checked.get("/api_keys") == {"api_keys": [narrow]}


async def test_the_rights_that_a_key_was_made_with_hold_on_the_server(
    credentials: Credentials, venue: Venue, caller: Any
) -> None:
    narrow = make_key(credentials.private_key_path.parent, Rights("narrow", (Scope.READ_BALANCE,)))
    assert narrow.key_id == credentials.key_id
    assert credentials.rights.scopes == (Scope.READ, Scope.WRITE)
    server = SimulatedServer(venue, keys=[narrow])
    await server.start()
    try:
        caller.server = server
        assert (await caller.call("GET", "/portfolio/balance"))[0] == 200
        assert (await caller.call("GET", "/portfolio/fills"))[0] == 403
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await caller.session.ws_connect(server.ws_url, headers=caller.headers("GET", STREAM_PATH))
        assert refused.value.status == 403
    finally:
        await server.stop()


def test_write_is_only_given_together_with_read() -> None:
    with pytest.raises(ValueError, match="must have read"):
        Rights("wrong", (Scope.WRITE,))
