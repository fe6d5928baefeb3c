"""What a market and its event say of themselves: titles, rules and strikes.

Quarter-hour markets speak as the recorded ones do; the others carry their texts with them.
"""

from __future__ import annotations

from decimal import Decimal

from trading.exchange.simulated.windows import About, Window


def about(window: Window, strike: Decimal | None) -> About:
    """The texts of a market; `strike` as it is shown at the moment, None while it is to be determined."""
    if window.about is not None:
        return window.about
    index, target = window.series.index_id, "TBD" if strike is None else f"${strike:,}"
    rules = (
        f"Yes if the mean of the last sixty {index} values before the close is at least {target}.",
        f"The mean is rounded to {window.series.decimals} decimals.",
    )
    close = window.close_time
    return About(
        title_of(window),
        f"Target Price: {target}",
        f"Target price: {target}",
        rules,
        title_of(window),
        f"On {close:%b} {close.day}, {close:%Y at %H:%M} UTC",
        floor_strike=strike,
    )


def title_of(window: Window) -> str:
    """A market's title, which never changes."""
    return window.about.title if window.about else f"{window.series.coin} price up in next 15 mins?"
