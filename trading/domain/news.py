"""What the exchange tells by itself while a stream is connected, in the words of the domain.

News is a hint and never the last word: a piece may come twice, where pieces may have been lost `Missed` says so, and
everything that counts money is proved again by asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.market import PriceRange, PublicTrade, Quote
from trading.domain.order import Fill, OrderReport


@dataclass(frozen=True, slots=True)
class FillNews:
    """A fill of the account's; `client_order_id` is "" where the exchange leaves it out."""

    fill: Fill
    client_order_id: str = ""


@dataclass(frozen=True, slots=True)
class OrderNews:
    """What has become of an order of the account's, and the exchange's word for why."""

    report: OrderReport
    why: str = ""


@dataclass(frozen=True, slots=True)
class PositionNews:
    """Contracts held in a market: signed YES contracts."""

    ticker: str
    contracts: Decimal


@dataclass(frozen=True, slots=True)
class MarketNews:
    """A step in a market's life, in the exchange's word (`created`, `determined`, `settled`, ...); None: not told."""

    ticker: str
    step: str
    close_time: datetime | None = None
    strike: Decimal | None = None
    price_ranges: tuple[PriceRange, ...] | None = None
    result: str | None = None
    settlement_value: Decimal | None = None  # dollars that one YES contract pays


@dataclass(frozen=True, slots=True)
class QuoteNews:
    """The touch as the ticker channel tells it."""

    quote: Quote


@dataclass(frozen=True, slots=True)
class TradeNews:
    """A public trade."""

    trade: PublicTrade


@dataclass(frozen=True, slots=True)
class GroupNews:
    """A step of one of our order groups: `created`, `triggered`, `reset`, `deleted` or `limit_updated`."""

    group_id: str
    step: str
    contracts_limit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """News may have been lost (a new connection, a full queue): ask the exchange what happened."""

    why: str


News = FillNews | OrderNews | PositionNews | MarketNews | QuoteNews | TradeNews | GroupNews | Missed


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """How the stream is. `heard_at` is the clock's time of the last proof of life; counts are since the start."""

    connected: bool
    heard_at: datetime | None = None
    connections: int = 0  # made so far
    gaps: int = 0  # in the sequence of a channel
    overflows: int = 0  # of the queue of news
    problem: str = ""  # in words: why it is not connected, else what the exchange does not let it have
