"""The stream's connection: handshakes, pings, silence, refusals and odd frames, against a scripted server."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from kalshi_stream_rig import KEY, QUICK, Tape, next_of, record, streaming, until
from scripted_stream import BOOK, FILL, PATH, SHOWN, A, B, ScriptedStream, scripted, touch

from trading.clock import VirtualClock
from trading.domain.market import Quote
from trading.domain.news import FillNews, Missed
from trading.exchange.kalshi.stream_session import Session

D = Decimal


@pytest.fixture
def tape(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tape]:
    recorded = record(monkeypatch)
    yield recorded
    assert recorded.wrong == []


@pytest.fixture
async def server() -> AsyncIterator[ScriptedStream]:
    async with scripted() as running:
        running.books = {A: dict(BOOK), B: dict(BOOK)}
        yield running


async def test_every_handshake_is_signed_anew(server: ScriptedStream, clock: VirtualClock, tape: Tape) -> None:
    async with streaming(server.ws_url, clock) as stream:
        for count in (1, 2):
            await until(lambda count=count: stream.health.connections == count)
            await until(lambda: server.on("fill"))
            await asyncio.sleep(0.002)  # the signed time has milliseconds
            await server.line.socket.close()
    assert len({headers["KALSHI-ACCESS-TIMESTAMP"] for headers in server.handshakes}) == len(server.handshakes)
    for headers in server.handshakes:
        text = f"{headers['KALSHI-ACCESS-TIMESTAMP']}GET{PATH}".encode()
        KEY.public_key().verify(base64.b64decode(headers["KALSHI-ACCESS-SIGNATURE"]), text)
        assert headers["KALSHI-ACCESS-KEY"] == "key-1"
        assert "Cookie" not in headers


async def test_an_overflow_of_the_whole_connection(server: ScriptedStream, clock: VirtualClock, tape: Tape) -> None:
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        await until(lambda: touch(stream))
        await server.line.say({"type": "error", "msg": {"code": 25, "msg": "buffer overflow"}})
        await until(lambda: stream.health.connections == 2)
        assert await until(lambda: touch(stream)) == SHOWN


async def test_silence_costs_trust_first_and_then_the_connection(
    server: ScriptedStream, clock: VirtualClock, tape: Tape
) -> None:
    patience = replace(QUICK, trust_seconds=0.3, silent_seconds=1.0, reply_seconds=0.5)
    async with streaming(server.ws_url, clock, follow=[A], patience=patience) as stream:
        await until(lambda: touch(stream))
        server.deaf = True
        await until(lambda: stream.quote(A) is None)
        assert stream.health.problem == "nothing was heard for 0 s"
        assert (stream.health.connected, server.line.socket.closed) == (False, False)
        await until(lambda: stream.health.connections > 1)
        await until(lambda: server.lines[0].socket.closed)
        server.deaf = False
        assert await until(lambda: touch(stream)) == SHOWN


async def test_a_short_silence_costs_no_connection(server: ScriptedStream, clock: VirtualClock, tape: Tape) -> None:
    patience = replace(QUICK, trust_seconds=0.2, silent_seconds=60.0)
    async with streaming(server.ws_url, clock, follow=[A], patience=patience) as stream:
        await until(lambda: touch(stream))
        server.deaf = True
        await until(lambda: stream.quote(A) is None)
        server.deaf = False
        assert await until(lambda: touch(stream)) == SHOWN
        assert stream.health.connections == 1


async def test_a_quiet_book_stays_fresh_by_pings(server: ScriptedStream, clock: VirtualClock, tape: Tape) -> None:
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        await until(lambda: touch(stream))
        clock.advance_to(clock.now() + timedelta(seconds=30))
        fresh = await until(lambda: (q := stream.quote(A)) and q.seen_at == clock.now() and q)
        assert fresh == Quote(A, clock.now(), *SHOWN)
        assert stream.health.heard_at == clock.now()


async def test_the_servers_pings_are_answered_and_count_as_life(server: ScriptedStream, clock: VirtualClock) -> None:
    patience = replace(QUICK, ping_seconds=60.0)
    async with streaming(server.ws_url, clock, follow=[A], patience=patience) as stream:
        await until(lambda: touch(stream))
        clock.advance_to(clock.now() + timedelta(seconds=30))
        await server.line.socket.ping(b"heartbeat")
        await until(lambda: stream.health.heard_at == clock.now())
        await until(lambda: server.pongs == [b"heartbeat"])


async def test_a_command_without_an_answer_ends_the_connection(
    server: ScriptedStream, clock: VirtualClock, tape: Tape
) -> None:
    async with streaming(server.ws_url, clock, patience=replace(QUICK, reply_seconds=0.2)) as stream:
        await next_of(stream, Missed)
        server.deaf = True
        stream.follow([A])
        await until(lambda: stream.health.connections > 1)
        server.deaf = False
        assert await until(lambda: touch(stream)) == SHOWN


REFUSALS = [
    ({"code": "authentication_error", "details": "INCORRECT_API_KEY_SIGNATURE"}, "KALSHI_PRIVATE_KEY_PATH must be"),
    ({"code": "header_timestamp_expired", "message": "expired"}, "check this machine's clock"),
    ({"code": "authentication_error", "details": "NOT_FOUND"}, "the key id is unknown here"),
]


@pytest.mark.parametrize(("error", "words"), REFUSALS)
async def test_a_refused_key_is_said_with_its_fix_and_tried_again_slowly(
    server: ScriptedStream, clock: VirtualClock, error: dict[str, str], words: str
) -> None:
    server.refused_handshake = 401, {"error": error}
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        assert words in await until(lambda: stream.health.problem.removeprefix("connecting"))
        assert (stream.health.connected, stream.health.connections) == (False, 0)
        asked = len(server.handshakes)
        await asyncio.sleep(0.1)
        assert len(server.handshakes) == asked
        server.refused_handshake = None
        assert await until(lambda: touch(stream)) == SHOWN
        assert stream.health.problem == ""


async def test_another_refusal_is_tried_again_soon(server: ScriptedStream, clock: VirtualClock) -> None:
    server.refused_handshake = 503, {}
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        await until(lambda: len(server.handshakes) > 3)
        assert stream.health.problem == "the exchange refused the connection (HTTP 503)"
        server.refused_handshake = None
        assert await until(lambda: touch(stream)) == SHOWN


async def test_nobody_at_the_address(clock: VirtualClock) -> None:
    async with streaming(f"ws://127.0.0.1:1{PATH}", clock) as stream:
        problem = await until(lambda: stream.health.problem.removeprefix("connecting"))
        assert problem.startswith("the connection cannot be made: ")


async def test_odd_frames_harm_nobody(server: ScriptedStream, clock: VirtualClock) -> None:
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        await until(lambda: touch(stream))
        line = server.line
        sid = line.sids["fill"]
        odd: list[Any] = [{"type": "nonesuch", "sid": 99, "seq": 4, "msg": []}, {"type": "fill_v9"}, {}, {"msg": None}]
        odd += [{"type": "subscribed", "msg": {"channel": "nobody", "sid": 77}}, {"type": "ok", "id": 999}]
        odd += [{"type": "error", "msg": {"code": 13, "msg": "hm"}}, {"type": "ok", "id": None, "sid": None}]
        for frame in odd:
            await line.say(frame)
        await next_of(stream, Missed)
        await line.say({"type": "fill", "sid": sid, "msg": {**FILL, "new": [1], "client_order_id": ""}}, ending="\n")
        news = await next_of(stream, FillNews)
        assert (news.fill.fill_id, news.client_order_id, news.fill.signed) == ("t-1", "", D(2))
        assert touch(stream) == SHOWN
        for text in ("no json", "", "[]", '{"type": 5}'):
            await line.socket.send_str(text)
        assert (await next_of(stream, Missed)).why == "a frame could not be read"
        await line.say({"type": "fill", "sid": sid, "msg": {**FILL, "count_fp": "many"}})
        assert "fill" in (await next_of(stream, Missed)).why
        assert await until(lambda: touch(stream)) == SHOWN
        assert stream.health.connections == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [(RuntimeError("a slip"), "RuntimeError('a slip')"), (asyncio.CancelledError(), "was called off")],
)
async def test_an_error_of_our_own_is_not_silent(
    server: ScriptedStream,
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: BaseException,
    words: str,
) -> None:
    def broken(self: Session, data: str) -> None:
        raise error

    caplog.set_level("INFO")
    with monkeypatch.context() as patch:
        patch.setattr(Session, "receive", broken)
        async with streaming(server.ws_url, clock, follow=[A]) as stream:
            await until(lambda: stream.health.connections > 1)
            await until(lambda: words in stream.health.problem)
            assert any(words in r.getMessage() or "a slip" in (r.exc_text or "") for r in caplog.records)
            patch.undo()
            assert await until(lambda: touch(stream)) == SHOWN


async def test_starting_and_closing_in_any_order(server: ScriptedStream, clock: VirtualClock) -> None:
    async with streaming(server.ws_url, clock, follow=[A]) as stream:
        stream.start()
        await until(lambda: touch(stream))
        await stream.close()
        await stream.close()
        assert (stream.quote(A), stream.health.connected, stream.health.problem) == (None, False, "closed")
        stream.follow([B])
        assert len(server.lines) == 1
        assert "key-1" not in repr(stream)
