"""PREVIOUS: the side on which the market that closed exactly at this one's open settled.

Known within a second of the open, because this market's strike *is* the settlement value of the one before (on the
recorded KXBTC15M markets "next strike >= this strike" equals the published result in 22,891 of 22,892). The
published result confirms it; the two contradicting each other is no signal.
"""

from __future__ import annotations

from datetime import datetime

from trading.domain.market import Market, Outcome
from trading.domain.signal import Signal

NAME = "previous"


def previous(market: Market, before: Market | None, now: datetime) -> Signal:
    """The signal for `market`, `before` being the market that closed exactly at its open (None: no such window)."""
    if before is None or before.close_time != market.open_time:
        return Signal(NAME, None, now, "no market closed at this one's open", reason="no_adjacent_window")
    struck, published = by_strikes(market, before), by_result(before)
    if struck and published and struck is not published:
        said = f"strikes say {struck}, the result says {published}"
        return Signal(NAME, None, now, said, reason="previous_contradicted")
    side = struck or published
    if side is None:
        return Signal(NAME, None, now, "neither this strike nor that result is known yet", reason="no_strike")
    return Signal(NAME, side, now, _evidence(market, before, published))


def by_strikes(market: Market, before: Market) -> Outcome | None:
    """What the two strikes say: YES when this one is not below that one (a tie is YES), None while one is missing."""
    if market.strike is None or before.strike is None:
        return None
    return Outcome.YES if market.strike >= before.strike else Outcome.NO


def by_result(before: Market) -> Outcome | None:
    """The published result, None while there is none (or it is neither yes nor no)."""
    return Outcome(before.result) if before.result in ("yes", "no") else None


def _evidence(market: Market, before: Market, published: Outcome | None) -> str:
    if market.strike is not None and before.strike is not None:
        confirmed = ", confirmed" if published else ""
        return f"{before.strike} -> {market.strike}{confirmed}"
    return f"published {published}"
