"""What a measurement comes to: a median and a 99th percentile, each beside its floor and what is to be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 99th percentile of one thing, in its unit."""

    p50: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of two values at least; never above the greatest one."""
        cuts = quantiles(values, n=100, method="inclusive")
        return cls(cuts[49], cuts[98])


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing in milliseconds: beside it `floor`, the least that the same run could do, and `reach`, which its 99th
    percentile is to stay within; None where nothing was promised."""

    load: str
    what: str
    taken: Spread
    floor: Spread
    reach: float | None = None

    @property
    def holds(self) -> bool | None:
        return None if self.reach is None else self.taken.p99 <= self.reach

    def rows(self) -> list[dict[str, Any]]:
        """As `bench --json` prints it; only the 99th percentile has a reach."""
        name = f"kill, {self.load}: {self.what}"
        return [
            _row(f"{name}, p50", self.taken.p50, self.floor.p50, None, None),
            _row(f"{name}, p99", self.taken.p99, self.floor.p99, self.reach, self.holds),
        ]


def _row(name: str, value: float, limit: float, reach: float | None, holds: bool | None) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 3),
        "unit": "ms",
        "limit": round(limit, 3),
        "ratio": round(value / limit, 3),
        "reach": reach,
        "holds": holds,
    }
