"""Commands as Discord's slash commands: typed options, completion, and what is given as the line it would be."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal

import pytest

from chatbot.channels.discord_slash import definitions, offered, slash_line, typing
from chatbot.command import Command, Context, From, Range, command
from chatbot.commands.registry import COMMANDS
from chatbot.message import Reply, Role
from tests.doubles.discord_spec import Spec

Many = Literal["c00", "c01", "c02", "c03", "c04", "c05", "c06", "c07", "c08", "c09", "c10", "c11", "c12", "c13",
               "c14", "c15", "c16", "c17", "c18", "c19", "c20", "c21", "c22", "c23", "c24", "c25"]  # fmt: skip


@command(role=Role.VIEWER)
async def odd(
    ctx: Context, first: str = "x", second: Decimal = Decimal("0.5"), third: Literal["a", "b"] = "a"
) -> Reply:
    """Something odd."""
    return Reply("odd")


@command(role=Role.OPERATOR)
async def offering(ctx: Context, which: Annotated[str, From("ticker")], one: Many = "c00") -> Reply:
    """Something that is said at such a length that it does not fit into the hundred characters which Discord gives."""
    return Reply("offering")


def test_every_command_is_one_that_discord_takes() -> None:
    made = definitions([*COMMANDS.values(), odd, offering])
    assert len(made) <= 100
    assert Spec().violations("PUT", "/applications/1/guilds/2/commands", made) == []
    for each in made:
        assert re.fullmatch(r"[-_\w]{1,32}", each["name"])
        assert 1 <= len(each["description"]) <= 100
        required = [option["required"] for option in each["options"]]
        assert required == sorted(required, reverse=True)
        for option in each["options"]:
            assert 1 <= len(option["description"]) <= 100
            assert not ("choices" in option and "autocomplete" in option)
            assert len(option.get("choices", ())) <= 25
    assert [option["type"] for option in made[-2]["options"]] == [3, 10, 3]


def test_the_description_says_which_role_a_command_needs() -> None:
    said = {name: definitions([each])[0]["description"] for name, each in COMMANDS.items()}
    for name, each in COMMANDS.items():
        assert said[name].endswith(f" ({each.role.word})") == (each.role > Role.VIEWER)
    assert definitions([offering])[0]["description"].endswith("… (operator)")


def test_what_comes_from_somewhere_and_what_has_too_many_choices_is_completed() -> None:
    which, one = definitions([offering])[0]["options"]
    assert which["autocomplete"] is one["autocomplete"] is True
    assert "choices" not in one


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


def test_what_is_being_typed_is_found() -> None:
    given = [{"name": "a", "value": "x"}, {"name": "b", "value": "KX", "focused": True}]
    assert typing(given) == ("b", "KX")
    assert typing(given[:1]) == ("", "")


def test_words_that_discord_would_refuse_are_not_offered() -> None:
    words = ["", "a", "b" * 100, "c" * 101, *(f"w{n}" for n in range(40))]
    assert offered(words)[:3] == ["a", "b" * 100, "w0"]
    assert len(offered(words)) == 25
