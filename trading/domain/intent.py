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


@dataclass(frozen=True, slots=True)
class View:
    """All that a strategy may look at: one instant of one series. Pure data."""

    now: datetime
    market: Market | None  # the one open now
    previous: Market | None  # the one that closed exactly at its open
    quote: Quote | None
    ticks: tuple[Tick, ...] = ()  # oldest first


@dataclass(frozen=True, slots=True)
class Decision:
    """What a strategy made of a view: its signals, its intents, and a code for why it wants nothing.

    `agreed` says that its signals spoke with one voice, whatever came of it.
    """

    signals: tuple[Signal, ...] = ()
    intents: tuple[Intent, ...] = ()
    skipped: str = ""
    agreed: bool = False
    detail: str = field(default="")
