"""What a coin cost minute by minute: Coinbase's public candles, for research.

`GET /products/<COIN>-USD/candles?granularity=60&start=...&end=...` answers rows of [time, low, high, open, close,
volume], newest first, at most 300 of them; `time` is the candle's beginning in unix seconds. A minute in which nothing
traded has no candle. Source: Coinbase Exchange's public API pages; never tried against the live venue.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import requests

from trading.clock import RealClock
from trading.domain.errors import Unavailable
from trading.domain.market import Tick
from trading.domain.money import exact
from trading.feeds.coins import coin_of
from trading.ports import Clock

COINBASE_URL = "https://api.exchange.coinbase.com"
CANDLES_PER_CALL = 300
MINUTE = timedelta(minutes=1)
TRIES = 4
WAIT_SECONDS = 1.0  # before the second try, and twice as long before each one after it
TIMEOUTS = (5.0, 15.0)  # seconds to connect, to read
UNREADABLE = (KeyError, IndexError, TypeError, ValueError, OverflowError)


class CoinbaseHistory:
    """Of the coin of a series; `base_url` is where it is asked."""

    def __init__(self, base_url: str = COINBASE_URL, clock: Clock | None = None) -> None:
        self._base_url, self._clock = base_url, clock or RealClock()
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"Accept": "application/json", "User-Agent": "kalshi-chatops"})

    async def minutes(
        self,
        series: str,
        start: datetime,
        end: datetime,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> list[Tick]:
        """The last price of each minute that ends after `start` and by `end` (aware UTC), seen at the minute's end,
        oldest first. Raises Unavailable, Misconfigured for a series without a coin."""
        coin, parts = coin_of(series), list(_parts(start, end))
        found: dict[datetime, Tick] = {}
        for number, (first, last) in enumerate(parts, 1):
            for tick in await self._part(coin, first, last):
                found[tick.seen_at] = tick
            progress(number, len(parts))
        return [found[at] for at in sorted(found) if start < at <= end]

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    async def _part(self, coin: str, first: datetime, last: datetime) -> list[Tick]:
        """At most 300 minutes, tried again where the venue is busy."""
        why = ""
        for number in range(TRIES):
            if number:
                await self._clock.sleep(WAIT_SECONDS * 2 ** (number - 1))
            try:
                return await asyncio.to_thread(self._ask, coin, first, last)
            except (requests.RequestException, _Busy) as error:
                why = str(error) if isinstance(error, _Busy) else type(error).__name__
        raise Unavailable(f"coinbase tells no {coin} price of {first:%d %b %H:%M} ({why}): try again later")

    def _ask(self, coin: str, first: datetime, last: datetime) -> list[Tick]:
        params = {"granularity": "60", "start": _text(first), "end": _text(last)}
        answer = self._session.get(f"{self._base_url}/products/{coin}-USD/candles", params=params, timeout=TIMEOUTS)
        if answer.status_code == 429 or answer.status_code >= 500:
            raise _Busy(f"HTTP {answer.status_code}")
        if answer.status_code != 200:
            raise Unavailable(
                f"coinbase lists no {coin} candles (HTTP {answer.status_code}): use a coin that it trades"
            )
        try:
            return [_tick(coin, row) for row in json.loads(answer.content, parse_float=Decimal)]
        except UNREADABLE as error:
            raise Unavailable(
                f"coinbase's {coin} candles cannot be read ({type(error).__name__}): try later"
            ) from error


class _Busy(Exception):
    """The venue asks for patience."""


def _parts(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The beginnings of the first and the last candle of each question."""
    first = start
    while first < end:
        last = min(first + (CANDLES_PER_CALL - 1) * MINUTE, end - MINUTE)
        yield first, max(first, last)
        first = last + MINUTE if last >= first else end


def _tick(coin: str, row: Any) -> Tick:
    """A candle's close, known when its minute is over. Raises UNREADABLE."""
    at, close = datetime.fromtimestamp(int(row[0]), UTC) + MINUTE, exact(str(row[4]))
    if close <= 0:
        raise ValueError(f"a price of {close}")
    return Tick(coin, close, at, ("coinbase",))


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
