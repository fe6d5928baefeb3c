"""What can be pressed and chosen under an answer on Discord, so that it still works after any number of restarts.

The lines stand in the buttons and options themselves, and nothing of them is kept here. What they may do is decided
when they are pressed, by the router, as if the line had been typed at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import discord

from chatbot.confirming import CONFIRM, DECLINE
from chatbot.line import read_line
from chatbot.message import Button, Reply, Style
from chatbot.render import clean

ROWS_MAX, BUTTONS_IN_ROW, OPTIONS_MAX = 5, 5, 25  # a menu takes a row
LABEL_LENGTH_MAX, OPTION_LENGTH_MAX = 80, 100
IN_PLACE, ANEW = "=", "+"  # before a line: the answer replaces the message, or is one of its own
MENU = "?"  # before a menu's number; its options carry the lines

_STYLES: Mapping[Style, discord.ButtonStyle] = {
    "plain": discord.ButtonStyle.secondary,
    "primary": discord.ButtonStyle.primary,
    "danger": discord.ButtonStyle.danger,
}


def view_of(reply: Reply, asked: str) -> discord.ui.View | None:
    """The choices as menus and the buttons under them, of an answer to the word `asked`.

    A button that asks the same thing again (Refresh) or ends a question replaces the message; any other is answered
    anew. The view is stopped before it is sent: the SDK keeps nothing of it either.
    """
    buttons, choices = _distinct(reply.buttons), _distinct(reply.choices)
    if not buttons and not choices:
        return None
    view = discord.ui.View(timeout=None)
    button_rows = -(-len(buttons) // BUTTONS_IN_ROW)
    menus = list(_menus(choices, asked))[: max(ROWS_MAX - button_rows, 0)]
    for item in (*menus, *(_button(each, asked) for each in buttons[: ROWS_MAX * BUTTONS_IN_ROW])):
        view.add_item(item)
    view.stop()
    return view


def pressed(data: Mapping[str, Any]) -> tuple[str, bool]:
    """The line of the button or option that was taken, and whether the answer replaces its message; empty for none."""
    text = str(data.get("custom_id", ""))
    if text.startswith(MENU):
        text = str(next(iter(data.get("values") or ()), ""))
    return text.removeprefix(IN_PLACE).removeprefix(ANEW), text.startswith(IN_PLACE)


def _distinct(buttons: Sequence[Button]) -> list[Button]:
    """Discord takes each id once."""
    return list({each.line: each for each in buttons}.values())


def _button(button: Button, asked: str) -> discord.ui.Button[Any]:
    label = clean(button.label)[:LABEL_LENGTH_MAX].strip() or button.line
    return discord.ui.Button(label=label, style=_STYLES[button.style], custom_id=_marked(button.line, asked))


def _menus(choices: Sequence[Button], asked: str) -> Iterator[discord.ui.Select[Any]]:
    """One menu for every 25 choices, saying which ones they are where there are several."""
    for number, start in enumerate(range(0, len(choices), OPTIONS_MAX)):
        part = choices[start : start + OPTIONS_MAX]
        which = f" ({start + 1} to {start + len(part)} of {len(choices)})" if len(choices) > OPTIONS_MAX else ""
        options = [_option(each, asked) for each in part]
        yield discord.ui.Select(custom_id=f"{MENU}{number}", placeholder=f"Choose one{which}", options=options)


def _option(button: Button, asked: str) -> discord.SelectOption:
    label = clean(button.label)[:OPTION_LENGTH_MAX].strip() or button.line
    return discord.SelectOption(label=label, value=_marked(button.line, asked), description=button.line)


def _marked(line: str, asked: str) -> str:
    return (IN_PLACE if read_line(line).word in (asked, CONFIRM, DECLINE) else ANEW) + line
