"""What `doctor` finds about chats: each fault is made at a double, named, and comes with what mends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chatbot.commands.registry import COMMANDS
from chatbot.config import load
from chatbot.tools import doctor_telegram
from chatbot.tools.chat_calls import Declined, Telegram, Unanswered
from chatbot.tools.doctor_chats import chats, env_file, next_report
from chatbot.tools.findings import Finding
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord_payloads import CHANNEL, GUILD
from tests.doubles.telegram import TelegramDouble

ME, GROUP, MOVED = 11, -1001234567890, -1009999999999


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_telegram, "LISTEN_SECONDS", 0.2)


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramDouble]:
    double = TelegramDouble()
    await double.start()
    yield double
    assert double.violations == []
    await double.stop()


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double
        assert double.violations == []


async def found(settings: dict[str, str], *, running: bool = False) -> dict[str, Finding]:
    listed = await asyncio.to_thread(chats, load(None, settings), running=running)
    names = [each.name for each in listed]
    assert len(names) == len(set(names)), "each check has a name of its own"
    assert all(each.fix for each in listed if each.mark != "ok")
    return {each.name: each for each in listed}


def of_telegram(double: TelegramDouble, **settings: str) -> dict[str, str]:
    known = {"TELEGRAM_CHAT_ID": str(ME), "TELEGRAM_USERS": f"{ME}:owner"}
    return {"TELEGRAM_BOT_TOKEN": double.token, "TELEGRAM_API_BASE": double.base} | known | settings


def of_discord(double: DiscordDouble, **settings: str) -> dict[str, str]:
    known = {"DISCORD_GUILD_ID": GUILD, "DISCORD_CHANNEL_ID": CHANNEL, "DISCORD_USERS": "11:owner"}
    return {"DISCORD_BOT_TOKEN": double.token, "DISCORD_API_BASE": double.api_base} | known | settings


def in_group(**settings: str) -> dict[str, str]:
    return {"TELEGRAM_CHAT_ID": str(GROUP), **settings}


# --- Telegram


async def test_where_all_is_well(telegram: TelegramDouble, discord: DiscordDouble) -> None:
    there = await found(of_telegram(telegram) | of_discord(discord))
    assert {each.mark for each in there.values()} == {"ok"}, there
    assert there["telegram chat"].text == f"“User {ME}”: the bot may write there"
    assert there["discord channel"].text == "#trading: the bot may write there"
    assert there["telegram people"].text == f"1 on the list: User {ME} ({ME}) owner"
    assert telegram.messages() == []
    assert discord.messages == []


Spoil = Callable[[TelegramDouble], object]
FAULTS: list[tuple[str, Spoil, dict[str, str], str, str, str]] = [
    (
        "webhook",
        lambda t: setattr(t.chats.facts, "webhook", "https://a.b/c"),
        {},
        "telegram reader",
        "a.b",
        "at its st",
    ),
    ("unknown", lambda t: t.chats.facts.unknown.add(ME), {}, "telegram chat", "chat not found", "press Start"),
    ("blocked", lambda t: t.chats.facts.blocked.add(ME), {}, "telegram chat", "blocked", "Unblock"),
    ("moved", lambda t: t.chats.moved.update({GROUP: MOVED}), in_group(), "telegram chat", "super", f"ID={MOVED}"),
    ("left", lambda t: t.chats.facts.left.add(GROUP), in_group(), "telegram chat", "not in it", "add the bot"),
    ("muted", lambda t: t.chats.facts.muted.add(GROUP), in_group(), "telegram chat", "may not write", "admin"),
    (
        "topic",
        lambda t: t.chats.topics_gone.add(77),
        in_group(TELEGRAM_TOPIC_ID="77"),
        "telegram chat",
        "topic is gone",
        "TELEGRAM_TOPIC_ID",
    ),
    ("privacy", lambda t: setattr(t.chats.facts, "hears_all", True), in_group(), "telegram privacy", "all", "/setpriv"),
    ("nobody", lambda t: None, {"TELEGRAM_USERS": "11:viewer"}, "telegram people", "nobody is owner", "init"),
    (
        "never",
        lambda t: t.chats.facts.unknown.add(5),
        {"TELEGRAM_USERS": "11:owner,5:viewer"},
        "telegram people",
        "5",
        "5",
    ),
    ("elsewhere", lambda t: None, {"TELEGRAM_CHAT_ID": "5"}, "telegram notices", "not in TELEGRAM_USERS", "init"),
    ("token", lambda t: setattr(t, "token", "8" + t.token), {}, "telegram", "refused (HTTP 401)", "@BotFather"),
    ("down", lambda t: t.refuse("getMe", 502), {}, "telegram", "its server answers", "a minute"),
    ("strange", lambda t: t.fail("getMe", "garble"), {}, "telegram", "no answer", "TELEGRAM_API_BASE"),
]


@pytest.mark.parametrize(("spoil", "given", "name", "text", "fix"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
async def test_a_fault_at_telegram(
    telegram: TelegramDouble, spoil: Spoil, given: dict[str, str], name: str, text: str, fix: str
) -> None:
    settings = of_telegram(telegram, **given)
    spoil(telegram)
    there = (await found(settings))[name]
    assert there.mark != "ok"
    assert text in there.text
    assert fix in there.fix
    assert settings["TELEGRAM_BOT_TOKEN"] not in there.text + there.fix


async def test_another_reader_is_found_and_our_own_is_not_disturbed(telegram: TelegramDouble) -> None:
    api = Telegram(telegram.token, telegram.base)
    ended = asyncio.Event()

    async def read() -> None:
        while not ended.is_set():
            try:
                await asyncio.to_thread(api.ask, "getUpdates", wait=5, timeout=1)
            except Declined:
                await asyncio.sleep(0.02)

    reader = asyncio.create_task(read())
    await telegram.wait_for(lambda: telegram.asked("getUpdates"))
    there = (await found(of_telegram(telegram)))["telegram reader"]
    asked = len(telegram.asked("getUpdates"))
    ours = (await found(of_telegram(telegram), running=True))["telegram reader"]
    ended.set()
    await reader
    assert (there.mark, ours) == ("FAIL", Finding("ok", "telegram reader", "the running bot"))
    assert "/revoke" in there.fix
    assert asked >= 2


async def test_what_waits_for_the_bot_is_not_confirmed(telegram: TelegramDouble) -> None:
    kill = telegram.say(ME, "/kill")
    assert (await found(of_telegram(telegram)))["telegram reader"].mark == "ok"
    assert telegram._queue == [kill]


async def test_the_menu_is_counted(telegram: TelegramDouble) -> None:
    assert "none yet" in (await found(of_telegram(telegram)))["telegram menu"].text
    telegram.chats.menus[f"chat:{ME}"] = [*COMMANDS]
    assert (await found(of_telegram(telegram)))["telegram menu"].text == f"{len(COMMANDS)} commands"


# --- Discord

SEND = 1 << 11
Shut = Callable[[DiscordDouble], object]
ELSEWHERE = "900000000000000055"


def shut(double: DiscordDouble) -> None:
    denied = {"id": GUILD, "type": 0, "allow": "0", "deny": str(SEND)}
    double.server.channels[CHANNEL]["permission_overwrites"] = [denied]


DISCORD_FAULTS: list[tuple[str, Shut, dict[str, str], str, str, str]] = [
    ("out", lambda d: setattr(d.server, "bot_is_in", False), {}, "discord server", "not in", "oauth2/authorize"),
    ("public", lambda d: setattr(d.server, "public", True), {}, "discord server", "anybody", "Public Bot off"),
    ("gone", lambda d: d.server.channels.clear(), {}, "discord channel", "Unknown Channel", "DISCORD_CHANNEL_ID"),
    ("hidden", lambda d: d.server.hidden.add(CHANNEL), {}, "discord channel", "Missing Access", "View Channel"),
    ("shut", shut, {}, "discord channel", "lacks Send Messages", "Edit Channel"),
    ("voice", lambda d: d.server.channels[CHANNEL].update(type=2), {}, "discord channel", "no text", "DISCORD_CHANNEL"),
    ("log", lambda d: None, {"DISCORD_LOG_CHANNEL_ID": ELSEWHERE}, "discord log", "Unknown", "DISCORD_LOG_CHANNEL_ID"),
    ("refused", lambda d: d.fault("commands", 403), {}, "discord commands", "may register none", "oauth2/authorize"),
    ("absent", lambda d: d.server.members.clear(), {}, "discord people", "not all are on", "DISCORD_USERS"),
    ("role", lambda d: None, {"DISCORD_USERS": "11:owner,&7:operator"}, "discord people", "not all", "&7"),
    ("nobody", lambda d: None, {"DISCORD_USERS": "11:viewer"}, "discord people", "nobody is owner", "init"),
    ("logins", lambda d: setattr(d.server, "logins_left", 3), {}, "discord logins", "3 of 1000", "another program"),
    ("token", lambda d: setattr(d, "token", "x" + d.token), {}, "discord", "refused (HTTP 401)", "Developer Portal"),
    ("down", lambda d: d.fault("me", 502), {}, "discord", "its server answers", "a minute"),
]


@pytest.mark.parametrize(
    ("spoil", "given", "name", "text", "fix"), [f[1:] for f in DISCORD_FAULTS], ids=[f[0] for f in DISCORD_FAULTS]
)
async def test_a_fault_at_discord(
    discord: DiscordDouble, spoil: Shut, given: dict[str, str], name: str, text: str, fix: str
) -> None:
    settings = of_discord(discord, **given)
    spoil(discord)
    there = (await found(settings))[name]
    assert there.mark != "ok"
    assert text in there.text
    assert fix in there.fix
    assert settings["DISCORD_BOT_TOKEN"] not in there.text + there.fix


async def test_a_servers_role_on_the_list_is_named(discord: DiscordDouble) -> None:
    discord.server.roles.append({"id": "7", "name": "traders", "permissions": "0"})
    people = (await found(of_discord(discord, DISCORD_USERS="11:owner,&7:operator")))["discord people"]
    assert (people.mark, "role traders operator" in people.text) == ("ok", True)


async def test_a_short_rate_limit_is_waited_for(discord: DiscordDouble, telegram: TelegramDouble) -> None:
    discord.fault("guild", 429, count=1, seconds=0.1)
    telegram.refuse("getMe", 429, "Too Many Requests", retry_after=0, times=1)
    there = await found(of_telegram(telegram) | of_discord(discord))
    assert {each.mark for each in there.values()} == {"ok"}, there


# --- the rest


async def test_no_error_carries_the_token(telegram: TelegramDouble) -> None:
    await telegram.stop()
    with pytest.raises(Unanswered) as error:
        await asyncio.to_thread(Telegram(telegram.token, telegram.base).ask, "getMe")
    assert telegram.token not in f"{error.value!r} {error.value.__cause__!r}"


def test_without_a_chat_init_is_named() -> None:
    first, *_ = chats(load(None, {}))
    assert (first.name, first.mark, "kalshi-chatops init" in first.fix) == ("chats", "warn", True)


def test_who_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert env_file(path).mark == "ok"
    path.write_text("")
    path.chmod(0o600)
    assert env_file(path).text == "readable by you alone"
    backup = tmp_path / ".env.bak"
    backup.write_text("")
    backup.chmod(0o644)
    assert (env_file(path).mark, env_file(path).fix) == ("warn", "chmod 600 .env.bak")
    path.chmod(0o640)
    assert env_file(path).fix == "chmod 600 .env .env.bak"


@pytest.mark.parametrize(("hour", "day"), [(18, 21), (19, 22)])
def test_when_the_report_comes_next(hour: int, day: int) -> None:
    settings = load(None, {"TIMEZONE": "Europe/Berlin", "DAILY_DIGEST_AT": "20:00"})
    now = datetime(2026, 11, 21, hour, 0, 1, tzinfo=UTC)
    at = next_report(settings, now).astimezone(UTC)
    assert (at.day, at.hour, at.minute) == (day, 19, 0)
