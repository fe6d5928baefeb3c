"""The public spot venues: where each shows the touch of a coin against the dollar, and how to read it.

The price is the middle of bid and ask, which moves with the market also while nothing trades. Where a venue says how
old its answer is, that counts. Addresses and fields: the venues' public API pages; never tried against the live venues.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from trading.domain.money import exact


@dataclass(frozen=True, slots=True)
class Sample:
    """One venue's price in dollars, and when the venue says it was so (None: it does not say)."""

    price: Decimal
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Venue:
    """A venue's name, the address for one coin, and how its JSON is read (KeyError, ValueError and such)."""

    name: str
    url: str
    read: Callable[[Any], Sample]


def _middle(bid: object, ask: object, at: datetime | None = None) -> Sample:
    low, high = exact(str(bid)), exact(str(ask))
    if not 0 < low <= high:
        raise ValueError(f"no market: bid {low}, ask {high}")
    return Sample((low + high) / 2, at)


def _unix(seconds: object) -> datetime:
    return datetime.fromtimestamp(float(str(seconds)), UTC)


def _coinbase(data: Any) -> Sample:
    return _middle(data["bid"], data["ask"])  # its time is that of the last trade


def _kraken(data: Any) -> Sample:
    (pair,) = data["result"].values()  # it answers under its own name of the pair
    return _middle(pair["b"][0], pair["a"][0])


def _bitstamp(data: Any) -> Sample:
    return _middle(data["bid"], data["ask"], _unix(data["timestamp"]))


def _gemini(data: Any) -> Sample:
    return _middle(data["bid"], data["ask"])


def _binance_us(data: Any) -> Sample:
    return _middle(data["bidPrice"], data["askPrice"])


_KRAKEN_NAMES = {"BTC": "XBT", "DOGE": "XDG"}


def venues_of(coin: str) -> tuple[Venue, ...]:
    """The venues to ask for `coin` (such as BTC). One that does not list it answers an error and is left out then."""
    low = coin.lower()
    return (
        Venue("coinbase", f"https://api.exchange.coinbase.com/products/{coin}-USD/ticker", _coinbase),
        Venue(
            "kraken",
            f"https://api.kraken.com/0/public/Ticker?pair={_KRAKEN_NAMES.get(coin, coin)}USD",
            _kraken,
        ),
        Venue("bitstamp", f"https://www.bitstamp.net/api/v2/ticker/{low}usd/", _bitstamp),
        Venue("gemini", f"https://api.gemini.com/v1/pubticker/{low}usd", _gemini),
        Venue("binance.us", f"https://api.binance.us/api/v3/ticker/bookTicker?symbol={coin}USDT", _binance_us),
    )
