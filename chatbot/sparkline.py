"""A line of figures as one line of text, for where no picture can be shown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

BLOCKS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[Decimal | float], width: int) -> str:
    """At most `width` blocks from the lowest of the values to the highest; of more values than that, the last one of
    each stretch. Flat is in the middle, nothing is empty."""
    if not values or width < 1:
        return ""
    shown = [float(value) for value in _thinned(values, width)]
    low, span = min(shown), max(shown) - min(shown)
    if not span:
        return BLOCKS[len(BLOCKS) // 2] * len(shown)
    return "".join(BLOCKS[round((value - low) / span * (len(BLOCKS) - 1))] for value in shown)


def _thinned(values: Sequence[Decimal | float], width: int) -> list[Decimal | float]:
    size = min(len(values), width)
    return [values[(n + 1) * len(values) // size - 1] for n in range(size)]
