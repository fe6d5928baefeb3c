"""One definition of a command: what is read from a function, and what a typed line becomes."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.command import Command, Context, Misread, Range, Risk, command, find, registry
from chatbot.commands.registry import COMMANDS
from chatbot.line import read_line
from chatbot.message import Button, Reply, Role, Table


@command(role=Role.VIEWER, aliases=("alike",))
async def sample_(
    ctx: Context, kind: Literal["day", "week"], n: Annotated[int, Range(1, 9)] = 3, what: str = ""
) -> Reply:
    """Do a thing.

    More of it.
    """
    return Reply(f"{kind} {n} {what}")


@command(role=Role.VIEWER)
async def stake(ctx: Context, dollars: Decimal) -> Reply:
    """Set a number."""
    return Reply(str(dollars))


def test_all_of_a_command_comes_from_its_function() -> None:
    assert (sample_.name, sample_.short, sample_.role, sample_.risk) == ("sample", "Do a thing", Role.VIEWER, Risk.NONE)
    assert sample_.usage == "/sample day|week [n] [what]"
    assert sample_.example == "/sample day 3 what"
    kind, n, what = sample_.parameters
    assert (kind.choices, kind.kind, kind.required) == (("day", "week"), str, True)
    assert (n.bounds, n.kind, n.required, n.default) == (Range(1, 9), int, False, 3)
    assert what.shape == "[what]"
    assert stake.usage == "/stake <dollars>"


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        (("day",), {"kind": "day", "n": 3, "what": ""}),
        (("WEEK", "9"), {"kind": "week", "n": 9, "what": ""}),
        (("day", "1", "Foo"), {"kind": "day", "n": 1, "what": "Foo"}),
        (("w",), {"kind": "week", "n": 3, "what": ""}),
    ],
)
def test_words_become_arguments(words: tuple[str, ...], arguments: dict[str, object]) -> None:
    assert sample_.parse(words) == arguments


@pytest.mark.parametrize("text", ["5", "$5", "5$", "5 usd", "USD 5", "5usd", "5 dollars", "5,00", "+5", "5.00 USD."])
def test_an_amount_may_have_its_currency_with_it(text: str) -> None:
    assert stake.parse(read_line(f"stake {text}").words) == {"dollars": 5}


def test_a_choice_may_be_shortened_while_only_one_begins_so() -> None:
    limit = COMMANDS["limit"]
    assert limit.parse(("day-loss", "5"))["name"] == "day_loss"
    assert limit.parse(("order", "5"))["name"] == "order"  # although order_rate begins so too
    for wrong in ("ord", ""):
        with pytest.raises(Misread):
            limit.parse((wrong, "5"))


@pytest.mark.parametrize(
    ("made", "words", "sentence"),
    [
        (sample_, (), "/sample needs one of day, week: for example /sample day 3 what"),
        (sample_, ("year",), "kind is one of day, week, not 'year': for example /sample day 3 what"),
        (sample_, ("day", "10"), "n is a whole number from 1 to 9, not '10': for example /sample day 3 what"),
        (
            sample_,
            ("day", "x" * 99),
            f"n is a whole number from 1 to 9, not '{'x' * 24}': for example /sample day 3 what",
        ),
        (sample_, ("day", "1", "a", "b"), "/sample takes at most 3 words after it: for example /sample day 3 what"),
        (stake, ("nan",), "dollars is a number, not 'nan': for example /stake 1"),
        (stake, (), "/stake needs dollars, a number: for example /stake 1"),
        (COMMANDS["status"], ("now",), "/status takes nothing after it: for example /status"),
    ],
)
def test_a_wrong_line_is_told_in_one_sentence_with_an_example(
    made: Command, words: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(Misread) as misread:
        made.parse(words)
    assert str(misread.value) == sentence


@given(st.text(max_size=200), st.sampled_from([*COMMANDS.values(), sample_, stake]))
@settings(max_examples=300)
def test_whatever_is_typed_the_parser_raises_nothing_but_misread(text: str, made: Command) -> None:
    line = read_line(text)
    assert line.word == line.word.casefold()
    assert all(word.split() == [word] for word in (line.word, *line.words) if word)
    with suppress(Misread):
        made.parse(line.words)


@given(st.sampled_from(list(COMMANDS.values())))
def test_every_example_is_understood_and_every_command_fits_the_platforms(made: Command) -> None:
    if made.name != "help":
        made.parse(read_line(made.example).words)
    assert made.name.isidentifier()
    assert len(made.name) <= 32
    assert 0 < len(made.short) <= 100


def test_commands_are_found_by_name_and_alias_and_share_no_word() -> None:
    assert find(COMMANDS, "stop") is COMMANDS["kill"]
    assert find(COMMANDS, "kill") is COMMANDS["kill"]
    assert find(COMMANDS, "nothing") is None
    with pytest.raises(AssertionError):
        registry([sample_, sample_])


def test_what_raises_risk_must_have_a_preview() -> None:
    with pytest.raises(AssertionError, match="preview"):
        command(role=Role.OWNER, risk=Risk.RAISES)
    for each in COMMANDS.values():
        assert each.preview or each.risk is not Risk.RAISES


def test_words_that_cannot_be_shown_or_pressed_are_the_programmers_mistake() -> None:
    with pytest.raises(AssertionError):
        Button("x", "/" + "x" * 64)
    with pytest.raises(AssertionError):
        Table(("a", "b"), (("1",),))
    with pytest.raises(AssertionError):
        command(role=Role.VIEWER)(undocumented)


async def undocumented(ctx: Context) -> Reply:
    return Reply("")
