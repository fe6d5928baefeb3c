"""The account's older half: which of its rows are live and which are historical by now.

Fills go by when they were made, orders by when they ended, settled positions by when they last changed. Resting orders
and open positions are always live. See `history` for the cutoffs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trading.exchange.simulated.account import Account
from trading.exchange.simulated.history import Cutoffs
from trading.exchange.simulated.records import FillRecord, HeldOrder, Holding


def is_live(order: HeldOrder, cut: Cutoffs) -> bool:
    return order.resting or order.updated_at >= cut.orders_updated


def live_orders(found: Iterable[HeldOrder], cut: Cutoffs) -> Iterator[HeldOrder]:
    return (order for order in found if is_live(order, cut))


def old_orders(account: Account, cut: Cutoffs) -> Iterator[HeldOrder]:
    """Newest first."""
    return (order for order in reversed(account.orders.values()) if not is_live(order, cut))


def live_fills(account: Account, cut: Cutoffs) -> Iterator[FillRecord]:
    """Newest first."""
    return (fill for fill in reversed(account.fills) if fill.at >= cut.trades_created)


def old_fills(account: Account, cut: Cutoffs) -> Iterator[FillRecord]:
    """Newest first."""
    return (fill for fill in reversed(account.fills) if fill.at < cut.trades_created)


def old_positions(account: Account, cut: Cutoffs) -> Iterator[Holding]:
    """Settled ones: what is open is live however old it is (inferred)."""
    return (held for held in account.closed.values() if held.updated_at < cut.market_positions_last_updated)
