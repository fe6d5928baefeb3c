"""The health server: who is answered what, and that it is off unless it is wanted."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from chatbot.app import build
from chatbot.config import load
from chatbot.life.life import App
from chatbot.life.watchdog import Watchdog
from chatbot.tools.answering import answering
from chatbot.tools.demo import EPOCH
from chatbot.tools.health import health
from chatbot.tools.watching import BEAT, LOOP
from chatbot.watch.health import METRICS_TYPE, HealthServer
from chatbot.watch.probes import BotProbe, SafeModeProbe
from trading.clock import VirtualClock
from trading.domain.errors import Misconfigured


class GivenProbe:
    """Tests change what it answers."""

    def __init__(self) -> None:
        self.sick: Sequence[str] = ()
        self.missing: Sequence[str] = ()

    def ill(self) -> Sequence[str]:
        return self.sick

    def unready(self) -> Sequence[str]:
        return self.missing

    async def metrics(self) -> bytes:
        return b"up 1\n"


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def server(port: int) -> AsyncIterator[HealthServer]:
    made = HealthServer(port)
    await made.open()
    yield made
    await made.close()


async def asked(port: int, path: str, **headers: str) -> tuple[int, Any]:
    """The status and the body, read as JSON where it is."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}", headers=headers) as got,
    ):
        text = await got.text()
        return got.status, json.loads(text) if got.content_type == "application/json" else text


# --- the server -----------------------------------------------------------------------------------------------------


async def test_it_tells_what_the_probe_says(server: HealthServer, port: int) -> None:
    assert await asked(port, "/healthz") == (200, {"status": "alive", "reasons": []})
    assert await asked(port, "/readyz") == (503, {"status": "not ready", "reasons": ["the bot is starting"]})
    probe = server.probe = GivenProbe()
    assert await asked(port, "/readyz") == (200, {"status": "ready", "reasons": []})
    probe.sick, probe.missing = ("the beat has stood still for 2 min",), ("no store",)
    assert await asked(port, "/healthz") == (503, {"status": "not alive", "reasons": list(probe.sick)})
    assert await asked(port, "/readyz") == (503, {"status": "not ready", "reasons": ["no store"]})
    assert await asked(port, "/metrics") == (200, "up 1\n")
    assert (await asked(port, "/"))[0] == 404


async def test_metrics_have_the_type_that_prometheus_wants(server: HealthServer, port: int) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as got:
        assert got.headers["Content-Type"] == METRICS_TYPE


async def test_a_page_that_comes_under_another_name_is_told_nothing(server: HealthServer, port: int) -> None:
    assert (await asked(port, "/metrics", Host=f"localhost:{port}"))[0] == 200
    assert (await asked(port, "/metrics", Host="evil.example"))[0] == 403


async def test_it_listens_on_this_machine_alone(server: HealthServer, port: int) -> None:
    [listening] = server._runner.addresses
    assert listening[0] == "127.0.0.1"


async def test_a_port_that_is_taken_is_one_sentence(port: int, tmp_path: Path) -> None:
    settings = load(None, {"DATA_DIR": str(tmp_path), "HEALTH_PORT": str(port)})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(Misconfigured, match=f"HEALTH_PORT={port} is taken by another program"):
            async with answering(settings):
                pass


async def test_off_means_that_nothing_listens(tmp_path: Path) -> None:
    async with answering(load(None, {"DATA_DIR": str(tmp_path)})) as nobody:
        assert nobody.server is None
        nobody.in_safe_mode("why")


def test_what_it_takes_is_not_imported_where_it_is_off() -> None:
    modules = ("prometheus_client", "chatbot.watch.health")
    code = f"import sys, chatbot.tools.run; print(*(name in sys.modules for name in {modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# --- a bot ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    made = await build(load(None, {"DATA_DIR": str(tmp_path), "KALSHI_ENV": "simulated"}), clock=VirtualClock(EPOCH))
    yield made
    if not made.ended.is_set():
        await made.stop("the end")


def dog(**bounds: float) -> Watchdog:
    """One that listens already."""
    made = Watchdog({LOOP: bounds.get("loop", 5.0), BEAT: bounds.get("beat", 60.0)}, [])
    made.start()
    return made


async def test_a_bot_is_ready_once_start_up_is_over_and_until_it_stops(app: App) -> None:
    probe = BotProbe(app, watching := dog())
    assert list(probe.unready()) == [
        *("start-up still checks what was left open", "the exchange has not been reached yet")
    ]
    await app.start()
    assert list(probe.unready()) == []
    assert list(probe.ill()) == []
    await app.stop("the end")
    assert probe.unready()[0] == "the bot is stopping"
    assert "the store is not open" in probe.unready()[1]
    watching.stop()


async def test_an_exchange_that_never_answered_leaves_it_unready(app: App) -> None:
    probe = BotProbe(app, watching := dog())
    assert app.places.kalshi
    app.places.kalshi.close()
    await app.start()
    assert list(probe.unready()) == ["the exchange has not been reached yet"]
    watching.stop()


async def test_it_is_ill_when_the_watchdog_would_sound_the_alarm(app: App) -> None:
    probe = BotProbe(app, watching := dog(beat=0.05))
    async with asyncio.timeout(20):
        while not probe.ill():  # noqa: ASYNC110 - it comes with time
            await asyncio.sleep(0.01)
    assert list(probe.ill()) == ["the beat has stood still for 0 s"]
    watching.hear(BEAT)
    assert list(probe.ill()) == []
    watching.stop()


async def test_safe_mode_lives_and_is_not_ready() -> None:
    probe = SafeModeProbe("demo", "the journal is damaged")
    assert (list(probe.ill()), list(probe.unready())) == ([], ["safe mode: the journal is damaged"])
    text = (await probe.metrics()).decode()
    assert 'kalshi_chatops_trading_state{state="HALTED"} 1.0' in text
    assert 'kalshi_chatops_halt{reason="storage"} 1.0' in text
    assert 'kalshi_chatops_environment_info{environment="demo"} 1.0' in text


# --- the command ----------------------------------------------------------------------------------------------------


async def told(port: int, capsys: pytest.CaptureFixture[str], *, as_json: bool = False) -> tuple[int, str]:
    settings = load(None, {"HEALTH_PORT": str(port)})
    code = await asyncio.to_thread(health, settings, as_json=as_json)
    return code, capsys.readouterr().out.strip()


async def test_the_command_says_whether_it_lives(
    server: HealthServer, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await told(port, capsys) == (0, "alive")
    assert await told(port, capsys, as_json=True) == (0, '{"alive": true, "reasons": []}')
    probe = server.probe = GivenProbe()
    probe.sick = ("the loop has stood still for 7 s",)
    assert await told(port, capsys) == (1, "not alive: the loop has stood still for 7 s")
    await server.close()
    code, words = await told(port, capsys, as_json=True)
    assert code == 1
    assert "the bot is not running" in json.loads(words)["reasons"][0]


async def test_another_program_on_the_port_is_no_bot(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
        writer.close()

    async with await asyncio.start_server(other, "127.0.0.1", port):
        assert await told(port, capsys) == (1, "not alive: another program answers on HEALTH_PORT")


def test_without_a_port_the_socket_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert health(load(None, {"DATA_DIR": str(tmp_path)}), as_json=False) == 1
    assert capsys.readouterr().out == "not alive: the bot is not running\n"
