"""What can go wrong with a call of the Bot API, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from .telegram_rules import Refused


@dataclass(slots=True)
class Fault:
    """What happens to calls of `method` ("*": all but getUpdates): `times` times, or until `until` (loop time).

    `kind`: refuse (with `refusal`), hang, slow (done at once, answered `after` seconds later), reset (before it is
    done), drop (after it is done), garble (an answer that is no JSON). `seen` counts.
    """

    method: str
    kind: str
    times: int | None = None
    until: float | None = None
    after: float = 0.0
    refusal: Refused | None = None
    seen: int = 0

    def takes(self, method: str, now: float) -> bool:
        if self.method != method and not (self.method == "*" and method != "getUpdates"):
            return False
        if (self.until is not None and now >= self.until) or self.times == 0:
            return False
        self.times = None if self.times is None else self.times - 1
        self.seen += 1
        return True
