"""The timetable, the costs of calls and the budgets that follow them, the key's scopes, the tier's grants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from described import answer, refusal
from kalshi_orders import order
from loopback_exchange import Loopback, Reply

from trading.clock import VirtualClock
from trading.domain.account_records import needless_scopes
from trading.domain.errors import NotFound, Rejected, Unauthorized, Unavailable
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.costs import DOCUMENTED, Costs
from trading.exchange.kalshi.ratelimit import Grant
from trading.risk.gate import Ticket

Client = Callable[..., KalshiExchange]
ALL_DAY = [{"open_time": "00:00", "close_time": "24:00"}]
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def week(**changes: Any) -> dict[str, Any]:
    valid = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2027-01-01T00:00:00Z"}
    return {**valid, **dict.fromkeys(DAYS, ALL_DAY), **changes}


async def test_the_timetable_is_read_in_eastern_time(loopback: Loopback, kalshi: KalshiExchange) -> None:
    thursday = [{"open_time": "00:00", "close_time": "03:00"}, {"open_time": "05:00", "close_time": "00:00"}]
    window = {"start_datetime": "2026-11-21T04:00:00Z", "end_datetime": "2026-11-21T05:00:00Z"}
    schedule = {"standard_hours": [week(thursday=thursday)], "maintenance_windows": [window]}
    answer(loopback, "GET", "/exchange/schedule", {"schedule": schedule})
    hours = await kalshi.info.hours()
    assert not hours.open_at(datetime(2026, 11, 19, 8, 0, tzinfo=UTC))  # 03:00 EST
    assert hours.open_at(datetime(2026, 11, 19, 10, 0, tzinfo=UTC))  # 05:00 EST
    assert hours.open_at(datetime(2026, 11, 20, 4, 59, tzinfo=UTC))  # 23:59 EST, still Thursday
    assert not hours.open_at(datetime(2026, 11, 21, 4, 0, tzinfo=UTC))
    assert hours.open_at(datetime(2026, 11, 21, 5, 0, tzinfo=UTC))


async def test_a_timetable_with_an_unreadable_time_is_unavailable(loopback: Loopback, kalshi: KalshiExchange) -> None:
    broken = {"standard_hours": [week(monday=[{"open_time": "morning", "close_time": "24:00"}])]}
    loopback.on("GET", "/exchange/schedule", Reply(200, {"schedule": {**broken, "maintenance_windows": []}}))
    with pytest.raises(Unavailable, match="cannot be read"):
        await kalshi.info.hours()


def costs_answer(**stated: int) -> dict[str, Any]:
    rows = [(*name.split("_", 1), cost) for name, cost in stated.items()]
    root = "/trade-api/v2/portfolio"
    paths = {"orders": f"{root}/events/orders", "order": f"{root}/events/orders/{{order_id}}"}
    paths["balance"] = f"{root}/balance"
    listed = [{"method": method, "path": paths[what], "cost": cost} for method, what, cost in rows]
    return {"default_cost": 20, "endpoint_costs": listed}


async def test_the_budgets_follow_the_stated_costs(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    answer(loopback, "GET", "/account/endpoint_costs", costs_answer(GET_balance=50, POST_orders=25, DELETE_order=5))
    answer(
        loopback,
        "GET",
        "/portfolio/balance",
        {"balance": 1, "balance_dollars": "0.01", "portfolio_value": 0, "updated_ts": 1},
    )
    costs = await kalshi.info.endpoint_costs()
    assert (costs.create, costs.cancel, costs.of("GET", "/markets")) == (25, 5, 20)
    began = clock.now()
    for _ in range(3):  # 200 tokens, 10 of them spent on the costs themselves
        await kalshi.balance()
    assert clock.now() == began
    await kalshi.balance()  # 10 tokens are missing, 200 come a second
    assert (clock.now() - began).total_seconds() == pytest.approx(0.05, abs=0.01)


async def test_an_order_that_no_budget_can_pay_never_leaves(
    loopback: Loopback, kalshi: KalshiExchange, clock: VirtualClock
) -> None:
    answer(loopback, "GET", "/account/endpoint_costs", costs_answer(POST_orders=101))
    await kalshi.info.endpoint_costs()
    with pytest.raises(Rejected, match="request budget"):
        await kalshi.place(Ticket(order(clock)))
    assert loopback.requests("POST") == []


@pytest.mark.parametrize(
    ("method", "path", "cost"),
    [
        ("POST", "/portfolio/events/orders", 10),
        ("POST", "/portfolio/events/orders/o-1/amend", 10),
        ("DELETE", "/portfolio/events/orders", 2),
        ("DELETE", "/portfolio/events/orders/o-1", 2),
        ("GET", "/portfolio/events/orders/o-1", 10),
        ("GET", "/cfbenchmarks/values", 50),
        ("GET", "/markets", 10),
    ],
)
def test_the_documented_costs_hold_until_others_are_stated(method: str, path: str, cost: int) -> None:
    assert DOCUMENTED.of(method, path) == cost


def test_a_path_named_in_full_goes_before_one_with_a_name_in_it() -> None:
    costs = Costs(10, {("GET", "/markets/{ticker}"): 3, ("GET", "/markets/trades"): 7})
    assert (costs.of("GET", "/markets/trades"), costs.of("GET", "/markets/KXBTC"), costs.of("GET", "/markets")) == (
        7,
        3,
        10,
    )


@pytest.mark.parametrize("default", [0, -10])
async def test_costs_that_are_none_are_not_believed(loopback: Loopback, kalshi: KalshiExchange, default: int) -> None:
    loopback.on("GET", "/account/endpoint_costs", Reply(200, {"default_cost": default, "endpoint_costs": []}))
    with pytest.raises(Unavailable):
        await kalshi.info.endpoint_costs()


def keys(*listed: tuple[str, list[str], int | None]) -> dict[str, Any]:
    return {
        "api_keys": [
            {"api_key_id": key_id, "name": f"name of {key_id}", "scopes": scopes, "subaccount": subaccount}
            for key_id, scopes, subaccount in listed
        ]
    }


async def test_our_own_key_is_found_among_all(loopback: Loopback, kalshi: KalshiExchange) -> None:
    answer(
        loopback, "GET", "/api_keys", keys(("other", ["read", "write"], None), ("key-1", ["read", "write::trade"], 3))
    )
    own = await kalshi.info.scopes()
    assert (own.key_id, own.name, own.subaccount) == ("key-1", "name of key-1", 3)
    assert own.scopes == {"read", "write::trade"}
    assert needless_scopes(own.scopes) == []


async def test_a_key_that_is_not_listed_or_not_allowed_is_said(loopback: Loopback, client: Client) -> None:
    answer(loopback, "GET", "/api_keys", keys(("other", ["read"], None)))
    with pytest.raises(NotFound, match="KALSHI_API_KEY_ID"):
        await client().info.scopes()
    loopback.on("GET", "/api_keys", Reply(403, refusal("forbidden")))
    with pytest.raises(Unauthorized, match="scope"):
        await client().info.scopes()
    with pytest.raises(Unauthorized, match="needs a key"):
        await client(signer=None).info.scopes()


async def test_the_grants_of_a_tier_are_told(loopback: Loopback, kalshi: KalshiExchange) -> None:
    bucket = {"refill_rate": 300, "bucket_capacity": 900}
    grants = [
        {"exchange_instance": "event_contract", "level": "advanced", "source": "manual"},
        {"exchange_instance": "event_contract", "level": "premier", "source": "volume", "expires_ts": 1790000000},
    ]
    answer(
        loopback, "GET", "/account/limits", {"usage_tier": "premier", "read": bucket, "write": bucket, "grants": grants}
    )
    limits = await kalshi.limits()
    assert limits.grants == (
        Grant("event_contract", "advanced", "manual"),
        Grant("event_contract", "premier", "volume", datetime.fromtimestamp(1790000000, UTC)),
    )
