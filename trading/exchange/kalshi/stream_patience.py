"""How long the stream's client waits for what, and the pauses between its attempts. Networks run on real time."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime

from trading.clock import monotonic
from trading.exchange.kalshi.stream_books import BookPatience
from trading.ports import Clock


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds of real time. The exchange pings every 10 s, but not under heavy flow: so we do, more often."""

    connect_seconds: float = 5.0  # for a handshake
    reply_seconds: float = 5.0  # for the reply to a command, and for a frame to be taken by the network
    ping_seconds: float = 2.0  # between two pings of ours
    trust_seconds: float = 5.0  # of silence, until nothing is believed any more
    silent_seconds: float = 10.0  # of silence, until the connection is given up
    look_seconds: float = 0.1  # between two looks at what is to be done
    audit_seconds: float = 30.0  # between two questions to the exchange what is subscribed
    first_pause_seconds: float = 0.25  # after a failure; doubles
    pause_seconds_max: float = 30.0
    unauthorized_seconds: float = 60.0  # after a refused key, which only a person can mend
    steady_seconds: float = 10.0  # what lasted so long makes the next pause the first again
    books: BookPatience = field(default_factory=BookPatience)


class Pauses:
    """Growing pauses between attempts at one thing, with jitter."""

    def __init__(self, patience: Patience, jitter: random.Random) -> None:
        self._patience, self._jitter = patience, jitter
        self._step = patience.first_pause_seconds

    def after(self, lasted: float) -> float:
        """Seconds to wait after an attempt that held for so many seconds: between half and all of the step."""
        if lasted >= self._patience.steady_seconds:
            self._step = self._patience.first_pause_seconds
        step, self._step = self._step, min(self._step * 2, self._patience.pause_seconds_max)
        return step * (0.5 + self._jitter.random() / 2)


class Pulse:
    """When the other side was heard last, in real time and in the clock's (`heard_at`)."""

    def __init__(self, clock: Clock) -> None:
        self.heard_at: datetime | None = None
        self._clock, self._heard = clock, monotonic()

    def beat(self) -> None:
        """It was heard just now."""
        self.heard_at, self._heard = self._clock.now(), monotonic()

    @property
    def silent_seconds(self) -> float:
        return monotonic() - self._heard
