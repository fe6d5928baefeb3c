"""The commands of the command line, as their functions declare them to typer, in the order of `--help`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from chatbot.cli import app

LETTER = {int: "N", float: "X", str: "TEXT", Path: "PATH", bool: ""}


@dataclass(frozen=True, slots=True)
class Asked:
    """One argument or option: how it is typed, what it means, and its default in words."""

    typed: str
    means: str
    option: bool
    required: bool


def line_commands() -> Iterator[tuple[str, str]]:
    """What is typed behind kalshi-chatops, and what the page says of it."""
    own = app.registered_callback.callback if app.registered_callback else None
    for path, run in [*([((), own)] if own else []), *_typed(app, ())]:
        yield " ".join(path) or "The program itself", _about(path, run)


def joined(text: str) -> str:
    """A docstring's paragraph on one line, with nothing in it that Markdown would take for its own."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "\\<")


def _typed(group: typer.Typer, before: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Callable[..., Any]]]:
    for each in group.registered_commands:
        assert each.callback, "a command without a function"
        yield (*before, each.name or each.callback.__name__.replace("_", "-")), each.callback
    for inner in group.registered_groups:
        assert inner.typer_instance, "a group without commands"
        yield from _typed(inner.typer_instance, (*before, inner.name) if isinstance(inner.name, str) else before)


def _about(path: tuple[str, ...], run: Callable[..., Any]) -> str:
    asked = list(_asked(run))
    arguments = [each.typed if each.required else f"[{each.typed}]" for each in asked if not each.option]
    options = ["[options]"] if any(each.option for each in asked) else []
    rows = [f"- `{each.typed}`: {each.means}" for each in asked]
    first = joined((inspect.getdoc(run) or "").partition("\n\n")[0])
    parts = (f"`{' '.join(['kalshi-chatops', *path, *arguments, *options])}`", first, "\n".join(rows))
    return "\n\n".join(part for part in parts if part) + "\n"


def _asked(run: Callable[..., Any]) -> Iterator[Asked]:
    hints = get_type_hints(run, include_extras=True)
    for name, declared in inspect.signature(run).parameters.items():
        assert get_origin(hints[name]) is Annotated, f"{run.__name__}: {name} says nothing of itself"
        hint, info = get_args(hints[name])
        required = declared.default is inspect.Parameter.empty
        means = _means(info, None if required else declared.default)
        option = isinstance(info, type(typer.Option()))
        yield Asked(_option(name, hint, info) if option else _argument(name, hint), means, option, required)


def _argument(name: str, hint: Any) -> str:
    return name.upper() + ("…" if get_origin(hint) is list else "")


def _option(name: str, hint: Any, info: Any) -> str:
    declared = [
        each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str)
    ]  # as typer takes them
    names = " / ".join(declared or [f"--{name.replace('_', '-')}"])
    return f"{names} {_letter(_kind(hint))}".rstrip()


def _letter(kind: Any) -> str:
    return "|".join(each.value for each in kind) if issubclass(kind, Enum) else LETTER[kind]


def _kind(hint: Any) -> Any:
    """What one of its words is: without `| None`, without the list that it may be said for."""
    if get_origin(hint) is UnionType:
        hint = next(each for each in get_args(hint) if each is not type(None))
    return get_args(hint)[0] if get_origin(hint) is list else hint


def _means(info: Any, default: object) -> str:
    silent = isinstance(default, bool) or default in (None, "") or default == []
    shown = "" if silent else f"; {default.value if isinstance(default, Enum) else default} by default"
    return f"{joined(info.help or '').removesuffix('.')}{_limits(info.min, info.max)}{shown}."


def _limits(least: float | None, most: float | None) -> str:
    if least is None:
        return ""
    return f"; from {least:,}" + ("" if most is None else f" to {most:,}")
