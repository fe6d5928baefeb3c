"""Discord's published HTTP description as a judge of requests: does the path exist, does the body fit?"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

ROOT = Path(__file__).parent.parent.parent
FILE = Path(os.environ.get("REFERENCE_DIR", ROOT.parent / "shared")) / "specs" / "discord-openapi.json"
BODIES_KEPT = 256  # every bot that starts sends the same menu, and judging it takes longest


class Spec:
    """Finds violations; `present` is False where the description is not on this machine, and nothing is judged."""

    def __init__(self, file: Path = FILE) -> None:
        self.present = file.is_file()
        self._spec: dict[str, Any] = json.loads(file.read_text()) if self.present else {"paths": {}, "components": {}}
        self._paths = [(re.compile(re.sub(r"\{\w+\}", r"[^/]+", path) + "$"), path) for path in self._spec["paths"]]
        self._paths.sort(key=lambda each: each[1].count("{"))  # `@me` and `@original` before any id
        self._validators: dict[tuple[str, str], Draft202012Validator] = {}
        self._judged = lru_cache(BODIES_KEPT)(self._judge)

    def violations(self, method: str, path: str, body: object) -> list[str]:
        """What is wrong with a request, in words."""
        if not self.present:
            return []
        known = next((text for pattern, text in self._paths if pattern.match(path)), None)
        if known is None or method.lower() not in self._spec["paths"][known]:
            return [f"{method} {path}: no such call"]
        if body is None:
            return []
        return [f"{method} {path}: {wrong}" for wrong in self._judged(known, method.lower(), json.dumps(body))]

    def _judge(self, path: str, method: str, body: str) -> tuple[str, ...]:
        errors = self._validator(path, method).iter_errors(_normal(json.loads(body)))
        return tuple(f"{each.json_path}: {each.message[:300]}" for each in errors)

    def _validator(self, path: str, method: str) -> Draft202012Validator:
        key = (path, method)
        if key not in self._validators:
            content = self._spec["paths"][path][method].get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            self._validators[key] = Draft202012Validator({**schema, "components": self._spec["components"]})
        return self._validators[key]


@cache
def published() -> Spec:
    """The description as this machine has it, read once."""
    return Spec()


def _normal(body: object, name: str = "") -> object:
    """Real clients send some ids as numbers where the description says string; Discord takes both."""
    if isinstance(body, Mapping):
        return {key: _normal(value, key) for key, value in body.items()}
    if isinstance(body, list):
        return [_normal(value, name) for value in body]
    is_id = name == "id" or name.endswith("_id")
    return str(body) if is_id and isinstance(body, int) and not isinstance(body, bool) else body
