"""Checks of everything that a bot needs before it runs, one line each: what was found, and what would mend it.

Nothing is traded and nothing is kept: the embedded exchange is started in a temporary folder, so that the account in
the data folder stays as it is. What a person reads here may be shown to others, so secrets are blotted out of it.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tempfile
import textwrap
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Literal

import requests
from filelock import FileLock, Timeout

from chatbot.config import Settings, load
from chatbot.logs import Redaction
from chatbot.places import SIMULATED, Places, open_places
from chatbot.render import exact_money, money
from chatbot.tools.fund import CRYPTO_SHARD, for_orders, kalshi_of
from chatbot.version import VERSION
from storage.store import LOCK_NAME, TinyStore
from trading.clock import monotonic
from trading.domain.errors import ChatopsError, Misconfigured, StoreRefused
from trading.domain.money import ZERO
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.kalshi.ratelimit import DEFAULT_COST
from trading.feeds.coins import coin_of
from trading.feeds.spot import SpotFeed
from trading.feeds.venues import venues_of

SKEW_SECONDS_MAX = 2.0  # the exchange took requests 10 s off and refused 60 s (measured by others in 2026)
ROUND_TRIPS = 3  # the quickest of them counts: the first one also opens the connection
CHAT_SECONDS_MAX = 5.0  # for a chat's server to answer
WIDTH_MIN, WIDTH_MAX, INDENT = 40, 80, " " * 6  # columns
TELEGRAM, DISCORD = "https://api.telegram.org", "https://discord.com/api/v10"
OWN_NUMBER = {"telegram": "@userinfobot tells it", "discord": "Developer Mode, Copy User ID"}
TELEGRAM_TOKEN = re.compile(r"\d{5,}:[\w-]{20,}")
DISCORD_TOKEN = re.compile(r"[\w-]{8,}\.[\w-]{4,}\.[\w-]{8,}")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; only a FAIL makes the exit code 1. `fix` is a sentence, empty where all is well."""

    mark: Literal["ok", "warn", "FAIL"]
    name: str
    text: str
    fix: str = ""


ok, warn, fail = partial(Finding, "ok"), partial(Finding, "warn"), partial(Finding, "FAIL")


async def doctor(*, as_json: bool) -> int:
    """Check everything and print it, line by line as it is found; 1 if anything failed, else 0."""
    began, found = monotonic(), []
    width = min(max(shutil.get_terminal_size().columns, WIDTH_MIN), WIDTH_MAX)
    async for finding in findings():
        found.append(finding)
        if not as_json:
            print(lines(finding, width), flush=True)
    failed = any(f.mark == "FAIL" for f in found)
    if as_json:
        checks = [{"name": f.name, "status": f.mark.lower(), "text": f.text, "fix": f.fix} for f in found]
        print(json.dumps({"ok": not failed, "checks": checks, "seconds": round(monotonic() - began, 2)}))
    return int(failed)


def lines(finding: Finding, width: int) -> str:
    """A finding in at most `width` columns, its fix on lines of its own."""
    parts = [f"{finding.name}: {finding.text}"] + [f"fix: {finding.fix}"] * bool(finding.fix)
    rows = [row for part in parts for row in textwrap.wrap(part, width - len(INDENT), break_on_hyphens=False)]
    return f"{finding.mark:<{len(INDENT)}}" + f"\n{INDENT}".join(rows)


async def findings() -> AsyncIterator[Finding]:
    """All checks in turn, without a secret in any of them; where the settings are wrong, that alone."""
    try:
        settings = load()
    except Misconfigured as error:
        yield fail("settings", str(error))
        return
    clean = Redaction(settings.secrets()).clean
    async for finding in _all(settings):
        yield Finding(finding.mark, finding.name, clean(finding.text), clean(finding.fix))


async def _all(settings: Settings) -> AsyncIterator[Finding]:
    mode = "dry run" if settings.dry_run else "orders are sent"
    stake = f"{money(settings.stake_usd)} a market"
    yield ok("settings", f"{settings.environment}, {mode}, {settings.kalshi_event_ticker_prefix}, {stake}")
    yield (written := folder(settings.data_folder))
    if written.mark == "ok":
        yield store(settings.data_folder / "store")
    with tempfile.TemporaryDirectory(prefix="kalshi-chatops-") as aside:
        async for finding in _exchange(settings.model_copy(update={"data_dir": Path(aside)})):
            yield finding
    for finding in await asyncio.to_thread(chats, settings):
        yield finding


def folder(path: Path) -> Finding:
    """Whether files can be written where the data goes; a folder that is not there yet is not made."""
    try:
        there = next(each for each in (path, *path.absolute().parents) if each.exists())
        with tempfile.TemporaryFile(dir=there):
            return ok("data folder", f"{path} can be written" + ("" if there == path else " (made at the first start)"))
    except OSError as error:
        return fail("data folder", f"{path}: {error.strerror}", "set DATA_DIR to a folder that this user may write to")


def store(path: Path) -> Finding:
    """Whether the store opens, which mends what a crash has left, unless a running bot has it."""
    if not path.is_dir():
        return ok("store", "none yet (made at the first start)")
    try:
        with FileLock(path / LOCK_NAME, timeout=0):
            pass
        opened = TinyStore.open(path)
    except Timeout:
        return ok("store", "in use by a running bot")
    except (StoreRefused, OSError) as error:
        return fail("store", str(error), "do what it says, or start afresh with another DATA_DIR")
    opened.close()
    if opened.recovered:
        return warn("store", "; ".join(opened.recovered), "nothing: it was mended by opening it")
    return ok("store", f"opens, {opened.count('trades')} trades")


async def _exchange(settings: Settings) -> AsyncIterator[Finding]:
    try:
        places = await open_places(settings)
    except (Misconfigured, OSError) as error:
        yield fail("exchange", str(error))
        return
    try:
        async for finding in at_the_exchange(settings, places):
            yield finding
    finally:
        await places.close()


async def at_the_exchange(settings: Settings, places: Places) -> AsyncIterator[Finding]:
    """The checks that ask the exchange and the spot feed; only the first where it cannot be reached."""
    exchange = kalshi_of(places)
    where = "embedded" if settings.environment == SIMULATED and not settings.api_base else places.address
    try:
        yield ok("exchange", f"{where} answers within {await _round_trip(exchange):.0f} ms")
    except ChatopsError as error:
        yield fail("exchange", f"{where}: {error}", "check the network, KALSHI_ENV and KALSHI_API_BASE")
        return
    listed, shard = await market(settings, exchange)
    yield listed
    for index in sorted({0, shard}):
        yield await trading(exchange, index)
    async for finding in _account(settings, places, shard):
        yield finding
    yield clock(exchange.skew_seconds)
    yield await spot(places, settings.kalshi_event_ticker_prefix)


async def _round_trip(exchange: KalshiExchange) -> float:
    """Milliseconds of the quickest of ROUND_TRIPS. Raises Unavailable and its like."""
    spent = []
    for _ in range(ROUND_TRIPS):
        began = monotonic()
        await exchange.status(0)
        spent.append(monotonic() - began)
    return min(spent) * 1000


async def _account(settings: Settings, places: Places, shard: int) -> AsyncIterator[Finding]:
    if not places.signed:
        yield warn("key", "none: prices and dry runs only", "set KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH")
        return
    try:
        balance = await places.exchange.balance()
        yield ok("key", f"{places.key_masked} is accepted, {exact_money(balance.total)} in all")
        yield cash(settings, balance.shards, shard)
        allowed = await kalshi_of(places).limits()
        reads, orders = (size.refill_per_second / DEFAULT_COST for size in (allowed.read, allowed.write))
        yield ok("limits", f"{reads:g} reads and {orders:g} orders a second (tier {allowed.tier or 'unknown'})")
    except ChatopsError as error:
        yield fail("key", str(error))


async def market(settings: Settings, exchange: KalshiExchange) -> tuple[Finding, int]:
    """Whether the series has a market that is open now; and the shard that it trades on."""
    series = settings.kalshi_event_ticker_prefix
    try:
        listed = await exchange.markets(series=series, status="open")
    except ChatopsError as error:
        return fail("market", str(error)), CRYPTO_SHARD
    if listed:
        return ok("market", f"{series} has {len(listed)} open now"), listed[0].exchange_index
    fix = "check KALSHI_EVENT_TICKER_PREFIX; on Thursdays from 3:00 to 5:00 New York time the exchange pauses"
    if settings.environment == "demo":
        fix = "demo lists almost no 15-minute crypto markets: try KALSHI_ENV=production with DRY_RUN=true instead"
    return warn("market", f"{series} has none open now", fix), CRYPTO_SHARD


async def trading(exchange: KalshiExchange, shard: int) -> Finding:
    """Whether a shard trades."""
    try:
        status = await exchange.status(shard)
    except ChatopsError as error:
        return fail(f"shard {shard}", str(error))
    if status.exchange_active and status.trading_active:
        return ok(f"shard {shard}", "trades")
    until = f" until {status.resumes_at:%Y-%m-%d %H:%M} UTC" if status.resumes_at else ""
    return warn(f"shard {shard}", f"paused{until}", "wait: the bot goes on by itself when the pause ends")


def clock(skew_seconds: float | None) -> Finding:
    """Whether this machine's clock is near enough to the exchange's for signatures."""
    if skew_seconds is None:
        return ok("clock", "not compared: the exchange's answers carry no time of their own")
    text = f"{abs(skew_seconds):.1f} s {'behind' if skew_seconds > 0 else 'ahead of'} the exchange's"
    if abs(skew_seconds) <= SKEW_SECONDS_MAX:
        return ok("clock", text)
    return warn("clock", text, "turn on NTP (on Linux: `timedatectl set-ntp true`), or requests will be refused")


def cash(settings: Settings, shards: dict[int, Decimal], shard: int) -> Finding:
    """Whether the series' shard has the cash for a stake and for the largest order."""
    if not shards:
        return warn("cash", "the exchange does not say which shard has it", f"see that shard {shard} has some")
    text, fix = for_orders(settings, shards, shard)
    if not fix:
        return ok("cash", text)
    too_little = shards.get(shard, ZERO) < settings.stake_usd and not settings.dry_run
    return (fail if too_little else warn)("cash", text, fix)


async def spot(places: Places, series: str) -> Finding:
    """Whether there is a spot price, and which venues gave none."""
    try:
        tick = await places.feed.read()
    except ChatopsError as error:
        return fail("spot", str(error), "check that this machine reaches the venues, and what they refuse")
    text = f"{tick.symbol} {money(tick.price)} from {', '.join(tick.venues)}"
    asked = venues_of(coin_of(series)) if isinstance(places.feed, SpotFeed) else ()
    missing = ", ".join(venue.name for venue in asked if venue.name not in tick.venues)
    return ok("spot", f"{text}; not from {missing}" if missing else text)


def chats(settings: Settings) -> list[Finding]:
    """Each chat that is set up: its token, where notices go, and who may command."""
    found = []
    if token := settings.telegram_bot_token.get_secret_value():
        address = f"{(settings.telegram_api_base or TELEGRAM).rstrip('/')}/bot{token}/getMe"
        found.append(_token("telegram", TELEGRAM_TOKEN, token, address, {}))
        found.append(_people("telegram", settings.telegram_users, settings.telegram_notice_chat))
    if token := settings.discord_bot_token.get_secret_value():
        address = f"{(settings.discord_api_base or DISCORD).rstrip('/')}/users/@me"
        headers = {"Authorization": f"Bot {token}", "User-Agent": f"DiscordBot (kalshi-chatops, {VERSION})"}
        found.append(_token("discord", DISCORD_TOKEN, token, address, headers))
        where = f"{settings.discord_channel_id} of guild {settings.discord_guild_id}"
        found.append(_people("discord", settings.discord_users, where))
    return found or [warn("chats", "the terminal only", "set TELEGRAM_BOT_TOKEN or DISCORD_BOT_TOKEN for your phone")]


def _token(name: str, form: re.Pattern[str], token: str, address: str, headers: dict[str, str]) -> Finding:
    """Whether the token looks like one and its server takes it; the address may hold it, and is never shown."""
    variable = f"{name.upper()}_BOT_TOKEN"
    again = f"copy {variable} again from " + ("@BotFather" if name == "telegram" else "the Developer Portal's Bot page")
    if not form.fullmatch(token):
        return fail(name, f"{variable} is not a token", again)
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(address, headers=headers, timeout=CHAT_SECONDS_MAX, allow_redirects=False)
        if answer.status_code in (401, 403, 404):
            return fail(name, f"{variable} is refused (HTTP {answer.status_code})", again)
        if not answer.ok:
            return fail(name, f"its server answers HTTP {answer.status_code}", "try again in a minute")
        said = answer.json()
        return ok(name, f"logged in as {said.get('result', said)['username']}")
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"its server gives no answer ({type(error).__name__})"
        return fail(name, said, f"check the network, and {name.upper()}_API_BASE where it is set")


def _people(name: str, people: dict[str, str], where: str) -> Finding:
    """Whether anybody is listed, and somebody may do everything."""
    text = f"{len(people)} on the list, notices go to {where}"
    if "owner" in people.values():
        return ok(f"{name} people", text)
    fix = f"add yourself to {name.upper()}_USERS as <number>:owner ({OWN_NUMBER[name]})"
    return warn(f"{name} people", f"{text}; nobody is owner", fix)
