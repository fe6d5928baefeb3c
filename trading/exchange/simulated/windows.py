"""One market's window: its names, its times and the series it belongs to; and how tickers are spelt.

A ticker is spelt from the close in US Eastern time (`KXBTC15M-26SEP182130-30`). In the hour that the autumn clock
change repeats, the second pass has an `R` after its time: what the live exchange does there is not recorded, and two
markets must not share a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from trading.domain.market import MarketStatus
from trading.domain.money import ONE
from trading.exchange.simulated.fee_schedule import Terms
from trading.exchange.simulated.grids import TAPERED, Grid, Regrid

EASTERN = ZoneInfo("America/New_York")
WINDOW_SECONDS = 900
CRYPTO_SHARD = 2
STRIKE_AFTER = timedelta(seconds=0.7)  # of the open: when the strike is shown (seen live)
DETERMINED_AFTER = timedelta(seconds=3)  # of the close
FINALIZED_AFTER = timedelta(seconds=6)  # of the close: paid (seen live, Sep 2026)
LISTED_BEFORE = timedelta(hours=4, minutes=42)  # of the open: when a market is created (seen live, Aug 2026)

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_EVENT = re.compile(r"([A-Z0-9]+)-(\d\d)([A-Z]{3})(\d\d)(\d\d)(\d\d)(R?)")


@dataclass(frozen=True, slots=True)
class Series:
    """A family of markets on one index. `decimals` is what the index is rounded to, `start` its value at the anchor."""

    ticker: str
    index_id: str
    coin: str
    title: str
    decimals: int
    start: Decimal = Decimal(1)
    exchange_index: int = CRYPTO_SHARD
    fee_type: str = "quadratic"
    fee_multiplier: Decimal = ONE
    category: str = "Crypto"
    frequency: str = "fifteen_min"
    tags: tuple[str, ...] = ()


KNOWN_SERIES = {
    s.ticker: s
    for s in (
        Series("KXBTC15M", "BRTI", "BTC", "Bitcoin price up down", 2, Decimal(94_000)),
        Series("KXETH15M", "ETHUSD_RTI", "ETH", "Ethereum price up down", 2, Decimal(3_400)),
        Series("KXSOL15M", "SOLUSD_RTI", "SOL", "Solana price up down", 4, Decimal(190)),
        Series("KXXRP15M", "XRPUSD_RTI", "XRP", "XRP price up down", 4, Decimal("2.4")),
    )
}


@dataclass(frozen=True, slots=True)
class About:
    """What a market says of itself; strikes are in its index's units, `collateral` is the event's return type."""

    title: str
    yes_sub_title: str
    no_sub_title: str
    rules: tuple[str, str]
    event_title: str
    event_sub_title: str
    strike_type: str = "greater_or_equal"
    floor_strike: Decimal | None = None
    cap_strike: Decimal | None = None
    collateral: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """The facts of a market that never change, what is planned for it among them.

    `about` None: a quarter-hour market, which says of itself what its series and its strike say.
    """

    ticker: str
    event_ticker: str = field(hash=False)  # the ticker alone tells one from another
    series: Series = field(hash=False)
    open_time: datetime = field(hash=False)
    close_time: datetime = field(hash=False)
    listed_before: timedelta = field(default=LISTED_BEFORE, hash=False)
    settles_after: timedelta = field(default=FINALIZED_AFTER, hash=False)
    about: About | None = field(default=None, hash=False)
    grid: Grid = field(default=TAPERED, hash=False)
    regrid: Regrid | None = field(default=None, hash=False)
    override: Terms | None = field(default=None, hash=False)

    @property
    def created_time(self) -> datetime:
        return self.open_time - self.listed_before

    @property
    def determined_time(self) -> datetime:
        """When its result is known."""
        return self.close_time + self.settles_after / 2

    @property
    def settled_time(self) -> datetime:
        """When it is paid."""
        return self.close_time + self.settles_after

    @property
    def exchange_index(self) -> int:
        return self.series.exchange_index

    @property
    def place(self) -> tuple[datetime, str, str]:
        """Where it stands in a listing, which falls by close, then event, then name."""
        return self.close_time, self.event_ticker, self.ticker

    def trades_at(self, at: datetime) -> bool:
        """Whether orders are taken, by the market's own times (a pause of the exchange apart)."""
        return self.open_time <= at < self.close_time


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a market ended. `expiration_value` is the index's value, empty where nobody recorded it.

    `amended`: it replaced another one.
    """

    result: str  # yes or no
    value: Decimal = field(hash=False)  # dollars that one YES contract pays
    expiration_value: Decimal | None = field(hash=False)
    determined_at: datetime = field(hash=False)
    settled_at: datetime
    amended: bool = False


def status_at(window: Window, verdict: Verdict | None, at: datetime) -> MarketStatus:
    """The REST word for a market's state: clock-driven up to `closed`, then by its verdict."""
    if at < window.open_time:
        return MarketStatus.INITIALIZED
    if at < window.close_time:
        return MarketStatus.ACTIVE
    if verdict is None or at < verdict.determined_at:
        return MarketStatus.CLOSED
    if at >= verdict.settled_at:
        return MarketStatus.FINALIZED
    return MarketStatus.AMENDED if verdict.amended else MarketStatus.DETERMINED


def event_ticker(series: str, close_time: datetime) -> str:
    """The event's name, from the close in US Eastern time."""
    local = close_time.astimezone(EASTERN)
    repeat = "R" if local.fold else ""
    return f"{series}-{local:%y}{MONTHS[local.month - 1]}{local:%d%H%M}{repeat}"


def close_of(event: str) -> datetime | None:
    """The close that an event's name tells (aware UTC), or None when it is not spelt like one."""
    match = _EVENT.fullmatch(event)
    if match is None or match[3] not in MONTHS:
        return None
    year, month, day, hour, minute = 2000 + int(match[2]), MONTHS.index(match[3]) + 1, *map(int, match.group(4, 5, 6))
    try:
        local = datetime(year, month, day, hour, minute, tzinfo=EASTERN, fold=bool(match[7]))
    except ValueError:
        return None
    close = local.astimezone(UTC)
    return close if event_ticker(match[1], close) == event else None


def market_ticker(event: str, close_time: datetime) -> str:
    """The market's name: the event's, and the minutes of the close (offsets of US Eastern time are whole hours)."""
    return f"{event}-{close_time:%M}"


@lru_cache(maxsize=4096)
def window_closing(series: Series, close_time: datetime) -> Window:
    """The quarter-hour window of `series` that closes then."""
    event = event_ticker(series.ticker, close_time)
    return Window(
        market_ticker(event, close_time), event, series, close_time - timedelta(seconds=WINDOW_SECONDS), close_time
    )
