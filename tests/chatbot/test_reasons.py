"""Every code with which a strategy or a signal says why it wants nothing has words in /signals."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbot.commands.signals import REASONS, few_words, sentence

TRADING = Path(__file__).parents[2] / "trading"
FILES = [path for folder in ("strategies", "signals") for path in sorted((TRADING / folder).glob("*.py"))]
JOBS = ("scanner.py", "arbitrage.py")  # they say what they drop in their own way


def codes(path: Path) -> Iterator[str]:
    """What follows `skipped=` and `reason=`, the last part of a signal, and what is returned behind a None."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.keyword) and node.arg in ("skipped", "reason"):
            yield from words(node.value)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "reason":
            yield from words(node.value)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Signal":
            yield from (word for argument in node.args[5:] for word in words(argument))
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            match node.value.elts:
                case [ast.Constant(value=None), ast.Constant(value=str(word)), *_] if word:
                    yield word


def words(node: ast.expr) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value:
            yield each.value


def test_there_are_some() -> None:
    found = {code for path in FILES for code in codes(path)}
    assert {"flat", "no_spot", "no_strike", "price_band", "closing", "between", "cooldown"} <= found


@pytest.mark.parametrize("path", [each for each in FILES if each.name not in JOBS], ids=lambda path: path.stem)
def test_every_code_has_words(path: Path) -> None:
    assert set(codes(path)) <= set(REASONS)


def test_the_words_of_a_cell_are_few_and_those_of_a_sentence_one() -> None:
    for code in REASONS:
        assert len(few_words(code)) <= 22
        assert sentence(code).count(".") == 1
