"""Amending and decreasing a resting order, and its place in the queue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from described import answer, refusal
from kalshi_orders import MARKET, ORDERS, order
from loopback_exchange import Loopback, Reply

from trading.clock import VirtualClock
from trading.domain.account_records import Amended, QueuePosition
from trading.domain.errors import NotFound, Rejected, Unauthorized, Unavailable, Unresolved
from trading.domain.order import Order, Side
from trading.exchange.kalshi.client import KalshiExchange
from trading.risk.gate import Ticket

AMEND, DECREASE = f"{ORDERS}/o-1/amend", f"{ORDERS}/o-1/decrease"
DONE = {"order_id": "o-1", "fill_count": "1.00", "remaining_count": "6.00", "ts_ms": 1785089355658}
Client = Callable[..., KalshiExchange]
Change = Callable[[KalshiExchange, Order], Awaitable[object]]


def amend(kalshi: KalshiExchange, resting: Order) -> Awaitable[object]:
    return kalshi.amend(resting, Ticket(replace(resting, price=Decimal("0.55"))))


def decrease(kalshi: KalshiExchange, resting: Order) -> Awaitable[object]:
    return kalshi.decrease(resting, to=Decimal(2))


CHANGES: list[tuple[str, Change]] = [(AMEND, amend), (DECREASE, decrease)]


async def test_an_amended_order_has_the_tickets_price_count_and_id(
    loopback: Loopback, client: Client, clock: VirtualClock
) -> None:
    answer(loopback, "POST", AMEND, DONE)
    resting = order(clock, order_id="o-1")
    wanted = replace(resting, price=Decimal("0.555"), count=Decimal(7), client_order_id="abc-2")
    amended = await client(subaccount=3).amend(resting, Ticket(wanted))
    at = datetime(2026, 7, 26, 18, 9, 15, 658_000, tzinfo=UTC)
    assert amended == Amended("o-1", filled=Decimal(1), remaining=Decimal(6), at=at)
    assert loopback.seen[0].json == {
        "ticker": MARKET,
        "side": "ask",
        "price": "0.5550",
        "count": "7.00",
        "exchange_index": 2,
        "client_order_id": "abc-1",
        "updated_client_order_id": "abc-2",
    }
    assert loopback.seen[0].query == {"subaccount": ["3"]}


async def test_what_an_amendment_does_not_say_is_not_guessed(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    answer(loopback, "POST", AMEND, {"order_id": "o-1", "ts_ms": 1785089355658})
    resting = order(clock, order_id="o-1")
    amended = await kalshi.amend(resting, Ticket(resting))
    assert (amended.filled, amended.remaining) == (None, None)
    assert "updated_client_order_id" not in loopback.seen[0].json


@pytest.mark.parametrize("change", [{"ticker": "OTHER"}, {"side": Side.BID}, {"exchange_index": 0}])
async def test_an_order_stays_where_it_is(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, change: dict[str, object]
) -> None:
    resting = order(clock, order_id="o-1")
    with pytest.raises(AssertionError, match="stays in its market"):
        await kalshi.amend(resting, Ticket(replace(resting, **change)))  # type: ignore[arg-type]
    assert loopback.seen == []


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [({"by": Decimal("1.5")}, {"reduce_by": "1.50"}), ({"to": Decimal(0)}, {"reduce_to": "0.00"})],
)
async def test_contracts_are_taken_off(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, wanted: dict[str, Decimal], sent: dict[str, str]
) -> None:
    answer(loopback, "POST", DECREASE, {"order_id": "o-1", "remaining_count": "3.50", "ts_ms": 1})
    assert await kalshi.decrease(order(clock, order_id="o-1"), **wanted) == Decimal("3.5")
    assert loopback.seen[0].json == {**sent, "exchange_index": 2, "market_ticker": MARKET}


@pytest.mark.parametrize(("path", "change"), CHANGES)
@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"ts_ms": 1}),
        Reply(200, {**DONE, "order_id": ""}),
        Reply(200, b"<html>"),
        Reply(408, {}),
        Reply(500, refusal("internal_server_error")),
        Reply(503, refusal("exchange_is_paused")),
        Reply(fault="drop"),
        Reply(fault="reset"),
        Reply(fault="stall"),
    ],
    ids=lambda reply: f"{reply.status}-{reply.fault or str(reply.body)[:24]}",
)
async def test_what_is_not_proved_is_unresolved_and_never_sent_again(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, path: str, change: Change, reply: Reply
) -> None:
    loopback.on("POST", path, reply)
    with pytest.raises(Unresolved):
        await change(kalshi, order(clock, order_id="o-1"))
    assert len(loopback.seen) == 1


@pytest.mark.parametrize(("path", "change"), CHANGES)
@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "not_found"), (400, "order_side_mismatch"), (409, "trading_is_paused"), (403, "forbidden")],
)
async def test_a_refusal_is_proof_with_the_exchanges_own_code(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, path: str, change: Change, status: int, code: str
) -> None:
    loopback.on("POST", path, Reply(status, refusal(code)))
    with pytest.raises(Rejected) as caught:
        await change(kalshi, order(clock, order_id="o-1"))
    assert (caught.value.code, caught.value.http_status) == (code, status)
    assert len(loopback.seen) == 1


@pytest.mark.parametrize(("path", "change"), CHANGES)
async def test_too_many_requests_prove_that_it_may_be_sent_again(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, path: str, change: Change
) -> None:
    loopback.on("POST", path, Reply(429, {}), Reply(200, {**DONE, "client_order_id": "abc-1"}))
    await change(kalshi, order(clock, order_id="o-1"))
    assert len(loopback.seen) == 2


@pytest.mark.parametrize(("path", "change"), CHANGES)
async def test_a_cancel_all_calls_off_a_change_that_still_waits(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock, path: str, change: Change
) -> None:
    sleep = clock.sleep
    loopback.on("POST", path, Reply(429, {}), Reply(200, DONE))
    loopback.on("DELETE", ORDERS, Reply(204))

    async def killed_meanwhile(seconds: float) -> None:
        clock.sleep = sleep  # type: ignore[method-assign]
        await kalshi.cancel_all()
        await sleep(seconds)

    clock.sleep = killed_meanwhile  # type: ignore[method-assign]
    with pytest.raises(Rejected, match="called_off"):
        await change(kalshi, order(clock, order_id="o-1"))
    assert len(loopback.requests("POST")) == 1


async def test_the_place_in_the_queue_is_read(loopback: Loopback, client: Client) -> None:
    listed = {"order_id": "o-1", "market_ticker": MARKET, "queue_position_fp": "1671.50"}
    path = "/portfolio/orders/queue_positions"
    answer(loopback, "GET", path, {"queue_positions": [listed]}, {"queue_positions": []})
    answer(loopback, "GET", "/portfolio/orders/o-1/queue_position", {"queue_position_fp": "0.00"})
    kalshi = client(subaccount=3)
    assert await kalshi.queue_positions(tickers=["A", "B"]) == [QueuePosition("o-1", MARKET, Decimal("1671.5"))]
    assert await kalshi.queue_positions(event="E") == []
    assert await kalshi.queue_position("o-1") == 0
    first, second, third = (seen.query for seen in loopback.seen)
    assert first == {"subaccount": ["3"], "market_tickers": ["A,B"]}
    assert (second, third) == ({"subaccount": ["3"], "event_ticker": ["E"]}, {})


async def test_a_queue_has_its_errors(loopback: Loopback, client: Client) -> None:
    with pytest.raises(NotFound):
        await client().queue_position("o/1")
    loopback.on("GET", "/portfolio/orders/o-1/queue_position", Reply(200, {"queue_position_fp": "first"}))
    with pytest.raises(Unavailable, match="cannot be read"):
        await client().queue_position("o-1")
    for ask in (client(signer=None).queue_position("o-1"), client(signer=None).queue_positions(event="E")):
        with pytest.raises(Unauthorized, match="KALSHI_API_KEY_ID"):
            await ask
