"""The local order book of one market.

It holds the bids of both sides, each in its own side's price, as the exchange shows them; the YES ask is what remains
of a dollar after the best NO bid. Source: the exchange's WebSocket pages, autumn 2026.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from trading.domain.market import Level, Outcome
from trading.domain.money import ONE, ZERO

Touch = tuple[Level | None, Level | None]  # best YES bid and ask, in YES prices
Levels = Iterable[tuple[Decimal, Decimal]]  # price (dollars of that side) and contracts


class OrderBook:
    """One market, empty at first. Prices are dollars of their own side, counts are contracts."""

    def __init__(self) -> None:
        self._sides: dict[Outcome, dict[Decimal, Decimal]] = {Outcome.YES: {}, Outcome.NO: {}}
        self._touch: Touch | None = None

    def reset(self, yes: Levels, no: Levels) -> None:
        """Take over a whole book. Raises ValueError for a negative count; the book is as before then."""
        self._sides, self._touch = {Outcome.YES: _held(yes), Outcome.NO: _held(no)}, None

    def change(self, side: Outcome, price: Decimal, by: Decimal) -> None:
        """Add `by` contracts (negative: take away) at a price. Raises ValueError where fewer are there."""
        levels = self._sides[side]
        left = levels.get(price, ZERO) + by
        if left < 0:
            raise ValueError(f"{left} contracts for {side.value} at {price}")
        self._touch = None
        if left:
            levels[price] = left
        else:
            levels.pop(price, None)

    def levels(self, side: Outcome) -> list[Level]:
        """The bids of one side in its own price, best first."""
        return [Level(price, count) for price, count in sorted(self._sides[side].items(), reverse=True)]

    def touch(self) -> Touch:
        """Best YES bid and YES ask; None for a side without orders."""
        if self._touch is None:
            yes, no = self._best(Outcome.YES), self._best(Outcome.NO)
            self._touch = yes, Level(ONE - no.price, no.count) if no else None
        return self._touch

    @property
    def crossed(self) -> bool:
        """Whether the bid reaches the ask, which no exchange lets stand."""
        bid, ask = self.touch()
        return bid is not None and ask is not None and bid.price >= ask.price

    def _best(self, side: Outcome) -> Level | None:
        levels = self._sides[side]
        price = max((price for price in levels if ZERO < price < ONE), default=None)
        return None if price is None else Level(price, levels[price])


def _held(levels: Levels) -> dict[Decimal, Decimal]:
    """Levels with contracts behind them. Raises ValueError for a negative count."""
    found = dict(levels)
    if any(count < 0 for count in found.values()):
        raise ValueError("a level with a negative count")
    return {price: count for price, count in found.items() if count}
