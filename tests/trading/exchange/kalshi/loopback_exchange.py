"""A scripted HTTP server on loopback that can answer, stall, cut, drop and reset, and checks what it is sent.

Requests are checked against the exchange's machine-readable spec where `REFERENCE_DIR` has it (default: `../shared`
beside the repository).
"""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import threading
from collections import deque
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema  # type: ignore[import-untyped]

ROOT = "/trade-api/v2"
REFERENCE_DIR = Path(os.environ.get("REFERENCE_DIR", Path(__file__).resolve().parents[5] / "shared"))
SPEC_FILE = REFERENCE_DIR / "kalshi-api-3.34.0.json"
STALL_SECONDS_MAX = 5.0


@cache
def spec() -> dict[str, Any] | None:
    """The spec, or None where this machine has none."""
    return json.loads(SPEC_FILE.read_text()) if SPEC_FILE.exists() else None


def violations(method: str, path: str, query: dict[str, list[str]], body: bytes) -> list[str]:
    """What the spec has against a request; nothing where there is no spec, or the path is not in it."""
    reference = spec()
    if reference is None or "cfbenchmarks" in path:
        return []
    fitting = [
        operation
        for operation in reference["operations"]
        if operation["method"] == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation["path"]), path)
    ]
    if not fitting:
        return [f"no operation {method} {path}"]
    operation = min(fitting, key=lambda found: found["path"].count("{"))  # the literal path wins
    known = {p["name"] for p in operation["params"] if p["in"] == "query"}
    found = [f"{method} {path}: unknown parameter {name}" for name in set(query) - known]
    if operation["body"]:
        schema = {"definitions": reference["definitions"], "$ref": f"#/definitions/{operation['body']}"}
        data = json.loads(body)
        found += [e.message for e in jsonschema.Draft7Validator(schema).iter_errors(data)]
        allowed = reference["definitions"][operation["body"]]["properties"]
        found += [f"unknown field {name}" for name in set(data) - set(allowed)]
    return found


@dataclass
class Seen:
    """One request as it arrived; `connection` numbers the TCP connection it came on."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What to do with a request. `fault`: stall, drop (close without a byte), reset, cut (half of the body)."""

    status: int = 200
    body: Any = field(default_factory=dict)
    fault: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Loopback:
    """Answers from a script per method and path; an unscripted request gets a 404."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.against_spec: list[str] = []
        self.release = threading.Event()
        self._arrived = threading.Condition()
        self._scripts: dict[tuple[str, str], deque[Reply]] = {}
        self._connections = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{ROOT}"

    def on(self, method: str, path: str, *replies: Reply) -> None:
        """These replies in turn; the last one stays."""
        self._scripts[(method, path)] = deque(replies)

    def requests(self, method: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.method == method]

    def wait_for(self, count: int) -> bool:
        """Block until this many requests have arrived in all."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.seen) >= count, STALL_SECONDS_MAX)

    def arrived(self, seen: Seen) -> None:
        self.against_spec += violations(seen.method, seen.path, seen.query, seen.body)
        with self._arrived:
            self.seen.append(seen)
            self._arrived.notify_all()

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()

    def _next(self, method: str, path: str) -> Reply:
        script = self._scripts.get((method, path))
        if not script:
            return Reply(404, {"error": {"code": "not_found", "message": "not found"}})
        return script.popleft() if len(script) > 1 else script[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                loopback._connections += 1
                self.number = loopback._connections

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parts = urlsplit(self.path)
                path = parts.path.removeprefix(ROOT)
                query = parse_qs(parts.query)
                loopback.arrived(Seen(self.command, path, query, dict(self.headers), body, self.number))
                self.give(loopback._next(self.command, path))

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def give(self, reply: Reply) -> None:
                if reply.fault == "stall":
                    loopback.release.wait(STALL_SECONDS_MAX)
                if reply.fault in ("stall", "drop", "reset"):
                    self.hang_up(hard=reply.fault == "reset")
                    return
                self.send_response_only(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.status != 204:
                    self.send_header("Content-Length", str(len(reply.raw)))
                self.end_headers()
                if reply.fault == "cut":
                    self.wfile.write(reply.raw[: len(reply.raw) // 2])
                    self.hang_up(hard=False)
                elif reply.status != 204:
                    self.wfile.write(reply.raw)

            def hang_up(self, hard: bool) -> None:
                self.close_connection = True
                if hard:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    self.connection.shutdown(socket.SHUT_RDWR)
                self.connection.close()

        return Handler
