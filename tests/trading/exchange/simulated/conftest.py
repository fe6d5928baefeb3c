"""A venue, a signed client of its server, and the exchange's own schemas to hold the answers against."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from trading.clock import VirtualClock, real_now
from trading.exchange.simulated.keys import Credentials, make_key
from trading.exchange.simulated.server import ROOT, SimulatedServer
from trading.exchange.simulated.venue import Venue, open_venue

START = datetime(2026, 1, 5, 12, 5, tzinfo=UTC)  # a Monday, five minutes into a window
NESTED_ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "object"}}}


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
        key = load_pem_private_key(self.credentials.private_key_path.read_bytes(), None)
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
async def caller(venue: Venue, credentials: Credentials) -> AsyncIterator[Caller]:
    """A running server on the venue and a client of it."""
    server = SimulatedServer(venue, keys=[credentials])
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield Caller(server, credentials, session)
    await server.stop()


@pytest.fixture(scope="session")
def schema_check(reference: Path) -> Callable[[str, str, int, Any], None]:
    """Checks an answer against the operation of that method and path in the exchange's own description."""
    described = json.loads((reference / "kalshi-api-3.34.0.json").read_text())
    validators: dict[str, Any] = {}

    def check(method: str, path: str, status: int, payload: Any) -> None:
        if status >= 400:
            jsonschema.validate(payload, NESTED_ERROR)
            return
        name = _response(described["operations"], method, path, status)
        if name not in validators:
            schema = {"$ref": f"#/definitions/{name}", "definitions": described["definitions"]}
            validators[name] = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
        problems = [f"{e.json_path}: {e.message}" for e in validators[name].iter_errors(payload)]
        assert not problems, f"{method} {path}: {problems}"

    return check


def _response(operations: list[dict[str, Any]], method: str, path: str, status: int) -> str:
    """The response model's name; the longest literal path wins, as it does in the routing."""
    found = [o for o in operations if o["method"] == method and _fits(o["path"], path)]
    assert found, f"{method} {path} is no operation of the exchange"
    best = min(found, key=lambda o: o["path"].count("{"))
    assert str(status) in best["responses"], f"{method} {path} never answers {status}"
    return str(best["responses"][str(status)])


def _fits(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(p.startswith("{") or p == g for p, g in zip(parts, given, strict=True))
