"""Batches: one ending for each item, whatever the exchange makes of the whole."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from described import answer, refusal
from kalshi_orders import MARKET, ORDERS, order
from loopback_exchange import Loopback, Reply

from trading.clock import VirtualClock
from trading.domain.errors import ChatopsError, NotFound, Paused, Rejected, Unauthorized, Unavailable, Unresolved
from trading.domain.order import Order, Placed
from trading.exchange.kalshi.client import KalshiExchange
from trading.risk.gate import Ticket

BATCH = f"{ORDERS}/batched"
Client = Callable[..., KalshiExchange]


def orders(clock: VirtualClock, count: int) -> list[Order]:
    return [order(clock, client_order_id=f"c-{i}", order_id=f"o-{i}") for i in range(count)]


def made(number: int, **changes: Any) -> dict[str, Any]:
    base = {"order_id": f"o-{number}", "client_order_id": f"c-{number}", "fill_count": "1.00"}
    return {**base, "remaining_count": "4.00", "ts_ms": 1785089355658, **changes}


def failed(number: int, code: str, details: str = "") -> dict[str, Any]:
    return {"client_order_id": f"c-{number}", "error": {"code": code, "message": "no", "details": details}}


def canceled(number: int, **changes: Any) -> dict[str, Any]:
    return {"order_id": f"o-{number}", "reduced_by": "3.50", "ts_ms": 1, **changes}


async def place(kalshi: KalshiExchange, wanted: list[Order]) -> list[Placed | Rejected | Unresolved]:
    return await kalshi.place_batch([Ticket(each) for each in wanted])


async def test_every_order_has_its_own_ending(loopback: Loopback, client: Client, clock: VirtualClock) -> None:
    items = [
        made(0),
        failed(1, "insufficient_balance"),
        failed(2, "invalid_order", "post only cross"),
        failed(3, "order_already_exists"),
        failed(4, "internal_server_error"),
        made(5, error={"code": "odd", "message": "both"}),
        made(6, order_id=None),
        made(7, ts_ms=None),
    ]
    answer(loopback, "POST", BATCH, {"orders": items}, status=201)
    kalshi = client(subaccount=3)
    kalshi.use_group(2, "g-1")
    endings = await place(kalshi, orders(clock, 8))
    first, second, third, *doubtful = endings
    assert isinstance(first, Placed)
    assert (first.order_id, first.filled, first.remaining) == ("o-0", Decimal(1), Decimal(4))
    assert isinstance(second, Rejected)
    assert second.code == "insufficient_balance"
    assert "--to 2" in second.message
    assert isinstance(third, Rejected)
    assert "post-only" in third.message
    assert [type(ending) for ending in doubtful] == [Unresolved] * 5
    sent = loopback.seen[0].json["orders"]
    assert [body["client_order_id"] for body in sent] == [f"c-{i}" for i in range(8)]
    assert {(body["subaccount"], body["exchange_index"], body["order_group_id"]) for body in sent} == {(3, 2, "g-1")}


@pytest.mark.parametrize(
    ("items", "kinds"),
    [
        ([made(1), made(0)], [Placed, Placed]),
        ([made(1)], [Unresolved, Placed]),
        ([], [Unresolved, Unresolved]),
        ([made(0, client_order_id=None), made(1, client_order_id="")], [Placed, Placed]),
        ([made(0), made(9)], [Placed, Unresolved]),
        ([made(0, fill_count="?"), made(1)], [Unresolved, Placed]),
    ],
)
async def test_an_item_is_told_by_its_place_or_its_id(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, items: list[Any], kinds: list[type]
) -> None:
    loopback.on("POST", BATCH, Reply(201, {"orders": items}))
    endings = await place(kalshi, orders(clock, 2))
    assert [type(ending) for ending in endings] == kinds
    for number, ending in enumerate(endings):
        assert not isinstance(ending, Placed) or ending.order_id == f"o-{number}"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(400, refusal("invalid_parameters")), Rejected),
        (Reply(403, refusal("forbidden")), Rejected),
        (Reply(409, refusal("trading_is_paused")), Rejected),
        (Reply(500, refusal("internal_server_error")), Unresolved),
        (Reply(201, b"[]"), Unresolved),
        (Reply(fault="drop"), Unresolved),
        (Reply(fault="stall"), Unresolved),
    ],
)
async def test_what_becomes_of_the_whole_becomes_of_each_and_nothing_is_sent_twice(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, reply: Reply, kind: type
) -> None:
    loopback.on("POST", BATCH, reply)
    assert [type(ending) for ending in await place(kalshi, orders(clock, 3))] == [kind] * 3
    assert len(loopback.seen) == 1


async def test_an_order_that_cannot_be_said_exactly_does_not_keep_the_others_back(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    loopback.on("POST", BATCH, Reply(201, {"orders": [made(0), made(2)]}))
    wanted = orders(clock, 3)
    wanted[1] = order(clock, price=Decimal("0.12345"))
    endings = await place(kalshi, wanted)
    assert [type(ending) for ending in endings] == [Placed, Rejected, Placed]
    assert isinstance(endings[2], Placed)
    assert endings[2].order_id == "o-2"


async def test_a_long_batch_goes_out_in_parts_that_the_budget_can_pay(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    parts = [list(range(8)), list(range(8, 16)), [16]]  # 100 tokens less a reserve of 20, 10 tokens each
    loopback.on("POST", BATCH, *(Reply(201, {"orders": [made(i) for i in part]}) for part in parts))
    began = clock.now()
    endings = await place(kalshi, orders(clock, 17))
    assert [ending.order_id for ending in endings if isinstance(ending, Placed)] == [f"o-{i}" for i in range(17)]
    assert [len(seen.json["orders"]) for seen in loopback.seen] == [8, 8, 1]
    assert (clock.now() - began).total_seconds() == pytest.approx(0.9, abs=0.05)  # 90 tokens at 100 a second


async def test_a_cancel_all_calls_off_the_parts_that_still_wait(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    sleep = clock.sleep
    loopback.on("POST", BATCH, Reply(201, {"orders": [made(i) for i in range(8)]}))
    loopback.on("DELETE", ORDERS, Reply(204))

    async def killed_meanwhile(seconds: float) -> None:
        clock.sleep = sleep  # type: ignore[method-assign]
        await kalshi.cancel_all()
        await sleep(seconds)

    clock.sleep = killed_meanwhile  # type: ignore[method-assign]
    endings = await place(kalshi, orders(clock, 17))
    assert [type(ending) for ending in endings] == [Placed] * 8 + [Rejected] * 9
    assert {ending.code for ending in endings if isinstance(ending, Rejected)} == {"called_off"}
    assert len(loopback.requests("POST")) == 1


async def test_too_many_requests_prove_that_a_batch_may_be_sent_again(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    loopback.on("POST", BATCH, Reply(429, {}), Reply(201, {"orders": [made(0)]}))
    (ending,) = await place(kalshi, orders(clock, 1))
    assert isinstance(ending, Placed)
    assert await place(kalshi, []) == []
    assert len(loopback.seen) == 2


async def test_each_cancel_has_its_own_ending(loopback: Loopback, client: Client, clock: VirtualClock) -> None:
    items = [
        canceled(0),
        canceled(1, reduced_by="0.00", error={"code": "not_found", "message": "order not found"}),
        canceled(2, reduced_by="0.00", error={"code": "MARKET_INACTIVE"}),
        canceled(3, reduced_by="0.00", error={"code": "exchange_is_paused"}),
        canceled(4, reduced_by="0.00", error={"code": "brand_new"}),
        canceled(5, reduced_by="some"),
    ]
    answer(loopback, "DELETE", BATCH, {"orders": items})
    ends = await client(subaccount=3).cancel_batch(orders(clock, 7))
    assert ends[0] == Decimal("3.5")
    assert [type(end) for end in ends[1:]] == [NotFound, NotFound, Paused, *[Unavailable] * 3]
    first = loopback.seen[0].json["orders"][0]
    assert first == {"order_id": "o-0", "subaccount": 3, "exchange_index": 2, "market_ticker": MARKET}


async def test_a_batch_of_cancels_is_repeated_and_goes_out_in_parts(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    first, second = ({"orders": [canceled(i) for i in part]} for part in (range(50), range(50, 60)))
    loopback.on("DELETE", BATCH, Reply(fault="drop"), Reply(502), Reply(200, first), Reply(200, second))
    assert await kalshi.cancel_batch(orders(clock, 60)) == [Decimal("3.5")] * 60
    assert [len(seen.json["orders"]) for seen in loopback.seen] == [50, 50, 50, 10]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(409, refusal("exchange_is_paused")), Paused),
        (Reply(403, refusal("forbidden")), Unauthorized),
        (Reply(fault="reset"), Unavailable),
    ],
)
async def test_cancels_that_fail_whole(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, reply: Reply, kind: type[ChatopsError]
) -> None:
    loopback.on("DELETE", BATCH, reply)
    ends = await kalshi.cancel_batch(orders(clock, 2))
    assert [isinstance(end, kind) for end in ends] == [True, True]


async def test_batches_need_a_key(loopback: Loopback, client: Client, clock: VirtualClock) -> None:
    public = client(signer=None)
    (ending,) = await place(public, orders(clock, 1))
    assert isinstance(ending, Rejected)
    assert "KALSHI_API_KEY_ID" in ending.message
    with pytest.raises(Unauthorized, match="KALSHI_API_KEY_ID"):
        await public.cancel_batch(orders(clock, 1))
    assert loopback.seen == []
