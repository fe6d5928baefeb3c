"""What a check of the gate is given, and what it says: beside the checks, so that each may have its own file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from trading.domain.market import Market, Quote
from trading.domain.order import Order
from trading.domain.state import State
from trading.risk.limits import Limits


@dataclass(frozen=True, slots=True)
class Denial:
    """The reason that an intent did not pass: a code, and a sentence with the figures."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """All that the gate may look at, at one instant. `foreign` is what others hold on the account, by ticker."""

    now: datetime
    state: State
    limits: Limits
    market: Market | None
    quote: Quote | None
    latched: bool = False
    not_before: datetime | None = None  # after a cancel-all: the exchange may cancel newer orders too
    foreign: Mapping[str, Decimal] = field(default_factory=dict)
    flattening: bool = False  # a person's way out, which passes a halt
    cash: Decimal | None = None  # free on the market's shard as last read; None where that is not known
    zone: tzinfo = UTC


Check = Callable[[Order, Context], Denial | None]
