"""The commands as Discord's slash commands: their definitions, and what was given to one as the line it would be.

https://docs.discord.com/developers/interactions/application-commands. Which commands somebody sees there can follow
Discord's own permissions alone, not our roles: the description says whom a command needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from chatbot.command import Command, Parameter
from chatbot.message import Role

DESCRIPTION_LENGTH_MAX = 100
CHOICES_MAX = 25  # more are offered while typing
CHOICE_LENGTH_MAX = 100

_OPTION_TYPES: Mapping[type, int] = {str: 3, int: 4, Decimal: 10}
_SLASH_COMMAND = 1


def definitions(commands: Iterable[Command]) -> list[dict[str, Any]]:
    """The commands as Discord's create and overwrite calls take them, typed options included."""
    return [
        {
            "name": each.name,
            "type": _SLASH_COMMAND,
            "description": _described(each.short, f" ({each.role.word})" if each.role > Role.VIEWER else ""),
            "options": [_option(parameter) for parameter in each.parameters],
        }
        for each in commands
    ]


def _described(text: str, more: str) -> str:
    """What is cut is the text, never what is said about it."""
    room = DESCRIPTION_LENGTH_MAX - len(more)
    return (text if len(text) <= room else text[: room - 1] + "…") + more


def _option(parameter: Parameter) -> dict[str, Any]:
    left_out = f" ({parameter.default} if left out)" if parameter.default not in (None, "") else ""
    made: dict[str, Any] = {
        "name": parameter.name,
        "type": _OPTION_TYPES[parameter.kind],
        "description": _described(parameter.wish, left_out),
        "required": parameter.required,
    }
    if parameter.source or len(parameter.choices) > CHOICES_MAX:
        made["autocomplete"] = True
    elif parameter.choices:
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


def typing(options: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The option that is being typed, and what stands there already; empty where none is."""
    focused = next((each for each in options if each.get("focused")), {})
    return str(focused.get("name", "")), str(focused.get("value", ""))


def offered(words: Iterable[str]) -> list[str]:
    """Of words to offer, what Discord takes: a list with one that is too long would be refused as a whole."""
    return [word for word in words if 0 < len(word) <= CHOICE_LENGTH_MAX][:CHOICES_MAX]


def _word(value: object) -> str:
    """A number as people type it: without exponent, and 4 for the 4.0 that Discord may send."""
    return f"{Decimal(str(value)).normalize():f}" if isinstance(value, float) else str(value)
