"""What a forward test came to: fills, profit after fees, adverse selection; in all, by market and by day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from trading.domain.market import Quote
from trading.domain.money import ONE, ZERO
from trading.domain.order import Fill
from trading.research.forward_test import Outcome


@dataclass(frozen=True, slots=True)
class Row:
    """One market or day: `profit` in dollars after fees. `adverse` is dollars a contract that the middle of the book
    moved against the fills afterwards (below zero: for them), None where nobody saw it; `open_contracts` are what is
    valued at a bid and not at what a market paid."""

    name: str
    fills: int
    contracts: Decimal
    fees: Decimal
    profit: Decimal
    adverse: Decimal | None
    open_contracts: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    """The whole, and its parts."""

    wishes: int
    filled: int
    refused: int
    total: Row
    markets: tuple[Row, ...]
    days: tuple[Row, ...]


def report(outcome: Outcome, after_seconds: float, zone: tzinfo) -> Report:
    """The figures; a fill belongs to its day in `zone`, with all that became of it."""
    after = timedelta(seconds=after_seconds)
    by_market = _grouped(outcome.fills, lambda fill: fill.ticker)
    by_day = _grouped(outcome.fills, lambda fill: _day(fill.at, zone).isoformat())
    return Report(
        wishes=outcome.wishes,
        filled=len({fill.client_order_id for fill in outcome.fills}),
        refused=len(outcome.refused),
        total=_row("all", outcome.fills, outcome, after),
        markets=tuple(_row(name, fills, outcome, after) for name, fills in sorted(by_market.items())),
        days=tuple(_row(name, fills, outcome, after) for name, fills in sorted(by_day.items())),
    )


def _row(name: str, fills: Sequence[Fill], outcome: Outcome, after: timedelta) -> Row:
    fees = sum((fill.fee for fill in fills), ZERO)
    flows = sum((-fill.signed * fill.price for fill in fills), ZERO)
    moved = [
        (fill.count, move) for fill in fills if (move := _against(fill, outcome.tops[fill.ticker], after)) is not None
    ]
    seen = sum((count for count, _ in moved), ZERO)
    held = _held(fills)
    return Row(
        name=name,
        fills=len(fills),
        contracts=sum((fill.count for fill in fills), ZERO),
        fees=fees,
        profit=flows - fees + sum((_worth(t, contracts, outcome) for t, contracts in held.items()), ZERO),
        adverse=sum((count * move for count, move in moved), ZERO) / seen if seen else None,
        open_contracts=sum((abs(c) for t, c in held.items() if t not in outcome.paid), ZERO),
    )


def _held(fills: Iterable[Fill]) -> dict[str, Decimal]:
    held: dict[str, Decimal] = {}
    for fill in fills:
        held[fill.ticker] = held.get(fill.ticker, ZERO) + fill.signed
    return {ticker: contracts for ticker, contracts in held.items() if contracts}


def _worth(ticker: str, contracts: Decimal, outcome: Outcome) -> Decimal:
    """Signed YES contracts at what the market paid; else at the touch last seen, nothing where nobody bids. A contract
    sold short owes a dollar or what it takes to buy it back."""
    if ticker in outcome.paid:
        return contracts * outcome.paid[ticker]
    last = outcome.tops[ticker][-1]
    if contracts > 0:
        return contracts * last.bid.price if last.bid else ZERO
    return contracts * (last.ask.price if last.ask else ONE)


def _against(fill: Fill, tops: Sequence[Quote], after: timedelta) -> Decimal | None:
    """How far the middle moved against a fill, from the last look before it to the first look `after` it."""
    then = next((m for q in reversed(tops) if q.seen_at <= fill.at and (m := _middle(q)) is not None), None)
    later = next((m for q in tops if q.seen_at >= fill.at + after and (m := _middle(q)) is not None), None)
    return None if then is None or later is None else (then - later) * fill.side.sign


def _middle(quote: Quote) -> Decimal | None:
    return (quote.bid.price + quote.ask.price) / 2 if quote.bid and quote.ask else None


def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()


def _grouped(fills: Iterable[Fill], key: Callable[[Fill], str]) -> dict[str, list[Fill]]:
    groups: dict[str, list[Fill]] = {}
    for fill in fills:
        groups.setdefault(key(fill), []).append(fill)
    return groups
