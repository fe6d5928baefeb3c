"""Buttons and menus on Discord, as data: each carries its own line, so that it works after any restart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.channels.discord_buttons import pressed, view_of
from chatbot.message import Button, Reply
from tests.doubles.discord_limits import unfit


def rows(reply: Reply, asked: str = "status") -> list[list[dict[str, Any]]]:
    view = view_of(reply, asked)
    assert view
    assert view.is_finished()  # the SDK keeps nothing of it
    made: list[dict[str, Any]] = view.to_components()  # type: ignore[assignment]
    assert unfit({"content": "x", "components": made}) is None
    return [row["components"] for row in made]


def choices(count: int) -> tuple[Button, ...]:
    return tuple(Button(f"Cancel {n}", f"/cancel {n:08}", "danger") for n in range(count))


async def test_buttons_carry_their_lines_and_whether_they_replace_the_message() -> None:
    buttons = (
        Button("Refresh", "/status"),
        Button("Help", "/help", "primary"),
        Button("Confirm", "/confirm ab", "danger"),
        Button("Again", "/status"),
    )
    [made] = rows(Reply("T", buttons=buttons))
    assert [each["custom_id"] for each in made] == ["=/status", "+/help", "=/confirm ab"]
    assert [each["style"] for each in made] == [2, 1, 4]
    assert view_of(Reply("T"), "status") is None


async def test_choices_are_one_menu_above_the_buttons() -> None:
    menu, buttons = rows(Reply("T", buttons=(Button("Refresh", "/orders"),), choices=choices(3)), "orders")
    assert [each["label"] for each in menu[0]["options"]] == ["Cancel 0", "Cancel 1", "Cancel 2"]
    assert menu[0]["options"][2]["value"] == "+/cancel 00000002"
    assert menu[0]["options"][2]["description"] == "/cancel 00000002"
    assert buttons[0]["custom_id"] == "=/orders"


async def test_more_than_25_choices_are_several_menus_that_say_which() -> None:
    made = rows(Reply("T", buttons=(Button("Refresh", "/orders"),), choices=choices(60)))
    assert [len(row[0].get("options", ())) for row in made] == [25, 25, 10, 0]
    assert made[2][0]["placeholder"] == "Choose one (51 to 60 of 60)"
    taken = [each["value"] for row in made[:3] for each in row[0]["options"]]
    assert taken == [f"+{each.line}" for each in choices(60)]


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.text(max_size=120), st.text("abc", min_size=1, max_size=9)), max_size=40),
    st.lists(st.tuples(st.text(max_size=120), st.text("abc", min_size=1, max_size=9)), max_size=150),
)
def test_whatever_is_offered_is_what_discord_takes(
    buttons: list[tuple[str, str]], options: list[tuple[str, str]]
) -> None:
    import asyncio

    async def made() -> None:
        reply = Reply(
            "T",
            buttons=tuple(Button(label, f"/{line}") for label, line in buttons),
            choices=tuple(Button(label, f"/{line}") for label, line in options),
        )
        if buttons or options:
            rows(reply)

    asyncio.run(made())


@pytest.mark.parametrize(
    ("data", "line", "in_place"),
    [
        ({"custom_id": "=/status"}, "/status", True),
        ({"custom_id": "+/help"}, "/help", False),
        ({"custom_id": "/old"}, "/old", False),
        ({"custom_id": "?0", "values": ["+/cancel ab"]}, "/cancel ab", False),
        ({"custom_id": "?1", "values": ["=/chart days"]}, "/chart days", True),
        ({"custom_id": "?0", "values": []}, "", False),
        ({}, "", False),
    ],
)
def test_a_press_is_its_line(data: dict[str, Any], line: str, in_place: bool) -> None:
    assert pressed(data) == (line, in_place)
