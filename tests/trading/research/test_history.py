"""The kept past: fetched day by day over real sockets, once, from both tiers, and read again without a network."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from trading.clock import VirtualClock
from trading.domain.errors import Misconfigured, NotFound, Unavailable
from trading.domain.market import Market, Quote, Tick
from trading.domain.reference import Candle, HistoricalCutoff
from trading.exchange.kalshi.client import KalshiExchange
from trading.exchange.simulated.server import SimulatedServer
from trading.exchange.simulated.venue import open_venue
from trading.research.backtest import Terms, backtest
from trading.research.candle_tape import kept
from trading.research.exchange_history import ExchangeHistory
from trading.research.history import DAYS_MAX, days_before, fetch, file_of, kept_days, read_day
from trading.research.material import of_kept
from trading.research.tape import DEPTH, HELD, Paid
from trading.strategies import STRATEGIES

SERIES = "KXBTC15M"
DAY = date(2026, 1, 4)
FEW = timedelta(hours=2)  # of a day: 9 markets
NOON_AFTER = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Minutes:
    """A spot price that rises by 20 dollars a minute."""

    def __init__(self) -> None:
        self.asked: list[tuple[datetime, datetime]] = []

    async def minutes(self, series: str, start: datetime, end: datetime) -> list[Tick]:
        self.asked.append((start, end))
        count = int((end - start) / timedelta(minutes=1))
        ends = [start + timedelta(minutes=n) for n in range(1, count + 1)]
        return [Tick("BTC", Decimal(90_000 + 20 * n), at) for n, at in enumerate(ends)]


class Offline:
    """An exchange that nobody reaches."""

    async def cutoff(self) -> HistoricalCutoff:
        raise Unavailable("no network")

    async def settled(self, series: str, first: datetime, last: datetime) -> list[Market]:
        raise Unavailable("no network")

    async def old(self, series: str) -> list[Market]:
        raise Unavailable("no network")

    async def candles(self, series: str, markets: Sequence[Market]) -> dict[str, list[Candle]]:
        raise Unavailable("no network")

    async def old_candles(self, market: Market) -> list[Candle]:
        raise Unavailable("no network")


class Few(ExchangeHistory):
    """The exchange, of whose markets only the first ones of the day are listed."""

    async def settled(self, series: str, first: datetime, last: datetime) -> list[Market]:
        return await super().settled(series, first, min(last, first + FEW))

    async def old(self, series: str) -> list[Market]:
        noon = datetime.combine(DAY, datetime.min.time(), UTC) + FEW
        return [market for market in await super().old(series) if market.close_time <= noon]


class Until(Few):
    """The same, until so many days were asked for."""

    def __init__(self, exchange: KalshiExchange, days: int) -> None:
        super().__init__(exchange)
        self.days = days

    async def settled(self, series: str, first: datetime, last: datetime) -> list[Market]:
        if not self.days:
            raise Unavailable("the line is cut")
        self.days -= 1
        return await super().settled(series, first, last)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON_AFTER)


@pytest.fixture
async def exchange(clock: VirtualClock) -> AsyncIterator[KalshiExchange]:
    server = SimulatedServer(open_venue(clock, seed=7))
    await server.start()
    made = KalshiExchange(server.base_url, None, clock)
    yield made
    made.close()
    await server.stop()
    server.venue.close()


async def test_a_day_is_fetched_once_and_played_without_a_network(exchange: KalshiExchange, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    spot = Minutes()
    made = await fetch(tmp_path, SERIES, [DAY], Few(exchange), spot, lambda done, total: told.append((done, total)))
    assert (made, told) == (1, [(1, 1)])
    assert await fetch(tmp_path, SERIES, [DAY], Offline(), None) == 0
    day = read_day(tmp_path, SERIES, DAY)
    assert len(day.markets) == 9
    assert all(market.close_time.date() == DAY and market.result in ("yes", "no") for market in day.markets)
    assert all(market.open_time < touch.at <= market.close_time for market, touch in _touches(day))
    assert len(list(_touches(day))) >= 9 * 14
    tape = kept(tmp_path, SERIES, [DAY])
    assert [record.at for record in tape] == sorted(record.at for record in tape)
    assert sum(isinstance(record.what, Paid) for record in tape) == 9
    assert backtest(STRATEGIES["consensus"](), tape, Terms()).trades


def _touches(day: object) -> list[tuple[Market, object]]:
    by_ticker = {market.ticker: market for market in day.markets}  # type: ignore[attr-defined]
    return [(by_ticker[name], touch) for name, touches in day.touches.items() for touch in touches]  # type: ignore[attr-defined]


async def test_what_has_moved_to_the_historical_tier_is_the_same(
    exchange: KalshiExchange, clock: VirtualClock, tmp_path: Path
) -> None:
    await fetch(tmp_path / "live", SERIES, [DAY], Few(exchange), None)
    clock.advance_to(NOON_AFTER + timedelta(days=91))
    await fetch(tmp_path / "old", SERIES, [DAY], Few(exchange), None)
    live, old = (read_day(tmp_path / tier, SERIES, DAY) for tier in ("live", "old"))
    assert [_told(market) for market in old.markets] == [_told(market) for market in live.markets]
    assert old.touches == live.touches


def _told(market: Market) -> tuple[object, ...]:
    return market.ticker, market.open_time, market.close_time, market.strike, market.result, market.settlement_value


async def test_what_was_fetched_before_the_line_was_cut_stays(exchange: KalshiExchange, tmp_path: Path) -> None:
    days = [date(2026, 1, 3), DAY]
    with pytest.raises(Unavailable, match="the line is cut"):
        await fetch(tmp_path, SERIES, days, Until(exchange, 1), None)
    assert kept_days(tmp_path, SERIES) == days[:1]
    again = Until(exchange, 1)
    assert await fetch(tmp_path, SERIES, days, again, None) == 1
    assert kept_days(tmp_path, SERIES) == days


async def test_a_series_that_nobody_lists_is_said(exchange: KalshiExchange, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="lists no settled market of KXNONE15M in these days"):
        await fetch(tmp_path, "KXNONE15M", [DAY], Few(exchange), None)
    assert kept_days(tmp_path, "KXNONE15M") == []


async def test_candles_that_the_exchange_has_forgotten_are_none(tmp_path: Path, exchange: KalshiExchange) -> None:
    eleven = NOON_AFTER - timedelta(hours=1)
    (market,) = await exchange.markets(series=SERIES, closes_before=eleven, closes_after=eleven)

    class Forgotten(Offline):
        async def cutoff(self) -> HistoricalCutoff:
            return HistoricalCutoff(*[NOON_AFTER + timedelta(days=9)] * 3)

        async def settled(self, series: str, first: datetime, last: datetime) -> list[Market]:
            return []

        async def old(self, series: str) -> list[Market]:
            return [market]

        async def old_candles(self, market: Market) -> list[Candle]:
            raise NotFound("no candles")

    await fetch(tmp_path, SERIES, [market.close_time.date()], Forgotten(), None)
    day = read_day(tmp_path, SERIES, market.close_time.date())
    assert (day.touches, len(day.markets)) == ({market.ticker: ()}, 1)


@pytest.mark.parametrize("content", [b"", b"no gzip", *(gzip.compress(text, mtime=0) for text in (b"{}", b"["))])
def test_a_file_that_is_none_is_said_with_its_fix(tmp_path: Path, content: bytes) -> None:
    path = file_of(tmp_path, SERIES, DAY)
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"cannot be read .*: delete it, and it is fetched again"):
        kept(tmp_path, SERIES, [DAY])


def test_days_are_whole_ones_before_today() -> None:
    assert days_before(date(2026, 1, 3), 2) == [date(2026, 1, 1), date(2026, 1, 2)]
    for days in (0, -1, DAYS_MAX + 1):
        with pytest.raises(Misconfigured, match="is not from 1 to 365"):
            days_before(DAY, days)


async def test_a_quote_stands_for_some_seconds_of_its_minute(exchange: KalshiExchange, tmp_path: Path) -> None:
    await fetch(tmp_path, SERIES, [DAY], Few(exchange), None)
    quotes = [record.what for record in kept(tmp_path, SERIES, [DAY]) if isinstance(record.what, Quote)]
    assert {quote.seen_at.second for quote in quotes} == {0, HELD.seconds}
    assert {level.count for quote in quotes for level in (quote.bid, quote.ask) if level} == {DEPTH}
    pairs = list(zip(quotes[::2], quotes[1::2], strict=True))
    assert all((a.ticker, a.bid, a.ask) == (b.ticker, b.bid, b.ask) for a, b in pairs)


async def test_kept_days_as_material(exchange: KalshiExchange, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"no data of KXBTC15M is kept .* --series KXBTC15M --days 2"):
        of_kept(tmp_path, SERIES, [DAY, DAY + timedelta(days=1)])
    await fetch(tmp_path, SERIES, [DAY], Few(exchange), None)
    material = of_kept(tmp_path, SERIES, [DAY, DAY + timedelta(days=1)])
    assert material.name == "KXBTC15M, 04 Jan 2026"
    assert "as each minute ended" in material.assumed[0]
    assert material.load()
