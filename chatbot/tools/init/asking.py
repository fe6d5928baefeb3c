"""Questions and answers of the set-up: at a terminal with editing, elsewhere one answer a line of standard input.

A question is asked until its answer fits; what is wrong is said in one sentence.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from trading.domain.errors import Misconfigured

WIDTH_MIN, WIDTH_MAX = 40, 80  # columns
QUOTED_LENGTH_MAX = 20  # characters
HANGING = "    "  # of a list's line that goes on
NONE = "-"  # takes away what is there
YES, NO = ("y", "yes"), ("n", "no")
T = TypeVar("T")


class EndOfAnswers(Misconfigured):
    """There is nobody left who answers."""


class Asker(Protocol):
    """Where answers come from and sentences go."""

    def line(self, question: str, *, secret: bool = False) -> str:
        """One answer, without blanks around it; a secret one is not shown. Raises EndOfAnswers."""

    def say(self, text: str) -> None:
        """Show a paragraph."""

    def draw(self, picture: str) -> None:
        """Show lines that are not to be broken."""


class Console:
    """The process's own input and output."""

    def line(self, question: str, *, secret: bool = False) -> str:
        prompt = f"{_wrapped(question)}: "
        try:
            return (_typed(prompt, secret) if sys.stdin.isatty() else _read(prompt)).strip()
        except EOFError:
            raise EndOfAnswers(f"no answer to “{question}”: nothing was written, run init again") from None

    def say(self, text: str) -> None:
        print(_wrapped(text), flush=True)

    def draw(self, picture: str) -> None:
        print(picture, flush=True)


def _typed(prompt: str, secret: bool) -> str:
    from prompt_toolkit import prompt as typed

    return typed(prompt, is_password=secret)


def _read(prompt: str) -> str:
    print(prompt, flush=True)
    if not (text := sys.stdin.readline()):
        raise EOFError
    return text


def _wrapped(text: str) -> str:
    """In the terminal's columns; an address is never broken, and nothing in a text can steer the terminal."""
    width = min(max(shutil.get_terminal_size().columns, WIDTH_MIN), WIDTH_MAX)
    text = "".join(each for each in text if each.isprintable() or each == "\n")
    rows = (_row(row, width) for row in text.split("\n"))
    return "\n".join(line for each in rows for line in each)


def _row(row: str, width: int) -> list[str]:
    hanging = HANGING if row.startswith(" ") else ""
    given = textwrap.wrap(row, width, break_on_hyphens=False, break_long_words=False, subsequent_indent=hanging)
    return given or [""]


def until(asker: Asker, question: str, read: Callable[[str], T], *, secret: bool = False) -> T:
    """What `read` makes of an answer; asked again while that raises ValueError, with what is said."""
    while True:
        text = asker.line(question, secret=secret)
        try:
            return read(text)
        except ValueError as error:
            asker.say(sentence(error))


def hint(kept: str, without: str) -> str:
    """What Enter and NONE mean, where something is kept so far or not."""
    return f"[Enter: as it is, {NONE}: {without}]" if kept else f"[Enter: {without}]"


def sentence(error: Exception) -> str:
    """An error's words as a sentence."""
    words = str(error)
    return f"{words[:1].upper()}{words[1:]}" + ("" if words.endswith(("?", ".")) else ".")


def quoted(text: str) -> str:
    """A wrong answer to be shown, unless it is so long that it may be a secret in the wrong place."""
    return f"“{text}”" if len(text) <= QUOTED_LENGTH_MAX else "that"


def agreed(asker: Asker, question: str, *, default: bool = True) -> bool:
    """Yes or no; Enter is the default."""

    def read(text: str) -> bool:
        word = text.lower()
        if word in ("", *YES, *NO):
            return default if not word else word in YES
        raise ValueError(f"{quoted(text)} is neither: type y or n")

    return until(asker, f"{question} [{'Y/n' if default else 'y/N'}]", read)


def chosen(asker: Asker, title: str, options: Sequence[str], default: int = 0) -> int:
    """The place of the option that was chosen by its number; Enter is the default."""
    asker.say(title)
    for number, option in enumerate(options, 1):
        asker.say(f"{number:>2}  {option}")

    def read(text: str) -> int:
        if not text:
            return default
        if text.isdecimal() and 1 <= int(text) <= len(options):
            return int(text) - 1
        raise ValueError(f"{quoted(text)} is not on the list: type a number from 1 to {len(options)}")

    return until(asker, f"Number [{default + 1}]", read)
