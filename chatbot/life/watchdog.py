"""The watchdog: a thread of its own that hears the loop and the beat, and sounds an alarm when one falls silent.

Whatever stands still stands still in the loop, so nothing here goes through it: each way of the alarm (the log,
standard error, one plain request to each chat) is a thread of its own that nobody waits for. While all is well an
external monitor is pinged; it alarms by itself when that stops, also when this whole machine has gone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from chatbot.formats import span
from trading.clock import monotonic

LOOK_SECONDS = 0.5  # between two looks
PING_SECONDS = 60.0

Say = Callable[[str], None]


class Watchdog:
    """`bounds` are what is listened to: a name, and the seconds of real time that it may be silent. Each of `ways` is
    given every alarm; `ping` tells the external monitor that all is well."""

    def __init__(
        self,
        bounds: Mapping[str, float],
        ways: Sequence[Say],
        ping: Callable[[], None] | None = None,
        *,
        look_seconds: float = LOOK_SECONDS,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        self.bounds, self._ways, self._ping = bounds, ways, ping
        self._look_seconds, self._ping_seconds = look_seconds, ping_seconds
        self._heard: dict[str, float] = {}
        self._silent: dict[str, float] = {}  # what is told as silent -> when it was heard last
        self._pinged: threading.Thread | None = None
        self._ping_at = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to listen; everything counts as heard just now."""
        now = monotonic()
        self._heard = dict.fromkeys(self.bounds, now)
        self._ping_at = now
        self._thread.start()

    def hear(self, name: str) -> None:
        """A sign of life of one of the things listened to; costs nothing, from any thread."""
        self._heard[name] = monotonic()

    def silences(self) -> dict[str, float]:
        """For how many seconds each has been silent."""
        now = monotonic()
        return {name: now - heard for name, heard in self._heard.items()}

    def stop(self) -> None:
        """End the thread; an alarm on its way goes on by itself."""
        self._stopped.set()
        self._thread.join(2 * self._look_seconds)

    # --- the thread ---

    def _watch(self) -> None:
        while not self._stopped.wait(self._look_seconds):
            now = monotonic()
            for name, bound in self.bounds.items():
                self._look(name, bound, now)
            if not self._silent and now >= self._ping_at:
                self._send_ping(now)

    def _look(self, name: str, bound: float, now: float) -> None:
        heard = self._heard[name]
        if name not in self._silent and now - heard > bound:
            self._silent[name] = heard
            self._alarm(f"ALARM: {name} has stood still for {span(now - heard)}. What is open stays as it is.")
        elif name in self._silent and now - heard <= bound:
            stood = span(heard - self._silent.pop(name))
            self._alarm(f"{name[:1].upper()}{name[1:]} goes again, after {stood}.")

    def _alarm(self, text: str) -> None:
        for way in self._ways:
            threading.Thread(target=way, args=(text,), name="alarm", daemon=True).start()

    def _send_ping(self, now: float) -> None:
        """One at a time: a monitor that hangs gets no second one."""
        if self._ping and not (self._pinged and self._pinged.is_alive()):
            self._ping_at = now + self._ping_seconds
            self._pinged = threading.Thread(target=self._ping, name="ping", daemon=True)
            self._pinged.start()
