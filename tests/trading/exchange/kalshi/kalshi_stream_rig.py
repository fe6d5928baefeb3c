"""The stream's client under test: quick patience, and the exchange's schemas for all that is said and heard."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.schemas import Schemas
from trading.clock import VirtualClock, monotonic
from trading.domain.news import News
from trading.exchange.kalshi.auth import Signer
from trading.exchange.kalshi.stream import KalshiStream
from trading.exchange.kalshi.stream_books import BookPatience
from trading.exchange.kalshi.stream_patience import Patience
from trading.exchange.kalshi.stream_session import Session
from trading.exchange.kalshi.stream_socket import Socket

REFERENCE_DIR = Path(os.environ.get("REFERENCE_DIR", Path(__file__).resolve().parents[5] / "shared"))
WAIT_SECONDS = 10.0  # for what must come
KEY = ed25519.Ed25519PrivateKey.generate()
QUICK = Patience(
    connect_seconds=2.0,
    ping_seconds=0.02,
    look_seconds=0.01,
    first_pause_seconds=0.01,
    pause_seconds_max=0.1,
    unauthorized_seconds=0.2,
    books=BookPatience(ask_seconds=0.05, ask_seconds_max=0.2, recover_seconds=0.5, crossed_seconds=0.05),
)


@cache
def schemas() -> Schemas | None:
    """What the exchange describes; None where this machine does not have it."""
    return Schemas(REFERENCE_DIR) if (REFERENCE_DIR / "kalshi-stream-schema.json").exists() else None


@dataclass
class Tape:
    """What clients said; `wrong` is what the schemas have against it, and against what they heard."""

    said: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def note_said(self, text: str) -> None:
        command = json.loads(text)
        self.said.append(command)
        if found := schemas():
            self.wrong += found.command(command)

    def note_heard(self, data: str | bytes) -> None:
        if found := schemas():
            self.wrong += found.frame(json.loads(data))[1]

    def cmds(self, cmd: str, action: str = "") -> list[dict[str, Any]]:
        """The parameters of every such command so far."""
        found = [c["params"] for c in self.said if c["cmd"] == cmd]
        return [params for params in found if params.get("action", "") == action]


def record(monkeypatch: pytest.MonkeyPatch) -> Tape:
    """Record every client of this test."""
    tape, send, receive = Tape(), Socket.send, Session.receive

    async def noted_send(self: Socket, text: str) -> None:
        tape.note_said(text)
        await send(self, text)

    def noted_receive(self: Session, data: str | bytes) -> None:
        tape.note_heard(data)
        receive(self, data)

    monkeypatch.setattr(Socket, "send", noted_send)
    monkeypatch.setattr(Session, "receive", noted_receive)
    return tape


async def until(true: Callable[[], Any]) -> Any:
    """Wait until it is true (or has a value); what it then is."""
    end = monotonic() + WAIT_SECONDS
    while not (value := true()):
        assert monotonic() < end, "it did not come in time"
        await asyncio.sleep(0.002)
    return value


async def next_of(stream: KalshiStream, kind: type[News]) -> Any:
    """The next news of that type."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            news = await stream.news()
            if isinstance(news, kind):
                return news


@asynccontextmanager
async def streaming(
    ws_url: str, clock: VirtualClock, *, signer: Signer | None = None, follow: Sequence[str] = (), **options: Any
) -> AsyncIterator[KalshiStream]:
    """A client that has been started, and is closed in the end."""
    stream = KalshiStream(ws_url, signer or Signer("key-1", KEY), clock, **{"patience": QUICK, **options})
    stream.follow(follow)
    stream.start()
    try:
        yield stream
    finally:
        await stream.close()
