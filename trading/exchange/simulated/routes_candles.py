"""Candlesticks on the wire: of one market, of a batch, and of historical markets, whose fields have no suffixes.

The limits are on what is asked for and not on what comes: 5,000 candles of one market, 10,000 of a batch (seen live,
with the messages). A batch leaves unknown markets out.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from trading.exchange.simulated.asks import Answer, Ask
from trading.exchange.simulated.candles import PERIODS, Candle, CandleRuns, Swing, projected
from trading.exchange.simulated.listing import is_historical
from trading.exchange.simulated.refusals import invalid_parameters, market_not_found, not_found
from trading.exchange.simulated.venue import Venue
from trading.exchange.simulated.windows import Window
from trading.exchange.simulated.wire import Json, count, dollars4, price

CANDLES_MAX = 5_000  # of one market
BATCH_CANDLES_MAX = 10_000  # of all markets of a batch
TICKERS_MAX = 100

_RUNS: WeakKeyDictionary[Venue, CandleRuns] = WeakKeyDictionary()


def candlesticks(venue: Venue, ask: Ask) -> Answer:
    window = venue.window(ask.path["ticker"])
    if window.series.ticker != ask.path["series_ticker"]:
        raise market_not_found()
    candles = [_live(candle) for candle in _found(venue, ask, window)]
    return Answer({"ticker": window.ticker, "candlesticks": candles})


def event_candlesticks(venue: Venue, ask: Ask) -> Answer:
    """Of an event's live markets; the end comes nearer where they would have too many together."""
    now, windows = venue.sync(), venue.world.event(ask.path["ticker"])
    shown = [w for w in windows if w.created_time <= now and not is_historical(w, now)]
    if not windows or windows[0].series.ticker != ask.path["series_ticker"]:
        raise not_found("event")
    start, end, minutes = _asked(ask)
    most = CANDLES_MAX // max(len(shown), 1)
    end = min(end, start + most * minutes * 60)
    candles = [[_live(c) for c in _runs(venue).of(venue, w, minutes) if start <= c.end <= end] for w in shown]
    tickers = [w.ticker for w in shown]
    return Answer({"market_tickers": tickers, "market_candlesticks": candles, "adjusted_end_ts": end})


def historical_candlesticks(venue: Venue, ask: Ask) -> Answer:
    window = venue.known(ask.path["ticker"])
    if not is_historical(window, venue.now):
        raise market_not_found()
    candles = [_plain(candle) for candle in _found(venue, ask, window)]
    return Answer({"ticker": window.ticker, "candlesticks": candles})


def batch_candlesticks(venue: Venue, ask: Ask) -> Answer:
    now = venue.sync()
    tickers = tuple(dict.fromkeys(ask.words("market_tickers")))
    if not 0 < len(tickers) <= TICKERS_MAX:
        raise invalid_parameters(f"market_tickers must name from 1 to {TICKERS_MAX} markets")
    start, end, minutes = _asked(ask)
    wanted = len(tickers) * max((end - start) // (minutes * 60), 1)
    if wanted > BATCH_CANDLES_MAX:
        text = f"requested candlesticks across all markets: {wanted}, max candlesticks: {BATCH_CANDLES_MAX}"
        raise invalid_parameters(text)
    windows = [w for w in map(venue.world.window, tickers) if w and w.created_time <= now and not is_historical(w, now)]
    markets = [
        {"market_ticker": w.ticker, "candlesticks": [_live(c) for c in _between(venue, ask, w)]} for w in windows
    ]
    return Answer({"markets": markets})


def _found(venue: Venue, ask: Ask, window: Window) -> list[Candle]:
    start, end, minutes = _asked(ask)
    wanted = (end - start) / (minutes * 60)
    if wanted > CANDLES_MAX:
        text = f"requested time range with candlesticks: {wanted:.6f}, max candlesticks: {CANDLES_MAX}"
        raise invalid_parameters(text)
    return _between(venue, ask, window)


def _between(venue: Venue, ask: Ask, window: Window) -> list[Candle]:
    start, end, minutes = _asked(ask)
    candles = _runs(venue).of(venue, window, minutes)
    before = projected(candles, start, minutes * 60) if ask.flag("include_latest_before_start") else []
    return [*before, *(candle for candle in candles if start <= candle.end <= end)]


def _runs(venue: Venue) -> CandleRuns:
    if venue not in _RUNS:
        _RUNS[venue] = CandleRuns()
    return _RUNS[venue]


def _asked(ask: Ask) -> tuple[int, int, int]:
    """Start and end (unix seconds) and the period in minutes. Raises VenueError 400."""
    start, end, minutes = (ask.number(name) for name in ("start_ts", "end_ts", "period_interval"))
    if start is None or end is None or end < start:
        raise invalid_parameters("start_ts and end_ts are required, and end_ts is not before start_ts")
    if minutes not in PERIODS:
        raise invalid_parameters(f"period_interval must be one of {', '.join(map(str, PERIODS))}")
    return start, end, minutes


def _live(candle: Candle) -> Json:
    """Keys of prices are absent where nothing was traded."""
    prices = {f"{name}_dollars": text for name, text in _prices(candle).items() if text is not None}
    return {
        "end_period_ts": candle.end,
        "yes_bid": {f"{name}_dollars": text for name, text in _swing(candle.bid).items()},
        "yes_ask": {f"{name}_dollars": text for name, text in _swing(candle.ask).items()},
        "price": prices,
        "volume_fp": count(candle.volume),
        "open_interest_fp": count(candle.open_interest),
    }


def _plain(candle: Candle) -> Json:
    """The historical form: no suffixes, and null where nothing was traded."""
    return {
        "end_period_ts": candle.end,
        "yes_bid": _swing(candle.bid),
        "yes_ask": _swing(candle.ask),
        "price": _prices(candle),
        "volume": count(candle.volume),
        "open_interest": count(candle.open_interest),
    }


def _prices(candle: Candle) -> dict[str, str | None]:
    found: dict[str, str | None] = dict.fromkeys(("open", "low", "high", "close", "mean"))
    if candle.price is not None and candle.mean is not None:
        found = {**_swing(candle.price), "mean": dollars4(candle.mean)}
    return {**found, "previous": None if candle.previous is None else price(candle.previous)}


def _swing(swing: Swing) -> dict[str, str]:
    values: Sequence[tuple[str, int]] = (
        ("open", swing.open),
        ("low", swing.low),
        ("high", swing.high),
        ("close", swing.close),
    )
    return {name: price(units) for name, units in values}
