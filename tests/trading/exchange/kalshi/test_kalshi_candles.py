"""Candles of either tier, and how many are asked for at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from described import MARKET, answer
from hypothesis import given
from hypothesis import strategies as st
from loopback_exchange import Loopback, Reply

from trading.domain.errors import NotFound, Unavailable
from trading.domain.reference import Period, Prices
from trading.exchange.kalshi.candles import CANDLES_PER_CALL, Span, batches
from trading.exchange.kalshi.client import KalshiExchange

START = datetime(2026, 9, 19, 1, 15, tzinfo=UTC)
END = START + timedelta(minutes=15)
SECOND = int(START.timestamp())
TICKER = MARKET["ticker"]
PATH = f"/series/KXBTC15M/markets/{TICKER}/candlesticks"
MARKETS_MAX, CANDLES_MAX = 100, 10_000  # of one batch, as the exchange says


def prices(*values: str, suffix: str = "_dollars") -> dict[str, str]:
    return {f"{name}{suffix}": value for name, value in zip(("open", "low", "high", "close"), values, strict=True)}


def candle(end: int, *, traded: bool = True) -> dict[str, Any]:
    known = {**prices("0.5000", "0.4500", "0.6100", "0.6000"), "mean_dollars": "0.5432"} if traded else {}
    return {
        "end_period_ts": end,
        "yes_bid": prices("0.4900", "0.4400", "0.6000", "0.5900"),
        "yes_ask": prices("0.5000", "0.4500", "1.0000", "0.6000"),
        "price": {**known, "previous_dollars": "0.4900"},
        "volume_fp": "1234.56",
        "open_interest_fp": "522100.53",
    }


def old_candle(end: int) -> dict[str, Any]:
    """The historical tier drops the suffixes, and says null where nothing traded."""
    nothing = dict.fromkeys(("open", "low", "high", "close", "mean", "previous"))
    return {
        "end_period_ts": end,
        "yes_bid": prices("0.4900", "0.4400", "0.6000", "0.5900", suffix=""),
        "yes_ask": prices("0.5000", "0.4500", "1.0000", "0.6000", suffix=""),
        "price": nothing,
        "volume": "0.00",
        "open_interest": "522100.53",
    }


async def test_a_candle_is_read_exactly(loopback: Loopback, kalshi: KalshiExchange) -> None:
    body = {"ticker": TICKER, "candlesticks": [candle(SECOND + 120, traded=False), candle(SECOND + 60)]}
    answer(loopback, "GET", PATH, body)
    first, second = await kalshi.candles.of_market("KXBTC15M", TICKER, START, END, Period.MINUTE, before=True)
    assert first.ends_at == START + timedelta(minutes=1)
    assert first.trades == Prices(Decimal("0.5"), Decimal("0.45"), Decimal("0.61"), Decimal("0.6"))
    assert first.bid == Prices(Decimal("0.49"), Decimal("0.44"), Decimal("0.6"), Decimal("0.59"))
    assert (first.mean, first.previous) == (Decimal("0.5432"), Decimal("0.49"))
    assert (first.volume, first.open_interest) == (Decimal("1234.56"), Decimal("522100.53"))
    assert (second.trades, second.mean, second.ask.high) == (None, None, Decimal(1))
    assert loopback.seen[0].query == {
        "start_ts": [str(SECOND)],
        "end_ts": [str(SECOND + 900)],
        "period_interval": ["1"],
        "include_latest_before_start": ["true"],
    }


async def test_candles_of_the_historical_tier_say_the_same(loopback: Loopback, kalshi: KalshiExchange) -> None:
    path = f"/historical/markets/{TICKER}/candlesticks"
    answer(loopback, "GET", path, {"ticker": TICKER, "candlesticks": [old_candle(SECOND + 3600)]})
    (found,) = await kalshi.candles.of_old_market(TICKER, START, START + timedelta(hours=1), Period.HOUR)
    assert found.bid == Prices(Decimal("0.49"), Decimal("0.44"), Decimal("0.6"), Decimal("0.59"))
    assert (found.trades, found.mean, found.previous, found.volume) == (None, None, None, Decimal(0))
    with pytest.raises(NotFound):
        await kalshi.candles.of_old_market("NO/SUCH", START, END, Period.DAY)


async def test_candles_of_many_come_by_ticker(loopback: Loopback, kalshi: KalshiExchange) -> None:
    known = {"market_ticker": "T0", "candlesticks": [candle(SECOND + 60)]}
    answer(loopback, "GET", "/markets/candlesticks", {"markets": [known]}, {"markets": []})
    tickers = [f"T{i}" for i in range(150)]
    found = await kalshi.candles.of_markets(tickers, START, END, Period.MINUTE)
    assert list(found) == tickers
    assert [len(found["T0"]), len(found["T1"]), len(found["T149"])] == [1, 0, 0]
    assert [len(seen.query["market_tickers"][0].split(",")) for seen in loopback.seen] == [100, 50]
    assert "include_latest_before_start" not in loopback.seen[0].query


async def test_a_long_time_is_asked_in_parts_and_put_together(loopback: Loopback, kalshi: KalshiExchange) -> None:
    border = SECOND + CANDLES_PER_CALL * 60 - 60
    first = {"ticker": TICKER, "candlesticks": [candle(SECOND), candle(border)]}
    second = {"ticker": TICKER, "candlesticks": [candle(border), candle(border + 60)]}
    answer(loopback, "GET", PATH, first, second)
    days = START + timedelta(days=10)
    found = await kalshi.candles.of_market("KXBTC15M", TICKER, START, days, Period.MINUTE, before=True)
    assert [int(c.ends_at.timestamp()) for c in found] == [SECOND, border, border + 60]
    asked = [(int(s.query["start_ts"][0]), int(s.query["end_ts"][0])) for s in loopback.seen]
    assert asked == [(SECOND, border + 59), (border + 60, int(days.timestamp()))]
    assert ["include_latest_before_start" in s.query for s in loopback.seen] == [True, False]


@given(
    markets=st.integers(0, 350),
    start=st.integers(0, 10**9),
    seconds=st.integers(-60, 40 * 86_400),
    period=st.sampled_from(Period),
    before=st.booleans(),
)
def test_every_batch_stays_within_the_bounds_and_nothing_is_left_out(
    markets: int, start: int, seconds: int, period: Period, before: bool
) -> None:
    tickers = [f"T{i}" for i in range(markets)]
    span = Span(start, start + seconds, period, before)
    asked = list(batches(tickers, span))
    step = int(period) * 60
    for group, part in asked:
        ends = part.end // step - (part.start - 1) // step
        assert len(group) <= MARKETS_MAX
        assert len(group) * (ends + part.before) <= CANDLES_MAX
    for ticker in {*tickers[:1], *tickers[-1:]}:
        parts = [part for group, part in asked if ticker in group]
        assert sum(part.end - part.start + 1 for part in parts) == max(seconds + 1, 0)
        assert all(one.end + 1 == other.start for one, other in pairwise(parts))
        assert sum(part.before for part in parts) == (before and seconds >= 0)


@pytest.mark.parametrize("missing", ["yes_bid", "volume_fp"])
async def test_half_a_candle_is_not_guessed(loopback: Loopback, kalshi: KalshiExchange, missing: str) -> None:
    half = {**candle(SECOND), missing: {} if missing == "yes_bid" else None}
    loopback.on("GET", PATH, Reply(200, {"ticker": TICKER, "candlesticks": [half]}))
    with pytest.raises(Unavailable, match="cannot be read"):
        await kalshi.candles.of_market("KXBTC15M", TICKER, START, END, Period.MINUTE)
