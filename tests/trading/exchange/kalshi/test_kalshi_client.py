"""Cancels and reads over real sockets with everything that goes wrong on the way."""

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
from described import refusal
from kalshi_orders import MARKET, ORDERS, order
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
)
from trading.domain.order import Order
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.http import Timeouts
from trading.risk.gate import Ticket

Client = Callable[..., KalshiExchange]


async def place(kalshi: KalshiExchange, wanted: Order) -> Any:
    return await kalshi.place(Ticket(wanted))


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
        (Reply(404, refusal("not_found")), NotFound),
        (Reply(409, refusal("exchange_is_paused")), Paused),
        (Reply(409, refusal("MARKET_INACTIVE")), NotFound),
        (Reply(400, refusal("invalid_parameters")), Unavailable),
        (Reply(401, refusal("authentication_error", "NOT_FOUND")), Unauthorized),
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
    loopback.on("GET", "/portfolio/balance", Reply(401, refusal("header_timestamp_expired")))
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
