"""What the Bot API accepts: its parameters by the published specification, its HTML, its lengths."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

REFERENCE = Path(os.environ.get("REFERENCE_DIR", Path(__file__).parents[3] / "shared"))
SPEC = REFERENCE / "specs" / "telegram-api.json"
TEXT_UNITS_MAX = 4096
CAPTION_UNITS_MAX = 1024
CALLBACK_BYTES_MAX = 64
TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "blockquote", "a", "tg-spoiler"}

Json = dict[str, Any]


class Refused(Exception):
    """What the Bot API answers with a code that is not 200."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters


def bad(description: str) -> Refused:
    return Refused(400, f"Bad Request: {description}")


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


# --- HTML -----------------------------------------------------------------------------------------------------------

_PIECE = re.compile(r"<(/?)([a-zA-Z-]+)([^<>]*)>|<|[^<]+")


def parsed(text: str, mode: str | None) -> str:
    """The text without its markup, as people see it. Raises Refused."""
    if not mode:
        return text
    if mode != "HTML":
        raise bad(f"this double knows no {mode}")
    shown, open_tags = "", []
    for piece in _PIECE.finditer(text):
        closing, tag, rest = piece.groups()
        if piece[0] == "<":
            raise bad(f"can't parse entities: unclosed start tag at byte offset {piece.start()}")
        if not tag:
            shown += unescape(piece[0])
        elif tag not in TAGS or (rest.strip() and tag != "a"):
            raise bad(f'can\'t parse entities: unsupported start tag "{tag}" at byte offset {piece.start()}')
        elif not closing:
            open_tags.append(tag)
        elif not open_tags or open_tags.pop() != tag:
            raise bad(f'can\'t parse entities: unmatched end tag "{tag}" at byte offset {piece.start()}')
    if open_tags:
        raise bad(f"can't parse entities: can't find end tag corresponding to start tag \"{open_tags[-1]}\"")
    return shown


def text_of(text: str, mode: str | None) -> str:
    """What is shown of a message's text. Raises Refused."""
    shown = parsed(text, mode).strip()
    if not shown:
        raise bad("message text is empty")
    if units(shown) > TEXT_UNITS_MAX:
        raise bad("message is too long")
    return shown


def caption_of(text: str, mode: str | None) -> str:
    shown = parsed(text, mode).strip()
    if units(shown) > CAPTION_UNITS_MAX:
        raise bad("message caption is too long")
    return shown


def keys_of(markup: Mapping[str, Any] | None) -> list[Json]:
    """The buttons of an inline keyboard. Raises Refused."""
    keys = [key for row in (markup or {}).get("inline_keyboard", []) for key in row]
    if any(not 1 <= len(str(key.get("callback_data", "")).encode()) <= CALLBACK_BYTES_MAX for key in keys):
        raise bad("BUTTON_DATA_INVALID")
    return keys


# --- parameters by the specification ---------------------------------------------------------------------------------


class Spec:
    """The published specification as an oracle; `known` is False where it is not there."""

    def __init__(self, path: Path = SPEC) -> None:
        self.known = path.is_file()
        read = _loaded(path) if self.known else {"methods": {}, "types": {}}
        self._methods: Json = read["methods"]
        self._types: Json = read["types"]
        self._names = {name.casefold(): name for name in self._methods}

    def method(self, name: str) -> str:
        """The method's own spelling: the Bot API does not mind another."""
        return self._names.get(name.casefold(), name)

    def decoded(self, method: str, sent: Mapping[str, Any]) -> Json:
        """Parameters of a form as values: all but texts come as JSON."""
        fields = {field["name"]: field["types"] for field in self._methods.get(method, {}).get("fields", [])}
        return {name: _value(value, fields.get(name, [])) for name, value in sent.items()}

    def wrongs(self, method: str, given: Mapping[str, Any]) -> list[str]:
        """What is wrong with a call, by the specification."""
        if not self.known:
            return []
        if method not in self._methods:
            return [f"{method}: no such method"]
        return [f"{method}: {wrong}" for wrong in self._fields(self._methods[method].get("fields", []), given)]

    def _fields(self, fields: list[Json], given: Mapping[str, Any]) -> list[str]:
        known = {field["name"]: field for field in fields}
        wrongs = [f"unknown parameter {name}" for name in given if name not in known]
        wrongs += [f"{name} is missing" for name, field in known.items() if field["required"] and name not in given]
        for name, value in given.items():
            if name in known:
                wrongs += [f"{name}: {wrong}" for wrong in self._type(known[name]["types"], value)]
        return wrongs

    def _type(self, types: list[str], value: Any) -> list[str]:
        """Wrongs of a value that fits none of the types; those of simple ones are only about lists and objects."""
        kinds = [kind for each in types for kind in self._types.get(each, {}).get("subtypes") or [each]]
        tries = [self._one(kind, value) for kind in kinds]
        return min(tries, key=len, default=[])

    def _one(self, kind: str, value: Any) -> list[str]:
        if kind.startswith("Array of "):
            if not isinstance(value, list):
                return [f"{value!r} is no list"]
            inner = kind.removeprefix("Array of ")
            return [wrong for each in value for wrong in self._type([inner], each)]
        if kind in self._types and self._types[kind].get("fields"):
            return self._fields(self._types[kind]["fields"], value) if isinstance(value, dict) else [f"no {kind}"]
        simple = {"Integer": int, "Boolean": bool, "String": str}.get(kind)
        return [] if simple is None or isinstance(value, simple) else [f"{value!r} is no {kind}"]


@cache
def _loaded(path: Path) -> Json:
    read: Json = json.loads(path.read_text())
    return read


class Upload(bytes):
    """A file that was sent, with the name that it was given."""

    filename = ""


def attached(sent: Json) -> Json:
    """Files by the parameters that name them; of `media` the file inside it."""
    refers = {name: str(value).removeprefix("attach://") for name, value in sent.items()}
    files = {refers[name] for name in sent if str(sent[name]).startswith("attach://")}
    inside = json.loads(sent["media"]) if "media" in sent else {}
    files.add(str(inside.get("media", "")).removeprefix("attach://"))
    return {name: sent.get(refers[name], value) for name, value in sent.items() if name not in files}


def fill_media(given: Json, sent: Json) -> None:
    """Put the file that `media` names in the place of its name."""
    if isinstance(media := given.get("media"), dict):
        given["media"] = media | {"media": sent[media["media"].removeprefix("attach://")]}


def uploaded(field: Any) -> Upload:
    """What stands in a part of a form that is a file."""
    made = Upload(field.file.read())
    made.filename = field.filename
    return made


def _value(value: Any, types: list[str]) -> Any:
    if not isinstance(value, str) or ("String" in types and not value.lstrip("-").isdecimal()):
        return value
    if types == ["String"]:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
