"""A Reply for small screens: its layout in at most 40 columns, and its splitting.

A Reply becomes `Block`s of lines, which plain text joins and richer channels wrap in their own markup; `pages` splits
them between lines, so that no row of a table and no word is ever cut. Columns are counted as terminals show them: an
East Asian or emoji character takes two.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from chatbot.formats import span
from chatbot.message import Button, Reply, Table
from trading.domain.records import Notice

WIDTH_MAX = 40  # columns of a phone held upright
NAME_WIDTH_MAX = 11  # columns of a field's name; a longer one gets a line of its own
LATE_SECONDS = 60.0  # a notice older than this says how late it is
CELL_WIDTH_MIN = 3  # columns to which a table's widest cells may shrink

Kind = Literal["title", "label", "fields", "table", "note", "buttons"]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together and are shown in one style; none wider than the width asked for."""

    kind: Kind
    lines: tuple[str, ...]


def of_notice(notice: Notice, *, repeat: bool, late_seconds: float) -> Reply:
    """A notice as a Reply, saying whether it may have been seen before and how late it is."""
    late = f"{span(late_seconds, roughly=True)} late" if late_seconds >= LATE_SECONDS else ""
    said = ", ".join(part for part in ("repeat" if repeat else "", late) if part)
    title = f"{notice.title} ({said})" if said else notice.title
    return Reply(title, fields=notice.fields, note=notice.note, mood=notice.mood)


def layout(reply: Reply, width: int = WIDTH_MAX) -> list[Block]:
    """The reply's parts in order, wrapped to `width` columns; pictures and buttons are the channel's to show."""
    most = min(NAME_WIDTH_MAX, width // 3)
    side = max((columns(name) for name, _ in reply.fields if columns(name) <= most), default=0)
    fields = [line for name, value in reply.fields for line in _field(clean(name), clean(value), side, width)]
    parts: list[tuple[Kind, list[str]]] = [
        ("title", wrap(clean(reply.title), width)),
        ("label", wrap(clean(reply.label), width)),
        ("fields", fields),
        ("table", table_lines(reply.table, width) if reply.table else []),
        ("note", wrap(clean(reply.note), width)),
    ]
    return [Block(kind, tuple(lines)) for kind, lines in parts if lines]


def typed_choices(buttons: tuple[Button, ...]) -> str:
    """What to type where there is nothing to press: "Type yes to confirm, no to cancel."."""
    asked = [f"{b.typed} to {b.label.lower()}" for b in buttons if b.typed]
    return f"Type {', '.join(asked)}." if asked else ""


def typed_layout(reply: Reply, width: int = WIDTH_MAX) -> list[Block]:
    """The same for where nothing can be pressed or pictured: captions, and the words to type instead of buttons."""
    caption = wrap(clean(f"[{reply.picture.caption}]"), width) if reply.picture else []
    choices = wrap(typed_choices(reply.buttons), width)
    more = (Block("note", tuple(caption)), Block("buttons", tuple(choices)))
    return [*layout(reply, width), *(block for block in more if block.lines)]


def plain(reply: Reply, width: int = WIDTH_MAX) -> str:
    """The reply as plain text."""
    return joined(typed_layout(reply, width))


def joined(blocks: Iterable[Block]) -> str:
    return "\n".join(line for block in blocks for line in block.lines)


def clean(text: str) -> str:
    """Without control characters (they could drive a terminal) and marks that turn text around; newlines stay."""
    if text.replace("\n", " ").isprintable():  # nearly always, and none of those marks are
        return text
    kept = (c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") else " " for c in text)
    return "".join(c for c in kept if unicodedata.category(c) != "Cf" or c == "\u200d")


def columns(text: str) -> int:
    """How many columns a terminal needs for it."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Lines of whole words within `width` columns, all but the first indented; a word too long for a line is cut."""
    lines = [line for part in text.split("\n") for line in _packed(part.split(), width - len(indent), columns)]
    return [indent + line if n else line for n, line in enumerate(lines)]


def _packed(words: list[str], room: int, measure: Callable[[str], int]) -> list[str]:
    """Words put into as few lines as fit, in order."""
    if words and measure(" ".join(words)) <= room:
        return [" ".join(words)]
    lines: list[str] = []
    for word in (piece for each in words for piece in _cut(each, room, measure)):
        if lines and measure(f"{lines[-1]} {word}") <= room:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


def _cut(word: str, room: int, measure: Callable[[str], int]) -> list[str]:
    """The word, or its pieces where it is longer than a whole line."""
    pieces = [""]
    for character in word:
        if pieces[-1] and measure(pieces[-1] + character) > room:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _field(name: str, value: str, side: int, width: int) -> list[str]:
    """`name  value` with the value wrapped beside it; a long name stands above."""
    if columns(name) > side:
        return wrap(name, width) + ["  " + line for line in wrap(value, width - 2)]
    beside = wrap(value, width - side - 2) if side else wrap(value, width)
    first, *rest = beside or [""]
    gap = "  " if side else ""
    return [(_padded(name, side) + gap + first).rstrip(), *(" " * (side + len(gap)) + line for line in rest)]


def table_lines(table: Table, width: int = WIDTH_MAX) -> list[str]:
    """A header and one line per row, none wider than `width`: first the gaps shrink, then the widest cells."""
    rows, widths = _measured(table)
    gap = 2 if sum(widths) + 2 * (len(widths) - 1) <= width else 1
    while sum(widths) + gap * (len(widths) - 1) > width and max(widths) > CELL_WIDTH_MIN:
        widths[widths.index(max(widths))] -= 1
    align = table.align or ("left",) * len(widths)
    return [_row(row, widths, align, " " * gap) for row in rows]


def fits(table: Table, width: int = WIDTH_MAX) -> bool:
    """Whether `table_lines` shows it without cutting into a cell."""
    _, widths = _measured(table)
    return sum(widths) + len(widths) - 1 <= width


def _measured(table: Table) -> tuple[list[tuple[str, ...]], list[int]]:
    rows = [tuple(clean(cell).replace("\n", " ") for cell in row) for row in (table.headers, *table.rows)]
    return rows, [max(columns(row[n]) for row in rows) for n in range(len(table.headers))]


def _row(row: tuple[str, ...], widths: list[int], align: tuple[str, ...], gap: str) -> str:
    cells = (_padded(_clipped(c, w), w, right=a == "right") for c, w, a in zip(row, widths, align, strict=True))
    return gap.join(cells).rstrip()


def _clipped(text: str, width: int) -> str:
    return text if columns(text) <= width else _cut(text, width - 1, columns)[0] + "…"


def _padded(text: str, width: int, *, right: bool = False) -> str:
    space = " " * (width - columns(text))
    return space + text if right else text + space


# --- splitting ------------------------------------------------------------------------------------------------------


def pages(blocks: Iterable[Block], limit: int, measure: Callable[[str], int] = len) -> list[list[Block]]:
    """The blocks dealt out over messages of at most `limit` as `measure` counts (newlines between lines included):
    broken between lines, and a line longer than a whole message between words."""
    pieces = [
        (n, b.kind, piece) for n, b in enumerate(blocks) for line in b.lines for piece in _whole(line, limit, measure)
    ]
    dealt: list[list[tuple[int, Kind, str]]] = []
    used = 0
    for piece in pieces:
        size = measure(piece[2]) + measure("\n")
        if not dealt or used + size > limit + measure("\n"):
            dealt.append([])
            used = 0
        dealt[-1].append(piece)
        used += size
    return [_regrouped(page) for page in dealt]


def _whole(line: str, limit: int, measure: Callable[[str], int]) -> list[str]:
    return [line] if measure(line) <= limit else _packed(line.split(), limit, measure)


def _regrouped(page: list[tuple[int, Kind, str]]) -> list[Block]:
    groups = groupby(page, key=lambda piece: piece[:2])
    return [Block(kind, tuple(piece[2] for piece in group)) for (_, kind), group in groups]
