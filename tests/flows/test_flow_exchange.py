"""The simulated exchange as a server of its own, used by a client that knows nothing but Kalshi's documentation."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.flows.processes import run, started
from tests.flows.signed_client import Client, milliseconds, signed

SERVING = ("exchange", "--port", "0", "--seed", "3", "--speed", "60")
ROOT, ORDERS = "/trade-api/v2", "/portfolio/events/orders"
SECONDS_LEFT_MIN = 6.0  # of real time until the close, for a market to be traded in
WAIT_SECONDS_MAX = 90.0  # of real time: a window at that speed takes 15


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A client of a running exchange, which must end well when it is asked to."""
    with started(*SERVING, "--data", str(tmp_path / "exchange"), cwd=tmp_path) as process:
        assert process.stdout is not None
        yield Client(json.loads(process.stdout.readline()))
    assert process.returncode == 0


def traded_market(client: Client) -> Any:
    """The open market of the Bitcoin series, when it has some time left."""
    give_up = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < give_up:
        now = client.get("/simulated/clock")["now"]
        (market,) = client.pages("/markets", "markets", series_ticker="KXBTC15M", status="open")
        if (seconds(market["close_time"]) - seconds(now)) / 60 > SECONDS_LEFT_MIN:
            return market
        time.sleep(0.5)
    raise AssertionError("no market with time left")


def seconds(rfc3339: str) -> float:
    """Unix seconds."""
    return datetime.fromisoformat(rfc3339).timestamp()


def order(market: Any, price: str, client_order_id: str, tif: str) -> dict[str, Any]:
    return {
        "ticker": market["ticker"],
        "side": "bid",
        "count": "2.00",
        "price": price,
        "time_in_force": tif,
        "self_trade_prevention_type": "taker_at_cross",
        "client_order_id": client_order_id,
        "exchange_index": market["exchange_index"],
    }


class Listener:
    """Keeps what the stream tells, in a task."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.frames: list[Any] = []
        self._socket = socket

    async def listen(self) -> None:
        async for message in self._socket:
            self.frames.append(json.loads(message.data))

    async def until(self, kind: str, fits: Callable[[Any], bool] = lambda msg: True) -> Any:
        """The first message of that type that fits."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while True:
                for frame in self.frames:
                    if frame["type"] == kind and fits(frame.get("msg")):
                        return frame.get("msg")
                await asyncio.sleep(0.02)


async def test_a_life_of_two_orders(client: Client) -> None:
    now = int(seconds(client.get("/simulated/clock")["now"]))
    listed = list(client.pages("/markets", "markets", limit=7, min_close_ts=now))
    assert len({m["ticker"] for m in listed}) == len(listed) > 14
    assert {m["ticker"].partition("-")[0] for m in listed} == {"KXBTC15M", "KXETH15M"}
    before = Decimal(client.get("/portfolio/balance")["balance_dollars"])
    market = await asyncio.to_thread(traded_market, client)
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(client.where["ws_url"], headers=client.stream_headers()) as socket:
            listener = Listener(socket)
            listening = asyncio.create_task(listener.listen())
            await subscribe(socket, listener, market["ticker"])
            taken = await asyncio.to_thread(take, client, market)
            await heard(listener, taken)
            await rest_and_cancel(client, listener, market)
            assert (await listener.until("orderbook_delta"))["market_ticker"] == market["ticker"]
        with suppress(asyncio.CancelledError):
            listening.cancel()
            await listening
    paid = await asyncio.to_thread(settlement, client, market["ticker"])
    revenue = Decimal(2 if paid["market_result"] == "yes" else 0)
    assert (Decimal(paid["yes_count_fp"]), Decimal(paid["revenue"])) == (2, revenue * 100)
    fills = list(client.pages("/portfolio/fills", "fills", ticker=market["ticker"]))
    spent = sum(Decimal(f["yes_price_dollars"]) * Decimal(f["count_fp"]) + Decimal(f["fee_cost"]) for f in fills)
    assert Decimal(client.get("/portfolio/balance")["balance_dollars"]) == before - spent + revenue


async def subscribe(socket: aiohttp.ClientWebSocketResponse, listener: Listener, ticker: str) -> None:
    channels = ["fill", "user_orders", "orderbook_delta"]
    params = {"channels": channels, "market_tickers": [ticker], "use_yes_price": False}
    await socket.send_json({"id": 1, "cmd": "subscribe", "params": params})
    for channel in channels:
        await listener.until("subscribed", lambda msg, channel=channel: msg["channel"] == channel)
    book = await listener.until("orderbook_snapshot")
    assert book["market_ticker"] == ticker
    assert all(book[f"{side}_dollars_fp"] for side in ("yes", "no"))


def take(client: Client, market: Any) -> Any:
    """Buy two at any price; the answer."""
    status, taken = client.call("POST", ORDERS, order(market, "0.9900", "taker", "immediate_or_cancel"))
    assert (status, taken["fill_count"], taken["remaining_count"]) == (201, "2.00", "0.00"), taken
    fills = client.get("/portfolio/fills", order_id=taken["order_id"])["fills"]
    assert sum(Decimal(f["count_fp"]) for f in fills) == 2
    assert all(f["is_taker"] and f["book_side"] == "bid" and f["ticker"] == market["ticker"] for f in fills)
    (held,) = client.get("/portfolio/positions")["market_positions"]
    assert (held["ticker"], held["position_fp"]) == (market["ticker"], "2.00")
    status, refused = client.call("POST", ORDERS, order(market, "0.9900", "taker", "immediate_or_cancel"))
    assert (status, refused["error"]["code"]) == (409, "order_already_exists")
    return taken


async def heard(listener: Listener, taken: Any) -> None:
    fill = await listener.until("fill", lambda msg: msg["post_position_fp"] == "2.00")
    assert (fill["order_id"], fill["client_order_id"], fill["is_taker"]) == (taken["order_id"], "taker", True)
    await listener.until("user_order", lambda msg: msg["order_id"] == taken["order_id"] and msg["status"] == "executed")


async def rest_and_cancel(client: Client, listener: Listener, market: Any) -> None:
    wish = order(market, "0.0010", "maker", "good_till_canceled") | {"post_only": True}
    status, rested = await asyncio.to_thread(client.call, "POST", ORDERS, wish)
    assert (status, rested["remaining_count"]) == (201, "2.00"), rested
    order_id = rested["order_id"]
    await listener.until("user_order", lambda msg: msg["order_id"] == order_id and msg["status"] == "resting")
    path, shard = f"{ORDERS}/{order_id}", market["exchange_index"]
    status, gone = await asyncio.to_thread(lambda: client.call("DELETE", path, exchange_index=shard))
    assert (status, gone["reduced_by"]) == (200, "2.00"), gone
    await listener.until("user_order", lambda msg: msg["order_id"] == order_id and msg["status"] == "canceled")
    read = await asyncio.to_thread(client.get, f"/portfolio/orders/{order_id}")
    assert read["order"]["status"] == "canceled"
    assert (await asyncio.to_thread(lambda: client.call("DELETE", path, exchange_index=shard)))[0] == 404


def settlement(client: Client, ticker: str) -> Any:
    give_up = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < give_up:
        found = client.get("/portfolio/settlements", ticker=ticker)["settlements"]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"{ticker} was not settled")


def hmac_signed(key: Any, text: bytes) -> bytes:
    return hmac.new(b"secret", text, hashlib.sha256).digest()


def refusal(client: Client, headers: dict[str, str], path: str = "/portfolio/balance") -> tuple[Any, ...]:
    answer = requests.get(client.where["base_url"] + path, headers=headers, timeout=10)
    error = answer.json().get("error", {})
    return answer.status_code, error.get("code"), error.get("details")


def test_each_wrong_signature_has_its_own_refusal(client: Client) -> None:
    path = f"{ROOT}/portfolio/balance"
    right = client.headers("GET", path)
    assert refusal(client, right)[0] == 200
    bad = (401, "authentication_error", "INCORRECT_API_KEY_SIGNATURE")
    expired = (401, "header_timestamp_expired", None)
    wrong_ways: list[Callable[[Any, bytes], bytes]] = [
        lambda key, text: key.sign(text, PSS(MGF1(SHA256()), PSS.MAX_LENGTH), SHA256()),
        lambda key, text: key.sign(text, PKCS1v15(), SHA256()),
        hmac_signed,
    ]
    for sign in wrong_ways:
        assert refusal(client, client.headers("GET", path, sign=sign)) == bad
    for wrong_path in ("/portfolio/balance", f"{path}?subaccount=0", "/"):
        assert refusal(client, client.headers("GET", wrong_path), "/portfolio/balance?subaccount=0") == bad
    assert refusal(client, client.headers("POST", path)) == bad
    for timestamp in (str(int(time.time())), milliseconds(-60), milliseconds(60), "now"):
        assert refusal(client, client.headers("GET", path, timestamp)) == expired
    unknown = right | {"KALSHI-ACCESS-KEY": "00000000-0000-4000-8000-000000000000"}
    assert refusal(client, unknown) == (401, "authentication_error", "NOT_FOUND")
    unsigned = {name: value for name, value in right.items() if not name.endswith("SIGNATURE")}
    assert refusal(client, unsigned) == (401, "signature_is_missing_from_headers", None)
    assert refusal(client, {"Authorization": "Bearer token"})[0] == 401


async def handshake(client: Client, headers: dict[str, str]) -> tuple[int, str]:
    """Status and error code of a WebSocket upgrade."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    url = client.where["ws_url"].replace("ws://", "http://")
    async with aiohttp.ClientSession() as session, session.get(url, headers=upgrade | key | headers) as answer:
        code = "" if answer.status == 101 else (await answer.json())["error"]["code"]
        return answer.status, code


async def test_the_streams_handshake_is_signed_too(client: Client) -> None:
    assert await handshake(client, {}) == (401, "token_authentication_failure")
    for path in ("/", "/ws", "/trade-api/v2/ws"):
        assert await handshake(client, client.headers("GET", path)) == (401, "authentication_error")
    url, headers = client.where["ws_url"], client.stream_headers()
    async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=headers) as socket:
        await socket.send_json({"id": 1, "cmd": "list_subscriptions"})
        assert (await socket.receive_json())["msg"] == []


def test_an_ed25519_key_signs_as_well(tmp_path: Path) -> None:
    folder = tmp_path / "exchange"
    folder.mkdir()
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "member.pem").write_bytes(pem)
    with started(*SERVING, "--data", str(folder), cwd=tmp_path) as process:
        assert process.stdout is not None
        client = Client(json.loads(process.stdout.readline()))
        assert isinstance(client.key, Ed25519PrivateKey)
        assert client.get("/portfolio/balance")["balance_dollars"] == "2000.0000"
        wrong = client.headers("GET", f"{ROOT}/portfolio/balance", sign=lambda key, text: signed(key, text + b"?"))
        assert refusal(client, wrong)[1:] == ("authentication_error", "INCORRECT_API_KEY_SIGNATURE")
    assert process.returncode == 0


def test_the_options_choose_what_is_traded(tmp_path: Path) -> None:
    options = ("--series", "kxsol15m,KXXRP15M", "--markets", "5", "--no-cache", "--cash", "2=7.5")
    with started(*SERVING, *options, "--data", str(tmp_path / "exchange"), cwd=tmp_path) as process:
        assert process.stdout is not None
        client = Client(json.loads(process.stdout.readline()))
        open_now = {m["ticker"].partition("-")[0] for m in client.pages("/markets", "markets", status="open")}
        assert {"KXSOL15M", "KXXRP15M"} < open_now
        assert "KXBTC15M" not in open_now
        assert client.get("/portfolio/balance")["balance_dollars"] == "7.5000"


WRONG_OPTIONS = [
    (("--port", "65536"), ("--port", "65535")),
    (("--seed", "-1"), ("--seed",)),
    (("--speed", "0"), ("--speed",)),
    (("--speed", "fast"), ("--speed",)),
    (("--faults", "rain"), ("rain", "storm", "stale")),
    (("--series", "KXBTC15M,KXFOO"), ("--series", "KXFOO", "KXETH15M")),
    (("--markets", "-1"), ("--markets",)),
    (("--cash", "2=much"), ("--cash", "2=much", "2=500")),
    (("--cash", "2=-5"), ("--cash", "2=-5")),
    (("--cash", "9=500"), ("--cash", "9=500", "0, 1, 2, 3")),
    (("--recorded", "nowhere.jsonl"), ("--recorded", "nowhere.jsonl")),
    (("--results", "."), ("--results", "--recorded")),
    (("--wind", "3"), ("--wind",)),
]


@pytest.mark.parametrize(("options", "words"), WRONG_OPTIONS, ids=lambda v: " ".join(v))
def test_a_wrong_option_is_one_sentence(tmp_path: Path, options: tuple[str, ...], words: tuple[str, ...]) -> None:
    done = run("exchange", "--data", str(tmp_path / "exchange"), *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (sentence,) = done.stderr.splitlines()
    for word in words:
        assert word in sentence


def test_a_port_that_is_taken_and_a_seed_of_another_world_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "exchange"
    with started(*SERVING, "--data", str(folder), cwd=tmp_path) as process:
        assert process.stdout is not None
        port = Client(json.loads(process.stdout.readline())).where["base_url"].split(":")[2].split("/")[0]
        done = run("exchange", "--port", port, "--data", str(tmp_path / "other"), cwd=tmp_path)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert f"--port {port}" in done.stderr
    done = run("exchange", "--seed", "4", "--data", str(folder), cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    for word in ("SIM_SEED", "--seed", str(folder)):
        assert word in done.stderr
