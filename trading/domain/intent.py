"""An intent: what a strategy wishes, unchecked, with its reason; and what a strategy saw when it decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from trading.domain.market import Market, Outcome, Quote, Tick
from trading.domain.order import TimeInForce
from trading.domain.signal import Signal


@dataclass(frozen=True, slots=True)
class Intent:
    """Buy `count` contracts of `side` at `price` (that side's own price, dollars) or better."""

    strategy: str
    ticker: str
    side: Outcome
    price: Decimal
    count: Decimal
    why: str
    signals: tuple[Signal, ...] = ()
    attempt: int = 1
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    post_only: bool = False  # refused rather than filled at once
    headline: str = ""  # the id of the one that it acts on


@dataclass(frozen=True, slots=True)
class Holding:
    """What a strategy holds in one market: signed YES `contracts`, bought at `paid` each (dollars of the side held,
    before fees) at `since`."""

    ticker: str
    contracts: Decimal
    paid: Decimal
    since: datetime

    @property
    def side(self) -> Outcome:
        return Outcome.YES if self.contracts > 0 else Outcome.NO


@dataclass(frozen=True, slots=True)
class Resting:
    """An order of a strategy that may still fill: `count` contracts of `side` at `price` (that side's own)."""

    client_order_id: str
    ticker: str
    side: Outcome
    price: Decimal
    count: Decimal


@dataclass(frozen=True, slots=True)
class Headline:
    """One piece of news about a market: what it says of `side`, and how sure whoever read it is (0 to 1)."""

    headline_id: str
    ticker: str
    side: Outcome
    confidence: float
    at: datetime
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class View:
    """All that a strategy may look at: one instant of one series. Pure data.

    `holdings`, `resting` and `spent` are the strategy's own: what it holds, what it has out, and the headlines that it
    has acted on.
    """

    now: datetime
    market: Market | None  # the one open now
    previous: Market | None  # the one that closed exactly at its open
    quote: Quote | None
    ticks: tuple[Tick, ...] = ()  # oldest first
    holdings: tuple[Holding, ...] = ()
    resting: tuple[Resting, ...] = ()
    headlines: tuple[Headline, ...] = ()  # oldest first
    spent: frozenset[str] = frozenset()

    def holding(self, ticker: str) -> Holding | None:
        """What is held in one market."""
        return next((held for held in self.holdings if held.ticker == ticker and held.contracts), None)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a strategy made of a view: its signals, its intents, and a code for why it wants nothing.

    `agreed` says that its signals spoke with one voice, whatever came of it. `cancels` are client order ids of its own
    resting orders; they go before the intents.
    """

    signals: tuple[Signal, ...] = ()
    intents: tuple[Intent, ...] = ()
    skipped: str = ""
    agreed: bool = False
    detail: str = field(default="")
    cancels: tuple[str, ...] = ()
