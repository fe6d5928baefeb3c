"""The kinds of other markets: series of every category, with the habits that markets of the kind have.

Names, categories, shards and their shares follow what is known of the live listing (autumn 2026: sports more than half
of the open markets, then elections, financials, entertainment); the events in them are invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trading.domain.money import ONE, ZERO
from trading.exchange.simulated.windows import Series


class Style(StrEnum):
    """How the markets of one event hang together."""

    LADDER = "ladder"  # above 10, above 20...: each one implies those below
    RANGES = "ranges"  # from 10 to 20, from 20 to 30...: exactly one wins
    NAMES = "names"  # one of several by name: exactly one wins


@dataclass(frozen=True, slots=True)
class Kind:
    """A series and how its events look. `weight` is the share of events, not of markets."""

    series: Series
    style: Style
    markets: tuple[int, int]  # from, to (both included) in one event
    hours: tuple[int, ...]  # how long an event may trade
    weight: int
    linear: bool = True  # whole cents; otherwise a finer grid


MAKERS_PAY = "quadratic_with_maker_fees"
HALF = Decimal("0.5")
_DAYS, _WEEKS, _MONTHS = (24, 48, 72), (168, 336), (720, 1440, 2160, 4320)


def _series(
    ticker: str,
    title: str,
    category: str,
    frequency: str,
    shard: int = 0,
    fee_type: str = "quadratic",
    multiplier: Decimal = ONE,
) -> Series:
    tags = (title.split()[0],)
    return Series(ticker, "", "", title, 0, ONE, shard, fee_type, multiplier, category, frequency, tags)


_NAMES, _LADDER, _RANGES = Style.NAMES, Style.LADDER, Style.RANGES
KINDS = (
    Kind(_series("KXNBAGAME", "Basketball game", "Sports", "custom", 3, MAKERS_PAY), _NAMES, (2, 2), _DAYS, 90),
    Kind(_series("KXMLBGAME", "Baseball game", "Sports", "custom", 3), _NAMES, (2, 2), (12, 24), 90),
    Kind(_series("KXATPMATCH", "Tennis match", "Sports", "custom", 3), _NAMES, (2, 2), (6, 12, 24), 120),
    Kind(_series("KXNFLGAME", "Football game", "Sports", "weekly", 0, MAKERS_PAY), _NAMES, (2, 2), _WEEKS, 60),
    Kind(_series("KXEPLGAME", "Soccer game", "Sports", "weekly"), _NAMES, (3, 3), _WEEKS, 80),
    Kind(_series("KXNBATOTAL", "Basketball total points", "Sports", "custom", 3), _LADDER, (6, 12), _DAYS, 90),
    Kind(_series("KXNFLSPREAD", "Football spread", "Sports", "weekly"), _LADDER, (6, 12), _WEEKS, 60),
    Kind(_series("KXNBACHAMP", "Basketball champion", "Sports", "annual", 3), _NAMES, (8, 12), _MONTHS, 20, False),
    Kind(_series("KXGOVRACE", "Governor race", "Elections", "custom"), _NAMES, (2, 4), _MONTHS, 50, False),
    Kind(_series("KXHOUSERACE", "House race", "Elections", "custom"), _NAMES, (2, 2), _MONTHS, 90, False),
    Kind(_series("KXMAYOR", "Mayor race", "Elections", "custom"), _NAMES, (3, 8), _MONTHS, 20),
    Kind(_series("KXINXD", "Index close", "Financials", "daily", 0, "quadratic", HALF), _LADDER, (8, 12), (6, 24), 30),
    Kind(_series("KXEURUSD", "Euro rate", "Financials", "daily"), _RANGES, (8, 12), (6, 24), 25, False),
    Kind(_series("KXTNOTE", "Treasury yield", "Financials", "weekly"), _RANGES, (6, 10), _WEEKS, 20),
    Kind(_series("KXBOXOFFICE", "Box office", "Entertainment", "weekly"), _LADDER, (5, 8), _WEEKS, 25),
    Kind(_series("KXTOPSONG", "Top song", "Entertainment", "weekly", 0, MAKERS_PAY), _NAMES, (6, 12), _WEEKS, 30),
    Kind(_series("KXAWARD", "Award winner", "Entertainment", "annual"), _NAMES, (5, 10), _MONTHS, 25),
    Kind(_series("KXBTCD", "Bitcoin price", "Crypto", "hourly", 2), _LADDER, (10, 12), (6, 24), 12, False),
    Kind(_series("KXETHD", "Ethereum price", "Crypto", "hourly", 2), _LADDER, (10, 12), (6, 24), 8, False),
    Kind(
        _series("KXBTCY", "Bitcoin at the end of the year", "Crypto", "annual", 2, "quadratic", ZERO),
        _RANGES,
        (8, 12),
        _MONTHS,
        5,
    ),
    Kind(
        _series("KXCPI", "Consumer prices", "Economics", "monthly", 0, MAKERS_PAY, HALF), _LADDER, (6, 10), _MONTHS, 12
    ),
    Kind(_series("KXFED", "Fed rate", "Economics", "custom", 0, MAKERS_PAY), _RANGES, (4, 6), _MONTHS, 12, False),
    Kind(_series("KXPAYROLLS", "Payrolls", "Economics", "monthly"), _LADDER, (6, 10), _MONTHS, 8),
    Kind(_series("KXAPPROVAL", "Approval rating", "Politics", "weekly"), _RANGES, (5, 8), _WEEKS, 10),
    Kind(_series("KXCABINET", "Cabinet change", "Politics", "custom"), _NAMES, (1, 1), _MONTHS, 30),
    Kind(_series("KXWTI", "Oil price", "Commodities", "daily", 2), _LADDER, (6, 10), (6, 24), 10, False),
    Kind(
        _series("KXHIGHNY", "High temperature in New York", "Climate and Weather", "daily"), _RANGES, (6, 6), _DAYS, 10
    ),
    Kind(_series("KXRAINNY", "Rain in New York", "Climate and Weather", "daily"), _NAMES, (1, 1), _DAYS, 15),
    Kind(_series("KXAIMODEL", "Best language model", "Science and Technology", "monthly"), _NAMES, (5, 8), _MONTHS, 8),
    Kind(_series("KXSPEECH", "Said in a speech", "Mentions", "custom", 1), _NAMES, (1, 1), (6, 24), 20),
)
TOTAL_WEIGHT = sum(kind.weight for kind in KINDS)


def kind_at(place: float) -> Kind:
    """The kind at that place of [0, 1), by weight."""
    left = place * TOTAL_WEIGHT
    for kind in KINDS:
        left -= kind.weight
        if left < 0:
            return kind
    return KINDS[-1]
