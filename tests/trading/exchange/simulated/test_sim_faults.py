"""What goes wrong on purpose: each fault does to the exchange what its name says, over HTTP and without it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from trading.clock import VirtualClock, monotonic
from trading.domain.errors import Misconfigured, Rejected, Unavailable, Unresolved
from trading.domain.order import Mode, Order, OrderStatus, Side
from trading.exchange.simulated.direct import DirectExchange
from trading.exchange.simulated.faults import PROFILES, Fault, Faults
from trading.exchange.simulated.units import dollars
from trading.exchange.simulated.venue import Venue
from trading.risk.gate import Ticket

ORDERS = "/portfolio/events/orders"
TICKER = "KXBTC15M-26JAN050715-15"
BODY = {
    "ticker": TICKER,
    "side": "bid",
    "count": "1.00",
    "price": "0.0100",
    "time_in_force": "good_till_canceled",
    "self_trade_prevention_type": "taker_at_cross",
    "client_order_id": "one",
    "exchange_index": 2,
}
# fault, status over HTTP (0: no answer), orders at once, orders half a minute later
EFFECTS = [
    (Fault.REFUSED, 503, 0, 0),
    (Fault.FAILED, 503, 1, 1),
    (Fault.LOST_BEFORE, 0, 0, 0),
    (Fault.LOST_AFTER, 0, 1, 1),
    (Fault.LOST_LATE, 0, 0, 1),
    (Fault.LIMITED, 429, 0, 0),
    (Fault.TWICE, 409, 1, 1),
    (Fault.DELAYED, 201, 1, 1),
    (Fault.SLOW, 201, 1, 1),
]


@pytest.mark.parametrize(("fault", "status", "at_once", "afterwards"), EFFECTS, ids=lambda v: str(v))
async def test_over_http(
    caller: Any, venue: Venue, clock: VirtualClock, fault: Fault, status: int, at_once: int, afterwards: int
) -> None:
    caller.server.faults.next("POST", ORDERS, fault)
    if status:
        assert (await caller.call("POST", ORDERS, BODY))[0] == status
    else:
        with pytest.raises(aiohttp.ClientError):
            await caller.call("POST", ORDERS, BODY)
    venue.sync()
    assert len(venue.account.orders) == at_once
    clock.advance_to(clock.now() + timedelta(seconds=30))
    venue.sync()
    assert len(venue.account.orders) == afterwards
    assert caller.server.faults.pending == 0
    assert (await caller.call("GET", "/portfolio/balance"))[0] == 200


async def test_a_hanging_answer_is_given_up_and_the_server_still_stops(caller: Any, venue: Venue) -> None:
    caller.server.faults.next("DELETE", ORDERS, Fault.HANGING)
    await caller.call("POST", ORDERS, BODY)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await caller.call("DELETE", ORDERS)
    assert venue.account.resting == {}
    began = monotonic()
    await caller.server.stop()
    assert monotonic() - began < 5


def ticket(venue: Venue, clock: VirtualClock) -> Ticket:
    price = dollars(venue.shown(TICKER).bids[0][0])
    now = clock.now()
    order = Order(
        "one", Mode.REAL, "s", TICKER, Side.BID, price, dollars(10_000), OrderStatus.PENDING, now, now, exchange_index=2
    )
    return Ticket(order)


@pytest.mark.parametrize(("fault", "status", "at_once", "afterwards"), EFFECTS, ids=lambda v: str(v))
async def test_without_http(
    venue: Venue, clock: VirtualClock, fault: Fault, status: int, at_once: int, afterwards: int
) -> None:
    faults = Faults()
    exchange = DirectExchange(venue, faults)
    faults.next("POST", ORDERS, fault)
    expected = {201: None, 429: Rejected}.get(status, Unresolved)
    if expected is None:
        await exchange.place(ticket(venue, clock))
    else:
        with pytest.raises(expected):
            await exchange.place(ticket(venue, clock))
    assert len(venue.account.orders) == at_once
    clock.advance_to(clock.now() + timedelta(seconds=30))
    venue.sync()
    assert len(venue.account.orders) == afterwards


async def test_a_read_that_is_lost_is_unavailable(venue: Venue) -> None:
    faults = Faults()
    faults.next("GET", "/markets/*/orderbook", Fault.LOST_BEFORE)
    exchange = DirectExchange(venue, faults)
    assert await exchange.balance()
    with pytest.raises(Unavailable):
        await exchange.quote(TICKER)
    assert (await exchange.quote(TICKER)).bid


def test_a_profile_draws_the_same_whatever_other_requests_do() -> None:
    alone, among = Faults.named("storm", 3), Faults.named("storm", 3)
    first = [alone.choose("POST", ORDERS, ORDERS) for _ in range(200)]
    second = []
    for _ in range(200):
        among.choose("GET", "/markets", "/markets")
        second.append(among.choose("POST", ORDERS, ORDERS))
    assert first == second
    assert 0.2 < sum(fault is not None for fault in first) / 200 < 0.45
    assert first != [Faults.named("storm", 4).choose("POST", ORDERS, ORDERS) for _ in range(200)]


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_leave_most_requests_alone(name: str) -> None:
    profile = PROFILES[name]
    assert sum(profile.frames.values()) < 0.05
    assert sum(profile.requests.values()) <= 0.5
    assert max(profile.flooded, profile.stale) <= 0.5
    assert Faults.named("none").choose("GET", "/markets", "/markets") is None


def test_ordered_faults_wait_for_their_request_and_can_be_forgotten() -> None:
    faults = Faults()
    faults.next("DELETE", f"{ORDERS}/*", "failed", times=2)
    assert faults.choose("POST", ORDERS, ORDERS) is None
    assert faults.choose("DELETE", f"{ORDERS}/x", "") is Fault.FAILED
    faults.clear()
    assert faults.choose("DELETE", f"{ORDERS}/x", "") is None


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(Misconfigured, match="no fault profile 'rain'"):
        Faults.named("rain")
