"""What an answer on Discord shows beside text: colours, menus, pictures, files; and words for what is being typed."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import pytest
from discord_rig import GUILD_ROLE, OPERATOR, OWNER, STRANGER, VIEWER, Rig, rig_on, talking

from chatbot.channels.discord_text import COLOURS
from chatbot.command import Context, From, command, registry
from chatbot.commands.registry import COMMANDS
from chatbot.message import Button, File, Mood, Picture, Reply, Role
from tests.doubles.discord_payloads import EPHEMERAL, OTHER_GUILD

TICKERS = [f"KX{n:02}" for n in range(40)]
PNG = b"\x89PNG and so on"
DEFERRED, UPDATE = 5, 7


@command(role=Role.VIEWER)
async def picture(ctx: Context, theme: Literal["dark", "light"] = "dark") -> Reply:
    """A picture."""
    return Reply("Curve", picture=Picture(PNG + theme.encode(), "profit"), buttons=(Button("Light", "/picture light"),))


@command(role=Role.VIEWER)
async def large(ctx: Context, kilobytes: int = 1) -> Reply:
    """A file."""
    return Reply("Trades", note="All.", file=File("trades.csv", b"x" * 1024 * kilobytes))


@command(role=Role.OPERATOR)
async def pick(ctx: Context, ticker: Annotated[str, From("ticker")], mood: Annotated[str, From("mood")] = "") -> Reply:
    """Something with a market."""
    choices = tuple(Button(each, f"/pick {each}") for each in TICKERS)
    return Reply(f"Picked {ticker}", choices=choices, mood="gain" if mood == "gain" else "plain")


MORE = registry([*COMMANDS.values(), picture, large, pick])


def offering(rig: Rig) -> None:
    """Let the router know words for tickers."""
    rig.words["ticker"] = lambda: TICKERS


@pytest.mark.parametrize(("word", "mood"), [("gain", "gain"), ("x", "plain")])
async def test_an_answer_has_the_colour_of_its_mood(word: str, mood: Mood) -> None:
    async with talking(commands=MORE) as rig:
        asked = await rig.double.slash(OPERATOR, "pick", ticker="KX01", mood=word)
        await rig.double.answer(asked)
        assert asked.replies[0].embed["color"] == COLOURS[mood]
        assert asked.replies[0].content == ""


async def test_a_menu_shows_all_choices_and_taking_one_is_its_line() -> None:
    async with talking(commands=MORE) as rig:
        asked = await rig.double.slash(OPERATOR, "pick", ticker="KX01")
        await rig.double.answer(asked)
        [shown] = asked.replies
        assert [each["label"] for menu in shown.menus for each in menu["options"]] == TICKERS
        taken = await rig.double.choose(OPERATOR, shown, "KX39")
        assert await rig.double.wait_for(lambda: taken.callback)
        assert (taken.callback or {})["type"] == UPDATE  # the same question again
        await rig.double.wait_for(lambda: "Picked KX39" in shown.text)


async def test_a_choice_is_checked_when_it_is_taken_also_after_a_restart() -> None:
    async with talking() as rig:
        asked = await rig.double.slash(OPERATOR, "positions")
        await rig.double.answer(asked)
        [shown] = asked.replies
        label = shown.menus[0]["options"][0]["label"]
        await rig.channel.close()
        again = rig_on(rig.double)
        again.start()
        await again.listening()
        refused = await rig.double.choose(VIEWER, shown, label)
        assert "needs the operator role" in await rig.double.answer(refused)
        silent = await rig.double.choose(STRANGER, shown, label)
        lost = await rig.double.choose("55", shown, label, roles=())
        taken = await rig.double.choose(OPERATOR, shown, label)
        assert "Sell now?" in await rig.double.answer(taken)
        assert taken.replies[0].ephemeral
        assert silent.silent
        assert lost.silent
        assert again.desk.done == []  # it asks first
        await again.channel.close()


async def test_a_picture_stands_in_the_embed_and_is_replaced_in_place() -> None:
    async with talking(commands=MORE) as rig:
        asked = await rig.double.slash(VIEWER, "picture")
        await rig.double.answer(asked)
        [shown] = asked.replies
        assert shown.files == {"picture.png": PNG + b"dark"}
        assert shown.embed["image"] == {"url": "attachment://picture.png"}
        await rig.double.answer(await rig.double.press(VIEWER, shown, "Light"))
        assert shown.files == {"picture.png": PNG + b"light"}


async def test_a_file_is_attached_and_one_that_is_too_large_is_said() -> None:
    async with talking(commands=MORE) as rig:
        small = await rig.double.slash(VIEWER, "large", kilobytes=2)
        await rig.double.answer(small)
        assert small.replies[0].files == {"trades.csv": b"x" * 2048}
        assert (small.callback or {})["data"]["flags"] == EPHEMERAL
        big = await rig.double.slash(VIEWER, "large", kilobytes=11 * 1024)
        assert "All. trades.csv has 11.0 MB; Discord takes 10 here." in await rig.double.answer(big)
        assert big.replies[0].files == {}


async def test_an_announced_answer_brings_its_picture_too() -> None:
    async with talking(commands=MORE) as rig:
        rig.double.fault("callback", "slow", count=1, seconds=0.3)
        asked = await rig.double.slash(VIEWER, "picture")
        await rig.double.answer(asked)
        assert asked.replies[0].files == {"picture.png": PNG + b"dark"}


# --- completion -----------------------------------------------------------------------------------------------------


async def test_words_are_offered_for_what_is_typed_within_discords_bounds() -> None:
    async with talking(commands=MORE) as rig:
        offering(rig)
        asked = await rig.double.type(OPERATOR, "pick", "ticker", "kx1")
        await rig.double.wait_for(lambda: asked.callback)
        assert asked.offered == [f"KX{n}" for n in range(10, 20)]
        all_ = await rig.double.type(OPERATOR, "pick", "ticker")
        await rig.double.wait_for(lambda: all_.callback)
        assert all_.offered == TICKERS[:25]


async def test_strangers_and_those_who_may_not_run_it_are_offered_nothing() -> None:
    async with talking(commands=MORE) as rig:
        offering(rig)
        asked = [await rig.double.type(who, "pick", "ticker") for who in (STRANGER, VIEWER)]
        await rig.double.wait_for(lambda: all(each.callback for each in asked))
        assert [each.offered for each in asked] == [[], []]
        assert rig.strangers == []  # typing is not writing


async def test_an_unknown_option_is_offered_nothing_and_a_known_choice_its_words() -> None:
    async with talking(commands=MORE) as rig:
        asked = [
            await rig.double.type(OPERATOR, *what) for what in (("gone", "x"), ("pick", "x"), ("picture", "theme"))
        ]
        await rig.double.wait_for(lambda: all(each.callback for each in asked))
        assert [each.offered for each in asked] == [[], [], ["dark", "light"]]


async def test_completion_waits_for_nobody() -> None:
    async with talking(commands=MORE) as rig:
        offering(rig)
        rig.desk.hanging = True
        for _ in range(3):
            await rig.double.slash(OWNER, "balance")
        began = time.monotonic()
        asked = await rig.double.type(OPERATOR, "pick", "ticker", "KX3")
        await rig.double.wait_for(lambda: asked.callback)
        assert time.monotonic() - began < 1.0
        rig.desk.hang.set()


async def test_a_role_of_another_server_completes_nothing() -> None:
    async with talking(commands=MORE) as rig:
        offering(rig)
        here = await rig.double.type("55", "pick", "ticker", roles=(GUILD_ROLE,))
        there = await rig.double.type("55", "pick", "ticker", roles=(GUILD_ROLE,), guild=OTHER_GUILD)
        await rig.double.wait_for(lambda: here.callback and there.callback)
        assert here.offered
        assert there.offered == []
