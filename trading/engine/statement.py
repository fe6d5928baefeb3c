"""A statement: what the trades of a period came to, and whether the exchange's own records say the same.

A trade counts whole, in the period in which it was closed: settled, or sold to the last contract; by the other basis,
in that in which it was opened. An amended result changes the trade that it had closed, and the ledger books that on the
day on which the trade was closed: so does a statement. What is still open, and orders that came to nothing, have no
part in the sums.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum

from trading.domain.money import CENT, CENTI_CENT, ZERO
from trading.domain.order import Mode, Settlement
from trading.domain.trade import IMPORTED, Trade, TradeOutcome
from trading.engine.balances import Balances, Known


class Basis(StrEnum):
    """Which of a trade's moments says in which period it counts."""

    SETTLED = "settled"
    OPENED = "opened"


@dataclass(frozen=True, slots=True)
class Period:
    """The owner's days from `first` to `last`, both included; None where an end is open."""

    first: date | None
    last: date | None
    zone: tzinfo

    def holds(self, at: datetime) -> bool:
        """Whether the moment is in it."""
        day = at.astimezone(self.zone).date()
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)

    @property
    def begins(self) -> datetime | None:
        """Its first moment."""
        return datetime.combine(self.first, time(), self.zone) if self.first else None

    @property
    def ends(self) -> datetime | None:
        """The first moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), self.zone) if self.last else None


@dataclass(frozen=True, slots=True)
class Sums:
    """Of closed trades, in dollars: `proceeds` is what settlements and sales paid, `cost` what was paid before fees."""

    trades: int = 0
    proceeds: Decimal = ZERO
    cost: Decimal = ZERO
    fees: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """The profit after fees."""
        return self.proceeds - self.cost - self.fees


@dataclass(frozen=True, slots=True)
class Difference:
    """One market of which the exchange's record says something else than our fills (dollars)."""

    ticker: str
    paid_ours: Decimal
    paid_theirs: Decimal
    fees_ours: Decimal
    fees_theirs: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """`imported` are those of the sums that another bot made; `still_open` and `without_record` are trades: the latter
    were held to the end, and the exchange's record of it was not read. Cash figures are of the real account."""

    period: Period
    basis: Basis
    sums: Sums
    imported: Sums
    corrected: int
    still_open: int
    opening: Known
    closing: Known
    deposits: Decimal
    withdrawals: Decimal
    differences: tuple[Difference, ...]
    without_record: int


def counted(trades: Iterable[Trade], period: Period, basis: Basis) -> list[Trade]:
    """The closed trades of the period, in the order in which they stand."""
    return [t for t in trades if t.outcome is not TradeOutcome.UNFILLED and not t.open and _inside(t, period, basis)]


def statement(
    trades: Sequence[Trade], settlements: Iterable[Settlement], balances: Balances, period: Period, basis: Basis
) -> Statement:
    """Of these trades (of one mode, or all), whichever period they are of."""
    mine = counted(trades, period, basis)
    records = {paid.ticker: paid for paid in settlements}
    flows = [flow.usd for flow in balances.flows if period.holds(flow.at)]
    return Statement(
        period=period,
        basis=basis,
        sums=_sums(mine),
        imported=_sums(t for t in mine if t.strategy == IMPORTED),
        corrected=sum(t.outcome is TradeOutcome.CORRECTED for t in mine),
        still_open=sum(t.open and _begun(t, period) for t in trades),
        opening=_cash(balances, period.begins, "the period has no beginning"),
        closing=_cash(balances, period.ends, "the period has no end"),
        deposits=sum((usd for usd in flows if usd > 0), ZERO),
        withdrawals=-sum((usd for usd in flows if usd < 0), ZERO),
        differences=tuple(_differences(trades, {t.ticker for t in mine}, records)),
        without_record=sum(_held_to_the_end(t) and t.ticker not in records for t in mine),
    )


def _inside(trade: Trade, period: Period, basis: Basis) -> bool:
    at = trade.closed_at if basis is Basis.SETTLED else trade.opened_at
    return at is not None and period.holds(at)


def _begun(trade: Trade, period: Period) -> bool:
    """Whether it was opened before the period's end."""
    return period.last is None or trade.opened_at.astimezone(period.zone).date() <= period.last


def _sums(trades: Iterable[Trade]) -> Sums:
    sums = Sums()
    for t in trades:
        sums = Sums(sums.trades + 1, sums.proceeds + t.payout, sums.cost + t.cost, sums.fees + t.fees)
    return sums


def _cash(balances: Balances, moment: datetime | None, why: str) -> Known:
    return balances.at(moment) if moment else Known(None, why)


def _held_to_the_end(trade: Trade) -> bool:
    return trade.mode is Mode.REAL and trade.strategy != IMPORTED and trade.position != 0


def _differences(trades: Iterable[Trade], tickers: set[str], records: Mapping[str, Settlement]) -> Iterable[Difference]:
    """The exchange has one record a market, whichever of our strategies traded there: its trades are added up. It
    tells what it paid in whole cents."""
    fees, paid = defaultdict[str, Decimal](Decimal), defaultdict[str, Decimal](Decimal)
    for t in trades:
        if t.mode is Mode.REAL and t.strategy != IMPORTED and not t.open:
            fees[t.ticker] += t.fees
            paid[t.ticker] += _paid_at_the_end(t)
    for ticker in sorted(tickers & records.keys() & fees.keys()):
        theirs = records[ticker]
        if abs(paid[ticker] - theirs.revenue) >= CENT or abs(fees[ticker] - theirs.fees) >= CENTI_CENT:
            yield Difference(ticker, paid[ticker], theirs.revenue, fees[ticker], theirs.fees)


def _paid_at_the_end(trade: Trade) -> Decimal:
    """What its market's end brought (dollars): what was sold before is not in the exchange's record. Contracts that are
    short are NO contracts, whose dollar had been put up."""
    worth = trade.profit - trade.cash + trade.fees if trade.position else ZERO
    return worth + max(-trade.position, ZERO)
