"""Placing an order over real sockets, with everything that goes wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from described import refusal
from kalshi_orders import CREATED, MARKET, ORDERS, order
from loopback_exchange import Loopback, Reply

from trading.clock import VirtualClock
from trading.domain.errors import (
    Rejected,
    Unresolved,
)
from trading.domain.order import Order, TimeInForce
from trading.exchange.kalshi import http
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.http import LaneSize, Timeouts
from trading.risk.gate import Ticket

Client = Callable[..., KalshiExchange]


async def place(kalshi: KalshiExchange, wanted: Order) -> Any:
    return await kalshi.place(Ticket(wanted))


async def test_an_order_is_sent_once_and_as_the_spec_wants_it(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    loopback.on("POST", ORDERS, Reply(201, CREATED))
    placed = await place(kalshi, order(clock))
    assert (placed.order_id, placed.filled, placed.remaining) == ("o-1", Decimal(1), Decimal(4))
    (seen,) = loopback.seen
    assert seen.json == {
        "ticker": MARKET,
        "client_order_id": "abc-1",
        "side": "ask",
        "count": "5.00",
        "price": "0.5700",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        "subaccount": 0,
        "exchange_index": 2,
        "expiration_time": int((clock.now() + timedelta(seconds=10)).timestamp()),
        "cancel_order_on_pause": True,
    }
    assert seen.headers["KALSHI-ACCESS-KEY"] == "key-1"
    assert seen.headers["Content-Type"] == "application/json"


async def test_an_immediate_order_has_no_expiry_and_may_only_reduce(
    loopback: Loopback, client: Client, clock: VirtualClock
) -> None:
    loopback.on("POST", ORDERS, Reply(200, CREATED))
    await place(client(subaccount=3), order(clock, time_in_force=TimeInForce.IOC, reduce_only=True))
    body = loopback.seen[0].json
    assert body["reduce_only"] is True
    assert body["subaccount"] == 3
    assert not {"expiration_time", "cancel_order_on_pause"} & set(body)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(201, {**CREATED, "order_id": ""}),
        Reply(201, {"fill_count": "1.00", "remaining_count": "0.00", "ts_ms": 1785089355658}),
        Reply(200, b"<html>"),
        Reply(201, b""),
        Reply(204),
        Reply(302, headers={"Location": "/elsewhere"}),
        Reply(408, {}),
        Reply(409, refusal("order_already_exists")),
        Reply(500, refusal("internal")),
        Reply(503, refusal("exchange_is_paused")),
        Reply(fault="drop"),
        Reply(fault="reset"),
        Reply(fault="stall"),
        Reply(201, CREATED, fault="cut"),
    ],
    ids=lambda reply: f"{reply.status}-{reply.fault or str(reply.body)[:24]}",
)
async def test_what_is_not_proved_is_unresolved_and_never_sent_again(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, reply: Reply
) -> None:
    loopback.on("POST", ORDERS, reply)
    with pytest.raises(Unresolved):
        await place(kalshi, order(clock))
    assert len(loopback.seen) == 1


@pytest.mark.parametrize("fault", ["drop", "reset"])
async def test_a_kept_connection_that_drops_under_an_order_proves_nothing(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, fault: str
) -> None:
    loopback.on("POST", ORDERS, Reply(201, CREATED), Reply(fault=fault))
    await place(kalshi, order(clock))
    with pytest.raises(Unresolved):
        await place(kalshi, order(clock, client_order_id="abc-2"))
    assert [seen.connection for seen in loopback.seen] == [1, 1]


async def test_a_connection_that_was_idle_for_long_is_not_trusted_with_an_order(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    loopback.on("POST", ORDERS, Reply(201, CREATED))
    await place(kalshi, order(clock))
    await place(kalshi, order(clock, client_order_id="abc-2"))
    monkeypatch.setattr(http, "IDLE_SECONDS_MAX", -1.0)
    await place(kalshi, order(clock, client_order_id="abc-3"))
    assert [seen.connection for seen in loopback.seen] == [1, 1, 2]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "insufficient_balance"),
        (400, "invalid_parameters"),
        (401, "authentication_error"),
        (403, "forbidden"),
        (404, "market_not_found"),
        (409, "trading_is_paused"),
        (409, "fill_or_kill_insufficient_resting_volume"),
        (410, "deprecated_v1_order_endpoint"),
    ],
)
async def test_a_refusal_is_rejected_with_the_exchanges_own_code(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, status: int, code: str
) -> None:
    loopback.on("POST", ORDERS, Reply(status, refusal(code)))
    with pytest.raises(Rejected) as caught:
        await place(kalshi, order(clock))
    assert (caught.value.code, caught.value.http_status) == (code, status)
    assert len(loopback.seen) == 1


async def test_too_many_requests_are_tried_again_and_then_rejected(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    loopback.on("POST", ORDERS, Reply(429, {"error": "too many requests"}), Reply(201, CREATED))
    assert (await place(kalshi, order(clock))).order_id == "o-1"
    before = clock.now()
    loopback.on("POST", ORDERS, Reply(429, refusal("too_many_requests")))
    with pytest.raises(Rejected, match="too_many_requests"):
        await place(kalshi, order(clock))
    assert len(loopback.seen) == 2 + 4
    assert timedelta(seconds=0.3) < clock.now() - before < timedelta(seconds=3)


async def test_a_cancel_all_calls_off_an_order_that_still_waits(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    sleep = clock.sleep
    loopback.on("POST", ORDERS, Reply(429, {}), Reply(201, CREATED))
    loopback.on("DELETE", ORDERS, Reply(204))

    async def killed_meanwhile(seconds: float) -> None:
        clock.sleep = sleep  # type: ignore[method-assign]
        await kalshi.cancel_all()
        await sleep(seconds)

    clock.sleep = killed_meanwhile  # type: ignore[method-assign]
    with pytest.raises(Rejected, match="called_off"):
        await place(kalshi, order(clock))
    assert len(loopback.requests("POST")) == 1


async def test_an_order_that_never_left_is_rejected(client: Client, clock: VirtualClock) -> None:
    nobody = client(base_url="http://127.0.0.1:1/trade-api/v2")
    with pytest.raises(Rejected, match="unreachable"):
        await place(nobody, order(clock))
    unknown = client(base_url="http://no-such-host.invalid/trade-api/v2")
    with pytest.raises(Rejected, match="unreachable"):
        await place(unknown, order(clock))


async def test_an_order_that_waited_for_a_thread_in_vain_never_left(
    loopback: Loopback, client: Client, clock: VirtualClock
) -> None:
    busy = LaneSize(threads=1, connect_seconds=1.0, read_seconds=2.0, total_seconds=0.2)
    kalshi = client(timeouts=Timeouts(orders=busy))
    loopback.on("POST", ORDERS, Reply(fault="stall"))
    orders = [order(clock), order(clock, client_order_id="abc-2")]
    first, second = await asyncio.gather(*(place(kalshi, each) for each in orders), return_exceptions=True)
    assert isinstance(first, Unresolved)
    assert isinstance(second, Rejected)
    assert len(loopback.seen) == 1


@pytest.mark.parametrize(
    "changes", [{"price": Decimal("0.12345")}, {"count": Decimal("0.001")}], ids=["price", "count"]
)
async def test_money_that_does_not_fit_the_wire_is_rejected_not_rounded(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, changes: dict[str, Any]
) -> None:
    with pytest.raises(Rejected, match="invalid_order"):
        await place(kalshi, order(clock, **changes))
    assert loopback.seen == []
