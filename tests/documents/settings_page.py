"""docs/configuration.md: each setting's explanation as in `.env.example`, its kind and bounds as in `Settings`.

An explanation is written once, in `.env.example`; what may stand there and whether it is a secret follow from the
field's type, and what /reload can take from the program's own table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from inspect import signature
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints
from unittest.mock import Mock

from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pydantic import BeforeValidator, SecretStr

from chatbot.config import Settings
from chatbot.settings import types as kinds
from chatbot.wiring.program import takers
from chatbot.wiring.settings_shown import variable

SECTION = re.compile(r"# --- (.+?) -+$")
NAMED = re.compile(r"# ([A-Z_]+)=(.*)$")
KEY_ID = "kalshi_api_key_id"  # no secret, but shown only in part
PATTERNS = {r"^[A-Z0-9]+$": "capital letters and digits"}
NAMES = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "Decimal": "a number",
    "str": "text",
    "SecretStr": "text",
    "Path": "a path",
}
WORDS: tuple[tuple[Any, str], ...] = (  # kinds of their own, in words
    (kinds.TotpSecret, "base32, at least 23 letters and digits"),
    (kinds.StrategyNames, "names with commas between them"),
    (kinds.TelegramId, "a number"),
    (kinds.DiscordId, "a number"),
    (kinds.TelegramPeople, "`id:role`, with commas between them"),
    (kinds.DiscordPeople, "`id:role` or `&id:role`, with commas between them"),
    (kinds.HttpAddress, "an `https://` address, or `http://` on this machine"),
    (kinds.StreamAddress, "a `wss://` address, or `ws://` on this machine"),
    (kinds.ZoneName, "a time zone's name"),
    (kinds.TimeOfDay, "HH:MM"),
    (kinds.NoticeRules, "`event:rule` or `channel/event:rule`, with commas between them"),
)

TABLE = "| name | default | may be | holds | means |\n|---|---|---|---|---|"

HEAD = """# Settings

Put what you want to change into a file named `.env` beside the Makefile, one `NAME=value` on each line, or into the
environment of the process, which wins. All of it is optional. `make init` writes the file by questions;
[.env.example](../.env.example) is this list as a file. An unknown name or a wrong value is one sentence that says
what to mend, and nothing starts (exit code 2). `/settings` shows what holds and what gave it.

*Holds* says when a change is taken: **`/reload`** reads `.env` again and takes it at once, after a question; anything
else needs a **restart**. What was said in chat (`/limit`, `/stake`, `/set`, `/notify`, `/disable`) wins over these
settings, and for limits they are the ceiling. A **secret** is never shown, not in `/settings`, not in the log, not in
an error.

The parameters of strategies, beyond those below, stand in a file of their own: [strategies.md](strategies.md) lists
each with its default, [strategies.toml](strategies.toml) is an example, [feeds.md](feeds.md) says how news and other
venues are read.
"""


@dataclass(frozen=True, slots=True)
class Example:
    """A variable as `.env.example` shows it."""

    section: str
    name: str
    default: str
    words: str


def settings_page(example: str) -> str:
    """The document, from the text of `.env.example`. Raises KeyError for a kind of value that has no words."""
    rows: dict[str, list[str]] = {}
    fields = {variable(field): field for field in Settings.model_fields}
    for each in examples(example):
        rows.setdefault(each.section, []).append(_row(each, fields[each.name]))
    parts = (f"\n## {section}\n\n{TABLE}\n" + "\n".join(found) + "\n" for section, found in rows.items())
    return HEAD + "".join(parts)


def examples(text: str) -> Iterator[Example]:
    """Every variable of `.env.example` with the comment above it."""
    section = ""
    words: list[str] = []
    for line in text.splitlines():
        if found := SECTION.match(line):
            section, words = found[1], []
        elif found := NAMED.match(line):
            yield Example(section, found[1], found[2], " ".join(words))
            words = []
        else:
            words = [*words, line.removeprefix("#").strip()] if line.startswith("#") else []


def _row(shown: Example, field: str) -> str:
    default = f"`{shown.default}`" if shown.default else "not set"
    holds = "`/reload`" if field in _at_once() else "restart"
    cells = (f"`{shown.name}`", default, _may_be(field), holds, _in_a_cell(shown.words))
    return f"| {' | '.join(cells)} |"


def _in_a_cell(words: str) -> str:
    """Names of variables and files in the type of code; a bar would end the cell."""
    return re.sub(r"(?<![\w`/])([A-Z]+(?:_[A-Z]+)+)(?![\w`])", r"`\1`", words.replace("|", "\\|"))


def _at_once() -> Mapping[str, Any]:
    return takers(*(Mock() for _ in signature(takers).parameters))


def _may_be(field: str) -> str:
    hint = get_type_hints(Settings, include_extras=True)[field]
    secret = "**secret**, " if Settings.model_fields[field].annotation is SecretStr else ""
    masked = ", shown in part" if field == KEY_ID else ""
    special = next((words for kind, words in WORDS if kind == hint), "")
    return secret + (special or _by_type(Settings.model_fields[field])) + masked


def _by_type(field: Any) -> str:
    kind, bounds = _bare(field.annotation), [*field.metadata, *_inner(field.annotation)]
    if get_origin(kind) is Literal:
        *most, last = get_args(kind)
        return f"{', '.join(most)} or {last}"
    limits = [_bound(each) for each in bounds if not isinstance(each, BeforeValidator)]
    off = " or off" if limits and _may_be_nothing(field.annotation) else ""
    return ", ".join([NAMES[kind.__name__], *limits]) + off


def _bare(hint: Any) -> Any:
    """A type without `| None` and without what it is annotated with."""
    kind = next((each for each in get_args(hint) if each is not NoneType), hint) if _may_be_nothing(hint) else hint
    return get_args(kind)[0] if hasattr(kind, "__metadata__") else kind


def _may_be_nothing(hint: Any) -> bool:
    return NoneType in get_args(hint)


def _inner(hint: Any) -> Iterator[Any]:
    """The bounds of what may also be nothing: they stand inside."""
    for each in get_args(hint):
        for told in getattr(each, "__metadata__", ()):
            yield from told.metadata


def _bound(bound: Any) -> str:
    match bound:
        case Gt():
            return f"above {bound.gt:,}"
        case Ge():
            return f"at least {bound.ge:,}"
        case Lt():
            return f"below {bound.lt:,}"
        case Le():
            return f"at most {bound.le:,}"
        case MaxLen():
            return f"at most {bound.max_length} characters"
        case _:
            return PATTERNS[bound.pattern]
