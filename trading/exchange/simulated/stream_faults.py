"""What goes wrong between the stream and a client: frames lost, repeated, out of order, and broken connections.

As with the REST faults a profile draws by the channel and the frame's number in it, so that channels do not change one
another's luck; an ordered fault (`next`) comes before any drawn one. Replies to commands are never spoilt.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from enum import StrEnum

from trading.exchange.simulated.chance import root, unit


class StreamFault(StrEnum):
    """What happens to one frame of a channel."""

    GAP = "gap"  # lost: its seq is never seen
    DUPLICATE = "duplicate"  # sent twice
    DISCONNECT = "disconnect"  # the connection breaks instead
    REORDER = "reorder"  # sent after the next frame of its sid


class StreamFaults:
    """The stream faults of one server: `shares` says how often each is drawn, nothing by default."""

    def __init__(self, shares: Mapping[StreamFault, float] | None = None, seed: int = 1) -> None:
        self._shares = dict(shares or {})
        self._root = root(seed, "stream faults")
        self._seen: Counter[str] = Counter()
        self._ordered: deque[tuple[str, StreamFault]] = deque()
        self._refusals = 0

    def next(self, channel: str, fault: StreamFault | str, times: int = 1) -> None:
        """Let the next `times` frames of that channel (`*`: of any) meet the fault."""
        self._ordered.extend((channel, StreamFault(fault)) for _ in range(times))

    def refuse(self, times: int = 1) -> None:
        """Let the next `times` handshakes fail with 503."""
        self._refusals += times

    def refuses(self) -> bool:
        """Whether the handshake that is asked for now fails."""
        self._refusals, refused = max(self._refusals - 1, 0), self._refusals > 0
        return refused

    def clear(self) -> None:
        """Forget what was ordered and not yet met."""
        self._ordered.clear()
        self._refusals = 0

    @property
    def pending(self) -> int:
        """Ordered faults that no frame and no handshake has met yet."""
        return len(self._ordered) + self._refusals

    def choose(self, channel: str) -> StreamFault | None:
        """What happens to the channel's next frame."""
        for order in self._ordered:
            if order[0] in ("*", channel):
                self._ordered.remove(order)
                return order[1]
        return self._drawn(channel)

    def _drawn(self, channel: str) -> StreamFault | None:
        if not self._shares:
            return None
        number, self._seen[channel] = self._seen[channel], self._seen[channel] + 1
        draw = unit(self._root, root(channel), number)
        for fault, share in self._shares.items():
            if draw < share:
                return fault
            draw -= share
        return None
