"""The watchdog raises its alarm while the loop stands still, past the loop, once; and says when it goes again."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web
from doubles.discord import CHANNEL, GUILD, DiscordDouble
from doubles.telegram import TelegramDouble

from chatbot.app import build
from chatbot.config import Settings, load
from chatbot.life.watchdog import Say, Watchdog
from chatbot.tools import watching
from chatbot.tools.demo import EPOCH
from chatbot.tools.watching import BEAT, LOOP, ping, watchdog, ways
from trading.clock import VirtualClock, monotonic

BOUND, LOOK, PING = 0.6, 0.02, 0.1  # seconds
ALARM_SECONDS_MAX = 15.0


class Monitor:
    """An external monitor; `hanging` makes it take pings and answer none."""

    def __init__(self) -> None:
        self.pings: list[float] = []
        self.hanging = False
        self.address = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/ping/{secret}", self._pinged)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}/ping/s3cret-path"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _pinged(self, request: web.Request) -> web.Response:
        self.pings.append(monotonic())
        if self.hanging:
            await asyncio.Event().wait()
        return web.Response(text="OK")


class Elsewhere:
    """A loop in a thread of its own, for servers that go on while the test's loop stands still."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Awaitable[object]) -> None:
        async def done() -> None:
            await work

        asyncio.run_coroutine_threadsafe(done(), self._loop).result(5)

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    made = Elsewhere()
    yield made
    made.end()


@contextmanager
def watched(said: list[str], *more: Say, pinged: Callable[[], None] | None = None) -> Iterator[Watchdog]:
    """A watchdog with short bounds, which tells `said` last of all."""
    dog = Watchdog({LOOP: BOUND}, [*more, said.append], pinged, look_seconds=LOOK, ping_seconds=PING)
    dog.start()
    try:
        yield dog
    finally:
        dog.stop()


async def heartbeat(dog: Watchdog) -> None:
    while True:
        dog.hear(LOOP)
        await asyncio.sleep(LOOK)


def block(seconds: float) -> None:
    """Stands for whatever blocks a loop."""
    time.sleep(seconds)


def until(what: Callable[[], object], seconds: float = ALARM_SECONDS_MAX) -> None:
    """Wait, blocking, until something is so."""
    end = monotonic() + seconds
    while not what():
        assert monotonic() < end, "it did not come"
        block(LOOK)


async def becomes(what: Callable[[], object]) -> None:
    """Wait until something is so, while the loop goes on."""
    async with asyncio.timeout(ALARM_SECONDS_MAX):
        while not what():  # noqa: ASYNC110 - it comes from a thread
            await asyncio.sleep(LOOK)


async def test_a_blocked_loop_raises_the_alarm_while_it_is_blocked_and_once() -> None:
    said: list[str] = []
    with watched(said) as dog:
        beating = asyncio.create_task(heartbeat(dog))
        await asyncio.sleep(2 * BOUND)
        assert said == []
        until(lambda: said)  # blocks the loop
        block(2 * BOUND)
        assert len(said) == 1
        assert said[0].startswith("ALARM: the loop has stood still for ")
        await becomes(lambda: len(said) == 2)
        assert said[1].startswith("The loop goes again, after ")
        until(lambda: len(said) == 3)  # another stall is another alarm
        beating.cancel()


async def test_each_thing_has_its_own_bound() -> None:
    said: list[str] = []
    dog = Watchdog({LOOP: 60.0, BEAT: BOUND}, [said.append], look_seconds=LOOK)
    dog.start()
    until(lambda: said)
    dog.stop()
    assert [text.partition(" has")[0] for text in said] == ["ALARM: the beat"]


async def test_a_way_that_hangs_or_breaks_holds_up_no_other() -> None:
    said: list[str] = []
    forever = threading.Event()
    with watched(said, lambda text: forever.wait() and None):
        until(lambda: said)
        assert len(said) == 1
    forever.set()


async def test_the_monitor_is_pinged_while_all_is_well_and_not_in_a_stall(elsewhere: Elsewhere) -> None:
    monitor, said = Monitor(), list[str]()
    elsewhere.do(monitor.start())
    pinged = ping(load(None, {"HEARTBEAT_URL": monitor.address}))
    with watched(said, pinged=pinged) as dog:
        beating = asyncio.create_task(heartbeat(dog))
        await becomes(lambda: len(monitor.pings) >= 3)
        until(lambda: said)
        before = len(monitor.pings)
        block(3 * PING)
        assert len(monitor.pings) == before
        await becomes(lambda: len(monitor.pings) > before)
        beating.cancel()
    elsewhere.do(monitor.stop())


async def test_a_monitor_that_hangs_gets_one_ping_and_no_heap_of_them(elsewhere: Elsewhere) -> None:
    monitor, said = Monitor(), list[str]()
    monitor.hanging = True
    elsewhere.do(monitor.start())
    with watched(said, pinged=ping(load(None, {"HEARTBEAT_URL": monitor.address}))) as dog:
        beating = asyncio.create_task(heartbeat(dog))
        await becomes(lambda: monitor.pings)
        await asyncio.sleep(4 * PING)
        beating.cancel()
    assert len(monitor.pings) == 1
    elsewhere.do(monitor.stop())


# --- the ways out ---------------------------------------------------------------------------------------------------


def settings_of(telegram: TelegramDouble, discord: DiscordDouble, **more: str) -> Settings:
    given = {
        "TELEGRAM_BOT_TOKEN": telegram.token,
        "TELEGRAM_API_BASE": telegram.base,
        "TELEGRAM_CHAT_ID": "11",
        "DISCORD_BOT_TOKEN": discord.token,
        "DISCORD_API_BASE": discord.api_base,
        "DISCORD_GUILD_ID": GUILD,
        "DISCORD_CHANNEL_ID": CHANNEL,
        "INSTANCE_NAME": "attic",
    }
    return load(None, given | more)


async def test_the_alarm_reaches_both_chats_standard_error_and_the_log_past_a_blocked_loop(
    elsewhere: Elsewhere, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    telegram, discord = TelegramDouble(), DiscordDouble()
    elsewhere.do(telegram.start())
    elsewhere.do(discord.start())
    settings = settings_of(telegram, discord)
    with watched(said := list[str](), *ways(settings)):
        until(lambda: said and telegram.messages() and discord.messages)
    [shown] = telegram.messages(11)
    [posted] = discord.messages
    for text in (shown.text, posted.content):
        assert text.startswith("attic ALARM: the loop has stood still")
    assert telegram.violations == discord.violations == []
    until(lambda: "ALARM" in caplog.text)
    assert [r.levelno for r in caplog.records if "ALARM" in r.message] == [logging.ERROR]
    assert "kalshi-chatops: ALARM: the loop" in capfd.readouterr().err
    elsewhere.do(telegram.stop())
    elsewhere.do(discord.stop())


async def test_a_chat_that_cannot_be_reached_is_logged_without_its_secret(
    elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    telegram, discord = TelegramDouble(), DiscordDouble()
    elsewhere.do(telegram.start())
    elsewhere.do(discord.start())
    settings = settings_of(telegram, discord, HEARTBEAT_URL="http://127.0.0.1:9/s3cret-path")
    elsewhere.do(telegram.stop())
    discord.fault("message", 401)
    pinged = ping(settings)
    assert pinged
    caplog.set_level(logging.DEBUG, logger="kalshi-chatops")
    for way in [*ways(settings), lambda text: pinged()]:
        await asyncio.to_thread(way, "hello")
    assert "Telegram was not reached" in caplog.text
    assert "Discord answered 401" in caplog.text
    assert "the external monitor was not reached" in caplog.text
    own = [r.getMessage() for r in caplog.records if r.name == "kalshi-chatops"]
    assert not any(secret in text for secret in settings.secrets() for text in own)
    elsewhere.do(discord.stop())


def test_without_chats_and_monitor_there_are_standard_error_and_the_log() -> None:
    assert len(ways(load(None, {}))) == 2
    assert ping(load(None, {})) is None


@pytest.mark.parametrize(("poll", "speed", "seconds"), [("5", 1.0, 60.0), ("30", 1.0, 300.0), ("30", 20.0, 60.0)])
def test_the_beats_bound_is_ten_intervals_or_a_minute(poll: str, speed: float, seconds: float) -> None:
    dog = watchdog(load(None, {"POLL_SECONDS": poll}), speed)
    assert dog.bounds == {LOOP: watching.LOOP_SECONDS_MAX, BEAT: seconds}


async def test_a_bot_that_beats_is_heard_and_one_whose_beats_stop_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PULSE_SECONDS", LOOK)
    said: list[str] = []
    app = await build(load(None, {"DATA_DIR": str(tmp_path), "KALSHI_ENV": "simulated"}), clock=VirtualClock(EPOCH))
    await app.beat()  # the first one has much to read
    dog = Watchdog({LOOP: 20 * BOUND, BEAT: 4 * BOUND}, [said.append], look_seconds=LOOK)
    dog.start()
    beating = asyncio.create_task(watching.beating(app, dog))
    for _ in range(3):
        await app.beat()
        await asyncio.sleep(BOUND)
    assert said == []
    await becomes(lambda: said)
    assert said[0].startswith("ALARM: the beat")
    beating.cancel()
    dog.stop()
    await app.stop("the end of the test")
