"""PROBABILITY: how likely the index is to end at or above the strike, if it goes on moving as it lately has.

The normal model of L. Bachelier, "Théorie de la spéculation" (1900): the index moves without direction, by a standard
deviation that grows with the root of the time, so that P = Phi((spot - strike) / (volatility x sqrt(seconds left))).
Over minutes it differs from the lognormal model of Black and Scholes (1973) by less than prices show. The volatility is
the realised one: the root of the summed squares of the moves between samples over the time that they took (O. E.
Barndorff-Nielsen and N. Shephard, 2002).

What it does not know: these markets settle on an average over the last minute, which moves less than the index itself,
so that close to the end the truth is surer than this says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import erf, sqrt

from trading.domain.market import Market, Outcome, Tick
from trading.domain.signal import Signal

NAME = "probability"


@dataclass(frozen=True, slots=True)
class ProbabilityLimits:
    """The volatility is that of the last `window_seconds`, from `samples_min` samples at least; the newest may be
    `sample_age_seconds` old."""

    window_seconds: float = 300
    samples_min: int = 10
    sample_age_seconds: float = 15


def probability(market: Market, ticks: Sequence[Tick], now: datetime, limits: ProbabilityLimits) -> Signal:
    """The signal from `ticks`, oldest first: its strength is the probability (0 to 1), its side the likelier one."""
    recent = _recent(ticks, now, limits.window_seconds)
    if not recent or (now - recent[-1].seen_at).total_seconds() > limits.sample_age_seconds:
        reason = "stale_spot" if ticks else "no_spot"
        return Signal(NAME, None, now, f"no spot within {limits.sample_age_seconds:g} s", reason=reason)
    if market.strike is None:
        return Signal(NAME, None, now, "the strike is not known yet", reason="no_strike")
    if len(recent) < limits.samples_min:
        few = f"{len(recent)} samples in {limits.window_seconds:g} s, {limits.samples_min} are needed"
        return Signal(NAME, None, now, few, reason="no_history")
    spot, volatility = recent[-1].price, realised_volatility(recent)
    left = (market.close_time - now).total_seconds()
    chance = at_or_above(float(spot), float(market.strike), left, volatility)
    evidence = f"{spot} to {market.strike} in {left:.0f} s at {volatility:.4g}/sqrt(s): {chance:.1%}"
    return Signal(NAME, Outcome.YES if chance >= 0.5 else Outcome.NO, now, evidence, chance)


def at_or_above(spot: float, strike: float, seconds_left: float, volatility: float) -> float:
    """The probability that the index, at `spot` now (dollars), ends at or above `strike`; `volatility` is dollars per
    root of a second. Where nothing can move any more it is 1 or 0."""
    spread = volatility * sqrt(max(seconds_left, 0.0))
    if spread == 0:
        return 1.0 if spot >= strike else 0.0
    return 0.5 * (1 + erf((spot - strike) / (spread * sqrt(2))))


def realised_volatility(ticks: Sequence[Tick]) -> float:
    """Dollars per root of a second, from `ticks`, oldest first; 0 where no time passed."""
    if len(ticks) < 2:
        return 0.0
    seconds = (ticks[-1].seen_at - ticks[0].seen_at).total_seconds()
    squares = sum(float(after.price - before.price) ** 2 for before, after in pairwise(ticks))
    return sqrt(squares / seconds) if seconds > 0 else 0.0


def _recent(ticks: Sequence[Tick], now: datetime, seconds: float) -> list[Tick]:
    """Those that were seen within so long of now, and not after it."""
    since = now - timedelta(seconds=seconds)
    return [tick for tick in ticks if since <= tick.seen_at <= now]
