"""How things read on Discord: replies as coloured embeds, notices with their title above one, and both as plain text.

The label is small, fields and tables stand in code blocks (the only place where Discord keeps columns straight). All
text from outside is escaped, so that no market's title can draw a heading or call `@everyone`. Limits are Discord's:
https://docs.discord.com/developers/resources/message#embed-object-embed-limits
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from discord.utils import escape_markdown, escape_mentions

from chatbot.message import Mood, Reply
from chatbot.render import Block, Kind, clean, layout, pages, wrap

CONTENT_LENGTH_MAX = 2_000  # UTF-16 units, the stricter of the two ways to count Discord's characters
TITLE_LENGTH_MAX, DESCRIPTION_LENGTH_MAX = 256, 4_096  # of an embed; both are within its 6,000 in all
FENCES_LENGTH = 100  # room for two fences and the heading of a continued page
ANSWER_LENGTH_MAX = DESCRIPTION_LENGTH_MAX - FENCES_LENGTH
NOTICE_LENGTH_MAX = CONTENT_LENGTH_MAX - FENCES_LENGTH  # so that it is also a plain message, where embeds are refused
PROSE_WIDTH = 400  # columns; a longer line is broken between words
LINE_MARKUP_LENGTH = 4  # "**" on both sides, or "-# " before
COLOURS: Mapping[Mood, int] = {"plain": 0x80848E, "gain": 0x23A55A, "loss": 0xF23F43, "alert": 0xF0B232}
PICTURE = "picture.png"

_FENCED: tuple[Kind, ...] = ("fields", "table")


@dataclass(frozen=True, slots=True)
class Page:
    """One message's part of a reply: the `number`th of `total`."""

    blocks: tuple[Block, ...]
    number: int
    total: int
    mood: Mood = "plain"

    @property
    def last(self) -> bool:
        return self.number == self.total

    def answer(self, *, pictured: bool = False) -> dict[str, Any]:
        """The embed of an answer; a title that is too long for its place stands in bold below it."""
        long = length(self._title) > TITLE_LENGTH_MAX
        description = _together(self._place(), f"**{self._title}**" if long else "", self._rest)
        parts = {"title": "" if long else self._title, "description": description}
        return self._embed({name: text for name, text in parts.items() if text}, pictured)

    def notice(self, *, repeat: bool = False, pictured: bool = False) -> dict[str, Any]:
        """The message of a notice. Its title is outside the embed: that is what a phone's lock screen shows. A
        continued one says where it belongs; `repeat` marks it there (a first one's title does)."""
        content = _together(self._place(repeat), f"**{self._title}**" if self._title else "")
        rest = {"description": self._rest} if self._rest else {}
        return {"content": content} | ({"embeds": [self._embed(rest, pictured)]} if rest or pictured else {})

    @property
    def plain(self) -> str:
        """The same without any markup, for a message that Discord refused."""
        return "\n".join(escape(line) for block in self.blocks for line in block.lines)[:CONTENT_LENGTH_MAX]

    @property
    def body(self) -> str:
        """What does not change when the same notice is sent again: everything but a first page's title."""
        return "\n".join(line for b in self.blocks if b.kind != "title" or self.number > 1 for line in b.lines)

    def _embed(self, parts: dict[str, Any], pictured: bool) -> dict[str, Any]:
        image = {"image": {"url": f"attachment://{PICTURE}"}} if pictured else {}
        return parts | {"color": COLOURS[self.mood]} | image

    @property
    def _title(self) -> str:
        return " ".join(escape(line) for block in self.blocks if block.kind == "title" for line in block.lines)

    @property
    def _rest(self) -> str:
        return "\n".join(_marked(block) for block in self.blocks if block.kind != "title")

    def _place(self, repeat: bool = False) -> str:
        if self.number == 1:
            return ""
        return f"-# {self.number} of {self.total}{', repeat' if repeat else ''}"


def pages_of(reply: Reply, limit: int = ANSWER_LENGTH_MAX) -> list[Page]:
    """The reply as messages whose text is within `limit`; no row of a table is cut."""
    blocks = _blocks(reply) or [Block("note", ("(nothing)",))]
    dealt = [blocks] if _surely_fits(blocks, limit) else pages(blocks, limit, _length)
    return [Page(tuple(blocks), number, len(dealt), reply.mood) for number, blocks in enumerate(dealt, 1)]


def escape(text: str) -> str:
    """Text that Discord shows as it is: no markup, no mentions."""
    return escape_mentions(escape_markdown(text, ignore_links=False))


def fenced(text: str) -> str:
    """Text that cannot end the code block it stands in."""
    return re.sub("`(?=`)", "`\u200b", text) if "``" in text else text


def length(text: str) -> int:
    """As Discord counts at its strictest: UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _blocks(reply: Reply) -> list[Block]:
    """As everywhere, but for the prose: a phone breaks its lines better than a count of columns."""
    note = wrap(clean(reply.note), PROSE_WIDTH)
    return [*layout(replace(reply, note="")), *([Block("note", tuple(note))] if note else [])]


def _together(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _surely_fits(blocks: Iterable[Block], limit: int) -> bool:
    """Whether it would fit even if every character had to be escaped: true of nearly all, and cheap to know."""
    return sum(2 * len(line) + LINE_MARKUP_LENGTH + 1 for block in blocks for line in block.lines) <= limit


def _length(line: str) -> int:
    """How long a line can become, whichever block it stands in."""
    shown = max((escape(line), fenced(line)), key=len)
    return length(shown) + (0 if line == "\n" else LINE_MARKUP_LENGTH)


def _marked(block: Block) -> str:
    if block.kind in _FENCED:
        return "\n".join(("```", *map(fenced, block.lines), "```"))
    lines = [escape(line) for line in block.lines]
    return "\n".join(f"-# {line}" if block.kind == "label" else line for line in lines)
