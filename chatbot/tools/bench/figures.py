"""What a measurement comes to: a median and a high percentile, each beside its floor and what is to be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

Row = dict[str, Any]

ECHO_RATIO_MAX = 2.0  # of the bare library's echo


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, 95th and 99th percentile of one thing, in its unit."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of two values at least; never above the greatest one."""
        cuts = quantiles(values, n=100, method="inclusive")
        return cls(cuts[49], cuts[94], cuts[98])


@dataclass(frozen=True, slots=True)
class Kills:
    """One moment of many kills in milliseconds: beside it `floor`, the least that the same run could do, and `reach`,
    which its 99th percentile is to stay within; None where nothing was promised."""

    load: str
    what: str
    taken: Spread
    floor: Spread
    reach: float | None = None

    @property
    def holds(self) -> bool | None:
        return None if self.reach is None else self.taken.p99 <= self.reach

    def rows(self) -> list[Row]:
        """As `bench --json` prints it; only the 99th percentile has a reach."""
        name = f"kill, {self.load}: {self.what}"
        return [
            row(f"{name}, p50", self.taken.p50, self.floor.p50, None),
            row(f"{name}, p99", self.taken.p99, self.floor.p99, self.reach),
        ]


@dataclass(frozen=True, slots=True)
class Answers:
    """Round trips of one command in milliseconds; `echo` are those of the bare library in the same run, twice of which
    the 95th percentile may take."""

    line: str
    load: str
    taken: Spread
    echo: Spread

    @property
    def reach(self) -> float:
        return ECHO_RATIO_MAX * self.echo.p95

    @property
    def holds(self) -> bool:
        return self.taken.p95 <= self.reach

    def rows(self) -> list[Row]:
        """As `bench --json` prints it; only the 95th percentile has a reach."""
        name = f"answer to {self.line}, {self.load}"
        return [
            row(f"{name}, p50", self.taken.p50, self.echo.p50, None),
            row(f"{name}, p95", self.taken.p95, self.echo.p95, round(self.reach, 3)),
        ]


def row(
    name: str, value: float, limit: float | None, reach: float | None, *, unit: str = "ms", least: bool = False
) -> Row:
    """One figure as `bench --json` prints it, beside `limit`, what a peer or the least possible came to in the same run
    (None where there is nothing to compare with). It holds where it is at most its `reach`, or with `least` at
    least."""
    held = None if reach is None else value >= reach if least else value <= reach
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "limit": None if limit is None else round(limit, 3),
        "ratio": None if limit is None else round(value / limit, 3),
        "reach": None if reach is None else round(reach, 3),
        "holds": held,
    }
