"""What Discord refuses of a message though its form is right: what is too long, too many, empty, or there twice.

https://docs.discord.com/developers/resources/message#embed-object-embed-limits and .../components/reference
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aiohttp import web

from .discord_payloads import BUTTON, MENU, Json
from .discord_replies import error, said

CONTENT_MAX, EMBEDS_TOTAL_MAX = 2000, 6000
EMBED_MAX = {"title": 256, "description": 4096}
ROWS_MAX, BUTTONS_MAX, OPTIONS_MAX, FIELDS_MAX = 5, 5, 25, 25
LABEL_MAX, TEXT_MAX = 80, 100
ATTACHED = "attachment://"


def units(text: str) -> int:
    """UTF-16 units: what Discord takes by them it takes by any way of counting."""
    return len(text.encode("utf-16-le")) // 2


def unfit(body: Json, files: Iterable[str] = (), *, empty: bool = False) -> web.Response | None:
    """Discord's refusal, if it refuses. `empty`: an edit may leave the rest as it was."""
    problems = [*_content(body), *_embeds(body, set(files)), *_components(body)]
    if problems:
        errors = {"_errors": [{"code": "INVALID", "message": text} for text in problems]}
        return said({"message": f"Invalid Form Body: {problems[0]}", "code": 50035, "errors": errors}, status=400)
    if not empty and not (body.get("content") or body.get("embeds") or list(files)):
        return error(400, 50006, "Cannot send an empty message")
    return None


def _content(body: Json) -> Iterator[str]:
    if units(body.get("content") or "") > CONTENT_MAX:
        yield f"content: must be {CONTENT_MAX} or fewer in length"


def _embeds(body: Json, files: set[str]) -> Iterator[str]:
    total = 0
    for embed in body.get("embeds") or []:
        texts = {name: embed.get(name) or "" for name in EMBED_MAX}
        total += sum(map(units, texts.values()))
        yield from (f"embeds: {name} is too long" for name, most in EMBED_MAX.items() if units(texts[name]) > most)
        image = (embed.get("image") or {}).get("url", "")
        if image.startswith(ATTACHED) and image.removeprefix(ATTACHED) not in files:
            yield f"embeds: {image} is not attached"
        if len(embed.get("fields") or []) > FIELDS_MAX:
            yield "embeds: too many fields"
        if not (image or embed.get("fields") or any(text.strip() for text in texts.values())):
            yield "embeds: an embed is empty"
    if total > EMBEDS_TOTAL_MAX:
        yield "embeds: too long in all"


def _components(body: Json) -> Iterator[str]:
    rows = [row["components"] for row in body.get("components") or []]
    ids = [each["custom_id"] for row in rows for each in row]
    if len(rows) > ROWS_MAX or len(ids) != len(set(ids)) or any(not 1 <= len(each) <= TEXT_MAX for each in ids):
        yield "components: too many rows, or ids that are double or too long"
    for row in rows:
        if len(row) > (1 if any(each["type"] == MENU for each in row) else BUTTONS_MAX):
            yield "components: too much in a row"
        yield from (f"components: label {b['label']!r}" for b in row if b["type"] == BUTTON and not _fits_label(b))
        yield from (problem for each in row if each["type"] == MENU for problem in _menu(each))


def _fits_label(button: Json) -> bool:
    return 1 <= len(button["label"]) <= LABEL_MAX


def _menu(menu: Json) -> Iterator[str]:
    options = menu["options"]
    values = [each["value"] for each in options]
    if not 1 <= len(options) <= OPTIONS_MAX or len(values) != len(set(values)):
        yield "components: a menu has no options, too many, or double ones"
    texts = [text for each in options for text in (each["label"], each["value"], each.get("description") or "-")]
    if any(not 1 <= len(text) <= TEXT_MAX for text in texts):
        yield "components: a text of an option is empty or too long"
