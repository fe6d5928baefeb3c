"""Slash commands and buttons on Discord: who is answered, how, once, and never late because of somebody else."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from discord_rig import GUILD_ROLE, OPERATOR, OWNER, QUICK, STRANGER, VIEWER, Post, rig_on, talking
from fakes_outbox import notice
from fakes_pages import MANUAL
from pyotp import TOTP, random_base32

from chatbot.channels.discord_text import pages_of
from chatbot.commands.registry import COMMANDS, offered
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord_payloads import EPHEMERAL, OTHER_GUILD

SILENCE_SECONDS = 0.15
ANSWER, DEFERRED, DEFERRED_UPDATE, UPDATE = 4, 5, 6, 7


def calls(double: DiscordDouble, *routes: str) -> list[str]:
    return [each.route for each in double.calls if each.route in routes]


async def test_a_slash_command_is_answered_in_one_request_for_its_sender_only() -> None:
    async with talking() as rig:
        asked = await rig.double.slash(VIEWER, "status")
        text = await rig.double.answer(asked)
        assert text.startswith("**Status**\n-# attic · REAL · simulated (play money)")
        assert "Trading    ACTIVE" in text
        assert asked.callback
        assert asked.callback["type"] == ANSWER
        assert asked.callback["data"]["flags"] == EPHEMERAL
        assert calls(rig.double, "callback", "original", "followup") == ["callback"]


async def test_the_commands_are_registered_once_with_typed_options() -> None:
    async with talking() as rig:
        listed = {each["name"]: each for each in await rig.double.wait_for(lambda: rig.double.commands)}
        assert list(listed) == list(COMMANDS)
        assert listed["status"]["description"] == "Everything at a glance"
        assert listed["kill"]["description"].endswith(" (operator)")
        assert [c["value"] for c in listed["dryrun"]["options"][0]["choices"]] == ["on", "off"]
        assert listed["dryrun"]["options"][0]["required"]
        option = listed["trades"]["options"][0]
        assert option["description"] == "a whole number from 1 to 50 (10 if left out)"
        assert (option["type"], option["min_value"], option["max_value"], option["required"]) == (4, 1, 50, False)
        await rig.double.gateway.reconnect()
        await rig.double.wait_for(lambda: rig.double.gateway.resumes)
        assert calls(rig.double, "commands") == ["commands"]


async def test_commands_that_cannot_be_registered_are_tried_again_and_stop_nothing() -> None:
    async with talking(start=False) as rig:
        rig.double.fault("commands", 503, count=2)
        rig.start()
        await rig.listening()
        await rig.double.answer(await rig.double.slash(VIEWER, "status"))
        await rig.double.wait_for(lambda: rig.double.commands)


async def test_options_arrive_as_typed_words() -> None:
    async with talking() as rig:
        await rig.double.wait_for(lambda: rig.double.commands)
        assert "2 of 57" in await rig.double.answer(await rig.double.slash(VIEWER, "trades", n=2))
        assert "/pnl" in await rig.double.answer(await rig.double.slash(VIEWER, "help", name="pnl"))
        assert "month" in await rig.double.answer(await rig.double.slash(VIEWER, "pnl", period="month"))


async def test_a_stranger_gets_nothing_and_changes_nothing() -> None:
    async with talking() as rig:
        asked = [await rig.double.slash(STRANGER, "kill"), await rig.double.slash(STRANGER, "status")]
        shown = await rig.double.slash(OWNER, "status")
        await rig.double.answer(shown)
        asked.append(await rig.double.press(STRANGER, shown.replies[0], "Refresh"))
        await asyncio.sleep(SILENCE_SECONDS + 0.15)  # longer than a slow answer's announcement would take
        assert [each.silent for each in asked] == [True] * 3
        assert calls(rig.double, "callback") == ["callback"]
        assert rig.desk.done == []
        assert [person.id for person in rig.strangers] == [STRANGER]


async def test_a_stranger_who_replays_a_confirmation_changes_nothing_and_spoils_nothing() -> None:
    async with talking() as rig:
        rig.desk.halts = (MANUAL,)
        question = await rig.double.slash(OWNER, "resume")
        assert "Resume trading?" in await rig.double.answer(question)
        replayed = [
            await rig.double.press(STRANGER, question.replies[0], "Confirm"),
            await rig.double.press(STRANGER, question.replies[0], "Confirm", guild=None),
            await rig.double.press(VIEWER, question.replies[0], "Confirm"),
        ]
        await rig.double.answer(replayed[2])
        await asyncio.sleep(SILENCE_SECONDS)
        assert [each.silent for each in replayed] == [True, True, False]
        assert rig.desk.done == []


async def test_a_double_tap_on_confirm_acts_once_and_shows_what_the_first_did() -> None:
    async with talking() as rig:
        rig.desk.halts = (MANUAL,)
        question = await rig.double.slash(OWNER, "resume")
        await rig.double.answer(question)
        message = question.replies[0]
        button = message.button("Confirm")
        first, second = [await rig.double.press(OWNER, message, button) for _ in range(2)]
        await rig.double.answer(second)
        await rig.double.answer(first)
        assert rig.desk.done == ["resume by user1 (discord:1)"]
        assert message.text.startswith("**Resumed: trading is ACTIVE**")
        assert message.buttons == []
        assert "used already" in second.text


async def test_refresh_replaces_its_message_and_another_command_is_answered_anew() -> None:
    async with talking() as rig:
        shown = await rig.double.slash(VIEWER, "status")
        await rig.double.answer(shown)
        pressed = await rig.double.press(VIEWER, shown.replies[0], "Refresh")
        await rig.double.answer(pressed)
        assert (pressed.callback or {})["type"] == UPDATE
        assert len(shown.replies[0].edits) == 1
        assert [each["label"] for each in shown.replies[0].buttons] == ["Refresh"]
        hello = await rig.double.slash(VIEWER, "start")
        await rig.double.answer(hello)
        status = await rig.double.press(VIEWER, hello.replies[0], "Status")
        await rig.double.answer(status)
        assert (status.callback or {})["type"] == ANSWER
        assert status.replies[0].ephemeral


async def test_a_button_works_after_a_restart() -> None:
    async with talking() as rig:
        shown = await rig.double.slash(VIEWER, "status")
        await rig.double.answer(shown)
        await rig.channel.close()
        again = rig_on(rig.double)
        again.start()
        await again.listening()
        pressed = await rig.double.press(VIEWER, shown.replies[0], "Refresh")
        assert (await rig.double.answer(pressed)).startswith("**Status**")
        await again.channel.close()


async def test_roles_of_the_server_count_there_and_nowhere_else() -> None:
    async with talking() as rig:
        asked = await rig.double.slash("55", "pause", roles=(GUILD_ROLE,))
        assert "Paused" in await rig.double.answer(asked)
        assert rig.desk.done == ["pause by user55 (discord:55)"]
        elsewhere = await rig.double.slash_elsewhere("55", "pause", OTHER_GUILD, (GUILD_ROLE,))
        direct = await rig.double.slash_elsewhere("55", "pause", None)
        await asyncio.sleep(SILENCE_SECONDS)
        assert elsewhere.silent
        assert direct.silent
        assert "user1" in await rig.double.answer(await rig.double.slash_elsewhere(OWNER, "whoami", None))
        refused = await rig.double.answer(await rig.double.slash("55", "resume", roles=(GUILD_ROLE,)))
        assert "needs the owner role" in refused


async def test_a_slow_answer_is_announced_and_then_brought() -> None:
    async with talking() as rig:
        rig.desk.hanging = True
        asked = await rig.double.slash(VIEWER, "balance")
        await rig.double.wait_for(lambda: asked.callback)
        assert (asked.callback or {})["type"] == DEFERRED
        assert (asked.callback or {})["data"]["flags"] == EPHEMERAL
        rig.desk.hang.set()
        assert (await rig.double.answer(asked)).startswith("**Balance**")
        assert calls(rig.double, "callback", "original", "followup") == ["callback", "original"]


async def test_an_announcement_of_unknown_outcome_counts_as_made() -> None:
    async with talking(waits=replace(QUICK, answer=0.1)) as rig:
        rig.desk.hanging = True
        rig.double.fault("callback", "slow", count=1, seconds=1)
        asked = await rig.double.slash(VIEWER, "balance")
        await rig.double.wait_for(lambda: asked.callback)
        await asyncio.sleep(0.15)
        rig.desk.hang.set()
        assert (await rig.double.answer(asked)).startswith("**Balance**")


async def test_a_slow_press_is_announced_in_place() -> None:
    async with talking() as rig:
        question = await rig.double.slash(OWNER, "dryrun", switch="off")
        await rig.double.answer(question)
        rig.desk.hanging = True
        pressed = await rig.double.press(OWNER, question.replies[0], "Confirm")
        await rig.double.wait_for(lambda: pressed.callback)
        assert (pressed.callback or {})["type"] == DEFERRED_UPDATE
        rig.desk.hang.set()
        await rig.double.answer(pressed)
        assert question.replies[0].text.startswith("**Dry run is off**")


async def test_what_raises_risk_is_refused_when_it_comes_late_and_what_lowers_it_is_not() -> None:
    async with talking() as rig:
        rig.desk.halts = (MANUAL,)
        assert "s ago" in await rig.double.answer(await rig.double.slash(OWNER, "resume", ago=70))
        assert "KILLED" in await rig.double.answer(await rig.double.slash(OPERATOR, "kill", ago=70))


async def test_kill_waits_for_nobody() -> None:
    """Neither for a command that hangs, nor for notices in a storm of 429, nor for another answer that hangs."""
    async with talking() as rig:
        post = Post(rig)
        post.store.owe(*(notice(n) for n in range(1, 21)))
        rig.double.fault("message", 429, seconds=5)
        rig.desk.hanging = True
        async with post.delivering():
            hanging = [await rig.double.slash(VIEWER, "balance") for _ in range(3)]
            await rig.double.wait_for(lambda: all(each.callback for each in hanging) and post.slept)
            rig.double.fault("callback", "hang", count=1)
            await rig.double.slash(VIEWER, "version")
            await asyncio.sleep(0.02)
            began = time.monotonic()
            asked = await rig.double.slash(OPERATOR, "kill")
            assert "KILLED" in await rig.double.answer(asked)
            assert (asked.answered_at or 0) - began < 0.25
        assert rig.desk.done == ["kill by user2 (discord:2)"]
        rig.desk.hang.set()


async def test_a_kill_sent_while_the_connection_is_lost_still_comes_through() -> None:
    async with talking() as rig:
        rig.double.gateway.handshake = 503
        await rig.double.gateway.drop()
        await rig.double.wait_for(lambda: not rig.channel.listening)
        await rig.double.slash(OPERATOR, "kill")
        await asyncio.sleep(0.2)
        rig.double.gateway.handshake = None
        await rig.double.wait_for(lambda: rig.desk.done)
        assert rig.double.gateway.resumes == 1


async def test_an_answer_that_discord_loses_is_logged_and_the_command_has_run(caplog: pytest.LogCaptureFixture) -> None:
    async with talking() as rig:
        rig.double.fault("callback", 404)
        await rig.double.slash(OPERATOR, "kill")
        await rig.double.wait_for(lambda: "did not reach Discord" in caplog.text)
        assert rig.desk.done == ["kill by user2 (discord:2)"]


async def test_a_long_answer_comes_in_parts_with_its_buttons_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.channels.discord_showing.pages_of", lambda reply: pages_of(reply, 250))
    async with talking() as rig:
        asked = await rig.double.slash(VIEWER, "status")
        await rig.double.wait_for(lambda: len(asked.replies) > 1 and asked.replies[-1].buttons)
        assert all(len(each.text) <= 350 and each.ephemeral for each in asked.replies)
        assert [bool(each.buttons) for each in asked.replies][:-1] == [False] * (len(asked.replies) - 1)
        assert asked.replies[1].text.startswith(f"-# 2 of {len(asked.replies)}")


async def test_a_member_who_loses_the_role_loses_access_at_once() -> None:
    async with talking() as rig:
        shown = await rig.double.slash("55", "status", roles=(GUILD_ROLE,))
        await rig.double.answer(shown)
        asked = [
            await rig.double.slash("55", "pause"),
            await rig.double.press("55", shown.replies[0], "Refresh"),
            await rig.double.slash("55", "pause", roles=("900000000000000078",)),
        ]
        await asyncio.sleep(SILENCE_SECONDS + 0.15)
        assert [each.silent for each in asked] == [True] * 3
        assert rig.desk.done == []


async def test_one_who_is_revoked_is_a_stranger_whatever_the_roles_say() -> None:
    async with talking() as rig:
        rig.access.revoke("discord", "55")
        asked = await rig.double.slash("55", "pause", roles=(GUILD_ROLE,))
        await asyncio.sleep(SILENCE_SECONDS)
        assert asked.silent


async def test_an_old_question_is_dead_after_a_restart_and_an_old_button_asks_anew() -> None:
    async with talking() as rig:
        rig.desk.halts = (MANUAL,)
        question = await rig.double.slash(OWNER, "resume")
        await rig.double.answer(question)
        await rig.channel.close()
        again = rig_on(rig.double)
        again.desk.halts = (MANUAL,)
        again.start()
        await again.listening()
        pressed = await rig.double.press(OWNER, question.replies[0], "Confirm")
        await rig.double.answer(pressed)
        assert "used already or has expired" in question.replies[0].text
        assert again.desk.done == []
        await again.channel.close()


async def test_a_one_time_code_confirms_as_a_slash_command_and_is_never_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    async with talking(secret=(secret := random_base32()), commands=offered(codes=True)) as rig:
        rig.desk.halts = (MANUAL,)
        code = TOTP(secret).now()
        question = await rig.double.slash(OWNER, "resume")
        assert "send /confirm 123456" in await rig.double.answer(question)
        assert [each["label"] for each in question.replies[0].buttons] == ["Cancel"]
        wrong = await rig.double.slash(OWNER, "confirm", code=f"{(int(code) + 1) % 1_000_000:06}")
        assert "wrong" in await rig.double.answer(wrong)
        assert rig.desk.done == []
        assert "Resumed" in await rig.double.answer(await rig.double.slash(OWNER, "confirm", code=code))
        again = await rig.double.slash(OWNER, "confirm", code=code)
        assert "Nothing waits" in await rig.double.answer(again)
        assert rig.desk.done == ["resume by user1 (discord:1)"]
        assert code not in caplog.text
        assert code not in str(rig.desk.audits)
