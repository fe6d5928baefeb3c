"""Polymarket's public order book of one outcome token (`GET /book?token_id=...`), read and never traded on.

Sources, all read as documents and never tried against the live venue: docs.polymarket.com, "Get order book" (prices
and sizes are text; fields `asset_id`, `bids`, `asks`, `min_order_size`, `tick_size`, `timestamp`). Its pages contradict
each other on the order of the levels (best first, or worst first), so the best is looked for and no order is trusted;
on `timestamp` too (milliseconds, or ISO), so both are read. Nothing says what moves `timestamp`
(Polymarket/py-clob-client-v2 issue 117), and books have been seen that stood still at 0.01 / 0.99 while the market
moved (py-clob-client issue 180): our own time of asking bounds the age, and the venue's, where told, a wider bound.

Fees: docs.polymarket.com, "Fees": takers pay shares x rate x price x (1 - price), makers nothing; the rate is that of
the market's category, 0 for geopolitics and 0.07 for crypto, and has changed several times in 2026. It is therefore a
parameter, and the highest documented one where none is given.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from trading.clock import real_now
from trading.domain.errors import Misconfigured, NotFound, Unavailable
from trading.domain.market import Level
from trading.domain.money import ONE, ZERO
from trading.domain.venue import VenueBook, VenueFees
from trading.feeds.fetching import BROKEN, Backoff, FetchBounds, Fetched, checked_address, fetch, plain_session
from trading.ports import Clock

BASE = "https://clob.polymarket.com"
HIGHEST_FEES = VenueFees(Decimal("0.07"))  # of the documented categories: crypto
LEVELS_MAX = 10_000  # of a side; a whole grid of 0.0001 has as many
TOLD_SECONDS_MAX = 600.0  # of the venue's own time: a quiet book may well not have changed for a while
THREADS = 2  # both tokens of a pair at once
UNREADABLE = (KeyError, TypeError, ValueError, ArithmeticError, RecursionError, OSError)
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,10})?", re.ASCII)
_TOKEN = re.compile(r"\d{1,80}", re.ASCII)


class Polymarket:
    """`trading.ports.VenueBooks`. After a failure it is left alone for a while, which is told as Unavailable too."""

    def __init__(self, clock: Clock, base: str = BASE, bounds: FetchBounds | None = None) -> None:
        self._clock, self._bounds = clock, bounds or FetchBounds()
        self._base = checked_address("the address of polymarket", base).rstrip("/")
        self._session, self._backoff = plain_session("application/json"), Backoff()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="polymarket")

    async def book(self, token: str) -> VenueBook:
        """The touch now. Raises NotFound for a token without a book, Unavailable with words for all else."""
        if not _TOKEN.fullmatch(token):
            raise NotFound(f"polymarket token {token[:24]!r} is no number: copy the token id of one outcome")
        if wait := self._backoff.wait(real_now()):
            raise Unavailable(f"polymarket failed and is asked again in {wait:.0f} s")
        asked_at = self._clock.now()
        job = self._threads.submit(fetch, self._session, f"{self._base}/book?token_id={token}", {}, self._bounds)
        return self._read(await self._answer(job), token, asked_at)

    async def _answer(self, job: Future[Fetched]) -> Fetched:
        try:
            answer = await asyncio.wait_for(asyncio.wrap_future(job), self._bounds.total_seconds + 1)
        except TimeoutError:
            raise self._failed("no answer in time") from None
        except ValueError as error:
            raise self._failed(str(error)) from None
        except BROKEN as error:
            raise self._failed(type(error).__name__) from None
        if answer.status not in (200, 404):
            raise self._failed(f"HTTP {answer.status}")
        return answer

    def _read(self, answer: Fetched, token: str, asked_at: datetime) -> VenueBook:
        if answer.status == 404:
            self._backoff.worked()
            raise NotFound(f"polymarket has no book of token {token}: it is closed, or the token id is wrong")
        try:
            book = book_of(json.loads(answer.body), token, asked_at)
        except UNREADABLE as error:
            raise self._failed(f"its book cannot be read ({str(error)[:100] or type(error).__name__})") from None
        self._backoff.worked()
        if book.told_at and (real_now() - book.told_at).total_seconds() > TOLD_SECONDS_MAX:
            raise Unavailable(f"polymarket's book of token {token} is from {book.told_at:%H:%M:%S} UTC")
        return book

    def _failed(self, why: str) -> Unavailable:
        self._backoff.failed(real_now())
        return Unavailable(f"polymarket: {why}")

    def close(self) -> None:
        """Ask no more; a request under way ends by its own bounds."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._session.close()


def polymarket_of(table: Mapping[str, Any]) -> tuple[str, VenueFees]:
    """The table [feeds.polymarket]: its address (`base`) and what a taker pays (`fee_rate`). Raises Misconfigured."""
    if odd := sorted(table.keys() - {"base", "fee_rate"}):
        raise Misconfigured(f"feeds.polymarket has {odd[0]!r}, which is unknown: there are base and fee_rate")
    rate = table.get("fee_rate", float(HIGHEST_FEES.rate))
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise Misconfigured(
            f"feeds.polymarket.fee_rate is {rate!r}: give the rate of your markets' category, like 0.04"
        )
    return checked_address("feeds.polymarket.base", str(table.get("base", BASE))), VenueFees(Decimal(str(rate)))


def book_of(data: Any, token: str, asked_at: datetime) -> VenueBook:
    """The touch of a `/book` answer. Raises UNREADABLE for anything that is none, also for a crossed book."""
    if data["asset_id"] != token:
        raise ValueError("it is the book of another token")
    bid = max(_levels(data["bids"]), key=lambda level: level.price, default=None)
    ask = min(_levels(data["asks"]), key=lambda level: level.price, default=None)
    if bid and ask and bid.price >= ask.price:
        raise ValueError(f"bid {bid.price} is not below ask {ask.price}")
    tick, least = _number(data["tick_size"]), _number(data["min_order_size"])
    if not ZERO < tick < ONE:
        raise ValueError(f"tick {tick} is no step of a price")
    return VenueBook(token, asked_at, bid, ask, tick, least, _told_at(data.get("timestamp")))


def _levels(rows: Any) -> list[Level]:
    """Levels with something in them, in the order told."""
    if not isinstance(rows, list) or len(rows) > LEVELS_MAX:
        raise ValueError("its levels are no list of a sane length")
    levels = [Level(_number(row["price"]), _number(row["size"])) for row in rows]
    if any(not ZERO < level.price < ONE for level in levels):
        raise ValueError("a price is not between 0 and 1")
    return [level for level in levels if level.count > ZERO]


def _number(text: Any) -> Decimal:
    if not isinstance(text, str) or not _NUMBER.fullmatch(text):
        raise ValueError(f"{str(text)[:24]!r} is no plain number in text")
    return Decimal(text)


def _told_at(text: Any) -> datetime | None:
    """`1782790252483` or `2026-10-21T08:00:00Z`; None where nothing is told. Raises ValueError, OverflowError."""
    if text in (None, ""):
        return None
    if str(text).isascii() and str(text).isdigit():
        return datetime.fromtimestamp(int(str(text)) / 1000, UTC)
    told = datetime.fromisoformat(str(text))
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
