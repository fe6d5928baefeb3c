"""What goes wrong between a client and the venue, chosen by a seeded profile or ordered by a test.

A profile draws for each request by its method, its kind of path and its number among those, so that lanes of a client
that overtake each other do not change one another's luck. An ordered fault (`next`) comes before any drawn one.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from trading.domain.errors import Misconfigured
from trading.exchange.simulated.chance import root, unit

LATE_SECONDS = 20.0  # of the venue's clock: after a client has given up
HANG_SECONDS = 30.0  # of real time: longer than a client waits
SLOW_SECONDS = 0.05  # of real time


class Fault(StrEnum):
    """`lost_*` means that the connection breaks; the words after say what the exchange has done."""

    REFUSED = "refused"  # 503, nothing done
    FAILED = "failed"  # 503, and yet it was done
    LOST_BEFORE = "lost_before"  # connection dropped, nothing done
    LOST_AFTER = "lost_after"  # done, its answer lost
    LOST_LATE = "lost_late"  # connection dropped; it is done LATE_SECONDS later
    LIMITED = "limited"  # 429, nothing done
    TWICE = "twice"  # delivered twice; the second answer comes back
    SLOW = "slow"  # done, answered SLOW_SECONDS later
    HANGING = "hanging"  # done, and silence for HANG_SECONDS


PROFILES: dict[str, dict[Fault, float]] = {  # the share of requests that each fault hits
    "none": {},
    "flaky": {Fault.REFUSED: 0.02, Fault.LOST_BEFORE: 0.01, Fault.LOST_AFTER: 0.01, Fault.LIMITED: 0.01},
    "timeouts": {Fault.LOST_AFTER: 0.03, Fault.LOST_LATE: 0.05, Fault.FAILED: 0.02},
    "duplicates": {Fault.TWICE: 0.1},
    "limits": {Fault.LIMITED: 0.15},
    "storm": {
        Fault.REFUSED: 0.06,
        Fault.FAILED: 0.04,
        Fault.LOST_BEFORE: 0.04,
        Fault.LOST_AFTER: 0.05,
        Fault.LOST_LATE: 0.05,
        Fault.LIMITED: 0.05,
        Fault.TWICE: 0.03,
    },
}


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
        """A profile of PROFILES. Raises Misconfigured for another name."""
        if profile not in PROFILES:
            raise Misconfigured(f"no fault profile {profile!r}; there are {', '.join(PROFILES)}")
        return cls(PROFILES[profile], seed)

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
