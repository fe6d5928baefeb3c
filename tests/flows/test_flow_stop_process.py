"""A bot that is asked to stop by a signal: what becomes of its orders, what people hear, and that it ends in time."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from chatbot.config import load
from chatbot.wiring.places import open_places
from storage.store import TinyStore
from tests.flows.hosts import flat
from tests.flows.processes import environment, pointing_at, started
from tests.flows.talkers import Telegram, seen
from trading.domain.order import Order

STOP_SECONDS = 10.0  # what a container gives
WAIT_SECONDS = 120.0
HARD = signal.SIGTERM + 128


@contextmanager
def venue(folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """An exchange that can be made to hang, since it is a process of its own; where it is."""
    with started("exchange", "--data", str(folder), "--seed", "7", "--speed", "3", cwd=folder.parent) as process:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
        process.send_signal(signal.SIGCONT)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def quoting(where: dict[str, str], data: Path, **more: str) -> dict[str, str]:
    """A bot whose orders rest: it makes a market so wide that nobody takes them, and looks at it now and then only."""
    wide = data.parent / "wide.toml"
    wide.write_text("[market_maker]\nspread = 0.40\n")
    own = {
        "STRATEGIES": "market_maker",
        "STRATEGIES_FILE": str(wide),
        "HEALTH_PORT": str(free_port()),
        "MAX_EXPOSURE_USD": "500",
    }
    return (
        pointing_at(where, data)
        | own
        | {"MAX_ORDER_USD": "50", "MAX_POSITION_USD": "400", "POLL_SECONDS": "30", "ORDER_TIMEOUT_SECONDS": "600"}
        | more
    )


def asked(settings: dict[str, str], path: str) -> str:
    """What is told at HEALTH_PORT; empty where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings['HEALTH_PORT']}{path}", timeout=5) as answer:
            return cast(bytes, answer.read()).decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError:
        return ""


def figure(settings: dict[str, str], name: str) -> float:
    found = re.search(rf"^kalshi_chatops_{name} (\S+)$", asked(settings, "/metrics"), re.MULTILINE)
    return float(found[1]) if found else 0.0


def until_quoting(settings: dict[str, str]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while figure(settings, "open_orders") < 1:
        assert time.monotonic() < end, asked(settings, "/metrics") or "nobody answers"
        time.sleep(0.1)


def ended(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> float:
    """Ask it to stop; how long it took."""
    began = time.monotonic()
    process.send_signal(number)
    process.wait(3 * STOP_SECONDS)
    return time.monotonic() - began


async def resting(where: dict[str, str], data: Path) -> int:
    """How many orders the exchange lists."""
    places = await open_places(load(None, environment(**pointing_at(where, data))))
    found = await places.exchange.orders(status="resting")
    await places.close()
    return len(found)


def kept(data: Path, table: str) -> list[Any]:
    """What a bot that has ended wrote down."""
    store = TinyStore.open(data / "simulated" / "store")
    rows: list[Any] = store.select(table)
    store.close()
    return rows


def live(data: Path) -> list[Order]:
    """The orders that it knew to be open."""
    return [order for order in kept(data, "orders") if order.live]


@pytest.mark.parametrize("on_stop", ["cancel", "leave"])
async def test_its_orders_are_cancelled_or_left_and_people_hear_it(tmp_path: Path, on_stop: str) -> None:
    phone, data = Telegram(), tmp_path / "data"
    await phone.start()
    with venue(tmp_path / "exchange") as (_, where):
        settings = quoting(where, data, ON_STOP=on_stop, **phone.settings)
        with started("run", "--no-terminal", cwd=tmp_path, **settings) as bot:
            await asyncio.to_thread(until_quoting, settings)
            assert await asyncio.to_thread(ended, bot) < STOP_SECONDS
            assert bot.returncode == 0
        said = flat(await seen(phone, "Stopped", "Orders"))
        assert ("cancelled" if on_stop == "cancel" else "left resting (ON_STOP=leave)") in said
        assert "not proved" not in said
        assert bool(live(data)) is (on_stop == "leave")
        if on_stop == "cancel":
            assert await resting(where, data) == 0
    await phone.stop()


async def test_with_a_hanging_exchange_and_a_hanging_chat_it_ends_in_time_and_says_so_later(tmp_path: Path) -> None:
    phone, data = Telegram(), tmp_path / "data"
    await phone.start()
    with venue(tmp_path / "exchange") as (process, where):
        settings = quoting(where, data, **phone.settings)
        with started("run", "--no-terminal", cwd=tmp_path, **settings) as bot:
            await asyncio.to_thread(until_quoting, settings)
            process.send_signal(signal.SIGSTOP)
            phone.double.fail("sendMessage", kind="hang", times=1_000)
            assert await asyncio.to_thread(ended, bot) < STOP_SECONDS
        [told] = [notice for notice in kept(data, "outbox") if notice.title == "Stopped"]
        assert "not proved cancelled: the next start checks" in str(told.fields)
        assert "Stopped" not in str(phone.texts())
        process.send_signal(signal.SIGCONT)
        phone.double.faults.clear()
        with started("run", "--no-terminal", cwd=tmp_path, **settings):
            await seen(phone, "Stopped", "not proved")
            await seen(phone, "Started")
    await phone.stop()


def test_a_second_signal_ends_it_at_once_and_loses_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with venue(tmp_path / "exchange") as (process, where):
        settings = quoting(where, data)
        with started("run", "--no-terminal", cwd=tmp_path, **settings) as bot:
            until_quoting(settings)
            process.send_signal(signal.SIGSTOP)
            bot.send_signal(signal.SIGTERM)
            assert "the bot is stopping" in asked(settings, "/readyz")
            assert ended(bot) < 2
            assert bot.returncode == HARD
        TinyStore.open(data / "simulated" / "store").close()  # whole, and nobody's
