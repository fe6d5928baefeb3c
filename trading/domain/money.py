"""Exact money: dollars and contracts as Decimals, and the few ways to round them.

The exchange sends dollars as strings with up to six decimals and contracts with up to two. Both stay exact
`Decimal`s everywhere; a `float` may only live inside a signal.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation

ZERO = Decimal(0)
ONE = Decimal(1)
CENT = Decimal("0.01")
CENTI_CENT = Decimal("0.0001")  # balances of direct members move in steps of this
MICRO = Decimal("0.000001")  # trade fees are counted in steps of this


def exact(text: str | int | Decimal) -> Decimal:
    """A finite Decimal from the exchange's text; raises ValueError for anything else, floats included."""
    if isinstance(text, float | bool):
        raise ValueError(f"money is never a float: {text!r}")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"not a number: {text!r}") from None
    if not value.is_finite():
        raise ValueError(f"not a finite number: {text!r}")
    return value


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`."""
    return (value / step).to_integral_value(ROUND_CEILING) * step


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step
