"""The form of what is asked of an order: price, count, flags, names; all that can be judged without the account.

Source: the create-order and amend-order pages and the error codes of the API's changelog; that an off-grid price is
`invalid_parameters` is inferred.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from trading.domain.order import TimeInForce
from trading.exchange.simulated import refusals
from trading.exchange.simulated.grids import Grid
from trading.exchange.simulated.records import Amendment, HeldOrder, NewOrder
from trading.exchange.simulated.units import count_units, price_units
from trading.exchange.simulated.windows import Window

CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def well_formed(wish: NewOrder, window: Window, grid: Grid, at: datetime) -> tuple[int, int]:
    """Price and count units of a well-formed wish. Raises VenueError 400 and 404."""
    client_id(wish.client_order_id, "client_order_id")
    if wish.subaccount:
        raise refusals.invalid_parameters("this exchange has no subaccounts but the primary, 0")
    if wish.exchange_index not in (None, -1, window.exchange_index):
        raise refusals.market_not_found()
    resting_only = wish.expires_at is not None or wish.post_only
    if resting_only and wish.time_in_force is not TimeInForce.GTC:
        raise refusals.invalid_parameters("expiration_time and post_only need good_till_canceled")
    if wish.reduce_only and wish.time_in_force is not TimeInForce.IOC:
        raise refusals.invalid_order("reduce_only needs immediate_or_cancel")
    _future(wish.expires_at, at)
    return grid_price(wish.price, grid), counted(wish.count)


def client_id(text: str, name: str) -> None:
    """Nothing for an id that is well spelt, or absent. Raises VenueError 400."""
    if text and not CLIENT_ID.fullmatch(text):
        raise refusals.invalid_parameters(f"{name} must match [A-Za-z0-9_-]{{1,64}}")


def same_order(order: HeldOrder, wish: Amendment) -> None:
    """An amendment must name the order it means. Raises VenueError 400."""
    if wish.ticker != order.ticker:
        raise refusals.VenueError(400, "order_ticker_mismatch", "ticker is not the order's")
    if wish.side is not order.side:
        raise refusals.VenueError(400, "order_side_mismatch", "side is not the order's")
    if wish.client_order_id not in ("", order.client_order_id):
        raise refusals.VenueError(400, "order_id_and_client_order_id_mismatch", "client_order_id is not the order's")


def grid_price(price: Decimal, grid: Grid) -> int:
    """Price units of a price on that grid. Raises VenueError 400."""
    if not grid.takes(price):
        raise refusals.invalid_parameters("price is not on the market's grid")
    return price_units(price)


def counted(count: Decimal, least: int = 1) -> int:
    """Count units of a count of at least `least` units. Raises VenueError 400."""
    try:
        units = count_units(count)
    except ValueError:
        raise refusals.VenueError(400, "invalid_order_size", "count has more than two decimals") from None
    if units < least:
        raise refusals.VenueError(400, "invalid_order_size", "count must be positive")
    return units


def _future(expires_at: int | None, at: datetime) -> None:
    if expires_at is not None and expires_at <= at.timestamp():
        raise refusals.invalid_parameters("Expiration timestamp must be in the future")


def amended_expiry(order: HeldOrder, wish: Amendment, at: datetime) -> int | None:
    """The expiry after an amendment, unix seconds. Raises VenueError 400."""
    if wish.expires_at is None:
        return order.expires_at
    _future(wish.expires_at or None, at)
    return wish.expires_at or None
