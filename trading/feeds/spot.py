"""The spot price as the median of several public venues: no single one of them can move or stop it.

Every venue is asked at once, each in its own thread with its own connection and timeout. A sample that is old, or far
from the others, is dropped; fewer than two left is no price. The index that the markets settle on is made of such
venues too, but is not this median: it is a proxy.
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from trading.clock import real_now
from trading.domain.errors import Unavailable
from trading.domain.market import Tick
from trading.feeds.coins import coin_of
from trading.feeds.venues import Sample, Venue, venues_of
from trading.ports import Clock

BODY_BYTES_MAX = 64 * 1024
UNREADABLE = (KeyError, IndexError, TypeError, ValueError, OverflowError, OSError)


@dataclass(frozen=True, slots=True)
class SpotBounds:
    """When a venue is waited for no longer, and when its sample does not count."""

    connect_seconds: float = 1.0
    read_seconds: float = 1.5
    total_seconds: float = 2.5  # of real time, for the whole round
    sample_age_seconds_max: float = 20.0  # by the venue's own time, where it tells one
    distance_bp_max: Decimal = Decimal(50)  # from the median of all, in basis points
    venues_min: int = 2


class SpotFeed:
    """`trading.ports.Feed` of the coin of a series. The tick's symbol is the coin, its time the clock's at asking."""

    def __init__(
        self, series: str, clock: Clock, *, venues: tuple[Venue, ...] | None = None, bounds: SpotBounds | None = None
    ) -> None:
        self._coin, self._clock, self._bounds = coin_of(series), clock, bounds or SpotBounds()
        self._venues = venues_of(self._coin) if venues is None else venues
        self._sessions = {venue.name: _session() for venue in self._venues}
        self._threads = ThreadPoolExecutor(max(len(self._venues), 1), thread_name_prefix="spot")
        self._asked: dict[str, Future[Sample]] = {}

    async def read(self) -> Tick:
        """The median now. Raises Unavailable, which says what each missing venue did."""
        asked_at = self._clock.now()
        samples, failures = await self._ask_all()
        kept = self._near(samples, failures)
        if len(kept) < self._bounds.venues_min:
            raise Unavailable(
                f"{self._coin} spot price: {len(kept)} of {len(self._venues)} venues usable, "
                f"{self._bounds.venues_min} needed ({'; '.join(f'{n}: {why}' for n, why in failures.items())})"
            )
        return Tick(self._coin, median(kept.values()), asked_at, tuple(sorted(kept)))

    def close(self) -> None:
        """Ask no more; a request under way ends by its own timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for session in self._sessions.values():
            session.close()

    async def _ask_all(self) -> tuple[dict[str, Sample], dict[str, str]]:
        """Samples by venue, and why the other venues gave none."""
        failures: dict[str, str] = {}
        asked: dict[str, Future[Sample]] = {}
        for venue in self._venues:
            before = self._asked.get(venue.name)
            if before is not None and not before.done():
                failures[venue.name] = "still busy with the last question"
            else:
                asked[venue.name] = self._asked[venue.name] = self._threads.submit(self._ask, venue)
        if asked:
            waiting = {asyncio.wrap_future(job): name for name, job in asked.items()}
            await asyncio.wait(waiting, timeout=self._bounds.total_seconds)
            for future in waiting:
                future.add_done_callback(_looked_at)
        samples: dict[str, Sample] = {}
        for name, job in asked.items():
            _sort_in(name, job, samples, failures)
        return samples, failures

    def _ask(self, venue: Venue) -> Sample:
        """One venue's sample, in its thread. Raises what requests raises, and UNREADABLE."""
        timeouts = (self._bounds.connect_seconds, self._bounds.read_seconds)
        with self._sessions[venue.name].get(venue.url, timeout=timeouts, stream=True, allow_redirects=False) as answer:
            if answer.status_code != 200:
                raise ValueError(f"HTTP {answer.status_code}")
            body = answer.raw.read(BODY_BYTES_MAX + 1, decode_content=True)
        if len(body) > BODY_BYTES_MAX:
            raise ValueError("the answer is too long")
        sample = venue.read(json.loads(body, parse_float=Decimal))
        if sample.at is not None and self._age(sample.at) > self._bounds.sample_age_seconds_max:
            raise ValueError(f"{self._age(sample.at):.0f} s old")
        return sample

    def _age(self, at: datetime) -> float:
        return (real_now() - at).total_seconds()

    def _near(self, samples: dict[str, Sample], failures: dict[str, str]) -> dict[str, Decimal]:
        """The prices close enough to the median of all."""
        if not samples:
            return {}
        middle = median(sample.price for sample in samples.values())
        kept: dict[str, Decimal] = {}
        for name, sample in samples.items():
            distance = abs(sample.price / middle - 1) * 10_000
            if distance <= self._bounds.distance_bp_max:
                kept[name] = sample.price
            else:
                failures[name] = f"{distance:.0f} bp from the median"
        return kept


def _sort_in(name: str, job: Future[Sample], samples: dict[str, Sample], failures: dict[str, str]) -> None:
    if not job.done():
        failures[name] = "no answer in time"
        return
    error = job.exception()
    if error is None:
        samples[name] = job.result()
    elif isinstance(error, requests.RequestException | HTTPError):
        failures[name] = type(error).__name__
    elif isinstance(error, UNREADABLE):
        failures[name] = str(error) or type(error).__name__
    else:
        raise error


def _looked_at(future: asyncio.Future[Sample]) -> None:
    """A late error is nobody's: asyncio need not complain of it."""
    if not future.cancelled():
        future.exception()


def _session() -> requests.Session:
    """No proxies or netrc of the environment, and no retries: the next beat asks again."""
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"Accept": "application/json", "User-Agent": "kalshi-chatops"})
    session.mount("https://", HTTPAdapter(pool_connections=1, pool_maxsize=1))
    return session
