"""The exchange's own description as validators: requests, answers and frames, each compiled once.

Source: `kalshi-api-3.34.0.json` (operations and models) and `kalshi-stream-schema.json` (messages of the stream).
Objects that list their properties are closed: a field that the exchange does not know is a problem, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import fastjsonschema

Validator = Callable[[Any], Any]
FORMATS = {"uuid": r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}
NESTED_ERROR = {  # the wire's form of a refusal; the description has it flat
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "additionalProperties": False,
            "properties": {name: {"type": "string"} for name in ("code", "message", "details")},
        }
    },
}
FRAME_MODELS = {  # by the type of a frame
    "subscribed": "subscribedResponse",
    "unsubscribed": "unsubscribedResponse",
    "ok": "okResponse",
    "error": "errorResponse",
    "orderbook_snapshot": "orderbookSnapshot",
    "orderbook_delta": "orderbookDelta",
    "ticker": "ticker",
    "trade": "trade",
    "fill": "fill",
    "user_order": "userOrder",
    "market_position": "marketPosition",
    "order_group_updates": "orderGroupUpdates",
    "market_lifecycle_v2": "marketLifecycleV2",
    "event_lifecycle": "eventLifecycle",
    "event_fee_update": "eventFeeUpdate",
    "cfbenchmarks_value": "cfbenchmarksValue",
    "cfbenchmarks_value_5hz": "cfbenchmarksValue5Hz",
    "cfbenchmarks_value_indexlist": "cfbenchmarksIndexList",
}
LISTED = "listSubscriptionsResponse"
COMMAND_MODELS = {
    "subscribe": ("subscribeCommand",),
    "unsubscribe": ("unsubscribeCommand",),
    "list_subscriptions": ("listSubscriptionsCommand",),
    "update_subscription": (
        "updateSubscriptionCommand",
        "updateSubscriptionDeleteCommand",
        "updateSubscriptionSingleSidCommand",
        "cfbenchmarksUpdateSubscriptionCommand",
    ),
}


class Schemas:
    """What the exchange describes. Every check returns what is wrong, in words; nothing when all is well."""

    def __init__(self, reference: Path) -> None:
        described = json.loads((reference / "kalshi-api-3.34.0.json").read_text())
        messages = json.loads((reference / "kalshi-stream-schema.json").read_text())["messages"]
        self.operations: dict[str, dict[str, Any]] = {o["operation"]: o for o in described["operations"]}
        self.frames = {*FRAME_MODELS.values(), LISTED} & messages.keys()
        self._definitions, self._messages = closed(described["definitions"]), closed(messages)
        self.model = lru_cache(maxsize=None)(self._model)
        self.message = lru_cache(maxsize=None)(self._message)
        self.operation = lru_cache(maxsize=10_000)(self._operation)
        self._error = fastjsonschema.compile(NESTED_ERROR)

    def answer(self, method: str, path: str, status: int, body: Any) -> list[str]:
        """An answer's JSON; `path` is after the API's root, with its ids or with their names in braces."""
        where = f"answer {status} to {method} {path}"
        if status >= 400:
            return _told(where, self._error, body)
        operation = self.operation(method, path)
        if operation is None or str(status) not in operation["responses"]:
            return [f"{where}: the exchange has no such answer"]
        model = operation["responses"][str(status)]
        if model is None:
            return [f"{where}: it has a body"] if body is not None and status == 204 else []
        return _told(where, self.model(model), body)

    def request(self, method: str, path: str, params: Iterable[tuple[str, str]], body: bytes | None) -> list[str]:
        """A request as it is sent: its query and its body."""
        where, operation = f"request {method} {path}", self.operation(method, path)
        if operation is None:
            return [f"{where}: the exchange has no such operation"]
        known = {p["name"]: p for p in operation["params"] if p["in"] == "query"}
        given = list(params)
        wrong = [f"{where}: {name}={value}" for name, value in given if not _fits_type(known.get(name), value)]
        missing = known.keys() - {name for name, _ in given}
        wrong += [f"{where}: {name} is missing" for name in missing if known[name]["required"]]
        if body == b"{}" and operation["body"] is None:  # what says nothing may also be said with an empty object
            return wrong
        if body is None or operation["body"] is None:
            return wrong + [f"{where}: body {body!r}"] * (bool(body) != bool(operation["body"]))
        return wrong + _told(where, self.model(operation["body"]), json.loads(body))

    def frame(self, frame: dict[str, Any]) -> tuple[str, list[str]]:
        """The name of a frame's model, and what is wrong with it."""
        name = FRAME_MODELS.get(frame.get("type", ""), "")
        if not name:
            return "", [f"frame {frame}: the stream has no such type"]
        if name == "okResponse":
            name = LISTED if isinstance(frame.get("msg"), list) else name
            if isinstance(frame.get("msg"), dict) and "index_ids" in frame["msg"]:  # named in prose only
                frame = frame | {"msg": {}}
        return name, _told(f"frame {frame}", self.message(name), frame)

    def command(self, command: dict[str, Any]) -> list[str]:
        """A command to the stream: one of its forms must fit."""
        where, forms = f"command {command}", COMMAND_MODELS.get(command.get("cmd", ""), ())
        found = [_told(where, self.message(name), command) for name in forms]
        if [] in found:
            return []
        return found[0] if found else [f"{where}: the stream has no such command"]

    def _model(self, name: str) -> Validator:
        if name == "object":  # described as such, without a model
            return _compiled({"type": "object"})
        schema = {"$ref": f"#/definitions/{name}", "definitions": self._definitions}
        return _compiled(schema)

    def _message(self, name: str) -> Validator:
        return _compiled(self._messages[name])

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        """The longest literal path wins, as it does in the routing."""
        found = [o for o in self.operations.values() if o["method"] == method and _fits(o["path"], path)]
        return min(found, key=lambda o: o["path"].count("{"), default=None)


def closed(schema: Any) -> Any:
    """The schema with every object that lists its properties closed to others, where it does not say otherwise."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


def _compiled(schema: Any) -> Validator:
    validator: Validator = fastjsonschema.compile(
        {"$schema": "http://json-schema.org/draft-07/schema#", **schema}, formats=FORMATS, use_default=False
    )
    return validator


def _told(where: str, validator: Validator, value: Any) -> list[str]:
    try:
        validator(value)
    except fastjsonschema.JsonSchemaValueException as problem:
        return [f"{where}: {problem.message}, not {problem.value!r}"]
    return []


def _fits(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(p.startswith("{") or p == g for p, g in zip(parts, given, strict=True))


def _fits_type(param: dict[str, Any] | None, value: str) -> bool:
    """Whether a query parameter is known and its value of the kind it says."""
    if param is None:
        return False
    if param["type"] == "int":
        return re.fullmatch(r"-?\d+", value) is not None
    return param["type"] != "bool" or value in ("true", "false")
