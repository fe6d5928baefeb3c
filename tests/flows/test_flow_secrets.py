"""No secret in anything that a bot puts out, whatever goes wrong around it: a process with every secret there is set,
through every fault profile of the exchange, with chat servers that answer wrongly and repeat what they were sent.

All of its output is searched: standard output and error, the log, the data folder, and what the servers received.
"""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from pyotp import TOTP, random_base32

from chatbot.tools.exchange import Simulated, open_simulated
from tests.flows.processes import STOP_SECONDS_MAX, command, environment
from tests.flows.talkers import OWNER, STRANGER, Discord, Telegram, ask, seen
from trading.clock import RealClock, real_now
from trading.exchange.simulated.faults import PROFILES
from trading.exchange.simulated.server import SimulatedServer

PING = "p1ng-4f9c1e77"  # the secret part of HEARTBEAT_URL
SPEED = 20.0  # four beats a second
PROFILE_SECONDS = 1.0  # of life under each
LINES = ("/settings all", "/logs 50", "/health", "/audit 50", "/export json", "/status", "resume 123", "nonsense")


@dataclass(slots=True)
class World:
    """What one bot lives among. `secrets` are by name; `codes` are the one-time codes that were typed."""

    folder: Path
    telegram: Telegram = field(default_factory=Telegram)
    discord: Discord = field(default_factory=Discord)
    totp: str = field(default_factory=random_base32)
    secrets: dict[str, str] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    pings: list[str] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def code(self, steps: int = 0) -> str:
        self.codes.append(TOTP(self.totp).at(real_now(), counter_offset=steps))
        return self.codes[-1]

    def wrong_code(self) -> str:
        near = {TOTP(self.totp).at(real_now(), counter_offset=n) for n in range(-2, 3)}
        self.codes.append(next(text for n in range(10) if (text := f"{n}13579") not in near))
        return self.codes[-1]


@asynccontextmanager
async def monitor(world: World) -> AsyncIterator[str]:
    """A monitor that answers each ping with an error that repeats the address."""

    async def pinged(request: web.Request) -> web.Response:
        world.pings.append(request.path)
        return web.Response(status=500, text=f"no such check: {request.url}")

    app = web.Application()
    app.router.add_get("/{any:.*}", pinged)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}/{PING}"
    finally:
        await runner.cleanup()


def settings_of(world: World, simulated: Simulated, heartbeat: str) -> dict[str, str]:
    """Every variable that holds a secret, and the addresses."""
    pem = simulated.credentials.private_key_path.read_text()
    bodies = [line for line in pem.splitlines() if line and not line.startswith("-----")]
    given = {
        **world.telegram.settings,
        **world.discord.settings,
        "TOTP_SECRET": world.totp,
        "HEARTBEAT_URL": heartbeat,
        "KALSHI_ENV": "simulated",
        "KALSHI_API_BASE": simulated.server.base_url,
        "KALSHI_API_KEY_ID": simulated.credentials.key_id,
        "KALSHI_PRIVATE_KEY": pem.replace("\n", "\\n"),
        "DATA_DIR": str(world.data),
        "LOG_LEVEL": "DEBUG",
    }
    named = ("TELEGRAM_BOT_TOKEN", "DISCORD_BOT_TOKEN", "TOTP_SECRET", "KALSHI_API_KEY_ID")
    world.secrets |= {name: given[name] for name in named} | {"HEARTBEAT_URL": PING}
    world.secrets |= {f"KALSHI_PRIVATE_KEY line {n}": line for n, line in enumerate(bodies)}
    return given


@contextmanager
def running(world: World, given: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The bot, with a terminal that is a pipe, and its output in files."""
    with (world.folder / "stdout").open("w") as out, (world.folder / "stderr").open("w") as error:
        process = subprocess.Popen(
            command("run"),
            cwd=world.folder,
            env=environment(**given),
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=error,
            text=True,
        )
        try:
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Ask it to stop, and kill it if it will not."""
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def break_the_chats(world: World) -> None:
    """Wrong answers of each kind, the next few times; one of them repeats the token."""
    telegram, discord = world.telegram.double, world.discord.double
    telegram.refuse("sendMessage", 401, f"Unauthorized: {telegram.token}", times=1)
    telegram.refuse("*", 502, f"bad gateway for /bot{telegram.token}/x", times=2)
    telegram.refuse("getUpdates", 502, f"bad gateway for /bot{telegram.token}/getUpdates", times=1)
    for kind in ("garble", "reset", "drop"):
        telegram.fail("*", kind, times=1)
    for kind in (500, 403, "reset_before", "reset_after"):
        discord.fault("*", kind, count=1)


def type_into(terminal: subprocess.Popen[str], *lines: str) -> None:
    assert terminal.stdin is not None
    terminal.stdin.write("\n".join(lines) + "\n")
    terminal.stdin.flush()


async def talk(world: World, terminal: subprocess.Popen[str]) -> None:
    """What people do: everything that shows something, codes right and wrong, and a stranger."""
    phone = world.telegram
    type_into(terminal, *LINES, "/resume", f"yes {world.wrong_code()}")
    for line in LINES:
        await phone.say(OWNER, line)
    await phone.say(STRANGER, f"/confirm {world.wrong_code()}")
    await ask(phone, "/kill", "KILLED")
    await ask(phone, "/resume", "Resume trading?")
    await ask(phone, f"/confirm {world.wrong_code()}", "code is wrong")
    await ask(phone, world.code(), "Resumed")
    await phone.say(OWNER, f"/confirm {world.codes[-1]}")
    await ask(world.discord, "/settings telegram", "TELEGRAM_USERS")
    await ask(world.discord, "/kill", "KILLED")
    await ask(world.discord, "/resume", "Resume trading?", "/confirm")
    await world.discord.double.slash(str(OWNER), "confirm", code=world.code(1))
    await seen(world.discord, "Resumed")


async def pass_through_everything(world: World, simulated: Simulated) -> None:
    """The exchange with one fault profile after the other, at one address; somebody asks all the while."""
    port, server = urlsplit(simulated.server.base_url).port or 0, simulated.server
    for profile in PROFILES:
        await server.stop()
        server = SimulatedServer(simulated.venue, profile=profile)
        await server.start(port)
        break_the_chats(world)
        for line in LINES:
            await world.telegram.say(OWNER, line)
        await world.discord.say(OWNER, "/status")
        await asyncio.sleep(PROFILE_SECONDS)
    await server.stop()


async def life(world: World) -> None:
    """One bot from its start to its end."""
    await world.telegram.start()
    await world.discord.start()
    simulated = await open_simulated(world.folder / "exchange", RealClock(SPEED), seed=7)
    async with monitor(world) as heartbeat:
        with running(world, settings_of(world, simulated, heartbeat)) as bot:
            await seen(world.telegram, "Started")
            await talk(world, bot)
            await pass_through_everything(world, simulated)
            world.telegram.double.faults.clear()
            world.discord.double.faults.clear()
            await ask(world.telegram, "/logs 50", "Log")
            await asyncio.to_thread(stop, bot)
    simulated.venue.close()
    await world.telegram.double.stop()
    await world.discord.double.stop()


def outputs(world: World) -> Iterator[tuple[str, str]]:
    """Everything that came out of the bot, by where."""
    for path in (world.folder / "stdout", world.folder / "stderr", *world.data.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(world.folder)), path.read_bytes().decode(errors="replace")
    yield "Telegram", repr(world.telegram.double.calls)
    yield "Discord", repr([(call.path, call.body) for call in world.discord.double.calls])


def leaks(world: World) -> list[str]:
    """Which secret stands where."""
    found = []
    for where, text in outputs(world):
        found += [f"{name} in {where}" for name, secret in world.secrets.items() if secret in text]
        found += [f"code {code} in {where}" for code in world.codes if re.search(rf"(?<![\w.]){code}(?!\w)", text)]
    return found


async def test_nothing_secret_comes_out_whatever_goes_wrong(tmp_path: Path) -> None:
    world = World(tmp_path)
    await life(world)
    shown = dict(outputs(world))
    assert "beat" in shown["data/simulated/bot.log"]
    assert "WARNING" in shown["Telegram"]  # in the answer to /logs
    assert all("TOTP_SECRET" in shown[where] for where in ("Telegram", "stdout"))
    assert leaks(world) == []


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    """A search that finds nothing proves nothing if it could not."""
    world = World(tmp_path, secrets={"TOTP_SECRET": "JBSWY3DP"}, codes=["123456"])
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").write_text("…JBSWY3DP… at 1.123456 and 9123456")
    (tmp_path / "stdout").write_text("/confirm 123456")
    (tmp_path / "stderr").write_text("")
    assert leaks(world) == ["code 123456 in stdout", "TOTP_SECRET in data/x"]
