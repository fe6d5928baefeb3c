"""The stream of the simulated exchange without its sockets: who is connected, and what each tick tells them.

A tick brings the venue to the clock's time and tells every session the difference to the tick before. Whoever acts on
the venue ticks before and after it, so that an order's effect on the book is told by itself. Without a session a tick
does nothing, and nothing is collected.
"""

from __future__ import annotations

from trading.exchange.simulated.stream_changes import AccountWatch
from trading.exchange.simulated.stream_faults import StreamFaults
from trading.exchange.simulated.stream_outbox import FRAMES_MAX, Outbox
from trading.exchange.simulated.stream_session import Session
from trading.exchange.simulated.venue import Venue

SESSIONS_MAX = 200  # connected at the same time


class Stream:
    """The sessions of one venue. Synchronous; a tick may raise StoreFailed, as any call of the venue's."""

    def __init__(self, venue: Venue, faults: StreamFaults | None = None, frames_max: int = FRAMES_MAX) -> None:
        self.faults = faults or StreamFaults()
        self.sessions: list[Session] = []
        self._venue, self._frames_max = venue, frames_max
        self._watch = AccountWatch(venue.account)
        self._since = venue.now

    @property
    def full(self) -> bool:
        return len(self.sessions) >= SESSIONS_MAX

    def open(self) -> Session:
        """A session without subscriptions; it hears of what happens from now on."""
        self.tick()
        if not self.sessions:
            self._since = self._venue.sync()
            self._watch.begin()
        session = Session(self._venue, Outbox(self.faults, self._frames_max))
        self.sessions.append(session)
        return session

    def close(self, session: Session) -> None:
        """Forget a session; a second time changes nothing."""
        if session not in self.sessions:
            return
        session.outbox.ended = True
        self.sessions.remove(session)
        if not self.sessions:
            self._watch.end()

    def receive(self, session: Session, text: str | bytes) -> None:
        """Treat a client's frame at the clock's time."""
        self.tick()
        session.receive(text)

    def tick(self) -> None:
        """Tell every session what has happened since the last tick."""
        if not self.sessions:
            return
        now = self._venue.sync()
        changes = self._watch.take(self._since, now)
        self._since = now
        for session in self.sessions:
            if not session.outbox.ended:
                session.pump(changes)
