"""Candlesticks of a market, made from its street and its tape.

A candle covers (end - period, end], ends on whole periods (UTC) and exists only where a quote moved or something was
traded (seen live: candles are sparse). Its quotes begin with those that stood before; its volume and open interest are
those of the market object, its prices those of the tape, the member's own trades among them. A candle appears when its
period has ended, and stays as it is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading.exchange.simulated.street import EMPTY, StreetBook
from trading.exchange.simulated.tape import Print, own_print, prints_at
from trading.exchange.simulated.units import PRICE_UNIT, dollars
from trading.exchange.simulated.venue import Venue
from trading.exchange.simulated.windows import Window

PERIODS = (1, 60, 1440)  # minutes
RUNS_KEPT = 256  # markets and periods whose candles are remembered
INSTANT = timedelta(microseconds=1)  # the clock's grain


@dataclass(frozen=True, slots=True)
class Swing:
    """How something moved in a period, in price units."""

    open: int
    low: int
    high: int
    close: int


@dataclass(frozen=True, slots=True)
class Candle:
    """One period; `end` is unix seconds. `price` and `mean` (dollars) are None where nothing was traded.

    `previous` is the last trade before it, None where there was none. Counts are count units.
    """

    end: int
    bid: Swing
    ask: Swing
    price: Swing | None
    mean: Decimal | None
    previous: int | None
    volume: int
    open_interest: int

    @property
    def last_price(self) -> int | None:
        """Of the last trade up to its end."""
        return self.price.close if self.price else self.previous


@dataclass(slots=True)
class _Run:
    """The candles of one market and period up to `until`, ready to go on from there."""

    window: Window
    seconds: int
    until: datetime
    touch: StreetBook = EMPTY
    last_price: int | None = None
    candles: list[Candle] = field(default_factory=list)


class CandleRuns:
    """The candles of one venue's markets, each worked out once."""

    def __init__(self) -> None:
        self._runs: OrderedDict[tuple[str, int], _Run] = OrderedDict()

    def of(self, venue: Venue, window: Window, minutes: int) -> Sequence[Candle]:
        """Every candle of a market whose period has ended by the venue's time, in order."""
        key = (window.ticker, minutes)
        run = self._runs.pop(key, None) or _Run(window, minutes * 60, window.open_time - INSTANT)
        self._runs[key] = run
        if len(self._runs) > RUNS_KEPT:
            self._runs.popitem(last=False)
        ended = int(venue.now.timestamp()) // run.seconds * run.seconds
        until = datetime.fromtimestamp(ended, UTC)
        if until > run.until:
            _extend(venue, run, until)
        return run.candles


def projected(candles: Sequence[Candle], start: int, seconds: int) -> list[Candle]:
    """The newest candle before `start`, as a flat one without trades at the first boundary after it.

    Nothing where there is none, and where a real candle stands at that boundary or before it.
    """
    boundary = (start // seconds + 1) * seconds
    before = [candle for candle in candles if candle.end < start]
    if not before or any(start <= candle.end <= boundary for candle in candles):
        return []
    last = before[-1]
    bid, ask = (Swing(swing.close, swing.close, swing.close, swing.close) for swing in (last.bid, last.ask))
    return [Candle(boundary, bid, ask, None, None, last.last_price, 0, last.open_interest)]


def _extend(venue: Venue, run: _Run, until: datetime) -> None:
    """Append the candles of what happened later than `run.until`."""
    window = run.window
    moments: dict[int, list[datetime]] = {}
    for moment in venue.world.moments(window, run.until, min(until, window.close_time - INSTANT)):
        begun = max(moment, window.open_time + INSTANT)  # what opens a market belongs to the period after
        moments.setdefault(_end_of(begun, run.seconds), []).append(moment)
    ours: dict[int, list[Print]] = {}
    for fill in venue.account.fills:
        if fill.ticker == window.ticker and run.until < fill.at <= until:
            ours.setdefault(_end_of(fill.at, run.seconds), []).append(own_print(fill))
    for end in sorted(moments.keys() | ours.keys()):
        _append(venue, run, end, moments.get(end, []), ours.get(end, []))
    run.until = until


def _append(venue: Venue, run: _Run, end: int, moments: Iterable[datetime], ours: Iterable[Print]) -> None:
    touches, prints = ([run.touch] if run.candles else []), list(ours)
    for moment in moments:
        touches.append(venue.world.touch(run.window, moment))
        found = prints_at(venue, run.window, moment)
        if found and venue.pauses.at(moment) is None:
            prints += found
    prints.sort(key=lambda p: (p.at, p.trade_id))
    if prints or len(set(map(_quote, touches))) > 1 or not run.candles:
        run.candles.append(_candle(venue, run, end, touches, prints))
    run.touch = touches[-1] if touches else run.touch
    run.last_price = prints[-1].price if prints else run.last_price


def _candle(venue: Venue, run: _Run, end: int, touches: Sequence[StreetBook], prints: Sequence[Print]) -> Candle:
    start, stop = (datetime.fromtimestamp(second, UTC) for second in (end - run.seconds, end))
    before, after = (venue.world.activity(run.window, at) for at in (start, stop))
    quotes = [_quote(touch) for touch in touches] or [_quote(EMPTY)]
    contracts = sum(p.count for p in prints)
    return Candle(
        end,
        _swing([bid for bid, _ in quotes]),
        _swing([ask for _, ask in quotes]),
        _swing([p.price for p in prints]) if prints else None,
        dollars(sum(p.price * p.count for p in prints)) / contracts if prints else None,
        run.last_price,
        after.volume - before.volume,
        after.open_interest,
    )


def _quote(touch: StreetBook) -> tuple[int, int]:
    """Bid and ask; an empty side shows 0 and 1 dollar."""
    return touch.bids[0][0] if touch.bids else 0, touch.asks[0][0] if touch.asks else PRICE_UNIT


def _swing(values: Sequence[int]) -> Swing:
    return Swing(values[0], min(values), max(values), values[-1])


def _end_of(at: datetime, seconds: int) -> int:
    """The end of the period that holds a time."""
    whole = int(at.timestamp()) + bool(at.microsecond)
    return -(-whole // seconds) * seconds
