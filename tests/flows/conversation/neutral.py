"""A reply without what may differ from channel to channel and from run to run: names, ids, and how long things took."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chatbot.message import Reply

BLANKS = (
    (re.compile(r"((User |user)\d+ )?\(?\b(telegram|discord|terminal):\w+\)?"), "<person>"),
    (re.compile(r"\b(telegram|discord|terminal)\b", re.IGNORECASE), "<channel>"),
    (re.compile(r"^/(yes|confirm)\b"), "/<yes>"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|min)\b"), "<time>"),
    (re.compile(r"\b(since|until) (\d\d [A-Z][a-z]{2} )?\d\d:\d\d( UTC)?"), r"\1 <time>"),
    (re.compile(r"\b[0-9a-f]{8,}(-[0-9a-f]{4,})*\b"), "<id>"),
)


def neutral(reply: Reply | None) -> str:
    """The reply as text, in its parts; empty for no answer."""
    return "\n".join(_parts(reply)) if reply else ""


def _parts(reply: Reply) -> Iterator[str]:
    yield reply.title
    yield reply.label
    yield from (f"{name}: {value}" for name, value in reply.fields)
    if reply.table:
        yield from (" | ".join(row) for row in (reply.table.headers, *reply.table.rows))
    yield reply.note
    yield from (f"[{button.label}]" for button in (*reply.buttons, *reply.choices))
    yield f"picture: {reply.picture.caption}" if reply.picture else ""
    yield f"file: {reply.file.name}" if reply.file else ""


def blanked(text: str) -> str:
    """The text with blanks in the place of what may differ."""
    for pattern, blank in BLANKS:
        text = pattern.sub(blank, text)
    return text
