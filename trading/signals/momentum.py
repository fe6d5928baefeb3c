"""MOMENTUM: the sign of the spot's move over a window, with a dead zone and an age limit on both samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trading.domain.market import Outcome, Tick
from trading.domain.signal import Signal

NAME = "momentum"


@dataclass(frozen=True, slots=True)
class MomentumLimits:
    """`window_seconds` back to the older sample; no sample may be older than `sample_age_seconds` where it is used;
    moves smaller than `dead_zone_bp` basis points are no opinion."""

    window_seconds: float = 60
    sample_age_seconds: float = 15
    dead_zone_bp: float = 1


def momentum(ticks: Sequence[Tick], now: datetime, limits: MomentumLimits) -> Signal:
    """The signal from `ticks`, oldest first."""
    newest = _at(ticks, now, limits)
    if newest is None:
        reason = "stale_spot" if ticks else "no_spot"
        return Signal(NAME, None, now, f"no spot within {limits.sample_age_seconds:g} s", reason=reason)
    oldest = _at(ticks, now - timedelta(seconds=limits.window_seconds), limits)
    if oldest is None:
        return Signal(NAME, None, now, f"no spot {limits.window_seconds:g} s ago", reason="no_history")
    move_bp = float((newest.price / oldest.price - 1) * 10_000)
    evidence = f"{oldest.price} -> {newest.price} ({move_bp:+.1f} bp)"
    if abs(move_bp) < limits.dead_zone_bp or move_bp == 0:
        return Signal(NAME, None, now, evidence, move_bp, "flat")
    return Signal(NAME, Outcome.YES if move_bp > 0 else Outcome.NO, now, evidence, move_bp)


def _at(ticks: Sequence[Tick], when: datetime, limits: MomentumLimits) -> Tick | None:
    """The last sample seen by `when`, if it was fresh then."""
    for tick in reversed(ticks):
        if tick.seen_at <= when:
            fresh = (when - tick.seen_at).total_seconds() <= limits.sample_age_seconds
            return tick if fresh else None
    return None
