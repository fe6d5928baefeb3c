"""A tape made of what is kept of past days: a market's life, its touch as each minute ended, the spot then.

Of a quote only its moment is known: it is taken to stand for some seconds, and its size to be `tape.DEPTH` contracts.
What happened inside a minute is on no tape.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from trading.domain.market import Level, Market, Quote, Tick
from trading.domain.money import ONE, ZERO
from trading.research.history import Day, Touch, read_day
from trading.research.tape import DEPTH, HELD, Record, in_order, life


def kept(folder: Path, series: str, days: Sequence[date]) -> list[Record]:
    """The tape of these days, all of them kept. Raises Misconfigured for a file that cannot be read."""
    return in_order(record for day in days for record in of_day(read_day(folder, series, day)))


def of_day(day: Day) -> Iterator[Record]:
    """One day's records, in no order."""
    for at, price in day.spot:
        yield Record(at, Tick(day.series, price, at, ("recorded",)))
    for market in day.markets:
        yield from life(market)
        for touch in day.touches.get(market.ticker, ()):
            yield from _quotes(market, touch)


def _quotes(market: Market, touch: Touch) -> Iterator[Record]:
    bid, ask = _level(touch.bid), _level(touch.ask)
    if bid and ask and bid.price >= ask.price:
        bid = ask = None  # a crossed touch is a reading error
    for at in (touch.at, touch.at + HELD):
        if market.open_time <= at < market.close_time:
            yield Record(at, Quote(market.ticker, at, bid, ask))


def _level(price: Decimal) -> Level | None:
    return Level(price, DEPTH) if ZERO < price < ONE else None
