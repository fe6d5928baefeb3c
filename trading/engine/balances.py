"""What the real account's cash was at a moment, from what the store has: its first record, what moved, our own trades.

Nothing here is invented. The figures are given only where the same arithmetic, carried on to the last time that the
cash was held against the exchange's, comes to what the exchange said; others may have traded on the account, or money
may have moved that it does not list. Before the first record nothing is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.corrections import CASH_FLOW
from trading.domain.money import CENT, ZERO
from trading.domain.order import Fill, Mode, Settlement
from trading.domain.records import Control
from trading.domain.trade import IMPORTED, Trade
from trading.engine.cash_check import ROW as CHECKED
from trading.engine.reconcile import BASELINE


@dataclass(frozen=True, slots=True)
class Known:
    """Dollars, or None and why they are not known."""

    usd: Decimal | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """Money that came from outside (or went there: negative), and when it was booked."""

    at: datetime
    usd: Decimal


class Balances:
    """Of all that the store has of the real account: `fills`, `trades` and `settlements` with the archived ones, and
    the control values. `unasked` says why nothing is to be said of it at all."""

    def __init__(
        self,
        fills: Iterable[Fill],
        trades: Iterable[Trade],
        settlements: Iterable[Settlement],
        controls: Iterable[Control],
        unasked: str = "",
    ) -> None:
        named = {row.name: row for row in controls}
        self._fills = [fill for fill in fills if fill.mode is Mode.REAL]
        self._ended = _ended(trades, {paid.ticker: paid.at for paid in settlements})
        self._first, self._checked = named.get(BASELINE), named.get(CHECKED)
        self.flows = _flows(named.values())
        self._problem = unasked or self._found_wrong()

    def at(self, moment: datetime) -> Known:
        """The cash at that moment."""
        first = self._first
        if self._problem or first is None:
            return Known(None, self._problem)
        if moment < first.at:
            return Known(None, f"the first record is of {first.at:%Y-%m-%d %H:%M} UTC, with ${_cash(first):,.4f}")
        return Known(self._carried(first, moment))

    def _found_wrong(self) -> str:
        """Why the arithmetic cannot be trusted; empty where the exchange has said the same."""
        first, checked = self._first, self._checked
        if first is None or checked is None:
            return "no record of it was ever held against the exchange's"
        ours, theirs = self._carried(first, checked.at), _cash(checked)
        if abs(ours - theirs) < CENT:
            return ""
        return (
            f"on {checked.at:%Y-%m-%d %H:%M} UTC the exchange had ${theirs:,.4f}, and the records from "
            f"{first.at:%Y-%m-%d %H:%M} UTC on come to ${ours:,.4f}: others traded there, or money moved unlisted"
        )

    def _carried(self, first: Control, until: datetime) -> Decimal:
        """The first cash, and what happened from then on."""
        moved = sum((flow.usd for flow in self.flows if flow.at <= until), ZERO)
        fills = [fill for fill in self._fills if first.at < fill.at <= until]
        return _cash(first) + moved + _traded(fills, [end for end in self._ended if end.at <= until])


@dataclass(frozen=True, slots=True)
class _End:
    """What was still held of a trade at its market's end (signed YES contracts), and their worth then (dollars)."""

    at: datetime
    ticker: str
    position: Decimal
    worth: Decimal


def _ended(trades: Iterable[Trade], paid_at: dict[str, datetime]) -> list[_End]:
    """The ends of real trades; the exchange's moment of paying counts where it is known."""
    return [
        _End(paid_at.get(t.ticker, t.closed_at), t.ticker, t.position, t.profit - t.cash + t.fees)
        for t in trades
        if t.mode is Mode.REAL and t.strategy != IMPORTED and t.closed_at and t.position
    ]


def _traded(fills: Sequence[Fill], ended: Sequence[_End]) -> Decimal:
    """Dollars that fills and ends of markets did to the cash. A contract that is short is a NO contract, whose dollar
    was put up."""
    held = defaultdict[str, Decimal](Decimal)
    cash = sum((-fill.signed * fill.price - fill.fee for fill in fills), ZERO) + sum((end.worth for end in ended), ZERO)
    for fill in fills:
        held[fill.ticker] += fill.signed
    for end in ended:
        held[end.ticker] -= end.position
    return cash - sum((max(-count, ZERO) for count in held.values()), ZERO)


def _flows(controls: Iterable[Control]) -> list[Moved]:
    """Deposits and withdrawals since the first record; those that were listed already then have no direction."""
    rows = [row for row in controls if row.name.startswith(CASH_FLOW) and "direction" in row.value]
    return [Moved(row.at, Decimal(row.value["amount"])) for row in rows]


def _cash(row: Control) -> Decimal:
    return Decimal(row.value["cash"])
