"""A Reply as Telegram shows it: pages of blocks, their HTML, and the buttons under the last.

Telegram counts a text in UTF-16 units after its markup is taken out, so pages are measured on the bare text and each is
marked up by itself: no entity and no row of a table reaches over an end. Prose is left to the phone to wrap; what
stands in columns is `<pre>` (https://core.telegram.org/bots/api#html-style).
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from textwrap import wrap
from typing import Final

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from chatbot.message import Button, Reply
from chatbot.render import Block, Kind, clean, joined, layout, pages

TEXT_UNITS_MAX = 4096
CAPTION_UNITS_MAX = 1024
MARK_UNITS = 32  # kept free for a mark in front of a page
PAGES_MAX = 20  # of one message; what comes after is cut, and said to be
LENGTH_MAX = 100_000  # characters of a text that are looked at; more than PAGES_MAX show
PIECE_LENGTH_MAX = 800  # characters of one line: where a page may end in an endless text
BUTTONS_IN_ROW = 2
CHOICES_MAX = 50  # rows of choices; what is beyond can still be typed
REPEATED = "(repeat)"
CUT = "(the rest is cut: it is too long for a chat)"
_TAGS: Final[dict[Kind, str]] = {"title": "b", "label": "i", "fields": "pre", "table": "pre"}

Page = list[Block]


def units(text: str) -> int:
    """How long Telegram says that a text is."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def blocks_of(reply: Reply) -> list[Block]:
    """The reply's parts in order; never nothing at all, which Telegram refuses."""
    columns = layout(replace(reply, title="", label="", note=""))
    made = [*_prose("title", reply.title), *_prose("label", reply.label), *columns, *_prose("note", reply.note)]
    return made or [Block("note", ("-",))]


def pages_of(reply: Reply) -> list[Page]:
    """The reply dealt out over messages that Telegram takes."""
    dealt = split(blocks_of(reply), TEXT_UNITS_MAX - MARK_UNITS)
    if len(dealt) > PAGES_MAX:
        dealt[PAGES_MAX - 1 :] = [[Block("note", (CUT,))]]
    return dealt


def split(page: Page, most: int) -> list[Page]:
    """A page in pages of at most `most` units."""
    return pages(page, most, units)


def html(page: Page) -> str:
    """A page in Telegram's HTML, every text escaped."""
    return "\n".join(_marked(block) for block in page)


def plain(page: Page) -> str:
    return joined(page)


def repeated(page: Page) -> Page:
    """The page marked as one that may have been seen before."""
    mark = Block("label", (REPEATED,))
    return page if page[0] == mark else [mark, *page]


def keyboard(reply: Reply) -> InlineKeyboardMarkup | None:
    """Buttons that send their line when pressed: each choice in a row of its own, the others below."""
    made = [_key(button) for button in reply.buttons]
    rows = [[_key(button)] for button in reply.choices[:CHOICES_MAX]]
    rows += [made[n : n + BUTTONS_IN_ROW] for n in range(0, len(made), BUTTONS_IN_ROW)]
    return InlineKeyboardMarkup(rows) if rows else None


def _key(button: Button) -> InlineKeyboardButton:
    style = None if button.style == "plain" else button.style
    return InlineKeyboardButton(button.label, callback_data=button.line, style=style)


def _prose(kind: Kind, text: str) -> list[Block]:
    parts = clean(text[:LENGTH_MAX]).split("\n")
    lines = tuple(line for part in parts for line in wrap(part, PIECE_LENGTH_MAX, break_on_hyphens=False))
    return [Block(kind, lines)] if lines else []


def _marked(block: Block) -> str:
    text = escape("\n".join(block.lines), quote=False)
    tag = _TAGS.get(block.kind)
    return f"<{tag}>{text}</{tag}>" if tag else text
