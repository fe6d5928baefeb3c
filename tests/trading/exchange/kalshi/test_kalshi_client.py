"""Orders, cancels and reads over real sockets with everything that goes wrong on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from loopback_exchange import Loopback, Reply

from trading.clock import VirtualClock, real_now
from trading.domain.errors import (
    ChatopsError,
    Misconfigured,
    NotFound,
    Paused,
    Rejected,
    Unauthorized,
    Unavailable,
    Unresolved,
)
from trading.domain.order import Mode, Order, OrderStatus, Side, TimeInForce
from trading.exchange.kalshi import http
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.http import LaneSize, Timeouts
from trading.risk.gate import Ticket

ORDERS = "/portfolio/events/orders"
CREATED = {"order_id": "o-1", "fill_count": "1.00", "remaining_count": "4.00", "ts_ms": 1785089355658}
MARKET = "KXBTC15M-26SEP182130-30"
Client = Callable[..., KalshiExchange]


def order(clock: VirtualClock, **changes: Any) -> Order:
    now = clock.now()
    base: dict[str, Any] = {
        "client_order_id": "abc-1",
        "mode": Mode.REAL,
        "strategy": "consensus",
        "ticker": MARKET,
        "side": Side.ASK,
        "price": Decimal("0.57"),
        "count": Decimal(5),
        "status": OrderStatus.PENDING,
        "created_at": now,
        "updated_at": now,
        "expires_at": now + timedelta(seconds=10),
        "exchange_index": 2,
    }
    return Order(**{**base, **changes})


def error(code: str, details: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": code.replace("_", " "), "details": details}}


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
        Reply(409, error("order_already_exists")),
        Reply(500, error("internal")),
        Reply(503, error("exchange_is_paused")),
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
    loopback.on("POST", ORDERS, Reply(status, error(code)))
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
    loopback.on("POST", ORDERS, Reply(429, error("too_many_requests")))
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


async def test_cancel_names_shard_and_market_and_is_repeated(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    path = f"{ORDERS}/o-1"
    answer = {"order_id": "o-1", "reduced_by": "3.50", "ts_ms": 1}
    loopback.on("DELETE", path, Reply(fault="drop"), Reply(502), Reply(429, {}), Reply(200, answer))
    assert await kalshi.cancel(order(clock, order_id="o-1")) == Decimal("3.50")
    assert len(loopback.seen) == 4
    assert loopback.seen[0].query == {"subaccount": ["0"], "exchange_index": ["2"], "market_ticker": [MARKET]}


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(404, error("not_found")), NotFound),
        (Reply(409, error("exchange_is_paused")), Paused),
        (Reply(409, error("MARKET_INACTIVE")), NotFound),
        (Reply(400, error("invalid_parameters")), Unavailable),
        (Reply(401, error("authentication_error", "NOT_FOUND")), Unauthorized),
        (Reply(fault="reset"), Unavailable),
    ],
)
async def test_cancels_that_fail(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, reply: Reply, kind: type[ChatopsError]
) -> None:
    loopback.on("DELETE", f"{ORDERS}/o-1", reply)
    loopback.on("DELETE", ORDERS, reply)
    with pytest.raises(kind):
        await kalshi.cancel(order(clock, order_id="o-1"))
    with pytest.raises(kind):
        await kalshi.cancel_all()


async def test_cancel_all_expects_no_content(loopback: Loopback, client: Client) -> None:
    loopback.on("DELETE", ORDERS, Reply(204))
    await client(subaccount=1).cancel_all()
    assert loopback.seen[0].query == {"subaccount": ["1"]}
    assert loopback.seen[0].body == b""


async def test_cancels_pass_hanging_orders_and_reads(loopback: Loopback, client: Client, clock: VirtualClock) -> None:
    kalshi = client(timeouts=Timeouts())
    loopback.on("POST", ORDERS, Reply(fault="stall"))
    loopback.on("GET", "/portfolio/balance", Reply(fault="stall"))
    loopback.on("DELETE", ORDERS, Reply(204))
    hanging = [asyncio.create_task(place(kalshi, order(clock, client_order_id=f"x{i}"))) for i in range(3)]
    hanging += [asyncio.create_task(kalshi.balance()) for _ in range(6)]
    assert await asyncio.to_thread(loopback.wait_for, 6)
    began = time.perf_counter()
    await kalshi.cancel_all()
    assert time.perf_counter() - began < 0.25
    for task in hanging:
        task.cancel()
    loopback.release.set()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_reads_are_repeated_and_then_unavailable(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    before = clock.now()
    good = {"as_of_time": "2026-09-19T01:15:00.5Z"}
    path = "/exchange/user_data_timestamp"
    loopback.on("GET", path, Reply(fault="reset"), Reply(429, {}), Reply(500, b""), Reply(200, good))
    assert (await kalshi.as_of()).microsecond == 500_000
    loopback.on("GET", path, Reply(200, b"{"))
    with pytest.raises(Unavailable, match="cannot be read"):
        await kalshi.as_of()
    assert len(loopback.seen) == 8
    assert timedelta(seconds=0.7) < clock.now() - before < timedelta(seconds=3)


async def test_a_read_that_is_refused_is_not_repeated(loopback: Loopback, kalshi: KalshiExchange) -> None:
    loopback.on("GET", "/portfolio/balance", Reply(401, error("header_timestamp_expired")))
    with pytest.raises(Unauthorized, match="clock"):
        await kalshi.balance()
    assert len(loopback.seen) == 1
    with pytest.raises(NotFound):
        await kalshi.order("nowhere")


async def test_without_a_key_markets_are_read_and_accounts_are_not(
    loopback: Loopback, client: Client, clock: VirtualClock
) -> None:
    public = client(signer=None)
    loopback.on("GET", f"/markets/{MARKET}/orderbook", Reply(200, {"orderbook_fp": {}}))
    quote = await public.quote(MARKET)
    assert (quote.bid, quote.ask, quote.seen_at) == (None, None, clock.now())
    assert "KALSHI-ACCESS-KEY" not in loopback.seen[0].headers
    asks: list[Callable[[], Any]] = [
        public.balance,
        public.positions,
        public.orders,
        public.fills,
        public.settlements,
        public.limits,
        public.cancel_all,
        lambda: public.order("o-1"),
        lambda: public.cancel(order(clock, order_id="o-1")),
    ]
    for ask in asks:
        with pytest.raises(Unauthorized, match="KALSHI_API_KEY_ID"):
            await ask()
    with pytest.raises(Rejected, match="KALSHI_API_KEY_ID"):
        await place(public, order(clock))
    assert len(loopback.seen) == 1


async def test_the_skew_of_the_clocks_is_learned_from_dates(loopback: Loopback, kalshi: KalshiExchange) -> None:
    path = "/exchange/user_data_timestamp"
    good = {"as_of_time": "2026-09-19T01:15:00Z"}
    ahead = format_datetime(real_now() + timedelta(seconds=100), usegmt=True)
    for headers in ({}, {"Date": "soon"}, {"Date": ahead, "Age": "12"}):
        loopback.on("GET", path, Reply(200, good, headers=headers))
        await kalshi.as_of()
        assert kalshi.skew_seconds is None
    loopback.on("GET", path, Reply(200, good, headers={"Date": ahead}))
    await kalshi.as_of()
    assert kalshi.skew_seconds == pytest.approx(100, abs=2)


async def test_limits_are_read_and_used(loopback: Loopback, kalshi: KalshiExchange) -> None:
    bucket = {"refill_rate": 300, "bucket_capacity": 900}
    loopback.on(
        "GET", "/account/limits", Reply(200, {"usage_tier": "advanced", "read": bucket, "write": bucket, "grants": []})
    )
    limits = await kalshi.limits()
    assert (limits.tier, limits.write.capacity) == ("advanced", 900)
    nothing = {"refill_rate": 0, "bucket_capacity": 0}
    loopback.on("GET", "/account/limits", Reply(200, {"read": nothing, "write": nothing}))
    with pytest.raises(Unavailable):
        await kalshi.limits()


async def test_a_closed_client_sends_nothing(loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock) -> None:
    kalshi.close()
    with pytest.raises(Rejected, match="closed"):
        await place(kalshi, order(clock))
    with pytest.raises(Unavailable, match="closed"):
        await kalshi.balance()
    assert loopback.seen == []


@pytest.mark.parametrize("address", ["", "localhost:80/x", "ftp://h/x", "https://u:p@h/x", "https://h/x?y=1"])
def test_an_address_that_is_none_is_refused(address: str, clock: VirtualClock) -> None:
    with pytest.raises(Misconfigured, match="KALSHI_API_BASE"):
        KalshiExchange(address, None, clock)


def test_nothing_secret_in_repr(kalshi: KalshiExchange, rsa_key: rsa.RSAPrivateKey) -> None:
    assert "key-1" not in repr(kalshi)


async def test_the_environments_proxies_are_ignored(
    loopback: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    loopback.on("GET", "/exchange/user_data_timestamp", Reply(200, {"as_of_time": "2026-09-19T01:15:00Z"}))
    await client().as_of()
    assert len(loopback.seen) == 1
