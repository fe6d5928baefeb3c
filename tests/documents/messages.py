"""What people can read when something is refused, as it stands in the code: every sentence, … for what differs.

Read from the source, so that a sentence cannot be forgotten: what is raised in one of these ways, and what the rules of
the settings say. Not read: the simulation and the bench, whose words no user meets.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator
from functools import cache, lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("trading", "storage", "chatbot")
LEFT_OUT = ("chatbot/tools/bench", "chatbot/tools/simulation")
ROOT_ERROR = "ChatopsError"
OF_AN_ORDER = frozenset({"Rejected", "Unresolved"})  # told by the exchange's code, or as an outcome that nobody knows
# What the rules of settings say is a user's word too.
OF_SETTINGS = ("chatbot/config", "chatbot/settings/", "chatbot/wiring/strategies_", "chatbot/rules.py")
LETTERS_MIN = 8  # of a sentence that says something of its own


@cache
def messages() -> frozenset[str]:
    """Every sentence, without those that only hand on another one."""
    raised = errors() - OF_AN_ORDER
    return frozenset(text for path in modules() for text in _in(path, raised) if letters(text) >= LETTERS_MIN)


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


@lru_cache(maxsize=1)
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All of a module's syntax: several things are asked of each module, one module after the other."""
    return tuple(ast.walk(ast.parse(path.read_text())))


def letters(text: str) -> int:
    return len(re.sub(r"[\W_]", "", text))


def made(path: Path, names: Container[str], at: int = 0) -> Iterator[tuple[str, str]]:
    """Of each call of one of these in a module: its name, and the text that it is given there."""
    for node in nodes(path):
        if isinstance(node, ast.Call) and len(node.args) > at and (name := _name(node.func)) in names:
            yield name, template(node.args[at])


def errors() -> frozenset[str]:
    """The names of all classes of our own errors."""
    classes = [node for path in modules() for node in nodes(path) if isinstance(node, ast.ClassDef)]
    found: frozenset[str] = frozenset({ROOT_ERROR})
    while more := {c.name for c in classes if found & {_name(base) for base in c.bases}} - found:
        found |= more
    return found


def _name(node: ast.expr) -> str:
    """What is called there by its plain name; nothing else is asked for."""
    return node.id if isinstance(node, ast.Name) else ""


def _in(path: Path, raised: Container[str]) -> Iterator[str]:
    place = path.relative_to(ROOT).as_posix()
    if place.startswith(LEFT_OUT):
        return
    yield from (text for _, text in made(path, raised))
    yield from _stays(path)
    if place.startswith(OF_SETTINGS):
        yield from (text for _, text in (*made(path, {"ValueError"}), *made(path, {"require"}, at=1)))


def _stays(path: Path) -> Iterator[str]:
    """Why something stays as it is: what is called `refused` before anything is raised."""
    for node in nodes(path):
        if isinstance(node, ast.Assign) and _name(node.targets[0]) == "refused":
            yield template(node.value)
        elif isinstance(node, ast.FunctionDef) and node.name.lstrip("_") == "refused":
            yield from (template(each.value) for each in ast.walk(node) if isinstance(each, ast.Return) and each.value)


def template(node: ast.expr) -> str:
    """The words of a text, … for each part that is filled in."""
    match node:
        case ast.Constant(value=str(words)):
            return words
        case ast.JoinedStr():
            return "".join(template(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
        case ast.BinOp():
            return template(node.left) + template(node.right)
        case _:
            return "…"
