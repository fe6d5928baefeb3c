"""A venue, a signed client of its server, and the exchange's own schemas to hold the answers against."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.schemas import FRAME_MODELS, Schemas
from trading.clock import VirtualClock, real_now
from trading.exchange.simulated.keys import Credentials, make_key
from trading.exchange.simulated.server import ROOT, SimulatedServer
from trading.exchange.simulated.stream import Stream
from trading.exchange.simulated.venue import Venue, open_venue

START = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)  # a Monday, five minutes into a window


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def venue(clock: VirtualClock) -> Venue:
    return open_venue(clock)


@pytest.fixture(scope="session")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return make_key(tmp_path_factory.mktemp("keys"))


@dataclass
class Caller:
    """A client that signs, and that holds every answer against the exchange's schema where one is given."""

    server: SimulatedServer
    credentials: Credentials
    session: aiohttp.ClientSession
    check: Callable[[str, str, int, Any], None] | None = None
    key: RSAPrivateKey = field(init=False)

    def __post_init__(self) -> None:
        pem = self.credentials.private_key_path.read_bytes()
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)  # what proves it takes long
        assert isinstance(key, RSAPrivateKey)
        self.key = key

    def headers(self, method: str, path: str, timestamp: str = "", salt: int = 32) -> dict[str, str]:
        timestamp = timestamp or str(int(real_now().timestamp() * 1000))
        text = f"{timestamp}{method}{path}".encode()
        signature = self.key.sign(text, PSS(MGF1(SHA256()), salt), SHA256())
        return {
            "KALSHI-ACCESS-KEY": self.credentials.key_id,
            "KALSHI-ACCESS-TIMESTAMP": timestamp,
            "KALSHI-ACCESS-SIGNATURE": b64encode(signature).decode(),
        }

    async def call(self, method: str, path: str, body: Any = None, *, sign: bool = True) -> tuple[int, Any]:
        """Status and JSON of one request; `path` is after `/trade-api/v2` and may have a query."""
        plain = path.partition("?")[0]
        headers = self.headers(method, ROOT + plain) if sign else {}
        async with self.session.request(method, self.server.base_url + path, json=body, headers=headers) as answer:
            text = await answer.text()
        payload = json.loads(text) if text else None
        if self.check:
            self.check(method, plain, answer.status, payload)
        return answer.status, payload

    async def get(self, path: str) -> Any:
        status, payload = await self.call("GET", path)
        assert status == 200, payload
        return payload


@pytest.fixture
def calling(credentials: Credentials) -> Callable[[SimulatedServer, aiohttp.ClientSession], Caller]:
    """Makes a client of any server that knows the key."""
    return lambda server, session: Caller(server, credentials, session)


@pytest.fixture
async def caller(venue: Venue, credentials: Credentials) -> AsyncIterator[Caller]:
    """A running server on the venue and a client of it."""
    server = SimulatedServer(venue, keys=[credentials])
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield Caller(server, credentials, session)
    await server.stop()


@pytest.fixture
def checked(caller: Caller, schema_check: Callable[[str, str, int, Any], None]) -> Caller:
    """A client whose every answer is held against the exchange's schema."""
    caller.check = schema_check
    return caller


@pytest.fixture(scope="session")
def schema_check(reference: Path) -> Callable[[str, str, int, Any], None]:
    """Checks an answer against the operation of that method and path in the exchange's own description."""
    schemas = Schemas(reference)

    def check(method: str, path: str, status: int, payload: Any) -> None:
        assert schemas.answer(method, path, status, payload) == []

    return check


@pytest.fixture(scope="session")
def frame_check(request: pytest.FixtureRequest) -> Callable[[dict[str, Any]], None]:
    """Checks a frame of the stream against the exchange's schema of its type; no field may be unknown to it.

    Without the reference data only the type is checked, so that the stream is tested everywhere.
    """
    try:
        schemas = Schemas(request.getfixturevalue("reference"))
    except pytest.skip.Exception:
        return _known_type

    def check(frame: dict[str, Any]) -> None:
        assert schemas.frame(frame)[1] == []

    return check


def _known_type(frame: dict[str, Any]) -> None:
    assert frame["type"] in FRAME_MODELS, frame


@dataclass
class Listener:
    """A client of the stream without a socket: keeps every frame, checked, and its own books."""

    stream: Stream
    check: Callable[[dict[str, Any]], None]
    frames: list[dict[str, Any]] = field(default_factory=list)
    books: dict[tuple[str, str], dict[str, Decimal]] = field(default_factory=dict)
    seqs: dict[int, int] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.session = self.stream.open()

    def say(self, cmd: str, **params: Any) -> list[dict[str, Any]]:
        """What comes back for one command."""
        frame = {"id": next(self._ids), "cmd": cmd} | ({"params": params} if params else {})
        return self.raw(json.dumps(frame))

    def raw(self, text: str | bytes) -> list[dict[str, Any]]:
        self.read()
        self.stream.receive(self.session, text)
        return self.read()

    def tick(self) -> list[dict[str, Any]]:
        self.stream.tick()
        return self.read()

    def read(self) -> list[dict[str, Any]]:
        """The new frames."""
        new = [json.loads(text) for text in self.session.outbox.frames]
        self.session.outbox.frames.clear()
        for frame in new:
            self.check(frame)
            self._take(frame)
        self.frames += new
        return new

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The `msg` of every frame of that type so far."""
        return [frame["msg"] for frame in self.frames if frame["type"] == kind]

    def book(self, ticker: str) -> dict[str, list[list[str]]]:
        """The local book as REST shows it."""
        sides = {name: self.books.get((ticker, side), {}) for name, side in SIDES}
        return {name: [[p, f"{n:.2f}"] for p, n in sorted(levels.items())] for name, levels in sides.items()}

    def _take(self, frame: dict[str, Any]) -> None:
        if "seq" in frame:
            assert frame["seq"] == self.seqs.get(frame["sid"], 0) + 1, frame
            self.seqs[frame["sid"]] = frame["seq"]
        msg: Any = frame.get("msg")
        if frame["type"] == "orderbook_snapshot":
            for side in ("yes", "no"):
                levels = msg.get(f"{side}_dollars_fp", [])
                self.books[msg["market_ticker"], side] = {p: Decimal(n) for p, n in levels}
        elif frame["type"] == "orderbook_delta":
            levels = self.books[msg["market_ticker"], msg["side"]]
            left = levels.get(msg["price_dollars"], Decimal(0)) + Decimal(msg["delta_fp"])
            assert left >= 0, frame
            levels[msg["price_dollars"]] = left
            if not left:
                del levels[msg["price_dollars"]]


SIDES = (("yes_dollars", "yes"), ("no_dollars", "no"))


@pytest.fixture
def stream(venue: Venue) -> Stream:
    return Stream(venue)


@pytest.fixture
def listening(frame_check: Callable[[dict[str, Any]], None]) -> Callable[[Stream], Listener]:
    """Opens a session of a stream, whose every frame is checked."""
    return lambda stream: Listener(stream, frame_check)


@pytest.fixture
def listener(stream: Stream, listening: Callable[[Stream], Listener]) -> Listener:
    return listening(stream)
