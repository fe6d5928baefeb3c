"""How replies read on Discord: bold, small, in code blocks, escaped, split; buttons and slash commands as data."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.channels.discord_text import CONTENT_LENGTH_MAX, definitions, pages_of, pressed_line, slash_line, view_of
from chatbot.command import Command, Context, Range, command
from chatbot.commands.registry import COMMANDS
from chatbot.message import Button, Picture, Reply, Role, Table
from tests.doubles.discord_spec import Spec

TABLE = Table(("Market", "P&L"), (("KXBTC15M", "+$4.25"), ("KXETH", "-$0.10")), ("left", "right"))


@command(role=Role.VIEWER)
async def odd(
    ctx: Context, first: str = "x", second: Decimal = Decimal("0.5"), third: Literal["a", "b"] = "a"
) -> Reply:
    """Something odd."""
    return Reply("odd")


def texts(reply: Reply) -> list[str]:
    return [page.text() for page in pages_of(reply)]


def test_a_reply_reads_well() -> None:
    reply = Reply("Trades", "attic · REAL\nas of 14:05:09", (("Shown", "2 of 57"),), TABLE, "That is _all_.")
    assert texts(reply) == [
        "**Trades**\n-# attic · REAL\n-# as of 14:05:09\n```\nShown  2 of 57\n```\n"
        "```\nMarket       P&L\nKXBTC15M  +$4.25\nKXETH     -$0.10\n```\nThat is \\_all\\_."
    ]


def test_a_table_is_split_between_its_rows() -> None:
    rows = tuple((f"KX{n:04}", f"+${n}.25") for n in range(200))
    shown = texts(Reply("Trades", table=Table(("Market", "P&L"), rows)))
    assert all(len(text) <= CONTENT_LENGTH_MAX and text.count("```") == 2 for text in shown)
    assert re.findall(r"^(KX\d{4}) +\S+$", "\n".join(shown), re.MULTILINE) == [row[0] for row in rows]
    assert [text.split("\n")[0] for text in shown[1:]] == [f"-# {n} of {len(shown)}" for n in range(2, len(shown) + 1)]


@settings(max_examples=60, deadline=None)
@given(st.text("ab`*_~|>#-\\@[]()<\n 😀漢", max_size=4000), st.text("`x \n", max_size=3000))
def test_no_text_makes_a_message_too_long_or_breaks_out_of_its_block(note: str, value: str) -> None:
    for text in texts(Reply("T", fields=(("Value", value),), note=note)):
        assert 0 < len(text.encode("utf-16-le")) // 2 <= CONTENT_LENGTH_MAX
        assert text.count("```") % 2 == 0
        outside = "".join(text.split("```")[::2])
        assert not re.search(r"(?<!\\)(\\\\)*[`_~|]", outside)


def test_nothing_to_say_is_still_a_message() -> None:
    assert texts(Reply(" ")) == ["(nothing)"]


async def test_buttons_carry_their_lines_and_whether_they_replace_the_message() -> None:
    buttons = (
        Button("Refresh", "/status"),
        Button("Help", "/help", "primary"),
        Button("Confirm", "/confirm ab", "danger"),
    )
    view = view_of((*buttons, Button("Again", "/status")), "status")
    assert view
    made = [button for row in view.to_components() for button in row["components"]]
    assert [each["custom_id"] for each in made] == ["=/status", "+/help", "=/confirm ab"]
    assert [each["style"] for each in made] == [2, 1, 4]
    assert view.is_finished()  # the SDK keeps nothing of it
    assert view_of((), "status") is None


@pytest.mark.parametrize(
    ("custom_id", "line", "in_place"),
    [("=/status", "/status", True), ("+/help", "/help", False), ("/old", "/old", False)],
)
def test_a_press_is_its_line(custom_id: str, line: str, in_place: bool) -> None:
    assert pressed_line(custom_id) == (line, in_place)


def test_every_command_is_one_that_discord_takes() -> None:
    made = definitions([*COMMANDS.values(), odd])
    assert Spec().violations("PUT", "/applications/1/guilds/2/commands", made) == []
    for each in made:
        assert re.fullmatch(r"[-_\w]{1,32}", each["name"])
        assert 1 <= len(each["description"]) <= 100
        required = [option["required"] for option in each["options"]]
        assert required == sorted(required, reverse=True)
    assert [option["type"] for option in made[-1]["options"]] == [3, 10, 3]


def test_bounds_and_choices_become_typed_options() -> None:
    options = definitions([COMMANDS["trades"]])[0]["options"]
    bounds = COMMANDS["trades"].parameters[0].bounds
    assert isinstance(bounds, Range)
    assert (options[0]["min_value"], options[0]["max_value"]) == (bounds.least, bounds.most)


@pytest.mark.parametrize(
    ("made", "options", "line"),
    [
        (COMMANDS["status"], {}, "/status"),
        (COMMANDS["trades"], {"n": 5}, "/trades 5"),
        (odd, {"second": 0.25}, "/odd x 0.25"),
        (odd, {"second": 1e-05, "first": "y"}, "/odd y 0.00001"),
        (odd, {"third": "b"}, "/odd x 0.5 b"),
        (None, {"x": 1}, "/gone"),
    ],
)
def test_a_slash_command_is_the_line_that_it_would_be(
    made: Command | None, options: dict[str, object], line: str
) -> None:
    assert slash_line(made, made.name if made else "gone", options) == line


def test_a_picture_stays_out_of_the_text() -> None:
    assert texts(Reply("Chart", picture=Picture(b"png", "a curve"))) == ["**Chart**"]
