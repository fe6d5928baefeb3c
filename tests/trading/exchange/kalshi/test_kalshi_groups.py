"""Order groups: what is sent, what is repeated and what is not, and orders that join one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest
from described import answer, refusal
from kalshi_orders import CREATED, ORDERS, order
from loopback_exchange import Loopback, Reply

from trading.clock import VirtualClock
from trading.domain.account_records import OrderGroup
from trading.domain.errors import ChatopsError, NotFound, Paused, Rejected, Unauthorized, Unavailable, Unresolved
from trading.domain.order import TimeInForce
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.groups import OrderGroups
from trading.risk.gate import Ticket

GROUPS = "/portfolio/order_groups"
Client = Callable[..., KalshiExchange]
Act = Callable[[OrderGroups], Awaitable[object]]


async def test_a_group_is_made_on_its_shard(loopback: Loopback, client: Client) -> None:
    created = {"order_group_id": "g-1", "subaccount": 3, "exchange_index": 2}
    answer(loopback, "POST", f"{GROUPS}/create", created, status=201)
    assert await client(subaccount=3).groups.create(Decimal("12.5"), 2) == "g-1"
    assert loopback.seen[0].json == {"contracts_limit_fp": "12.50", "subaccount": 3, "exchange_index": 2}


async def test_groups_are_listed_and_read(loopback: Loopback, client: Client) -> None:
    listed = {"id": "g-1", "contracts_limit_fp": "12.50", "is_auto_cancel_enabled": True, "exchange_index": 2}
    unlimited = {"id": "g-2", "is_auto_cancel_enabled": False}
    answer(loopback, "GET", GROUPS, {"order_groups": [listed, unlimited]}, {"order_groups": None})
    one = {"is_auto_cancel_enabled": True, "contracts_limit_fp": "12.50", "orders": ["a", "b"], "exchange_index": 2}
    answer(loopback, "GET", f"{GROUPS}/g-1", one)
    groups = client(subaccount=3).groups
    assert await groups.all() == [OrderGroup("g-1", True, Decimal("12.5"), 2), OrderGroup("g-2", False, None, 0)]
    assert await groups.all() == []
    assert await groups.get("g-1") == OrderGroup("g-1", True, Decimal("12.5"), 2, ("a", "b"))
    assert all(seen.query == {"subaccount": ["3"]} for seen in loopback.seen)
    with pytest.raises(NotFound):
        await groups.get("g/9")


CALMING: list[tuple[str, str, Act]] = [
    ("PUT", f"{GROUPS}/g-1/trigger", lambda groups: groups.trigger("g-1", 2)),
    ("DELETE", f"{GROUPS}/g-1", lambda groups: groups.delete("g-1", 2)),
]
RAISING: list[tuple[str, str, Act]] = [
    ("POST", f"{GROUPS}/create", lambda groups: groups.create(Decimal(10), 2)),
    ("PUT", f"{GROUPS}/g-1/reset", lambda groups: groups.reset("g-1", 2)),
    ("PUT", f"{GROUPS}/g-1/limit", lambda groups: groups.set_limit("g-1", Decimal(10), 2)),
]


@pytest.mark.parametrize(("method", "path", "act"), CALMING)
async def test_what_lowers_risk_is_repeated_until_it_is_answered(
    loopback: Loopback, client: Client, method: str, path: str, act: Act
) -> None:
    loopback.on(method, path, Reply(fault="drop"), Reply(502), Reply(429, {}), Reply(200, {}))
    await act(client(subaccount=3).groups)
    assert len(loopback.seen) == 4
    assert {str(seen.query) for seen in loopback.seen} == {str({"subaccount": ["3"], "exchange_index": ["2"]})}


@pytest.mark.parametrize(("method", "path", "act"), CALMING)
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(404, refusal("not_found")), NotFound),
        (Reply(409, refusal("exchange_is_paused")), Paused),
        (Reply(403, refusal("forbidden")), Unauthorized),
        (Reply(fault="reset"), Unavailable),
    ],
)
async def test_its_errors_say_what_is(
    loopback: Loopback, kalshi: KalshiExchange, method: str, path: str, act: Act, reply: Reply, kind: type[ChatopsError]
) -> None:
    loopback.on(method, path, reply)
    with pytest.raises(kind) as caught:
        await act(kalshi.groups)
    assert isinstance(caught.value, Paused) is (kind is Paused)


async def test_it_does_not_stand_behind_orders(loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock) -> None:
    loopback.on("POST", ORDERS, Reply(201, CREATED))
    loopback.on("PUT", f"{GROUPS}/g-1/trigger", Reply(200, {}))
    for number in range(8):  # all but the reserve of the shard's budget
        await kalshi.place(Ticket(order(clock, client_order_id=f"x-{number}")))
    began = clock.now()
    await kalshi.groups.trigger("g-1", 2)
    assert clock.now() == began


@pytest.mark.parametrize(("method", "path", "act"), RAISING)
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(404, refusal("not_found")), Rejected),
        (Reply(400, refusal("invalid_parameters")), Rejected),
        (Reply(403, refusal("forbidden")), Rejected),
        (Reply(500, refusal("internal_server_error")), Unresolved),
        (Reply(fault="drop"), Unresolved),
        (Reply(fault="stall"), Unresolved),
    ],
)
async def test_what_raises_risk_is_sent_once(
    loopback: Loopback, kalshi: KalshiExchange, method: str, path: str, act: Act, reply: Reply, kind: type[ChatopsError]
) -> None:
    loopback.on(method, path, reply)
    with pytest.raises(kind):
        await act(kalshi.groups)
    assert len(loopback.seen) == 1


async def test_reset_and_limit_name_their_shard(loopback: Loopback, client: Client) -> None:
    groups = client(subaccount=3).groups
    loopback.on("PUT", f"{GROUPS}/g-1/reset", Reply(200, {}))
    loopback.on("PUT", f"{GROUPS}/g-1/limit", Reply(200, {}))
    await groups.reset("g-1", 2)
    await groups.set_limit("g-1", Decimal("7.25"), 2)
    first, second = loopback.seen
    assert first.query == second.query == {"subaccount": ["3"], "exchange_index": ["2"]}
    assert (first.json, second.json) == ({}, {"contracts_limit_fp": "7.25"})


async def test_an_answer_without_an_id_proves_nothing(loopback: Loopback, kalshi: KalshiExchange) -> None:
    loopback.on("POST", f"{GROUPS}/create", Reply(201, {"order_group_id": ""}))
    with pytest.raises(Unresolved, match="cannot be read"):
        await kalshi.groups.create(Decimal(1), 2)


async def test_a_limit_that_does_not_fit_the_wire_is_not_rounded(loopback: Loopback, kalshi: KalshiExchange) -> None:
    with pytest.raises(Rejected, match="decimals"):
        await kalshi.groups.create(Decimal("0.001"), 2)
    assert loopback.seen == []


async def test_orders_on_the_groups_shard_join_it_unless_they_only_reduce(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    loopback.on("POST", ORDERS, Reply(201, CREATED))
    kalshi.use_group(2, "g-1")
    await kalshi.place(Ticket(order(clock)))
    await kalshi.place(Ticket(order(clock, exchange_index=0)))
    await kalshi.place(Ticket(order(clock, time_in_force=TimeInForce.IOC, reduce_only=True)))  # the way out
    kalshi.use_group(2, "")
    await kalshi.place(Ticket(order(clock)))
    assert [seen.json.get("order_group_id") for seen in loopback.seen] == ["g-1", None, None, None]


async def test_without_a_key_nothing_is_sent(loopback: Loopback, client: Client) -> None:
    groups = client(signer=None).groups
    for act in (groups.all(), groups.get("g-1"), groups.trigger("g-1", 2), groups.delete("g-1", 2)):
        with pytest.raises(Unauthorized, match="KALSHI_API_KEY_ID"):
            await act
    with pytest.raises(Rejected, match="KALSHI_API_KEY_ID"):
        await groups.reset("g-1", 2)
    assert loopback.seen == []
