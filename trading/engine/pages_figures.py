"""What the desk answers about what was made and what is seen: more plain data, as in `pages`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from trading.domain.events import WindowPassed
from trading.domain.market import Market, Outcome, Quote, Tick
from trading.domain.order import Fill, Order, Position
from trading.domain.signal import Signal
from trading.domain.statistics import Tally
from trading.domain.trade import Trade
from trading.engine.pages import Label

Groups = tuple[tuple[str, Tally], ...]  # each group's name and sums


@dataclass(frozen=True, slots=True)
class HeldPosition:
    position: Position
    trade: Trade | None  # None: not ours, only shown
    quote: Quote | None
    close_time: datetime | None

    @property
    def side(self) -> Outcome:
        return Outcome.YES if self.position.contracts > 0 else Outcome.NO

    @property
    def brings(self) -> Decimal | None:
        """Dollars for all of it at the best bid, before fees; None where nobody is known to bid."""
        bid = self.quote.bid_for(self.side) if self.quote else None
        return abs(self.position.contracts) * bid.price if bid else None


@dataclass(frozen=True, slots=True)
class PositionsPage:
    label: Label
    held: tuple[HeldPosition, ...]


@dataclass(frozen=True, slots=True)
class TradesPage:
    """Trades of the current mode, newest first, of `total`; `offset` newer ones are left out."""

    label: Label
    trades: tuple[Trade, ...]
    total: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class PerformancePage:
    """What closed trades of the current mode say, all of them and by group. `strategies` are those that made them, or
    that run now."""

    label: Label
    period: str  # day, week, month, all
    start: date | None
    strategies: tuple[str, ...]
    tally: Tally
    sentence: str
    signals: Groups = ()  # which signals spoke for the bet
    prices: Groups = ()  # bands of 5 cents
    hours: Groups = ()  # of the day, in the owner's time zone
    makers: Groups = ()  # by strategy


@dataclass(frozen=True, slots=True)
class SignalsPage:
    """What one strategy sees."""

    label: Label
    strategy: str
    market: Market | None
    signals: tuple[Signal, ...]
    skipped: str  # why nothing is wanted now, empty when an order was sent or is wanted
    detail: str
    windows: tuple[WindowPassed, ...]  # the last ones, newest first
    series: str = ""  # said where the strategy trades another than the main one, or several
    paper: bool = False  # its orders go to the dry run whatever the mode is


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one strategy made of a market: the signals it sees now (none once it is over), or what came of it."""

    strategy: str
    signals: tuple[Signal, ...] = ()
    skipped: str = ""  # a code; empty when an order was sent or is wanted
    passed: WindowPassed | None = None


@dataclass(frozen=True, slots=True)
class MarketPage:
    """One market, and what is ours in it in the current mode: orders, fills and trades oldest first."""

    label: Label
    market: Market
    quote: Quote | None
    tick: Tick | None  # of the index that the market is about, where we follow it
    position: Decimal  # signed YES contracts
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    trades: tuple[Trade, ...]
    opinions: tuple[Opinion, ...]
    note: str = ""  # said when the exchange could not be asked
