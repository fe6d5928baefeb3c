"""Fixed-point integers inside the venue: a price is dollars x 10,000, a count is contracts x 100.

Both are exact, compare fast and cannot drift. Price x count is a millionth of a dollar, the finest step that the
exchange counts in (its fixed-point page), so cash leaves this world as an exact Decimal.
"""

from __future__ import annotations

from decimal import Decimal

from trading.domain.money import exact

PRICE_UNIT = 10_000  # price units in one dollar
COUNT_UNIT = 100  # count units in one contract


def price_units(dollars: Decimal) -> int:
    """Price units of `dollars`; raises ValueError for what is finer than $0.0001."""
    return _whole(dollars.scaleb(4), "price")


def count_units(contracts: Decimal) -> int:
    """Count units of `contracts`; raises ValueError for what is finer than 0.01 contracts."""
    return _whole(contracts.scaleb(2), "count")


def dollars(price: int) -> Decimal:
    """A price in dollars."""
    return Decimal(price).scaleb(-4)


def contracts(count: int) -> Decimal:
    """A count in contracts."""
    return Decimal(count).scaleb(-2)


def money(price: int, count: int) -> Decimal:
    """Dollars for `count` at `price`, exact."""
    return Decimal(price * count).scaleb(-6)


def own_price(is_bid: bool, price: int) -> int:
    """What the buyer of that side pays per contract: a bid pays the YES price, an ask the rest of the dollar."""
    return price if is_bid else PRICE_UNIT - price


def parsed(text: str) -> Decimal:
    """A decimal from the wire; raises ValueError for what is not a plain finite number in a string."""
    if not isinstance(text, str):
        raise ValueError(f"not a decimal string: {text!r}")
    return exact(text)


def _whole(scaled: Decimal, what: str) -> int:
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{what} finer than its step: {scaled}")
    return whole
