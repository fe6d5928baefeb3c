"""A piece of news as it came: before a rule says which market it is about, if any."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

TITLE_CHARS_MAX = 300
_NOT_TEXT = re.compile(r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\udfff\ufeff]+")


@dataclass(frozen=True, slots=True)
class Item:
    """`at` is its own time (aware UTC), None where it tells none that can be read."""

    item_id: str
    at: datetime | None
    title: str
    source: str


def item_of(source: str, own_id: str, at: datetime | None, title: str) -> Item | None:
    """The item, its title as one line of plain text; None without a title. The same `own_id` of the same source gives
    the same id, whatever its length."""
    line = one_line(title)
    digest = blake2b((own_id.strip() or line).encode("utf-8", "replace"), digest_size=8).hexdigest()
    return Item(f"{source}:{digest}", at, line, source) if line else None


def one_line(text: str) -> str:
    """Without line breaks, control characters and marks that turn text around; cut to TITLE_CHARS_MAX."""
    return _NOT_TEXT.sub(" ", text[: 4 * TITLE_CHARS_MAX]).strip()[:TITLE_CHARS_MAX]
