"""A typed line, read as it was meant: what a phone makes of a command is undone here, once for every channel.

Nothing here knows any command. Numbers lose their thousands' commas and get a decimal point where only one reading is
possible: 1,250.50 and 1.250,50 and 2,5; a lone 1,250 is twelve hundred and fifty, as the exchange writes it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

LINE_LENGTH_MAX = 1_000  # characters of a line that are looked at

_SAME = str.maketrans(
    {"、": ",", "…": "...", "=": " ", "İ": "I", "ı": "i"}
    | dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("‘’‚‛`´", "'")
    | dict.fromkeys("“”„‟«»", '"')
)
_NUMBER = re.compile(r"(?<!\d)\d+(?:[.,]\d+)+")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_POINTS_FOR_THOUSANDS = re.compile(r"[1-9]\d{0,2}(\.\d{3})+,\d+")
_DECIMAL_COMMA = re.compile(r"\d+,\d+")
_AROUND = "'\"()[]<>"
_BEHIND = ".!?;:" + _AROUND
_NO_LETTER = re.compile(r"^[\W_]+|[\W_]+$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line read: the command's word in lower case without slash or @bot, and the words after it."""

    word: str
    words: tuple[str, ...] = ()


def read_line(text: str) -> Line:
    """Read what a phone may make of a command: capitals, curly quotes, long dashes, commas, `@botname`, full stops."""
    text = unicodedata.normalize("NFKC", text[:LINE_LENGTH_MAX]).translate(_SAME)
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")  # zero-width and direction marks
    words = [_bare(word) for word in _NUMBER.sub(_number, text).replace(",", " ").split()]
    first, *rest = [word for word in words if word.strip("/")] or [""]
    return Line(_NO_LETTER.sub("", first.lstrip("/").partition("@")[0]).casefold(), tuple(rest))


def _number(found: re.Match[str]) -> str:
    text = found[0]
    if _THOUSANDS.fullmatch(text):
        return text.replace(",", "")
    if _POINTS_FOR_THOUSANDS.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text) else text


def _bare(word: str) -> str:
    return word.lstrip(_AROUND).rstrip(_BEHIND)
