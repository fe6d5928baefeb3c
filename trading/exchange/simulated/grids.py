"""Price grids: which YES prices a market takes, with the exchange's name for each, and how a market's grid changes.

A market's `price_ranges` are the law and the name is only a label (fact: the page on price levels). Most markets keep
their grid; one may be given another in the middle of its life, which the stream tells. Prices here are price units.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from trading.domain.market import LINEAR_CENT, TAPERED_DECI_CENT, PriceRange, on_grid
from trading.domain.money import ONE, ZERO
from trading.exchange.simulated.units import PRICE_UNIT, price_units

if TYPE_CHECKING:
    from trading.exchange.simulated.windows import Window


@dataclass(frozen=True, slots=True)
class Grid:
    """A price level structure: its name, and ranges in dollars as the API has them."""

    name: str
    ranges: tuple[PriceRange, ...] = field(hash=False)  # the names differ nearly always
    _steps: tuple[tuple[int, int, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        steps = tuple((price_units(r.start), price_units(r.end), price_units(r.step)) for r in self.ranges)
        object.__setattr__(self, "_steps", steps)

    @property
    def lowest(self) -> int:
        """The lowest price that an order may have."""
        return self._steps[0][2]

    @property
    def highest(self) -> int:
        return PRICE_UNIT - self._steps[-1][2]

    def takes(self, price: Decimal) -> bool:
        """Whether an order may have that price in dollars."""
        return on_grid(price, self.ranges)

    def floor(self, price: float) -> int:
        """The highest grid price not above `price`, at most the highest; 0 when there is none."""
        start, step = next((s, step) for s, end, step in self._steps if price < end or end == PRICE_UNIT)
        return min(start + int((price - start) // step) * step, self.highest)

    def above(self, price: int) -> int:
        """The next price up."""
        return price + next(step for _, end, step in self._steps if price < end)

    def below(self, price: int) -> int:
        """The next price down."""
        return price - next(step for _, end, step in self._steps if price <= end)


LINEAR = Grid("linear_cent", LINEAR_CENT)
DECI = Grid("deci_cent", (PriceRange(ZERO, ONE, Decimal("0.001")),))
TAPERED = Grid("tapered_deci_cent", TAPERED_DECI_CENT)


@dataclass(frozen=True, slots=True)
class Regrid:
    """From `at` (aware UTC) on a market has another grid."""

    at: datetime
    grid: Grid


class Grids:
    """Which grid a market has when: its own, what is planned for it, and what was ordered by hand (kept in memory)."""

    def __init__(self) -> None:
        self._ordered: dict[str, list[Regrid]] = {}

    def change(self, ticker: str, change: Regrid) -> None:
        """Order a change of one market's grid."""
        self._ordered.setdefault(ticker, []).append(change)

    @property
    def ordered(self) -> Iterable[str]:
        """The markets whose grid was changed by hand."""
        return self._ordered

    def of(self, window: Window, at: datetime) -> Grid:
        """The grid at that time."""
        if window.regrid is None and not self._ordered:
            return window.grid
        past = [change for change in self.changes(window) if change.at <= at]
        return max(past, key=lambda change: change.at).grid if past else window.grid

    def changes(self, window: Window) -> Iterator[Regrid]:
        """Every change that the market has had or will have."""
        if window.regrid is not None:
            yield window.regrid
        yield from self._ordered.get(window.ticker, ())
