"""docs/commands.md: every command of the chats from the registry, and what `command_line` makes of the other ones."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from typing import Any
from unittest.mock import Mock

from chatbot.command import Command, Nature, Parameter, Risk
from chatbot.commands.people import GROUPS, group_of
from chatbot.commands.registry import HOST_COMMANDS, offered
from tests.documents.command_line import joined, line_commands
from trading.engine.desk import Desk

HEAD = """# Commands

What `/help` says, as a page. Every command works alike on Telegram, on Discord, in the terminal, and as a line on
standard input; Discord asks for what stands behind a command in fields, Telegram and the terminal by buttons and the
Tab key. Type them as a phone writes them: capitals, full stops and a missing slash do not matter, the beginning of a
choice is enough (`pnl w`), `2,5` and `5 usd` are read.

*Who* is the least role that may: a viewer, an operator or an owner ([access.md](access.md)). What **lowers** the risk
is done at once, asks nothing back, and is honoured even if it waited while the bot was down. What **raises** it shows
what would change and asks: the yes counts once, within a minute, for the person who was asked; with `TOTP_SECRET` it
takes a one-time code. `[…]` may be left out, `<…>` may not.
"""
HOST_HEAD = """
## From the machine alone

The running bot takes these only from its own machine, by the command line below; nobody can send them from a chat.
"""
LINE_HEAD = """
# The command line

`.venv/bin/kalshi-chatops`, also as `python -m chatbot`. With `--json` the last line of output is one JSON value. What
exit codes mean: [troubleshooting.md](troubleshooting.md#exit-codes).
"""
NOTES = {"confirm": "Only where `TOTP_SECRET` is set."}


def commands_page() -> str:
    """The whole document."""
    chats = "".join(_grouped())
    host = "".join(f"\n### /{each.name}\n\n{_about(each)}" for each in HOST_COMMANDS.values())
    line = "".join(f"\n### {name}\n\n{about}" for name, about in line_commands())
    return HEAD + chats + HOST_HEAD + host + LINE_HEAD + line


# --- of the chats


def _grouped() -> Iterator[str]:
    for group in GROUPS:
        yield f"\n## {group.capitalize()}\n"
        for each in offered(codes=True).values():
            if group_of(each) == group:
                yield f"\n### /{each.name}\n\n{_about(each)}"


def _about(told: Command) -> str:
    aliases = ", ".join(f"`/{alias}`" for alias in told.aliases)
    head = "  \n".join([f"`{told.usage}`", f"Who: {_who(told)}.", *([f"Also: {aliases}."] if aliases else [])])
    about = " ".join([*map(joined, told.help.split("\n\n")), NOTES.get(told.name, "")]).strip()
    choices = "\n".join(f"- `{each.name}`: {_wish(each)}" for each in told.parameters)
    return "\n\n".join(part for part in (head, about, choices) if part) + "\n"


def _wish(asked: Parameter) -> str:
    default = "" if asked.required or asked.default in (None, "") else f"; {asked.default} where it is left out"
    like = f", such as {asked.like}" if asked.like and not asked.choices else ""
    return f"{asked.wish}{like}{default}"


def _who(told: Command) -> str:
    found, asks = natures(told), "after a yes" if told.preview else "not asked back"
    if len(found) == 1:
        [only] = found
        does = {Risk.NONE: "", Risk.LOWERS: "; lowers the risk, at once", Risk.RAISES: f"; raises the risk, {asks}"}
        return only.role.word + does[only.risk]
    does = {Risk.NONE: "look", Risk.LOWERS: "lower the risk, at once", Risk.RAISES: f"raise it, {asks}"}
    return "; ".join(f"{each.role.word} to {does[each.risk]}" for each in found)


def natures(told: Command) -> list[Nature]:
    """Every nature that a command has, by whatever may stand behind it and whatever that does; the mildest first."""
    if told.nature_of is None:
        return [Nature(told.role, told.risk)]
    asked = [{p.name: word for p, word in zip(told.parameters, words, strict=True)} for words in _words(told)]
    found = {told.nature_of(_desk(raises=raises), **each) for raises in (False, True) for each in asked}
    return sorted(found, key=lambda nature: (list(Risk).index(nature.risk), nature.role))


def _words(told: Command) -> Iterator[tuple[object, ...]]:
    """Every choice; of a number one, and none where it may be left out."""
    left_out: list[list[object]] = [[] if each.required else [each.default] for each in told.parameters]
    said = [each.choices or ([Decimal(1)] if each.kind is Decimal else [each.name]) for each in told.parameters]
    return product(*([*some, *none] for some, none in zip(said, left_out, strict=True)))


def _desk(*, raises: bool) -> Any:
    """A context whose desk says of everything that it raises the risk, or of nothing."""
    desk = Mock(spec=Desk)
    desk.preview_limit.return_value.raises = desk.preview_parameter.return_value.raises = raises
    return Mock(desk=desk)
