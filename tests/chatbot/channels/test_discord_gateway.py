"""The connection to Discord: whatever ends it, the bot is back by itself; and it leaves in no time when asked to."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord_rig import HASTY, OWNER, QUICK, VIEWER, Rig, rig_on, talking
from fakes_outbox import notice

from chatbot.channels import discord_gateway as module
from chatbot.outbox.channel import How
from tests.doubles.discord import DiscordDouble

REAL_API = "https://discord.com/api/v10"


@pytest.fixture(autouse=True)
def no_token_in_the_log(caplog: pytest.LogCaptureFixture) -> object:
    caplog.set_level(logging.DEBUG)
    yield
    assert "s3cr3t" not in caplog.text


async def answers(rig: Rig) -> None:
    """A command comes through and is answered."""
    asked = await rig.double.slash(VIEWER, "version")
    assert "kalshi-chatops" in await rig.double.answer(asked)


async def test_it_asks_where_the_gateway_is_and_for_nothing_privileged() -> None:
    async with talking() as rig:
        assert rig.double.api_base == Route.BASE
        assert rig.double.gateway.intents == 1  # guilds
        assert any(call.route == "gateway" for call in rig.double.calls)
        await answers(rig)
    assert Route.BASE == REAL_API
    assert str(DiscordWebSocket.DEFAULT_GATEWAY) == "wss://gateway.discord.gg/"


@pytest.mark.parametrize("code", [1000, 1001, 4000, 4009])
async def test_a_closed_connection_is_resumed(code: int) -> None:
    async with talking() as rig:
        await rig.double.gateway.close(code)
        await rig.double.wait_for(lambda: rig.double.gateway.resumes and rig.channel.listening)
        await answers(rig)
        assert rig.double.gateway.identifies == 1


async def test_a_cut_wire_is_resumed() -> None:
    async with talking() as rig:
        await rig.double.gateway.drop()
        await rig.double.wait_for(lambda: rig.double.gateway.resumes and rig.channel.listening)
        await answers(rig)


async def test_a_session_that_discord_has_forgotten_is_begun_anew() -> None:
    async with talking() as rig:
        await rig.double.gateway.invalidate(resumable=False)
        await rig.double.wait_for(lambda: rig.double.gateway.identifies == 2 and rig.channel.listening)
        await answers(rig)
        rig.double.gateway.sessions.clear()
        await rig.double.gateway.reconnect()
        await rig.double.wait_for(lambda: rig.double.gateway.identifies == 3 and rig.channel.listening)
        await answers(rig)


@pytest.mark.parametrize("text", ["", "{", '{"op": 0, "t": "GUILD_CREATE", "s": 9, "d": {}}', "[]", "null"])
async def test_a_malformed_payload_ends_nothing(text: str) -> None:
    async with talking() as rig:
        await rig.double.gateway.malformed(text)
        await rig.double.wait_for(lambda: rig.double.gateway.resumes and rig.channel.listening)
        await answers(rig)


async def test_a_session_that_is_turned_away_again_and_again_is_given_up() -> None:
    async with talking() as rig:
        rig.double.gateway.refuse = 4009
        await rig.double.gateway.drop()
        await rig.double.wait_for(lambda: rig.double.gateway.hellos > module.FRESH_AFTER)
        rig.double.gateway.refuse = None
        await rig.double.wait_for(lambda: rig.double.gateway.identifies == 2 and rig.channel.listening)
        await answers(rig)


async def test_a_silent_gateway_is_left() -> None:
    async with talking(waits=HASTY) as rig:
        rig.double.gateway.silent = True
        await rig.double.wait_for(lambda: not rig.channel.listening)
        await asyncio.sleep(HASTY.hello)
        rig.double.gateway.silent = False
        await rig.listening()
        await answers(rig)


async def test_heartbeats_keep_it_open() -> None:
    async with talking(start=False) as rig:
        rig.double.gateway.heartbeat_ms = 50
        rig.start()
        await rig.double.wait_for(lambda: rig.double.gateway.heartbeats > 5)
        assert rig.double.gateway.hellos == 1


@pytest.mark.parametrize(
    ("route", "kind"), [("me", 502), ("me", 429), ("me", "hang"), ("gateway", 500), ("application", "reset_before")]
)
async def test_a_start_that_fails_is_tried_again(route: str, kind: str | int) -> None:
    async with talking(start=False, waits=HASTY) as rig:
        rig.double.fault(route, kind, for_seconds=0.3, seconds=0.2)
        rig.start()
        await rig.listening(6)
        await answers(rig)
        assert rig.told == []


async def test_a_gateway_that_answers_429_is_tried_again() -> None:
    async with talking(start=False) as rig:
        rig.double.gateway.handshake = 429
        rig.start()
        await rig.double.wait_for(lambda: len([c for c in rig.double.calls if c.route == "gateway"]) > 1)
        rig.double.gateway.handshake = None
        await rig.listening()
        await answers(rig)


async def test_a_bad_token_is_told_once_with_its_fix_and_tried_slowly() -> None:
    async with talking(start=False, waits=replace(QUICK, mend=0.15)) as rig:
        right, rig.double.token = rig.double.token, "another"
        rig.start()
        await rig.double.wait_for(lambda: len(rig.double.calls) >= 3)
        assert rig.told == [module.LOGIN_FIX]
        rig.double.token = right
        await rig.listening()
        await answers(rig)
        tries = [call.at for call in rig.double.calls if call.route == "me"]
        assert all(b - a >= 0.15 for a, b in pairwise(tries))


@pytest.mark.parametrize("code", [4004, 4012, 4014])
async def test_a_close_that_people_must_mend_is_told_once(code: int) -> None:
    async with talking() as rig:
        rig.double.gateway.refuse = code
        await rig.double.gateway.drop()
        await rig.double.wait_for(lambda: rig.double.gateway.hellos >= 3)
        assert rig.told == [module.FIXES[code]]
        rig.double.gateway.refuse = None
        await rig.listening()
        await answers(rig)


async def test_a_long_loss_is_told_once() -> None:
    async with talking(waits=replace(QUICK, lost=0.2)) as rig:
        await rig.double.go_down()
        await rig.double.wait_for(lambda: rig.told)
        await asyncio.sleep(0.3)
        assert len(rig.told) == 1
        assert rig.told[0].startswith("Discord brings no commands")
        await rig.double.come_back()
        await rig.listening()


async def test_waits_double_up_to_a_bound() -> None:
    async with talking(start=False) as rig:
        listener = rig.channel._listener
        waits = []
        for failures in range(12):
            listener._failures = failures
            waits.append(listener._wait_seconds())
        assert waits[:2] == [0.0, 0.0]
        assert waits[2] == pytest.approx(QUICK.again, rel=module.JITTER)
        assert max(waits) <= QUICK.again_max * (1 + module.JITTER)


@pytest.mark.parametrize("kind", ["hang", "up"])
async def test_it_leaves_quickly_even_while_everything_hangs(kind: str) -> None:
    async with talking() as rig:
        if kind == "hang":
            rig.double.fault("*", "hang")
            rig.double.gateway.silent = True
            rig.desk.hanging = True
            await rig.double.slash(OWNER, "version")
            delivering = asyncio.create_task(rig.channel.deliver(notice(1), How()))
            await asyncio.sleep(0.05)
        began = time.monotonic()
        await rig.channel.close()
        assert time.monotonic() - began < 0.6
        assert rig.running
        await asyncio.wait_for(rig.running, 0.2)
        if kind == "hang":
            await asyncio.gather(delivering, return_exceptions=True)
    assert Route.BASE == REAL_API


async def test_it_can_be_closed_before_it_ran_and_while_it_starts() -> None:
    async with talking(start=False) as rig:
        never = rig_on(rig.double)
        await never.channel.close()
        await asyncio.wait_for(never.channel.run(), 1)
        rig.double.fault("me", "hang")
        rig.start()
        await rig.double.wait_for(lambda: rig.double.calls)
        await rig.channel.close()
        assert rig.running
        await asyncio.wait_for(rig.running, 1)


def test_the_token_is_not_in_its_looks() -> None:
    channel = rig_on(DiscordDouble(), token="s3cr3t").channel
    assert "s3cr3t" not in repr(channel)
