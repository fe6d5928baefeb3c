"""RSS 2.0 and Atom to items, from bytes that nobody vouches for.

XML is dangerous by what a document type may declare: entities that grow a thousandfold, and files and addresses to
read. Neither format needs one, and it can only stand before the first element. So the bytes are decoded here, a
document type is refused before any parser sees the text, and the standard library's parser gets what is left: without
declarations there is no entity to expand and nothing to fetch. That is stricter than defusedxml, which lets a parser
meet the declaration and then objects, and it needs no package.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree

from trading.feeds.news_item import Item, item_of

ITEMS_MAX = 200  # of one reading, the first ones: feeds begin with the newest
ELEMENTS_MAX = 50_000  # of one document
DEPTH_MAX = 64
ENCODINGS = ("utf-8", "us-ascii", "iso-8859-1", "windows-1252", "utf-16")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_NAMES = {"item", "entry"}


def items_of(document: bytes, source: str) -> list[Item]:
    """Its items in the order told, those without a title left out. Raises ValueError in words for what is no feed."""
    text = _decoded(document)
    _refuse_declarations(text)
    return [item for item in (_item(each, source) for each in _entries(text)) if item]


def _decoded(document: bytes) -> str:
    marked = next((name for mark, name in _MARKS if document.startswith(mark)), "")
    told = _DECLARED.match(document)
    name = marked or (told[1].decode("ascii").lower() if told else "utf-8")
    if not marked and name not in ENCODINGS:
        raise ValueError(f"its encoding {name!r} is not read here: there are {', '.join(ENCODINGS)}")
    try:
        return document.decode(name)
    except UnicodeError:
        raise ValueError(f"its text is not in {name}, which it says it is") from None


def _refuse_declarations(text: str) -> None:
    """All that may stand before the first element are comments and instructions. Raises ValueError."""
    at = text.find("<")
    while at >= 0:
        if text.startswith("<?", at):
            end = text.find("?>", at)
        elif text.startswith("<!--", at):
            end = text.find("-->", at + 4)
        elif text.startswith("<!", at):
            raise ValueError("it declares a document type, which is not read for safety")
        else:
            return
        at = text.find("<", end) if end >= 0 else -1
    raise ValueError("it is no XML")


def _entries(text: str) -> Iterable[ElementTree.Element]:
    """The items, complete. Raises ValueError."""
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    depth, seen = 0, 0
    found: list[ElementTree.Element] = []
    try:
        for at in range(0, len(text), 65_536):
            parser.feed(text[at : at + 65_536])
            for event, element in parser.read_events():
                depth += 1 if event == "start" else -1
                seen += event == "start"
                if depth > DEPTH_MAX or seen > ELEMENTS_MAX:
                    raise ValueError(f"it nests deeper than {DEPTH_MAX} or has more than {ELEMENTS_MAX} elements")
                if event == "end" and _bare(element) in _NAMES:
                    found.append(element)
            if len(found) >= ITEMS_MAX:
                return found[:ITEMS_MAX]
        parser.close()
    except ElementTree.ParseError as error:
        raise ValueError(f"it is no well-formed XML ({error})") from None
    if not found and _root_is_none(text):
        raise ValueError("it is neither RSS nor Atom")
    return found


def _root_is_none(text: str) -> bool:
    return not re.search(r"<(\w+:)?(rss|RDF|feed)[\s>/]", text[:20_000])


def _item(element: ElementTree.Element, source: str) -> Item | None:
    told = {_bare(child): child for child in reversed(element)}  # the first of a name wins
    title = _text(told.get("title"))
    own_id = next((text for name in ("guid", "id", "link") if (text := _text(told.get(name)) or _href(told, name))), "")
    times = (_text(told.get(name)) for name in ("pubDate", "published", "date", "updated"))
    return item_of(source, own_id, _time(next(filter(None, times), "")), title)


def _href(told: dict[str, ElementTree.Element], name: str) -> str:
    return told[name].get("href", "") if name in told else ""


def _text(element: ElementTree.Element | None) -> str:
    return "".join(element.itertext()).strip() if element is not None else ""


def _bare(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _time(text: str) -> datetime | None:
    """RFC 822 as in RSS, or RFC 3339 as in Atom, as aware UTC; a time without a zone is UTC."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            told = read(text[:64])
            return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
