"""What goes wrong between a client and the venue, chosen by a seeded profile or ordered by a test.

A profile draws for each request by its method, its kind of path and its number among those, so that lanes of a client
that overtake each other do not change one another's luck. An ordered fault (`next`) comes before any drawn one. What
does not hit single requests (floods of 429, stale reads, a wrong clock) stands in the profile beside them.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from math import pow

from trading.domain.errors import Misconfigured
from trading.exchange.simulated.chance import root, unit
from trading.exchange.simulated.stream_faults import StreamFault

LATE_SECONDS = 20.0  # of the venue's clock: after a client has given up
HANG_SECONDS = 30.0  # of real time: longer than a client waits
SLOW_SECONDS = 0.1  # of real time, for a body in SLOW_PIECES pieces
SLOW_PIECES = 5
DELAY_SECONDS_MIN, DELAY_SECONDS_MAX = 0.002, 1.0  # of real time
_DELAY_PLACE = 1  # of the chance, so that a delay is not the draw that chose it
DELAY_TAIL = 1.1  # the exponent of the delays' Pareto distribution: half are under 4 ms, one in a hundred over 130 ms


class Fault(StrEnum):
    """`lost_*` means that the connection breaks; the words after say what the exchange has done."""

    REFUSED = "refused"  # 503, nothing done
    FAILED = "failed"  # 503, and yet it was done
    LOST_BEFORE = "lost_before"  # connection dropped, nothing done
    LOST_AFTER = "lost_after"  # done, its answer lost
    LOST_LATE = "lost_late"  # connection dropped; it is done LATE_SECONDS later
    LIMITED = "limited"  # 429, nothing done
    TWICE = "twice"  # delivered twice; the second answer comes back
    DELAYED = "delayed"  # half of `Faults.delay` on the way in, half on the way out
    SLOW = "slow"  # done; the answer's body trickles in over SLOW_SECONDS
    HANGING = "hanging"  # done, and silence for HANG_SECONDS


@dataclass(frozen=True, slots=True)
class Profile:
    """What goes wrong under one name. `requests` and `frames` give the share of them that each fault hits."""

    requests: Mapping[Fault, float] = field(default_factory=dict)
    frames: Mapping[StreamFault, float] = field(default_factory=dict)
    flooded: float = 0.0  # share of the spells (`spells.py`) in which every request is answered with 429
    stale: float = 0.0  # share of the spells in which reads are answered as of the spell's start (`stale.py`)
    skew_seconds: float = 0.0  # how far the server's clock (Date, timestamps of signatures) is ahead of the real one


PROFILES: dict[str, Profile] = {
    "none": Profile(),
    "flaky": Profile({Fault.REFUSED: 0.02, Fault.LOST_BEFORE: 0.01, Fault.LOST_AFTER: 0.01, Fault.LIMITED: 0.01}),
    "timeouts": Profile({Fault.LOST_AFTER: 0.03, Fault.LOST_LATE: 0.05, Fault.FAILED: 0.02}),
    "duplicates": Profile({Fault.TWICE: 0.1}),
    "limits": Profile({Fault.LIMITED: 0.05}, flooded=0.1),
    "latency": Profile({Fault.DELAYED: 0.2}),
    "slow": Profile({Fault.SLOW: 0.02}),
    "stale": Profile(stale=0.5),
    "skew": Profile(skew_seconds=10.0),
    "gaps": Profile(frames={StreamFault.GAP: 0.01}),
    "shuffled": Profile(frames={StreamFault.DUPLICATE: 0.01, StreamFault.REORDER: 0.01}),
    "disconnects": Profile(frames={StreamFault.DISCONNECT: 0.005}),
    "storm": Profile(
        {
            Fault.REFUSED: 0.06,
            Fault.FAILED: 0.04,
            Fault.LOST_BEFORE: 0.04,
            Fault.LOST_AFTER: 0.05,
            Fault.LOST_LATE: 0.05,
            Fault.LIMITED: 0.05,
            Fault.TWICE: 0.03,
        },
        {
            StreamFault.GAP: 0.005,
            StreamFault.DUPLICATE: 0.005,
            StreamFault.REORDER: 0.005,
            StreamFault.DISCONNECT: 0.0005,
        },
    ),
}


def profile_of(name: str) -> Profile:
    """A profile by its name. Raises Misconfigured."""
    if name not in PROFILES:
        raise Misconfigured(f"no fault profile {name!r}; there are {', '.join(PROFILES)}")
    return PROFILES[name]


@dataclass(frozen=True, slots=True)
class _Order:
    method: str
    path: str
    fault: Fault


class Faults:
    """The faults of one server: `shares` says how often each is drawn, nothing by default."""

    def __init__(self, shares: Mapping[Fault, float] | None = None, seed: int = 1) -> None:
        self._shares = dict(shares or {})
        self._root = root(seed, "faults")
        self._seen: Counter[str] = Counter()
        self._ordered: deque[_Order] = deque()

    @classmethod
    def named(cls, profile: str, seed: int = 1) -> Faults:
        """The faults of single requests in a profile of PROFILES. Raises Misconfigured for another name."""
        return cls(profile_of(profile).requests, seed)

    def next(self, method: str, path: str, fault: Fault | str, times: int = 1) -> None:
        """Let the next `times` requests of that method and path (after `/trade-api/v2`; `*` matches any) fail so."""
        self._ordered.extend(_Order(method, path, Fault(fault)) for _ in range(times))

    def clear(self) -> None:
        """Forget what was ordered and not yet hit."""
        self._ordered.clear()

    @property
    def pending(self) -> int:
        """Ordered faults that no request has met yet."""
        return len(self._ordered)

    def choose(self, method: str, path: str, route: str) -> Fault | None:
        """What happens to this request; `route` is its path with the ids left out."""
        for order in self._ordered:
            if order.method in ("*", method) and fnmatchcase(path, order.path):
                self._ordered.remove(order)
                return order.fault
        return self._drawn(f"{method} {route}")

    def delay(self, method: str, route: str) -> float:
        """Seconds of real time that the last request of that kind is late, if it is DELAYED: a bounded Pareto draw."""
        kind = f"{method} {route}"
        draw = unit(self._root, root(kind), self._seen[kind], _DELAY_PLACE)
        return min(DELAY_SECONDS_MIN * pow(1 - draw, -1 / DELAY_TAIL), DELAY_SECONDS_MAX)

    def _drawn(self, kind: str) -> Fault | None:
        if not self._shares:
            return None
        number, self._seen[kind] = self._seen[kind], self._seen[kind] + 1
        draw = unit(self._root, root(kind), number)
        for fault, share in self._shares.items():
            if draw < share:
                return fault
            draw -= share
        return None
