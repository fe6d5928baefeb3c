"""The server over real HTTP: every answer against the exchange's own schema, and the traps that clients fall into."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from trading.clock import VirtualClock
from trading.exchange.simulated.venue import Venue

ORDERS = "/portfolio/events/orders"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z")


@pytest.fixture
def wish(venue: Venue) -> dict[str, Any]:
    """Five NO at the touch of the market that trades now."""
    ticker = "KXBTC15M-26JAN050715-15"
    bid = venue.shown(ticker).bids[0][0]
    return {
        "ticker": ticker,
        "side": "ask",
        "count": "5.00",
        "price": f"{bid / 10_000:.4f}",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
        "client_order_id": "bot-1",
        "exchange_index": 2,
    }


PUBLIC = [
    "/markets?series_ticker=KXBTC15M&status=open",
    "/markets?series_ticker=KXBTC15M&status=settled&limit=3",
    "/markets?series_ticker=KXBTC15M&status=unopened",
    "/markets?tickers=KXBTC15M-26JAN050715-15",
    "/markets/KXBTC15M-26JAN050715-15",
    "/markets/KXBTC15M-26JAN050715-15/orderbook",
    "/markets/KXBTC15M-26JAN050715-15/orderbook?depth=3",
    "/markets/NOBODY/orderbook",
    "/markets/orderbooks?tickers=KXBTC15M-26JAN050715-15&tickers=NOBODY",
    "/markets/trades?ticker=KXBTC15M-26JAN050715-15&limit=20",
    "/markets/trades?limit=5",
    "/events?series_ticker=KXBTC15M&status=open&with_nested_markets=true",
    "/events/KXBTC15M-26JAN050715",
    "/series/KXBTC15M",
    "/series",
    "/series/fee_changes",
    "/exchange/status",
    "/exchange/schedule",
    "/exchange/user_data_timestamp",
    "/account/endpoint_costs",
]
SIGNED = [
    "/account/limits",
    "/portfolio/balance",
    "/portfolio/balance?exchange_index=2",
    "/portfolio/positions",
    "/portfolio/fills",
    "/portfolio/orders",
    "/portfolio/orders?status=resting",
    "/portfolio/orders/queue_positions",
    "/portfolio/settlements",
    "/portfolio/intra_exchange_instance_transfers",
]


async def test_every_read_has_the_exchanges_shape(checked: Any, clock: VirtualClock, wish: dict[str, Any]) -> None:
    assert (await checked.call("POST", ORDERS, wish))[0] == 201
    resting = wish | {"client_order_id": "bot-2", "side": "bid", "price": "0.0100"}
    _, placed = await checked.call("POST", ORDERS, resting)
    for passed in (0, 1200):
        clock.advance_to(clock.now() + timedelta(seconds=passed))
        for path in PUBLIC:
            status, _ = await checked.call("GET", path, sign=False)
            assert status == 200, path
            clock.advance_to(clock.now() + timedelta(seconds=1))
        for path in SIGNED:
            await checked.get(path)
            clock.advance_to(clock.now() + timedelta(seconds=1))
        await checked.get(f"/portfolio/orders/{placed['order_id']}")


async def test_an_order_from_its_post_to_its_settlement(
    checked: Any, clock: VirtualClock, wish: dict[str, Any]
) -> None:
    status, placed = await checked.call("POST", ORDERS, wish)
    assert status == 201
    assert placed["fill_count"] == "5.00"
    assert placed["average_fill_price"] == wish["price"]
    [fill] = (await checked.get("/portfolio/fills"))["fills"]
    assert (fill["book_side"], fill["outcome_side"], fill["is_taker"]) == ("ask", "no", True)
    assert fill["trade_id"] == fill["fill_id"]
    [position] = (await checked.get("/portfolio/positions"))["market_positions"]
    assert position["position_fp"] == "-5.00"
    clock.advance_to(clock.now() + timedelta(minutes=11))
    [settled] = (await checked.get("/portfolio/settlements"))["settlements"]
    market = (await checked.get(f"/markets/{wish['ticker']}"))["market"]
    assert market["status"] == "finalized"
    assert settled["market_result"] == market["result"]
    assert settled["revenue"] == (500 if market["result"] == "no" else 0)
    assert (await checked.get("/portfolio/positions"))["market_positions"] == []
    balance = await checked.get("/portfolio/balance")
    paid = 1000 - 5 * float(fill["no_price_dollars"]) - float(fill["fee_cost"]) + settled["revenue"] / 100
    assert float(balance["balance_breakdown"][1]["balance"]) == pytest.approx(paid, abs=1e-9)


async def test_amend_decrease_cancel_and_batches(checked: Any, wish: dict[str, Any]) -> None:
    low = wish | {"side": "bid", "price": "0.0100", "count": "10.00"}
    _, placed = await checked.call("POST", ORDERS, low)
    path = f"{ORDERS}/{placed['order_id']}"
    change = {"ticker": low["ticker"], "side": "bid", "price": "0.0200", "count": "8.00"}
    status, amended = await checked.call("POST", f"{path}/amend", change)
    assert (status, amended["remaining_count"]) == (200, "8.00")
    status, less = await checked.call("POST", f"{path}/decrease", {"reduce_by": "3.00", "exchange_index": 2})
    assert (status, less["remaining_count"]) == (200, "5.00")
    status, gone = await checked.call("DELETE", f"{path}?exchange_index=2")
    assert (status, gone["reduced_by"]) == (200, "5.00")
    assert (await checked.call("DELETE", f"{path}?exchange_index=2"))[0] == 404
    batch = [low | {"client_order_id": f"b-{n}"} for n in (1, 1, 2)]
    status, made = await checked.call("POST", f"{ORDERS}/batched", {"orders": batch})
    assert status == 201
    assert [item.get("error", {}).get("code") for item in made["orders"]] == [None, "order_already_exists", None]
    wanted = [{"order_id": o["order_id"], "exchange_index": 2} for o in made["orders"] if "order_id" in o]
    status, cancelled = await checked.call("DELETE", f"{ORDERS}/batched", {"orders": wanted})
    assert status == 200
    assert [item["reduced_by"] for item in cancelled["orders"]] == ["10.00", "10.00"]


async def test_cancel_all_answers_nothing(caller: Any, wish: dict[str, Any]) -> None:
    await caller.call("POST", ORDERS, wish | {"side": "bid", "price": "0.0100"})
    assert await caller.call("DELETE", ORDERS) == (204, None)
    assert (await caller.get("/portfolio/orders?status=resting"))["orders"] == []


async def test_a_cancel_that_names_no_shard_misses_a_crypto_order(caller: Any, wish: dict[str, Any]) -> None:
    _, placed = await caller.call("POST", ORDERS, wish | {"side": "bid", "price": "0.0100"})
    path = f"{ORDERS}/{placed['order_id']}"
    assert (await caller.call("DELETE", path))[0] == 404
    assert (await caller.call("DELETE", f"{path}?market_ticker={wish['ticker']}"))[0] == 200


async def test_cash_on_another_shard_does_not_help_until_it_is_moved(checked: Any, wish: dict[str, Any]) -> None:
    large = wish | {"side": "bid", "price": "0.0100", "count": "150000"}
    status, refused = await checked.call("POST", ORDERS, large)
    assert (status, refused["error"]["code"]) == (400, "insufficient_balance")
    move = {
        "source": "event_contract",
        "destination": "event_contract",
        "amount": 9_000_000,
        "source_exchange_shard": 0,
        "destination_exchange_shard": 2,
        "client_transfer_id": "0b9ef6ac-4f5b-4c57-8f0f-6d8ab6c2c3ad",
    }
    status, first = await checked.call("POST", "/portfolio/intra_exchange_instance_transfer", move)
    assert (status, await checked.call("POST", "/portfolio/intra_exchange_instance_transfer", move)) == (
        200,
        (200, first),
    )
    assert (await checked.call("POST", ORDERS, large))[0] == 201
    await checked.get("/portfolio/intra_exchange_instance_transfers")
    await checked.get(f"/portfolio/intra_exchange_instance_transfers/{first['transfer_id']}")


REFUSALS = [
    ({"client_order_id": "a.b"}, 400, "invalid_parameters"),
    ({"price": "0.5550"}, 400, "invalid_parameters"),
    ({"price": "1.0000"}, 400, "invalid_parameters"),
    ({"price": 0.5}, 400, "invalid_parameters"),
    ({"count": "0.00"}, 400, "invalid_order_size"),
    ({"count": "1.005"}, 400, "invalid_order_size"),
    ({"action": "buy"}, 400, "invalid_parameters"),
    ({"side": "yes"}, 400, "invalid_parameters"),
    ({"expiration_time": 1}, 400, "invalid_parameters"),
    ({"expiration_time": 4_000_000_000, "time_in_force": "immediate_or_cancel"}, 400, "invalid_parameters"),
    ({"reduce_only": True}, 400, "invalid_order"),
    ({"post_only": True}, 400, "invalid_order"),
    ({"count": "9999.00"}, 400, "insufficient_balance"),
    ({"ticker": "KXBTC15M-26JAN050730-30"}, 409, "MARKET_INACTIVE"),
    ({"ticker": "KXBTC15M-26JAN050700-00"}, 409, "MARKET_INACTIVE"),
    ({"ticker": "KXBTC15M-26MAR05-T2045"}, 404, "market_not_found"),
    ({"exchange_index": 0}, 404, "market_not_found"),
    ({"time_in_force": "fill_or_kill", "count": "1000.00", "price": "0.9900"}, 409, None),
]


@pytest.mark.parametrize(("change", "status", "code"), REFUSALS, ids=lambda v: str(v)[:50])
async def test_what_is_refused_and_how(
    caller: Any, wish: dict[str, Any], change: dict[str, Any], status: int, code: str | None
) -> None:
    found, answer = await caller.call("POST", ORDERS, wish | change)
    assert (found, answer["error"]["code"]) == (status, code or "fill_or_kill_insufficient_resting_volume")
    assert (await caller.get("/portfolio/fills"))["fills"] == []


async def test_a_killed_order_uses_its_id_up(caller: Any, wish: dict[str, Any]) -> None:
    killed = wish | {"time_in_force": "fill_or_kill", "price": "0.9900"}
    assert (await caller.call("POST", ORDERS, killed))[1]["error"]["code"].startswith("fill_or_kill")
    status, again = await caller.call("POST", ORDERS, wish)
    assert (status, again["error"]["code"]) == (409, "order_already_exists")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/portfolio/orders"),
        ("DELETE", "/portfolio/orders/x"),
        ("POST", "/portfolio/orders/batched"),
        ("POST", "/portfolio/orders/x/amend"),
        ("POST", "/portfolio/orders/x/decrease"),
    ],
)
async def test_the_legacy_mutations_are_gone(caller: Any, method: str, path: str) -> None:
    status, answer = await caller.call(method, path, {})
    assert (status, answer["error"]["code"]) == (410, "deprecated_v1_order_endpoint")


async def test_writes_are_billed_by_shard_and_refill_on_the_clock(
    caller: Any, clock: VirtualClock, wish: dict[str, Any]
) -> None:
    low = wish | {"side": "bid", "price": "0.0100", "count": "1.00"}
    statuses = [(await caller.call("POST", ORDERS, low | {"client_order_id": f"w-{n}"}))[0] for n in range(11)]
    assert statuses == [201] * 10 + [429]
    unrouted = {k: v for k, v in low.items() if k != "exchange_index"} | {"client_order_id": "w-11"}
    assert (await caller.call("POST", ORDERS, unrouted))[0] == 201
    assert (await caller.call("DELETE", ORDERS))[0] == 204
    status, answer = await caller.call("POST", ORDERS, low | {"client_order_id": "w-12"})
    assert (status, answer) == (429, {"error": {"code": "too_many_requests", "message": "too many requests"}})
    clock.advance_to(clock.now() + timedelta(seconds=0.1))
    assert (await caller.call("POST", ORDERS, low | {"client_order_id": "w-13"}))[0] == 201


async def test_reads_are_billed(caller: Any) -> None:
    statuses = [(await caller.call("GET", "/portfolio/balance"))[0] for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    assert (await caller.call("GET", "/cfbenchmarks/values?id=BRTI"))[0] == 429


async def test_the_index_comes_oldest_first_in_the_exchanges_envelope(caller: Any, venue: Venue) -> None:
    data = (await caller.get("/cfbenchmarks/values?id=BRTI"))["data"]
    times = [row["time"] for row in data["payload"]]
    assert times == sorted(times)
    assert len(times) == 60
    assert data["payload"][-1]["value"] == str(venue.spot("BRTI").price)
    assert times[-1] == int(venue.now.timestamp()) * 1000
    assert (await caller.call("GET", "/cfbenchmarks/values?id=NONE"))[0] == 404


async def test_pages_follow_each_other_without_a_gap(caller: Any) -> None:
    found: list[str] = []
    cursor = ""
    for _ in range(4):
        query = f"series_ticker=KXBTC15M&status=settled&limit=7&cursor={cursor}"
        page = await caller.get(f"/markets?{query}")
        found += [m["close_time"] for m in page["markets"]]
        cursor = page["cursor"]
    assert len(found) == 28
    assert found == sorted(set(found), reverse=True)


async def test_the_market_that_trades_now_and_its_neighbours(caller: Any) -> None:
    [now] = (await caller.get("/markets?series_ticker=KXBTC15M&status=open"))["markets"]
    upcoming = (await caller.get("/markets?series_ticker=KXBTC15M&status=unopened"))["markets"]
    [last] = (await caller.get("/markets?series_ticker=KXBTC15M&status=settled&limit=1"))["markets"]
    assert now["status"] == "active"
    assert now["strike_type"] == "greater_or_equal"
    assert last["close_time"] == now["open_time"]
    assert float(last["expiration_value"]) == now["floor_strike"]
    assert len(upcoming) in (18, 19)
    assert {m["status"] for m in upcoming} == {"initialized"}
    assert {m["floor_strike"] for m in upcoming} == {None}
    times = [v for m in [now, last, *upcoming] for k, v in m.items() if k.endswith(("_time", "_ts")) and v]
    assert all(RFC3339.fullmatch(t) for t in times)


async def test_the_order_book_holds_bids_only_and_the_best_comes_last(caller: Any, venue: Venue) -> None:
    book = (await caller.get("/markets/KXBTC15M-26JAN050715-15/orderbook"))["orderbook_fp"]
    shown = venue.shown("KXBTC15M-26JAN050715-15")
    yes, no = book["yes_dollars"], book["no_dollars"]
    assert yes == sorted(yes)
    assert no == sorted(no)
    assert float(yes[-1][0]) == shown.bids[0][0] / 10_000
    assert float(no[-1][0]) == pytest.approx(1 - shown.asks[0][0] / 10_000)
    assert (await caller.get("/markets/NOBODY/orderbook"))["orderbook_fp"] == {"yes_dollars": [], "no_dollars": []}
    assert (await caller.call("GET", "/markets/NOBODY/orderbook?depth=101"))[0] == 400
    assert (await caller.call("GET", "/markets/NOBODY"))[0] == 404


async def test_a_client_in_another_process_can_follow_the_clock(caller: Any, clock: VirtualClock) -> None:
    status, answer = await caller.call("GET", "/simulated/clock", sign=False)
    assert (status, answer) == (200, {"now": "2026-01-05T12:05:00Z", "speed": 1.0})


async def test_the_server_listens_on_loopback_only(caller: Any) -> None:
    assert caller.server.base_url.startswith("http://127.0.0.1:")
    assert caller.server.ws_url.endswith("/trade-api/ws/v2")
    assert (await caller.call("GET", "/nothing/here"))[0] == 404
