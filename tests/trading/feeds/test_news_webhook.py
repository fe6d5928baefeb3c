"""The webhook over real sockets: who is let in, every refusal in one sentence, and that nobody holds it up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.clock import monotonic
from trading.domain.errors import Misconfigured
from trading.feeds.news_item import Item
from trading.feeds.news_webhook import BODY_BYTES_MAX, CONNECTIONS_MAX, Refused, Webhook, _item, signature_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "correct-horse-battery-staple"
TOLD = {"id": "n-1", "title": "Fed: rate cut", "source": "desk"}
SECONDS_MAX = 20.0


@dataclass
class Rig:
    """The door, what it let in, and somebody who knocks."""

    door: Webhook
    port: int
    taken: list[Item]
    clock: list[datetime]
    web: aiohttp.ClientSession = field(repr=False, kw_only=True)

    async def post(self, body: bytes, *, path: str = "/headline", **headers: str) -> tuple[int, Any]:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.web.post(f"http://127.0.0.1:{self.port}{path}", data=body, headers=told) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith("{") else text

    async def send(self, told: Any = TOLD, at: datetime = NOW, secret: str = SECRET) -> tuple[int, Any]:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        stamp = str(int(at.timestamp()))
        return await self.post(body, X_Timestamp=stamp, X_Signature=signature_of(secret.encode(), stamp, body))


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    taken: list[Item] = []
    clock = [NOW]
    door = Webhook(0, SECRET, taken.append, now=lambda: clock[0], connection_seconds=1.0)
    port = await door.open()
    async with aiohttp.ClientSession() as web:
        yield Rig(door, port, taken, clock, web=web)
    await door.close()


async def test_a_signed_headline_is_let_in(rig: Rig) -> None:
    status, answer = await rig.send()
    (item,) = rig.taken
    assert (status, answer) == (202, {"id": item.item_id})
    assert (item.title, item.source, item.at) == ("Fed: rate cut", "desk", NOW)
    await rig.send(TOLD | {"at": "2026-11-21T12:30:00+01:00", "id": "n-2"})
    assert rig.taken[1].at == NOW - timedelta(minutes=30)
    assert rig.taken[1].item_id != item.item_id


@pytest.mark.parametrize(
    ("sent", "status", "why"),
    [
        ({"secret": SECRET + "x"}, 401, "X-Signature is not"),
        ({"secret": ""}, 401, "X-Signature is not"),
        ({"at": NOW - timedelta(seconds=31)}, 401, "from this machine's clock"),
        ({"at": NOW + timedelta(seconds=31)}, 401, "from this machine's clock"),
        ({"told": b"rate cut"}, 400, "no JSON"),
        ({"told": b""}, 400, "no JSON"),
        ({"told": b"\xff\xfe"}, 400, "no JSON"),
        ({"told": b"[" * 10_000}, 400, "no JSON"),
        ({"told": [TOLD]}, 400, "an object"),
        ({"told": {"id": "1", "title": "t"}}, 400, "an object"),
        ({"told": TOLD | {"title": 7}}, 400, "an object"),
        ({"told": TOLD | {"title": " \n\x00"}}, 400, "title is empty"),
        ({"told": TOLD | {"id": ""}}, 400, "1 to 200 characters"),
        ({"told": TOLD | {"id": "x" * 201}}, 400, "1 to 200 characters"),
        ({"told": TOLD | {"source": "../desk"}}, 400, "source has"),
        ({"told": TOLD | {"source": "D\u00e9sk"}}, 400, "source has"),
        ({"told": TOLD | {"at": "today"}}, 400, "no time"),
        ({"told": TOLD | {"at": 5}}, 400, "no time"),
        ({"told": TOLD | {"at": "2026-11-21T12:00:00"}}, 400, "no time zone"),
        ({"told": TOLD | {"at": "0001-01-01T00:00:00+23:00"}}, 400, "no time"),
        ({"told": b" " * BODY_BYTES_MAX + b"x"}, 413, "bytes at most"),
    ],
)
async def test_each_refusal_is_one_sentence_without_a_secret(
    rig: Rig, caplog: pytest.LogCaptureFixture, sent: dict[str, Any], status: int, why: str
) -> None:
    caplog.set_level(logging.DEBUG)
    got, answer = await rig.send(**sent)
    assert (got, rig.taken, dict(rig.door.refused)) == (status, [], {status: 1})
    assert why in answer["error"]
    assert answer["error"].count(". ") == 0
    assert SECRET not in json.dumps(answer) + caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_Timestamp": str(int(NOW.timestamp()))},
        {"X_Signature": "0" * 64, "X_Timestamp": str(int(NOW.timestamp()))},
        {"X_Signature": "\u00e9" * 64, "X_Timestamp": str(int(NOW.timestamp()))},
    ],
)
async def test_without_the_right_signature_nobody_comes_in(rig: Rig, headers: dict[str, str]) -> None:
    status, answer = await rig.post(json.dumps(TOLD).encode(), **headers)
    assert (status, rig.taken) == (401, [])
    assert signature_of(SECRET.encode(), headers.get("X_Timestamp", ""), json.dumps(TOLD).encode()) not in str(answer)


@pytest.mark.parametrize("stamp", ["", "-1", "1e9", "12.5", "9" * 13, "now", "²"])
async def test_a_time_that_is_no_number_is_refused_though_signed(rig: Rig, stamp: str) -> None:
    body = json.dumps(TOLD).encode()
    status, answer = await rig.post(body, X_Timestamp=stamp, X_Signature=signature_of(SECRET.encode(), stamp, body))
    assert (status, rig.taken) == (400, [])
    assert "X-Timestamp" in answer["error"]


async def test_the_body_and_the_time_are_both_signed(rig: Rig) -> None:
    body, stamp = json.dumps(TOLD).encode(), str(int(NOW.timestamp()))
    right = signature_of(SECRET.encode(), stamp, body)
    assert (await rig.post(body + b" ", X_Timestamp=stamp, X_Signature=right))[0] == 401
    assert (await rig.post(body, X_Timestamp=str(int(stamp) + 1), X_Signature=right))[0] == 401
    assert (await rig.post(body, X_Timestamp=stamp, X_Signature=right.upper()))[0] == 202


async def test_a_message_that_is_sent_again_is_taken_once(rig: Rig) -> None:
    assert (await rig.send())[0] == 202
    status, answer = await rig.send()
    assert (status, answer["error"]) == (409, "This message was taken before.")
    rig.clock[0] = NOW + timedelta(seconds=29)
    assert (await rig.send())[0] == 409
    rig.clock[0] = NOW + timedelta(seconds=31)
    assert (await rig.send())[0] == 401  # forgotten, and too old
    assert len(rig.taken) == 1


async def test_only_posting_a_headline_is_there(rig: Rig) -> None:
    assert (await rig.post(b"{}", path="/"))[0] == 404
    async with rig.web.get(f"http://127.0.0.1:{rig.port}/headline") as answer:
        assert answer.status == 405
    assert rig.taken == []


async def test_it_listens_on_this_machine_alone(rig: Rig) -> None:
    """Another address of the machine (127.0.0.2 is one too) finds nobody there: it does not listen on all of them."""
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.2", rig.port)


async def _until_closed(reader: asyncio.StreamReader) -> float:
    began = monotonic()
    with contextlib.suppress(ConnectionError):
        await asyncio.wait_for(reader.read(), SECONDS_MAX)
    return monotonic() - began


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"POST /headline HTTP/1.1\r\nHost: x\r\nX-A: ",
        b"POST /headline HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{",
        b"POST /headline HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",  # and then keeps the connection
    ],
)
async def test_who_sends_in_drops_is_hung_up_on(rig: Rig, begun: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.port)
    writer.write(begun)

    async def dripping() -> None:
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.05)

    drops = asyncio.create_task(dripping())
    assert await _until_closed(reader) < 10.0
    drops.cancel()
    await asyncio.gather(drops, return_exceptions=True)
    assert (await rig.send())[0] == 202


async def test_so_many_connections_and_no_more(rig: Rig) -> None:
    held = [await asyncio.open_connection("127.0.0.1", rig.port) for _ in range(CONNECTIONS_MAX)]
    await asyncio.sleep(0)
    late, _ = await asyncio.open_connection("127.0.0.1", rig.port)
    assert await _until_closed(late) < 0.9  # at once, not when its seconds are over
    await asyncio.gather(*(_until_closed(reader) for reader, _ in held))
    assert (await rig.send())[0] == 202


async def test_a_body_without_a_length_is_not_waited_for(rig: Rig) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"x"

    async with rig.web.post(f"http://127.0.0.1:{rig.port}/headline", data=endless()) as answer:
        assert answer.status == 413


def test_a_secret_that_can_be_guessed_is_refused_and_not_repeated() -> None:
    with pytest.raises(Misconfigured, match="16 random characters") as caught:
        Webhook(0, "hunter2", lambda item: None)
    assert "hunter2" not in str(caught.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)
odd = st.dictionaries(st.sampled_from(("id", "title", "source", "at")), anything).map(lambda d: TOLD | d)


@given(st.one_of(anything, odd).map(lambda data: json.dumps(data).encode()) | st.binary(max_size=200))
def test_no_body_breaks_the_door(body: bytes) -> None:
    try:
        item = _item(body, NOW)
    except Refused:
        return
    assert item.at is not None
    assert item.at.tzinfo is UTC
    assert 0 < len(item.title) <= 300
