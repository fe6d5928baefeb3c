"""How things read on Discord: replies as messages of at most 2,000 characters, buttons, and slash commands, as data.

The title is bold, the label small, fields and tables stand in code blocks (the only place where Discord keeps columns
straight). All text from outside is escaped, so that no market's title can draw a heading or call `@everyone`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import discord
from discord.utils import escape_markdown, escape_mentions

from chatbot.command import Command, Parameter, read_line
from chatbot.message import Button, Reply, Style
from chatbot.render import Block, Kind, clean, layout, pages
from chatbot.router import CONFIRM, DECLINE

CONTENT_LENGTH_MAX = 2_000  # UTF-16 units, the stricter of the two ways to count Discord's characters
PAGE_LENGTH_MAX = CONTENT_LENGTH_MAX - 100  # leaves room for two fences and the heading of a continued page
LINE_MARKUP_LENGTH = 4  # "**" on both sides, or "-# " before
BUTTONS_MAX = 25  # five rows of five
LABEL_LENGTH_MAX = 80
DESCRIPTION_LENGTH_MAX = 100
IN_PLACE, ANEW = "=", "+"  # first letter of a custom_id: the answer replaces the message, or is one of its own

_OPTION_TYPES: Mapping[type, int] = {str: 3, int: 4, Decimal: 10}
_SLASH_COMMAND = 1
_FENCED: tuple[Kind, ...] = ("fields", "table")
_STYLES: Mapping[Style, discord.ButtonStyle] = {
    "plain": discord.ButtonStyle.secondary,
    "primary": discord.ButtonStyle.primary,
    "danger": discord.ButtonStyle.danger,
}

# --- replies --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    """One message's part of a reply: the `number`th of `total`."""

    blocks: tuple[Block, ...]
    number: int
    total: int

    def text(self, *, repeat: bool = False) -> str:
        """The message. A continued one says where it belongs; `repeat` marks it there (a first one's title does)."""
        parts = [_marked(block) for block in self.blocks]
        if self.number > 1:
            parts.insert(0, f"-# {self.number} of {self.total}{', repeat' if repeat else ''}")
        return "\n".join(parts)

    @property
    def plain(self) -> str:
        """The same without any markup, for a message that Discord refused."""
        return "\n".join(escape(line) for block in self.blocks for line in block.lines)[:PAGE_LENGTH_MAX]

    @property
    def body(self) -> str:
        """What does not change when the same notice is sent again: everything but a first page's title."""
        return "\n".join(line for b in self.blocks if b.kind != "title" or self.number > 1 for line in b.lines)


def pages_of(reply: Reply) -> list[Page]:
    """The reply as messages, none longer than Discord takes; no row of a table is cut."""
    blocks = layout(reply) or [Block("note", ("(nothing)",))]
    dealt = [blocks] if _surely_fits(blocks) else pages(blocks, PAGE_LENGTH_MAX, _length)
    return [Page(tuple(blocks), number, len(dealt)) for number, blocks in enumerate(dealt, 1)]


def escape(text: str) -> str:
    """Text that Discord shows as it is: no markup, no mentions."""
    return escape_mentions(escape_markdown(text, ignore_links=False))


def fenced(text: str) -> str:
    """Text that cannot end the code block it stands in."""
    return re.sub("`(?=`)", "`\u200b", text) if "``" in text else text


def _surely_fits(blocks: Iterable[Block]) -> bool:
    """Whether it would fit even if every character had to be escaped: true of nearly all, and cheap to know."""
    longest = sum(2 * len(line) + LINE_MARKUP_LENGTH + 1 for block in blocks for line in block.lines)
    return longest <= PAGE_LENGTH_MAX


def _length(line: str) -> int:
    """How long a line can become, whichever block it stands in."""
    shown = max((escape(line), fenced(line)), key=len)
    return len(shown.encode("utf-16-le")) // 2 + (0 if line == "\n" else LINE_MARKUP_LENGTH)


def _marked(block: Block) -> str:
    if block.kind in _FENCED:
        return "\n".join(("```", *map(fenced, block.lines), "```"))
    lines = [escape(line) for line in block.lines]
    if block.kind == "title":
        return f"**{' '.join(lines)}**"
    return "\n".join(f"-# {line}" if block.kind == "label" else line for line in lines)


# --- buttons --------------------------------------------------------------------------------------------------------


def view_of(buttons: Sequence[Button], asked: str) -> discord.ui.View | None:
    """The buttons under an answer to the word `asked`.

    The lines stand in the buttons themselves, so nothing is kept here: the view is stopped before it is sent, and the
    buttons still work after a restart. A button that asks the same thing again (Refresh) or ends a question replaces
    the message; any other is answered anew.
    """
    if not buttons:
        return None
    view = discord.ui.View(timeout=None)
    for line, button in {each.line: each for each in buttons[:BUTTONS_MAX]}.items():
        word = read_line(line).word
        mark = IN_PLACE if word in (asked, CONFIRM, DECLINE) else ANEW
        label = clean(button.label)[:LABEL_LENGTH_MAX] or line
        view.add_item(discord.ui.Button(label=label, style=_STYLES[button.style], custom_id=mark + line))
    view.stop()
    return view


def pressed_line(custom_id: str) -> tuple[str, bool]:
    """The line of a button, and whether the answer replaces its message."""
    return custom_id.removeprefix(IN_PLACE).removeprefix(ANEW), custom_id.startswith(IN_PLACE)


# --- slash commands -------------------------------------------------------------------------------------------------


def definitions(commands: Iterable[Command]) -> list[dict[str, Any]]:
    """The commands as Discord's create and overwrite calls take them, typed options included.

    https://docs.discord.com/developers/interactions/application-commands
    """
    return [
        {
            "name": each.name,
            "type": _SLASH_COMMAND,
            "description": each.short[:DESCRIPTION_LENGTH_MAX],
            "options": [_option(parameter) for parameter in each.parameters],
        }
        for each in commands
    ]


def _option(parameter: Parameter) -> dict[str, Any]:
    left_out = f" ({parameter.default} if left out)" if parameter.default not in (None, "") else ""
    made: dict[str, Any] = {
        "name": parameter.name,
        "type": _OPTION_TYPES[parameter.kind],
        "description": f"{parameter.wish}{left_out}"[:DESCRIPTION_LENGTH_MAX],
        "required": parameter.required,
    }
    if parameter.choices:
        made["choices"] = [{"name": choice, "value": choice} for choice in parameter.choices]
    if parameter.bounds:
        made |= {"min_value": parameter.bounds.least, "max_value": parameter.bounds.most}
    return made


def slash_line(command: Command | None, name: str, options: Mapping[str, object]) -> str:
    """What a slash command would be if typed: `/trades 5`. One that is left out before a given one has its default."""
    parameters = command.parameters if command else ()
    given = [n for n, parameter in enumerate(parameters, 1) if parameter.name in options]
    words = [_word(options.get(p.name, p.default)) for p in parameters[: max(given, default=0)]]
    return " ".join([f"/{name}", *words])


def _word(value: object) -> str:
    """A number without exponent, as people type it."""
    return f"{Decimal(str(value)):f}" if isinstance(value, float) else str(value)
