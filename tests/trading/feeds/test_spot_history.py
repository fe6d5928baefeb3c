"""A coin's past minute by minute, asked of a double that answers in the venue's form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from trading.clock import VirtualClock
from trading.domain.errors import Misconfigured, Unavailable
from trading.feeds.spot_history import CANDLES_PER_CALL, TRIES, CoinbaseHistory

START = datetime(2026, 1, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Venue:
    """Every minute has a candle but those in `silent`; the next `busy` answers are refused, `body` replaces one."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.busy = 0
        self.status = 429
        self.body: Any = None
        self.silent: set[datetime] = set()
        self.base = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append({"product": request.match_info["product"], **request.query})
        if self.busy:
            self.busy -= 1
            return web.json_response({"message": "Too many requests"}, status=self.status)
        if self.body is not None:
            return web.json_response(self.body)
        first, last = (datetime.fromisoformat(request.query[name]) for name in ("start", "end"))
        begins = [first + MINUTE * n for n in range(int((last - first) / MINUTE) + 1)]
        assert len(begins) <= CANDLES_PER_CALL
        rows = [_row(at) for at in begins if at not in self.silent]
        return web.json_response(rows[::-1])  # newest first


def _row(at: datetime) -> list[float]:
    begins = int(at.timestamp())
    close = 90_000 + begins % 86_400 / 100
    return [begins, close - 2, close + 2, close - 1, close, 1.5]


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    made = Venue()
    app = web.Application()
    app.router.add_get("/products/{product}/candles", made.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def history(venue: Venue) -> AsyncIterator[CoinbaseHistory]:
    made = CoinbaseHistory(venue.base, VirtualClock(START))
    yield made
    made.close()


async def test_a_day_comes_in_parts_and_each_minute_is_known_at_its_end(venue: Venue, history: CoinbaseHistory) -> None:
    told: list[tuple[int, int]] = []
    end = START + timedelta(days=1)
    ticks = await history.minutes("KXBTC15M", START, end, lambda done, total: told.append((done, total)))
    assert [tick.seen_at for tick in ticks] == [START + MINUTE * n for n in range(1, 1441)]
    assert ticks[0].price == Decimal("90000")
    assert ticks[1].price == Decimal("90000.6")
    assert told == [(n, 5) for n in range(1, 6)]
    assert {each["product"] for each in venue.asked} == {"BTC-USD"}
    assert {each["granularity"] for each in venue.asked} == {"60"}


async def test_a_minute_without_a_trade_has_no_price(venue: Venue, history: CoinbaseHistory) -> None:
    venue.silent = {START + MINUTE}
    ticks = await history.minutes("KXETH15M", START, START + 3 * MINUTE)
    assert [tick.seen_at for tick in ticks] == [START + MINUTE, START + 3 * MINUTE]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_venue_is_asked_again(venue: Venue, history: CoinbaseHistory, status: int) -> None:
    venue.busy, venue.status = TRIES - 1, status
    assert await history.minutes("KXBTC15M", START, START + MINUTE)
    assert len(venue.asked) == TRIES


async def test_a_venue_that_stays_busy_is_given_up_in_one_sentence(venue: Venue, history: CoinbaseHistory) -> None:
    venue.busy = 10**6
    with pytest.raises(Unavailable, match=r"coinbase tells no BTC price of 04 Jan 00:00 \(HTTP 429\): try again later"):
        await history.minutes("KXBTC15M", START, START + MINUTE)
    assert len(venue.asked) == TRIES


async def test_a_coin_that_it_does_not_list_is_said_at_once(venue: Venue, history: CoinbaseHistory) -> None:
    venue.busy, venue.status = 1, 404
    with pytest.raises(Unavailable, match="lists no XYZ candles"):
        await history.minutes("KXXYZ15M", START, START + MINUTE)
    assert len(venue.asked) == 1


@pytest.mark.parametrize("body", [{"candles": []}, [[1, 2]], [["x", 1, 1, 1, 1, 1]], [[1, 1, 1, 1, -5, 1]], [None], 7])
async def test_an_answer_of_another_form_is_said(venue: Venue, history: CoinbaseHistory, body: Any) -> None:
    venue.body = body
    with pytest.raises(Unavailable, match="cannot be read"):
        await history.minutes("KXBTC15M", START, START + MINUTE)


async def test_a_series_without_a_coin_is_refused(history: CoinbaseHistory) -> None:
    with pytest.raises(Misconfigured, match="KXBTC15M"):
        await history.minutes("KXHIGHNY", START, START + MINUTE)


async def test_nothing_is_asked_for_no_time(venue: Venue, history: CoinbaseHistory) -> None:
    assert await history.minutes("KXBTC15M", START, START) == []
    assert venue.asked == []
