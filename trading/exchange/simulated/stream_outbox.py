"""Frames on their way to one client: a bounded queue of text, and what the stream's faults do to it.

When the queue is full everything in it is dropped for one error 25, and the connection ends: the client has to
subscribe anew. So it is at the exchange.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from trading.exchange.simulated.stream_commands import BUFFER_OVERFLOW
from trading.exchange.simulated.stream_faults import StreamFault, StreamFaults
from trading.exchange.simulated.wire import Json

FRAMES_MAX = 10_000  # waiting for one client; more is a buffer overflow


class Outbox:
    """`ready` is called whenever there is something new to send, or the end. `ended`: nothing more is taken."""

    def __init__(self, faults: StreamFaults, frames_max: int = FRAMES_MAX) -> None:
        self.frames: deque[str] = deque()
        self.ended = False
        self.broken = False  # the connection is to be cut, not closed
        self.ready: Callable[[], None] = _nobody
        self._faults, self._frames_max = faults, frames_max
        self._held: dict[int, str] = {}  # frames that wait for the next one of their sid

    def reply(self, frame: Json) -> None:
        """Queue the answer to a command; it meets no fault."""
        self._put(_text(frame))

    def tell(self, channel: str, sid: int, frame: Json) -> None:
        """Queue a channel's message, as the faults let it."""
        fault, text = self._faults.choose(channel), _text(frame)
        if fault is StreamFault.DISCONNECT:
            self.cut()
        elif fault is StreamFault.REORDER and sid not in self._held:
            self._held[sid] = text
        elif fault is not StreamFault.GAP:
            self._put(text)
            if fault is StreamFault.DUPLICATE:
                self._put(text)
            if sid in self._held:
                self._put(self._held.pop(sid))

    def end(self) -> None:
        """Take nothing more; what is queued is still sent."""
        self.ended = True
        self.ready()

    def cut(self) -> None:
        """Break the connection off where it is."""
        self.frames.clear()
        self.broken = True
        self.end()

    def _put(self, text: str) -> None:
        if self.ended:
            return
        if len(self.frames) < self._frames_max:
            self.frames.append(text)
            self.ready()
            return
        self.frames.clear()
        self.frames.append(_text({"type": "error", "msg": {"code": BUFFER_OVERFLOW, "msg": "buffer overflow"}}))
        self.end()


def _nobody() -> None:
    """Before a socket listens."""


def _text(frame: Json) -> str:
    return msgspec.json.encode(frame).decode()
