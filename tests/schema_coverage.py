"""Watches all tests: what the adapter sends and what the simulated exchange serves must be as it is described.

The few places that everything goes through are wrapped for the whole session, so no test has to ask for it, and none
can forget. A test in which something does not fit fails. Other processes are not watched, and neither are answers that
a fault makes up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import msgspec
import pytest

from tests.schemas import Schemas

UNDESCRIBED = ("/simulated/", "/cfbenchmarks/")  # the simulated exchange's own, and what the real one passes through
PROBLEMS_SHOWN = 5


@dataclass
class Watch:
    """What has been seen since the session began, and what is wrong with it since somebody last asked."""

    schemas: Schemas
    operations: set[str] = field(default_factory=set)
    frames: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def taken_problems(self) -> list[str]:
        """The problems since the last call."""
        taken, self.problems = self.problems, []
        return taken

    def answered(self, method: str, path: str, status: int, payload: object) -> None:
        """An answer of the simulated exchange; `path` has its ids' names in braces."""
        if path.startswith(UNDESCRIBED):
            return
        body = None if payload is None else msgspec.json.decode(msgspec.json.encode(payload))
        wrong = self.schemas.answer(method, path, status, body)
        self.problems += wrong
        operation = self.schemas.operation(method, path)
        if status < 400 and not wrong and operation:
            self.operations.add(operation["operation"])

    def sent(self, method: str, path: str, params: Iterable[tuple[str, str]], body: bytes | None) -> None:
        """A request of the adapter's."""
        if not path.startswith(UNDESCRIBED):
            self.problems += self.schemas.request(method, path, params, body)

    def commanded(self, text: str) -> None:
        """A command of the adapter's to the stream."""
        self.problems += self.schemas.command(msgspec.json.decode(text))

    def told(self, text: str) -> None:
        """A frame of the simulated exchange's stream."""
        name, wrong = self.schemas.frame(msgspec.json.decode(text))
        self.problems += wrong
        if name and not wrong:
            self.frames.add(name)


def install(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    """Wrap the places: one of the server and one of its stream; the same of the adapter."""
    from trading.exchange.kalshi import stream_commands
    from trading.exchange.kalshi.http import Lane
    from trading.exchange.simulated.server import SimulatedServer
    from trading.exchange.simulated.stream_outbox import Outbox

    def answered(server: Any, route: Any, request: Any, ask: Any, answer: Any) -> None:
        watch.answered(route.method, route.path, answer.status, answer.payload)

    _after(patch, SimulatedServer, "_treated", answered)
    _after(patch, Outbox, "_put", lambda outbox, text, _: watch.told(text))
    _after(patch, Lane, "_prepare", lambda lane, r, _: watch.sent(r.method, r.path, r.params, r.body))
    _after(patch, stream_commands, "_text", lambda number, cmd, params, text: watch.commanded(text))


def _after(patch: pytest.MonkeyPatch, owner: object, name: str, look: Callable[..., None]) -> None:
    """Let `look` see the arguments and the result of every call of that method or function."""
    original = getattr(owner, name)

    @wraps(original)
    def watched(*args: Any) -> Any:
        result = original(*args)
        look(*args, result)
        return result

    patch.setattr(owner, name, watched)


def summary(watched: Iterable[str], known: Iterable[str], what: str) -> str:
    """`what` covered: N of M, and which."""
    every, seen = set(known), set(watched)
    covered = sorted(every & seen)
    return f"{what} covered: {len(covered)} of {len(every)} ({', '.join(covered) or 'none'})"
