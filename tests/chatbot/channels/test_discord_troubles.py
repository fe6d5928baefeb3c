"""What only people can mend on Discord: told once with its fix, stopping nothing else, and over by itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from discord_rig import OPERATOR, QUICK, VIEWER, Rig, rig_on, talking
from fakes_outbox import notice

from chatbot.channels.discord_post import LOGIN_FIX
from chatbot.channels.discord_registering import SERVER_FIX
from chatbot.channels.discord_rival import RIVAL_FIX
from chatbot.channels.discord_troubles import Troubles
from chatbot.outbox.channel import DeliveryFailed, How
from tests.doubles.discord import GUILD

FIX = SERVER_FIX.format(guild=GUILD)


async def registered(rig: Rig) -> None:
    await rig.double.wait_for(lambda: rig.double.commands)


def test_the_same_words_are_told_once_while_they_are_true() -> None:
    said = list[str]()
    troubles = Troubles(said.append)
    troubles.tell("a", "x")
    troubles.tell("a", "x")
    troubles.tell("b", "x")
    assert said == ["x"]
    assert troubles.stands("b")
    troubles.tell("a", "y")
    troubles.over("a")
    troubles.tell("a", "x")
    assert said == ["x", "y"]  # x still stands of b
    troubles.over("b")
    troubles.over("a")
    troubles.tell("a", "x")
    assert said == ["x", "y", "x"]


async def test_a_bot_that_is_kicked_says_so_once_and_has_its_commands_again_when_it_is_invited() -> None:
    async with talking() as rig:
        await registered(rig)
        await rig.double.kick()
        await rig.double.wait_for(lambda: rig.told)
        with pytest.raises(DeliveryFailed):
            await rig.channel.deliver(notice(1), How())
        await rig.double.invite()
        await registered(rig)
        await rig.channel.deliver(notice(2), How())
        assert FIX in rig.told
        assert len(rig.told) == 2  # the server, and the channel that is in it
        await rig.double.answer(await rig.double.slash(VIEWER, "version"))
        await rig.double.kick()
        await rig.double.wait_for(lambda: len(rig.told) == 3)


async def test_a_server_that_the_bot_is_not_on_is_told_once_and_registered_on_at_once_when_it_is() -> None:
    async with talking(start=False, waits=replace(QUICK, again=60, mend=60, login=20)) as rig:
        rig.double.server.bot_is_in = False
        rig.start()
        await rig.listening()
        await rig.double.wait_for(lambda: rig.told)
        await rig.double.wait_for(lambda: any(each.status == 403 for each in rig.double.calls))
        assert rig.told == [FIX]
        await rig.double.invite()
        await registered(rig)
        assert rig.told == [FIX]


async def test_a_server_out_of_order_is_no_removal() -> None:
    async with talking() as rig:
        await registered(rig)
        await rig.double.gateway.dispatch("GUILD_DELETE", {"id": GUILD, "unavailable": True})
        await rig.double.answer(await rig.double.slash(VIEWER, "version"))
        assert rig.told == []


async def test_one_who_was_away_while_it_was_removed_and_invited_registers_again() -> None:
    async with talking() as rig:
        await registered(rig)
        await rig.double.kick()
        await rig.double.wait_for(lambda: rig.told)
        rig.double.gateway.handshake = 503
        await rig.double.gateway.invalidate(resumable=False)
        await rig.double.wait_for(lambda: not rig.channel.listening)
        rig.double.server.bot_is_in = True
        rig.double.gateway.handshake = None
        await registered(rig)
        assert rig.told == [FIX]


async def test_a_revoked_token_is_told_once_whoever_meets_it() -> None:
    async with talking() as rig:
        await registered(rig)
        right, rig.double.token, rig.double.gateway.token = rig.double.token, "another", "another"
        for n in (1, 2):
            with pytest.raises(DeliveryFailed):
                await rig.channel.deliver(notice(n), How())
        await rig.double.gateway.drop()
        await rig.double.wait_for(lambda: len([c for c in rig.double.calls if c.route == "me"]) > 2)
        assert rig.told == [LOGIN_FIX]
        rig.double.token, rig.double.gateway.token = right, right
        await rig.listening()
        await rig.channel.deliver(notice(3), How())
        await rig.double.answer(await rig.double.slash(VIEWER, "version"))
        assert rig.told == [LOGIN_FIX]


async def test_a_second_program_with_the_same_token_is_told_and_every_command_is_answered_by_one() -> None:
    async with talking() as rig:
        other = rig_on(rig.double)
        other.start()
        await other.listening()
        for _ in range(3):
            asked = await rig.double.slash(OPERATOR, "version")
            await rig.double.answer(asked)
            assert len(asked.replies) == 1
        await rig.double.wait_for(lambda: rig.told or other.told)
        assert {*rig.told, *other.told} == {RIVAL_FIX}
        assert len(rig.told) <= 1
        assert len(other.told) <= 1
        await other.channel.close()


async def test_one_answer_that_was_given_already_is_no_rival_yet() -> None:
    """It may be our own request, which the SDK has sent twice."""
    async with talking() as rig:
        rig.double.fault("callback", "slow", count=1, seconds=0.2)
        asked = await rig.double.slash(VIEWER, "version")
        asked.callback = {"type": 5}
        await asyncio.sleep(0.3)
        assert rig.told == []
        asked = await rig.double.slash(VIEWER, "version")
        asked.callback = {"type": 5}
        await rig.double.wait_for(lambda: rig.told)
        assert rig.told == [RIVAL_FIX]


async def test_a_kill_works_while_notices_find_no_channel() -> None:
    async with talking() as rig:
        rig.double.server.channels.clear()
        with pytest.raises(DeliveryFailed, match="DISCORD_CHANNEL_ID"):
            await rig.channel.deliver(notice(1), How())
        assert "KILLED" in await rig.double.answer(await rig.double.slash(OPERATOR, "kill"))
