"""Asking the exchange: budget, sending, bounded retries with backoff, and the right error at the end.

Reads and cancels may be repeated without harm and are; an order is sent by `order`, which repeats nothing. Backoff
runs on the clock and its jitter comes from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

from trading.domain.errors import ChatopsError, Misconfigured, Unauthorized, Unavailable
from trading.exchange.kalshi.auth import Signer
from trading.exchange.kalshi.http import Answer, Lane, Request, Timeouts
from trading.exchange.kalshi.ratelimit import RateLimits
from trading.exchange.kalshi.refusals import read_error, read_refusal
from trading.exchange.kalshi.traffic import Traffic
from trading.ports import Clock

T = TypeVar("T")
Params = dict[str, str | int]

PAGES_MAX = 200  # of one listing
PAGE_ROWS = 1_000  # the most that the exchange gives at once
SKEW_SAMPLES_KEPT = 0.8  # weight of what was known before a new sample


@dataclass(frozen=True, slots=True)
class Backoff:
    """Tries in all, and the pauses between them: seconds of the clock, doubling from `first` up to `longest`."""

    tries: int
    first_seconds: float
    longest_seconds: float

    def pause(self, attempt: int, jitter: random.Random) -> float:
        """Seconds after attempt number `attempt` (from 0): between half and all of its step."""
        step = min(self.first_seconds * 2.0**attempt, self.longest_seconds)
        return step * (0.5 + jitter.random() / 2)


READ_BACKOFF = Backoff(tries=4, first_seconds=0.2, longest_seconds=2.0)
CANCEL_BACKOFF = Backoff(tries=4, first_seconds=0.05, longest_seconds=0.4)
ORDER_BACKOFF = Backoff(tries=4, first_seconds=0.2, longest_seconds=1.0)


class Calls:
    """The lanes to one API root, and what is learned on the way: `skew_seconds`, `traffic`."""

    def __init__(self, base_url: str, signer: Signer | None, clock: Clock, timeouts: Timeouts, seed: int) -> None:
        root = checked_address(base_url)
        self.clock, self.signed = clock, signer is not None
        self.key_id = signer.key_id if signer else ""
        self.limits, self.traffic = RateLimits(clock), Traffic()
        self.skew_seconds: float | None = None
        self.jitter = random.Random(seed)  # noqa: S311 - no secret
        self._orders = Lane("orders", root, signer, timeouts.orders)
        self._cancels = Lane("cancels", root, signer, timeouts.cancels)
        self._reads = Lane("reads", root, signer, timeouts.reads)
        self._scans = Lane("scans", root, signer, timeouts.scans)

    def close(self) -> None:
        for lane in (self._orders, self._cancels, self._reads, self._scans):
            lane.close()

    def require_key(self, what: str) -> None:
        """Raises Unauthorized where there is no key."""
        if not self.signed:
            raise Unauthorized(f"{what}: needs a key, set KALSHI_API_KEY_ID and KALSHI_PRIVATE_KEY_PATH")

    async def read(self, path: str, decode: Callable[[bytes], T], params: Params | None = None) -> T:
        """GET and decode. Raises Unavailable, Paused, NotFound, Unauthorized."""
        return (await self.dated_read(path, decode, params))[1]

    async def dated_read(
        self, path: str, decode: Callable[[bytes], T], params: Params | None = None
    ) -> tuple[datetime, T]:
        """Like `read`, with the clock's time at which it was asked: what came is no newer than it looks."""
        return await self.dated(Request("GET", path, texts(params or {})), decode)

    async def dated(self, request: Request, decode: Callable[[bytes], T]) -> tuple[datetime, T]:
        """Like `dated_read`, for a request of any form that may be repeated without harm."""
        budget = partial(self.limits.read, self._cost(request))
        return await self._repeat(self._reads, request, decode, READ_BACKOFF, budget)

    async def scan(self, path: str, decode: Callable[[bytes], T], params: Params) -> T:
        """Like `read`, on a lane and a share of the budget that leave room for every other read."""
        request = Request("GET", path, texts(params))
        budget = partial(self.limits.scan, self._cost(request))
        return (await self._repeat(self._scans, request, decode, READ_BACKOFF, budget))[1]

    async def cancel(self, path: str, decode: Callable[[bytes], T], params: Params, exchange_index: int) -> T:
        """DELETE on the cancels' lane and budget. Raises Unavailable, Paused, NotFound, Unauthorized."""
        return await self.calming(Request("DELETE", path, texts(params)), decode, exchange_index)

    async def calming(
        self, request: Request, decode: Callable[[bytes], T], exchange_index: int, cost: float | None = None
    ) -> T:
        """Like `cancel`, for a request of any form that only lowers risk and may be repeated without harm."""
        budget = partial(self.limits.cancel, exchange_index, self._cost(request) if cost is None else cost)
        return (await self._repeat(self._cancels, request, decode, CANCEL_BACKOFF, budget))[1]

    async def order(
        self, request: Request, decode: Callable[[bytes], T], exchange_index: int, cost: float | None = None
    ) -> Answer[T]:
        """Send an order's request once. Raises NotSent, NoAnswer, ValueError (an unreadable success)."""
        await self.limits.write(exchange_index, self._cost(request) if cost is None else cost)
        return await self._send(self._orders, request, decode)

    def _cost(self, request: Request) -> int:
        return self.limits.costs.of(request.method, request.path)

    async def pages(
        self,
        path: str,
        decode: Callable[[bytes], tuple[list[T], str]],
        params: Params,
    ) -> list[T]:
        """All rows of a listing; `decode` gives a page's rows and its cursor. Raises like `read`."""
        rows: list[T] = []
        cursor = ""
        for _ in range(PAGES_MAX):
            page, cursor = await self.read(path, decode, {**params, **({"cursor": cursor} if cursor else {})})
            rows += page
            if not cursor:
                return rows
        raise Unavailable(f"GET {path}: more than {PAGES_MAX} pages, ask for less")

    async def _repeat(
        self,
        lane: Lane,
        request: Request,
        decode: Callable[[bytes], T],
        backoff: Backoff,
        budget: Callable[[], Awaitable[None]],
    ) -> tuple[datetime, T]:
        """The first readable success with its time; else the error of the last try, or of the first final refusal."""
        last: ChatopsError = Unavailable(request.name)
        for attempt in range(backoff.tries):
            if attempt:
                await self.clock.sleep(backoff.pause(attempt - 1, self.jitter))
            await budget()
            asked_at = self.clock.now()
            try:
                answer = await self._send(lane, request, decode)
            except Unavailable as error:
                last = error
            except ValueError as error:
                last = Unavailable(f"{request.name}: the answer cannot be read ({error})")
            else:
                if answer.value is not None:
                    return asked_at, answer.value
                refusal = read_refusal(answer.status, answer.body)
                last = read_error(refusal, request.name, self.skew_seconds)
                if not refusal.transient:
                    break
        raise last

    async def _send(self, lane: Lane, request: Request, decode: Callable[[bytes], T]) -> Answer[T]:
        answer = await self.traffic.counted(lane.name, lane.send(request, decode))
        if answer.skew_seconds is not None:
            self._learn_skew(answer.skew_seconds)
        return answer

    def _learn_skew(self, sample: float) -> None:
        """A running mean: one sample is only good to half a second, because the header has whole seconds."""
        known = self.skew_seconds
        self.skew_seconds = sample if known is None else known * SKEW_SAMPLES_KEPT + sample * (1 - SKEW_SAMPLES_KEPT)


def checked_address(base_url: str) -> str:
    """The API's root without a slash at its end. Raises Misconfigured for what is no address."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise Misconfigured(f"KALSHI_API_BASE is {base_url!r}: it must look like https://host/trade-api/v2")
    return base_url.rstrip("/")


def texts(params: Params) -> tuple[tuple[str, str], ...]:
    """A query's names and values, as they are sent."""
    return tuple((name, str(value)) for name, value in params.items())
