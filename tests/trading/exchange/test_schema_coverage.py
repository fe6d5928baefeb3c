"""What watches all tests does see what is wrong: over HTTP, in the adapter and on the stream."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.schema_coverage import Watch, summary
from tests.schemas import Schemas
from trading.clock import VirtualClock
from trading.exchange.kalshi.http import Lane, LaneSize, Request
from trading.exchange.kalshi.stream_commands import Commands
from trading.exchange.simulated.asks import Answer
from trading.exchange.simulated.server import SimulatedServer
from trading.exchange.simulated.stream_faults import StreamFaults
from trading.exchange.simulated.stream_outbox import Outbox
from trading.exchange.simulated.venue import open_venue

ORDER = {
    "ticker": "KXBTC15M-26JAN050715-15",
    "side": "bid",
    "count": "1.00",
    "price": "0.5000",
    "time_in_force": "immediate_or_cancel",
    "self_trade_prevention_type": "maker",
}
PLACED = {"order_id": "o", "fill_count": "1.00", "remaining_count": "0.00", "ts_ms": 1}
ORDERS = "/portfolio/events/orders"


@pytest.fixture(scope="module")
def schemas(reference: Path) -> Schemas:
    return Schemas(reference)


@pytest.fixture
def watch(schema_watch: Watch | None) -> Watch:
    """The one that watches everything; what a test makes wrong on purpose it has to take."""
    if schema_watch is None:
        pytest.skip("no reference data: nothing is watched")
    return schema_watch


def without(given: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key != name}


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (201, PLACED, ""),
        (200, PLACED, "no such answer"),
        (201, PLACED | {"status": "executed"}, "status"),
        (201, without(PLACED, "ts_ms"), "ts_ms"),
        (201, PLACED | {"ts_ms": "1"}, "integer"),
        (201, PLACED | {"fill_count": 1}, "string"),
        (409, {"error": {"code": "order_already_exists", "message": "m"}}, ""),
        (409, {"code": "order_already_exists", "message": "m"}, "error"),
        (409, {"error": {"code": "order_already_exists"}}, "message"),
    ],
)
def test_answers(schemas: Schemas, status: int, body: Any, problem: str) -> None:
    found = schemas.answer("POST", ORDERS, status, body)
    assert problem in found[0] if problem else found == []


def test_an_answer_without_a_body_has_none(schemas: Schemas) -> None:
    assert schemas.answer("DELETE", ORDERS, 204, None) == []
    assert schemas.answer("DELETE", ORDERS, 204, {}) != []
    assert schemas.answer("GET", "/portfolio/balance", 200, None) != []
    assert schemas.answer("GET", "/portfolio/cash", 200, {}) != []


@pytest.mark.parametrize(
    ("method", "path", "params", "body", "problem"),
    [
        ("POST", ORDERS, (), ORDER, ""),
        ("POST", ORDERS, (), without(ORDER, "price"), "price"),
        ("POST", ORDERS, (), ORDER | {"yes_price": 50}, "yes_price"),
        ("POST", ORDERS, (), ORDER | {"side": "yes"}, "side"),
        ("POST", ORDERS, (), None, "body"),
        ("POST", "/portfolio/orders", (), ORDER, "no such operation"),
        ("DELETE", f"{ORDERS}/x", (("exchange_index", "2"),), None, ""),
        ("DELETE", f"{ORDERS}/x", (("exchange_index", "two"),), None, "exchange_index=two"),
        ("DELETE", f"{ORDERS}/x", (("shard", "2"),), None, "shard=2"),
        ("GET", "/markets", (("status", "open"),), {"status": "open"}, "body"),
        ("GET", "/markets/KXBTC15M-X/orderbook", (("depth", "1"),), None, ""),
    ],
)
def test_requests(
    schemas: Schemas, method: str, path: str, params: Any, body: dict[str, Any] | None, problem: str
) -> None:
    found = schemas.request(method, path, params, None if body is None else json.dumps(body).encode())
    assert problem in found[0] if problem else found == []


def test_the_literal_path_wins(schemas: Schemas) -> None:
    for path, name in (("/markets/trades", "get_trades"), ("/markets/X", "get_market")):
        operation = schemas.operation("GET", path)
        assert operation is not None
        assert operation["operation"] == name


@pytest.mark.parametrize(
    ("frame", "name", "right"),
    [
        ({"id": 1, "type": "subscribed", "msg": {"channel": "fill", "sid": 1}}, "subscribedResponse", True),
        ({"id": 1, "type": "subscribed", "msg": {"channel": "fill"}}, "subscribedResponse", False),
        ({"id": 1, "type": "ok", "msg": [{"channel": "fill", "sid": 1}]}, "listSubscriptionsResponse", True),
        ({"id": 1, "type": "error", "msg": {"code": 6, "msg": "retired"}}, "errorResponse", False),
        ({"id": 1, "type": "error", "msg": {"code": 8, "msg": "unknown channel"}}, "errorResponse", True),
        ({"type": "ticker_v2", "sid": 1, "msg": {}}, "", False),
    ],
)
def test_frames(schemas: Schemas, frame: dict[str, Any], name: str, right: bool) -> None:
    model, problems = schemas.frame(frame)
    assert (model, problems == []) == (name, right)


@pytest.mark.parametrize(
    ("command", "right"),
    [
        ({"id": 1, "cmd": "subscribe", "params": {"channels": ["fill"]}}, True),
        ({"id": 1, "cmd": "subscribe", "params": {"channels": ["ticker_v2"]}}, False),
        ({"id": 1, "cmd": "list_subscriptions"}, True),
        ({"id": 1, "cmd": "stop"}, False),
    ],
)
def test_commands(schemas: Schemas, command: dict[str, Any], right: bool) -> None:
    assert (schemas.command(command) == []) is right


async def test_a_wrong_answer_of_the_server_is_seen(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    server = SimulatedServer(open_venue(VirtualClock(datetime(2026, 1, 5, tzinfo=UTC))))
    await server.start()
    monkeypatch.setattr(server, "_handle", lambda route, ask: Answer({"exchange_active": "yes"}))
    async with aiohttp.ClientSession() as session, session.get(f"{server.base_url}/exchange/status") as answer:
        assert answer.status == 200
    await server.stop()
    (problem,) = watch.taken_problems()
    assert "GET /exchange/status" in problem


def test_a_wrong_request_of_the_adapter_is_seen(watch: Watch) -> None:
    lane = Lane("reads", "http://127.0.0.1:1/trade-api/v2", None, LaneSize(1, 1.0, 1.0, 1.0))
    lane._prepare(Request("GET", "/markets", (("wind", "east"),)))
    lane.close()
    (problem,) = watch.taken_problems()
    assert "wind=east" in problem


def test_a_wrong_command_of_the_adapter_is_seen(watch: Watch) -> None:
    async def nowhere(text: str) -> None:
        return None

    asyncio.run(Commands(nowhere, 1.0).tell("subscribe", channels=["weather"]))
    (problem,) = watch.taken_problems()
    assert "weather" in problem


def test_a_wrong_frame_of_the_stream_is_seen(watch: Watch) -> None:
    Outbox(StreamFaults()).reply({"type": "subscribed", "msg": {"channel": 7}})
    (problem,) = watch.taken_problems()
    assert "subscribed" in problem


def test_the_summary_names_what_is_covered() -> None:
    assert summary({"a"}, {"a", "b", "c"}, "letters") == "letters covered: 1 of 3 (a)"
    assert summary(set(), {"a"}, "letters") == "letters covered: 0 of 1 (none)"
    assert summary({"a", "z"}, {"a"}, "letters") == "letters covered: 1 of 1 (a)"
