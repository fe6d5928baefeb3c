"""What past bets say about a strategy: how often it won, how often it had to, and what the fees took. Pure.

A bet counts here when its market paid a dollar or nothing for what was still held. What was sold before the end, paid a
value between, or never filled says nothing about a rate of wins: it is counted apart, as `others`. The interval is
E. B. Wilson's (1927), which stays inside 0 and 1 and holds for few bets and for rates near either end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import tzinfo
from decimal import Decimal
from enum import StrEnum

from trading.domain.money import CENT, ONE, ZERO
from trading.domain.trade import Trade, TradeOutcome

Z95 = Decimal("1.959964")  # standard deviations on either side of 95 % of a normal distribution
TRADES_MIN = 30  # with fewer bets no interval is worth a judgement
BAND = 5 * CENT  # dollars
UNCOUNTED = (TradeOutcome.OPEN, TradeOutcome.UNFILLED)


class Verdict(StrEnum):
    """What the interval of the win rate says beside the rate that is needed."""

    NONE = "none"  # no bet yet
    FEW = "few"
    BELOW = "below"
    UNCLEAR = "unclear"
    ABOVE = "above"


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over bets, in dollars: `risked` is what all of them lost would cost, `contracts` what all of them won would
    pay."""

    wins: int = 0
    trades: int = 0  # that won or lost
    others: int = 0  # sold before the end, paid a value between
    staked: Decimal = ZERO  # paid for contracts, before fees, of all
    fees: Decimal = ZERO
    profit: Decimal = ZERO  # after fees
    risked: Decimal = ZERO
    contracts: Decimal = ZERO

    def plus(self, trade: Trade) -> Tally:
        """With one closed trade more; an open or an unfilled one changes nothing."""
        if trade.outcome in UNCOUNTED:
            return self
        lost = _lost(trade)
        result = _won(trade, lost)
        decided = result is not None
        return Tally(
            wins=self.wins + (result is True),
            trades=self.trades + decided,
            others=self.others + (not decided),
            staked=self.staked + trade.cost,
            fees=self.fees + trade.fees,
            profit=self.profit + trade.profit,
            risked=self.risked - (lost if decided else ZERO),
            contracts=self.contracts + (abs(trade.position) if decided else ZERO),
        )

    def __add__(self, other: Tally) -> Tally:
        """The sums over the bets of both."""
        return Tally(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def rate(self) -> Decimal | None:
        """The share of bets that won; None where there is none."""
        return Decimal(self.wins) / self.trades if self.trades else None

    @property
    def interval(self) -> tuple[Decimal, Decimal]:
        """Between which two shares the true rate of wins lies, 95 times in 100."""
        return wilson(self.wins, self.trades)

    @property
    def needed(self) -> Decimal | None:
        """The share of bets that must win for a profit of nothing; None where none won or lost.

        A won contract pays a dollar, a lost one nothing. With the same share w of every bet won, the profit is w x all
        contracts held to the end, less everything paid for them, fees included (and sales taken off): it is 0 at paid
        / contracts. One contract at $0.50 costs $0.0175 more as a taker, so that 51.75 % must win.
        """
        return self.risked / self.contracts if self.contracts else None

    @property
    def fees_of_stake(self) -> Decimal | None:
        """Fees as a share of what was staked."""
        return self.fees / self.staked if self.staked else None

    @property
    def fees_of_gross(self) -> Decimal | None:
        """Fees as a share of the profit before them; None where there was no profit to take a share of."""
        gross = self.profit + self.fees
        return self.fees / gross if gross > 0 else None

    @property
    def verdict(self) -> Verdict:
        if self.needed is None:
            return Verdict.NONE
        if self.trades < TRADES_MIN:
            return Verdict.FEW
        low, high = self.interval
        if high < self.needed:
            return Verdict.BELOW
        return Verdict.ABOVE if low > self.needed else Verdict.UNCLEAR


def tally_of(trades: Iterable[Trade]) -> Tally:
    """The sums over these trades."""
    tally = Tally()
    for trade in trades:
        tally = tally.plus(trade)
    return tally


def wilson(wins: int, trades: int) -> tuple[Decimal, Decimal]:
    """The 95 % interval of the true rate of wins, as shares from 0 to 1; all of it where nothing was tried."""
    if not trades:
        return ZERO, ONE
    n, share, square = Decimal(trades), Decimal(wins) / trades, Z95 * Z95
    middle = share + square / (2 * n)
    half = Z95 * (share * (ONE - share) / n + square / (4 * n * n)).sqrt()
    low, high = ((middle - half) / (ONE + square / n), (middle + half) / (ONE + square / n))
    return (low if wins else ZERO), (high if wins < trades else ONE)  # exact at the ends, whatever was rounded


def won(trade: Trade) -> bool | None:
    """Whether what was held to the end paid a dollar; None where it paid something else, or nothing was held."""
    return None if trade.outcome in UNCOUNTED else _won(trade, _lost(trade))


def _won(trade: Trade, lost: Decimal) -> bool | None:
    if not trade.position or trade.profit not in (lost, lost + abs(trade.position)):
        return None
    return trade.profit > lost


def _lost(trade: Trade) -> Decimal:
    """The profit that it has where it is lost."""
    return trade.profit_at(ZERO if trade.position > 0 else ONE)


# --- groups ---------------------------------------------------------------------------------------------------------


def grouped(trades: Iterable[Trade], name: Callable[[Trade], str]) -> dict[str, Tally]:
    """The sums over the trades of each group, the groups in the order of their names."""
    [found] = groupings(trades, name)
    return found


def groupings(trades: Iterable[Trade], *names: Callable[[Trade], str]) -> list[dict[str, Tally]]:
    """The same for several ways to name a trade's group, one after the other.

    Each trade is added up once, to those that are in its group in every way; these sums are few, and are added for each
    way.
    """
    cells: dict[tuple[str, ...], Tally] = {}
    for trade in trades:
        if trade.outcome not in UNCOUNTED:
            cell = tuple(name(trade) for name in names)
            cells[cell] = cells.get(cell, Tally()).plus(trade)
    found: list[dict[str, Tally]] = [{} for _ in names]
    for cell, tally in cells.items():
        for groups, group in zip(found, cell, strict=True):
            groups[group] = groups.get(group, Tally()) + tally
    return [dict(sorted(groups.items())) for groups in found]


def by_signals(trade: Trade) -> str:
    """Which signals spoke for the bet: both, one of them alone, or none that is known."""
    spoke = {"previous": trade.previous_signal, "momentum": trade.momentum_signal}
    for_it = [name for name, side in spoke.items() if side == trade.side]
    if len(for_it) == len(spoke):
        return "both agreed"
    return f"{for_it[0]} alone" if for_it else "no signal"


def by_price(trade: Trade) -> str:
    """The band of 5 cents in which the price paid lies: `50-55¢`, from the lower end up to below the upper one."""
    least = int(trade.price / BAND) * 5
    return f"{least:02}-{least + 5:02}¢"


def by_hour(zone: tzinfo) -> Callable[[Trade], str]:
    """The hour of the day, in this time zone, in which the bet was made: `14h`."""
    return lambda trade: f"{trade.opened_at.astimezone(zone).hour:02}h"


# --- the sentence ---------------------------------------------------------------------------------------------------

_ENDS = {
    Verdict.FEW: f"fewer than {TRADES_MIN} trades show nothing yet.",
    Verdict.BELOW: "it loses at these prices.",
    Verdict.UNCLEAR: "no edge is shown.",
    Verdict.ABOVE: "so far it wins more than it must.",
}


def sentence(tally: Tally) -> str:
    """What these figures say, honestly, in one sentence."""
    rate, needed = tally.rate, tally.needed
    if rate is None or needed is None:
        return "No trade has won or lost yet: nothing can be said."
    low, high = tally.interval
    of = f"Of {tally.trades:,} trades" if tally.trades > 1 else "Of 1 trade"
    between = f"{share(rate)}, 95% between {share(low, 0)} and {share(high, 0)}"
    return f"{of} {tally.wins:,} won ({between}); {share(needed)} are needed: {_ENDS[tally.verdict]}"


def share(part: Decimal, digits: int = 1) -> str:
    """A share in per cent: 48.9%."""
    return f"{100 * part:.{digits}f}%"
