"""What the exchange says of its series and events, and how their markets have traded.

Field meanings: the exchange's spec 3.34. Dollars and contracts are exact Decimals, times aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum

from trading.domain.market import Market


@dataclass(frozen=True, slots=True)
class Series:
    """A recurring question, such as the fifteen-minute Bitcoin markets. `fee_type` is the exchange's own word."""

    ticker: str
    title: str
    category: str
    frequency: str
    fee_type: str
    fee_multiplier: Decimal
    exchange_index: int = 0
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  # names of who decides the result
    terms_url: str = ""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One occasion of a series, with one market or several. An override that is None leaves the series' own fee."""

    ticker: str
    series_ticker: str
    title: str
    sub_title: str
    mutually_exclusive: bool
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None
    exchange_index: int = 0
    category: str = ""
    strike_at: datetime | None = None
    updated_at: datetime | None = None
    markets: tuple[Market, ...] = ()  # only where they were asked for


@dataclass(frozen=True, slots=True)
class FeeChange:
    """A change of fees at a time: of a series, or (with an `event_ticker`) of one event's overrides.

    None, possible for an event only, takes that override away.
    """

    change_id: str
    series_ticker: str
    fee_type: str | None
    multiplier: Decimal | None
    at: datetime
    event_ticker: str = ""


class Period(IntEnum):
    """The lengths of a candle that the exchange keeps, in minutes."""

    MINUTE = 1
    HOUR = 60
    DAY = 1440


@dataclass(frozen=True, slots=True)
class Prices:
    """First, lowest, highest and last within a candle, in YES dollars."""

    open: Decimal
    low: Decimal
    high: Decimal
    close: Decimal


@dataclass(frozen=True, slots=True)
class Candle:
    """What a market did in the period up to and including `ends_at`; an empty bid shows 0, an empty ask 1 dollar."""

    ends_at: datetime
    bid: Prices
    ask: Prices
    trades: Prices | None  # None where nothing traded
    mean: Decimal | None  # of the trades
    previous: Decimal | None  # the last trade before the period
    volume: Decimal  # contracts
    open_interest: Decimal  # contracts


@dataclass(frozen=True, slots=True)
class HistoricalCutoff:
    """What is older than these times stands in the historical tier, and no more in the live one."""

    markets_settled: datetime
    trades_created: datetime
    orders_updated: datetime
    positions_updated: datetime | None = None
