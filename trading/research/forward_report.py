"""What a forward test came to: fills, profit after fees, adverse selection; in all, by market and by day."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
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
    """One market, day or strategy: `profit` in dollars after fees. `adverse` is dollars a contract that the middle of
    the book moved against the fills afterwards (below zero: for them), None where nobody saw it; `open_contracts` are
    what is valued at a bid and not at what a market paid."""

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
    strategies: tuple[Row, ...]


def report(outcome: Outcome, after_seconds: float, zone: tzinfo) -> Report:
    """The figures; a fill belongs to its day in `zone`, with all that became of it."""
    told = _Figures(outcome, timedelta(seconds=after_seconds))
    return Report(
        wishes=outcome.wishes,
        filled=len({fill.client_order_id for fill in outcome.fills}),
        refused=len(outcome.refused),
        total=told.row("all", outcome.fills),
        markets=told.rows(lambda fill: fill.ticker),
        days=told.rows(lambda fill: _day(fill.at, zone).isoformat()),
        strategies=told.rows(lambda fill: fill.strategy),
    )


class _Figures:
    """The figures of any of the fills."""

    def __init__(self, outcome: Outcome, after: timedelta) -> None:
        self._outcome, self._after = outcome, after
        self._middles = {ticker: _Middles(tops) for ticker, tops in outcome.tops.items()}

    def rows(self, key: Callable[[Fill], str]) -> tuple[Row, ...]:
        """One for each value of `key`, in its order."""
        return tuple(self.row(name, fills) for name, fills in sorted(_grouped(self._outcome.fills, key).items()))

    def row(self, name: str, fills: Sequence[Fill]) -> Row:
        fees = sum((fill.fee for fill in fills), ZERO)
        flows = sum((-fill.signed * fill.price for fill in fills), ZERO)
        held, paid = _held(fills), self._outcome.paid
        return Row(
            name=name,
            fills=len(fills),
            contracts=sum((fill.count for fill in fills), ZERO),
            fees=fees,
            profit=flows
            - fees
            + sum((_worth(t, contracts, self._outcome) for (t, _), contracts in held.items()), ZERO),
            adverse=self._adverse(fills),
            open_contracts=sum((abs(c) for (t, _), c in held.items() if t not in paid), ZERO),
        )

    def _adverse(self, fills: Iterable[Fill]) -> Decimal | None:
        moves = ((fill.count, self._middles[fill.ticker].against(fill, self._after)) for fill in fills)
        moved = [(count, move) for count, move in moves if move is not None]
        seen = sum((count for count, _ in moved), ZERO)
        return sum((count * move for count, move in moved), ZERO) / seen if seen else None


class _Middles:
    """The middle of one market's book whenever it had one, in the order of time."""

    def __init__(self, tops: Iterable[Quote]) -> None:
        known = [(top.seen_at, (top.bid.price + top.ask.price) / 2) for top in tops if top.bid and top.ask]
        self._times, self._prices = [at for at, _ in known], [price for _, price in known]

    def against(self, fill: Fill, after: timedelta) -> Decimal | None:
        """How far it moved against a fill until the first look `after` it: from the look that an order was sent at and
        took from, or from the last one before another's order came to ours."""
        find = bisect_right if fill.is_taker else bisect_left
        then, later = find(self._times, fill.at) - 1, bisect_left(self._times, fill.at + after)
        if then < 0 or later == len(self._times):
            return None
        return (self._prices[then] - self._prices[later]) * fill.side.sign


def _held(fills: Iterable[Fill]) -> dict[tuple[str, str], Decimal]:
    """Signed YES contracts by ticker and strategy: none is netted against another's."""
    held: dict[tuple[str, str], Decimal] = {}
    for fill in fills:
        key = fill.ticker, fill.strategy
        held[key] = held.get(key, ZERO) + fill.signed
    return {key: contracts for key, contracts in held.items() if contracts}


def _worth(ticker: str, contracts: Decimal, outcome: Outcome) -> Decimal:
    """Signed YES contracts at what the market paid; else at the touch last seen, nothing where nobody bids. A contract
    sold short owes a dollar or what it takes to buy it back."""
    if ticker in outcome.paid:
        return contracts * outcome.paid[ticker]
    last = outcome.tops[ticker][-1]
    if contracts > 0:
        return contracts * last.bid.price if last.bid else ZERO
    return contracts * (last.ask.price if last.ask else ONE)


def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()


def _grouped(fills: Iterable[Fill], key: Callable[[Fill], str]) -> dict[str, list[Fill]]:
    groups: dict[str, list[Fill]] = {}
    for fill in fills:
        groups.setdefault(key(fill), []).append(fill)
    return groups
