"""Fixtures: a scripted exchange on loopback, a client for it on a virtual clock, and keys made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from loopback_exchange import Loopback

from trading.clock import VirtualClock
from trading.exchange.kalshi.auth import Signer
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.http import LaneSize, Timeouts

EPOCH = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
QUICK = Timeouts(
    orders=LaneSize(2, connect_seconds=1.0, read_seconds=0.3, total_seconds=1.0),
    cancels=LaneSize(4, connect_seconds=1.0, read_seconds=0.3, total_seconds=1.0),
    reads=LaneSize(4, connect_seconds=1.0, read_seconds=0.3, total_seconds=1.0),
)
Client = Callable[..., KalshiExchange]


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(EPOCH)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()
    assert server.against_spec == []


@pytest.fixture
def client(loopback: Loopback, rsa_key: rsa.RSAPrivateKey, clock: VirtualClock) -> Iterator[Client]:
    """Makes clients of the loopback: `client()`, or `client(signer=None, timeouts=...)`."""
    made: list[KalshiExchange] = []

    def make(**changes: object) -> KalshiExchange:
        wanted = {"base_url": loopback.base_url, "signer": Signer("key-1", rsa_key), "timeouts": QUICK, **changes}
        made.append(KalshiExchange(clock=clock, **wanted))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for exchange in made:
        exchange.close()


@pytest.fixture
def kalshi(client: Client) -> KalshiExchange:
    return client()
