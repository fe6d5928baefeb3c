"""The set-up's questions about Telegram and Discord, at their doubles over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chatbot.tools.init import discord as discord_step
from chatbot.tools.init import telegram as telegram_step
from chatbot.tools.init.asking import EndOfAnswers
from chatbot.tools.init.people import with_owner
from tests.chatbot.tools.init_rig import Person, beside
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord_payloads import CHANNEL, GUILD
from tests.doubles.telegram import TelegramDouble
from trading.domain.errors import Misconfigured

ME, EVE, GROUP, ANONYMOUS = 11, 666, -1001234567890, 1087968824
OTHER_CHANNEL = "900000000000000077"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram_step, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(discord_step, "LOOK_SECONDS", 0.02)


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


async def on_telegram(double: TelegramDouble, someone: Person, **current: str) -> dict[str, str]:
    return await asyncio.to_thread(telegram_step.telegram, someone, {"TELEGRAM_API_BASE": double.base, **current})


async def on_discord(double: DiscordDouble, someone: Person, **current: str) -> dict[str, str]:
    return await asyncio.to_thread(discord_step.discord, someone, {"DISCORD_API_BASE": double.api_base, **current})


# --- Telegram


async def test_a_private_chat_is_found_from_its_message(telegram: TelegramDouble) -> None:
    someone = beside(["no token", telegram.token[:-1], telegram.token, "y"])
    someone.does = {"press Start": lambda: telegram.say(ME, "/start", name="Ann")}
    assert await on_telegram(telegram, someone, TELEGRAM_USERS="5:viewer") == {
        "TELEGRAM_BOT_TOKEN": telegram.token,
        "TELEGRAM_CHAT_ID": str(ME),
        "TELEGRAM_TOPIC_ID": "",
        "TELEGRAM_USERS": f"{ME}:owner,5:viewer",
    }
    assert someone.heard("That is no token")
    assert someone.heard("Telegram refuses this token (Unauthorized): copy it again")
    assert someone.heard("“/start” from Ann (11), in your own chat with the bot.")
    assert telegram.token[:-1] not in someone.text


async def test_somebody_elses_message_is_refused_and_the_next_one_taken(telegram: TelegramDouble) -> None:
    telegram.say(EVE, "\x1b[2J" + "let me in " * 20, name="Eve")
    someone = beside([telegram.token, "n", "y"])
    someone.does = {"from Eve": lambda: telegram.say(ME, "/start@kalshi_double_bot", GROUP, topic=77)}
    values = await on_telegram(telegram, someone)
    assert (values["TELEGRAM_CHAT_ID"], values["TELEGRAM_TOPIC_ID"]) == (str(GROUP), "77")
    assert values["TELEGRAM_USERS"] == f"{ME}:owner"
    assert someone.heard("in the supergroup “Traders”, topic 77")
    assert max(len(each) for each in someone.said if "from Eve" in each) < 120


async def test_an_anonymous_admin_is_nobody(telegram: TelegramDouble) -> None:
    someone = beside([telegram.token, "y"])
    someone.does = {
        "press Start": lambda: telegram.say(
            ANONYMOUS, "/start", GROUP, sender_chat={"id": GROUP, "type": "supergroup"}
        ),
        "Remain Anonymous": lambda: telegram.say(ME, "/start", GROUP),
    }
    assert (await on_telegram(telegram, someone))["TELEGRAM_USERS"] == f"{ME}:owner"


async def test_nothing_that_waits_for_the_bot_is_lost(telegram: TelegramDouble) -> None:
    kill = telegram.say(ME, "/kill")
    await on_telegram(telegram, beside([telegram.token, "y"]))
    assert telegram._queue == [kill]
    assert all("offset" not in given for given in telegram.asked("getUpdates"))


async def test_more_than_a_batch_that_waits_does_not_hide_the_message(telegram: TelegramDouble) -> None:
    for number in range(100):
        telegram.push({"edited_message": telegram_message(number)})
    someone = beside([telegram.token, "y"])
    someone.does = {"A hundred messages": lambda: telegram.say(ME, "hello")}
    assert (await on_telegram(telegram, someone))["TELEGRAM_CHAT_ID"] == str(ME)


def telegram_message(number: int) -> dict[str, Any]:
    return {"message_id": number, "date": 0, "chat": {"id": EVE, "type": "private"}, "text": "spam"}


async def test_another_reader_is_told_and_waited_for(telegram: TelegramDouble) -> None:
    telegram.refuse("getUpdates", 409, "Conflict: terminated by other getUpdates request", times=1)
    telegram.say(ME, "hello")
    someone = beside([telegram.token, "", "y"])
    assert (await on_telegram(telegram, someone))["TELEGRAM_CHAT_ID"] == str(ME)
    assert someone.heard("Another program reads this bot's messages")


async def test_a_server_that_fails_for_a_moment_does_not_end_the_wait(telegram: TelegramDouble) -> None:
    telegram.fail("getUpdates", "reset", times=2)
    telegram.say(ME, "hello")
    assert (await on_telegram(telegram, beside([telegram.token, "y"])))["TELEGRAM_CHAT_ID"] == str(ME)


async def test_a_webhook_is_taken_away_or_the_bot_is_not_taken(telegram: TelegramDouble) -> None:
    telegram.chats.facts.webhook = "https://elsewhere.example/hook"
    with pytest.raises(Misconfigured, match="webhook"):
        await on_telegram(telegram, beside([telegram.token, "n"]))
    telegram.say(ME, "hello")
    await on_telegram(telegram, beside([telegram.token, "y", "y"]))
    assert telegram.chats.facts.webhook == ""


async def test_what_stands_there_is_kept_with_enter(telegram: TelegramDouble) -> None:
    kept = {"TELEGRAM_BOT_TOKEN": telegram.token, "TELEGRAM_CHAT_ID": "5"}
    assert await on_telegram(telegram, beside(["", ""]), **kept) == {"TELEGRAM_BOT_TOKEN": telegram.token}
    assert await on_telegram(telegram, beside([""])) == {}
    taken_away = await on_telegram(telegram, beside(["-"]), **kept)
    assert set(kept) <= set(taken_away)
    assert set(taken_away.values()) == {""}


async def test_telegram_does_not_wait_for_ever(telegram: TelegramDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telegram_step, "WAIT_SECONDS_MAX", 0.05)
    monkeypatch.setattr(telegram_step, "POLL_SECONDS", 0.0)
    someone = beside([telegram.token, "y", "n"])
    with pytest.raises(Misconfigured, match="no message came"):
        await on_telegram(telegram, someone)


# --- Discord


async def test_from_the_token_to_the_owner(discord: DiscordDouble) -> None:
    discord.server.bot_is_in = False
    discord.server.public = True
    someone = beside(["no.token", discord.token + "x", discord.token, "", "y"])
    someone.does = {
        "press Authorize": lambda: setattr(discord.server, "bot_is_in", True),
        "send any message": lambda: discord.server.write("11"),
    }
    assert await on_discord(discord, someone, DISCORD_USERS="&7:operator") == {
        "DISCORD_BOT_TOKEN": discord.token,
        "DISCORD_GUILD_ID": GUILD,
        "DISCORD_CHANNEL_ID": CHANNEL,
        "DISCORD_USERS": "11:owner,&7:operator",
    }
    assert someone.heard("That is no token")
    assert someone.heard("Discord refuses this token")
    assert someone.heard("client_id=900000000000000003&scope=bot%20applications.commands&permissions=117760")
    assert someone.heard("Public Bot off")
    assert discord.token not in someone.text


async def test_a_channel_that_is_shut_is_said_and_asked_again(discord: DiscordDouble) -> None:
    shut = [{"id": GUILD, "type": 0, "allow": "0", "deny": str((1 << 11) | (1 << 14))}]
    discord.server.add_channel(OTHER_CHANNEL, "quiet", permission_overwrites=shut, position=5)
    discord.server.add_channel("900000000000000078", "voice", type=2)

    def mended() -> None:
        discord.server.channels[OTHER_CHANNEL]["permission_overwrites"] = []

    someone = beside([discord.token, "2", "2", "y"], {"The bot lacks": mended})
    discord.server.write("666", OTHER_CHANNEL)  # before: not the one that is asked for
    someone.does["send any message"] = lambda: discord.server.write("11", OTHER_CHANNEL)
    values = await on_discord(discord, someone)
    assert (values["DISCORD_CHANNEL_ID"], values["DISCORD_USERS"]) == (OTHER_CHANNEL, "11:owner")
    assert someone.heard("The bot lacks Send Messages, Embed Links there")
    assert someone.heard("#quiet (not allowed yet)")
    assert not someone.heard("voice")


async def test_somebody_elses_message_in_the_channel_is_refused(discord: DiscordDouble) -> None:
    someone = beside([discord.token, "", "n", "y"])
    someone.does = {
        "send any message": lambda: discord.server.write("666"),
        "user666": lambda: discord.server.write("11"),
    }
    assert (await on_discord(discord, someone))["DISCORD_USERS"] == "11:owner"


async def test_discord_does_not_wait_for_ever(discord: DiscordDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord_step, "WAIT_SECONDS_MAX", 0.05)
    discord.server.bot_is_in = False
    with pytest.raises(Misconfigured, match="in no server yet"):
        await on_discord(discord, beside([discord.token, "n"]))
    with pytest.raises(EndOfAnswers):
        await on_discord(discord, beside([discord.token]))


async def test_discord_as_it_is_with_enter(discord: DiscordDouble) -> None:
    kept = {"DISCORD_BOT_TOKEN": discord.token, "DISCORD_CHANNEL_ID": "5"}
    assert await on_discord(discord, beside(["", ""]), **kept) == {"DISCORD_BOT_TOKEN": discord.token}
    assert await on_discord(discord, beside([""])) == {}
    taken_away = await on_discord(discord, beside(["-"]), **kept)
    assert set(kept) <= set(taken_away)
    assert set(taken_away.values()) == {""}


def test_a_list_of_people_keeps_its_others() -> None:
    assert with_owner("", "1") == "1:owner"
    assert with_owner("5:viewer, 1:viewer", "1") == "1:owner,5:viewer"
    assert with_owner("&5:operator", "1") == "1:owner,&5:operator"
    assert with_owner("nonsense", "1") == "1:owner"
