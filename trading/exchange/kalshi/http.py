"""Carrying one request to the exchange and one answer back: sessions, threads, timeouts, and what was proved.

Four lanes, each with its own connections and its own few threads, so that a cancel never stands behind a hanging
order or read, nor a read behind a scan. A request that failed is one of two things, and money depends on telling them
apart: `NotSent` when it is proved that no byte of it left, `NoAnswer` when it may have arrived. Only a refused or
timed-out *connect*, a name that does not resolve, an untrusted certificate and a request that never left the lane's
queue are proofs; a reused connection that drops is none. Nothing here retries.

Timeouts are seconds of real time: networks do not run at the clock's speed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from typing import Generic, TypeVar
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError
from urllib3.util.retry import Retry

from trading.clock import monotonic, real_now
from trading.domain.errors import Unavailable
from trading.exchange.kalshi.auth import Signer

T = TypeVar("T")

BODY_BYTES_MAX = 32 * 1024 * 1024  # of one answer; a page of 1,000 markets has 2 MB
IDLE_SECONDS_MAX = 30.0  # an older connection may be dead without a sign of it, and an order on it unresolved
CHUNK_BYTES = 96 * 1024  # below what malloc maps and gives back each time (128 kB), and few enough to be quick
HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "kalshi-chatops"}


class NotSent(Unavailable):
    """Proved: the exchange has seen nothing of this request."""


class NoAnswer(Unavailable):
    """It may have arrived and been done, or not."""


@dataclass(frozen=True, slots=True)
class LaneSize:
    """Threads of a lane, and its timeouts in seconds of real time; `total` is from asking to answer."""

    threads: int
    connect_seconds: float
    read_seconds: float
    total_seconds: float


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The four lanes' sizes."""

    orders: LaneSize = LaneSize(threads=2, connect_seconds=2.0, read_seconds=5.0, total_seconds=8.0)
    cancels: LaneSize = LaneSize(threads=4, connect_seconds=2.0, read_seconds=3.0, total_seconds=4.0)
    reads: LaneSize = LaneSize(threads=4, connect_seconds=2.0, read_seconds=5.0, total_seconds=15.0)
    scans: LaneSize = LaneSize(threads=3, connect_seconds=2.0, read_seconds=10.0, total_seconds=30.0)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `path` is below the API's root.

    `wanted` is asked last, in the thread, before the first byte; `answers_in_5xx`: a 5xx carries the same body.
    """

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    wanted: Callable[[], bool] = field(default=lambda: True)
    answers_in_5xx: bool = False

    @property
    def name(self) -> str:
        """For messages: without the query."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came back; `value` is what the decoder made of a 2xx body, None for any other status."""

    status: int
    body: bytes
    value: T | None
    skew_seconds: float | None = None  # the exchange's clock less ours, to about a second


def is_success(status: int) -> bool:
    """Whether an HTTP status is a 2xx."""
    return 200 <= status < 300


class Lane:
    """One session and its threads. `send` may be called from the loop only."""

    def __init__(self, name: str, base_url: str, signer: Signer | None, size: LaneSize) -> None:
        self.name, self._base_url, self._signer, self._size = name, base_url, signer, size
        self._threads = ThreadPoolExecutor(size.threads, thread_name_prefix=f"kalshi-{name}")
        self._session = _session(size.threads)
        self._closed, self._used_at = False, monotonic()

    async def send(self, request: Request, decode: Callable[[bytes], T]) -> Answer[T]:
        """Send once; `decode` runs in the thread on a 2xx body, what it raises comes out here.

        Raises NotSent or NoAnswer.
        """
        if self._closed:
            raise NotSent(f"{request.name}: the connection to the exchange is closed")
        job = self._threads.submit(self._carry, request, decode)
        waiting = asyncio.wrap_future(job)
        waiting.add_done_callback(_looked_at)
        try:
            await asyncio.wait({waiting}, timeout=self._size.total_seconds)
        finally:
            never_left = job.cancel()
            waiting.cancel()
        if never_left:
            raise NotSent(f"{request.name}: the {self.name} lane was busy for {self._size.total_seconds:g} s")
        if job.done():
            return job.result()
        raise NoAnswer(f"{request.name}: no answer within {self._size.total_seconds:g} s")

    def close(self) -> None:
        """Drop what waits and close the connections; a request under way ends by its own timeout."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    def _carry(self, request: Request, decode: Callable[[bytes], T]) -> Answer[T]:
        prepared = self._prepare(request)
        if not request.wanted():
            raise NotSent(f"{request.name}: called off before it was sent")
        self._drop_idle()
        began, asked_at = monotonic(), real_now()
        try:
            response = self._session.send(
                prepared,
                timeout=(self._size.connect_seconds, self._size.read_seconds),
                stream=True,
                allow_redirects=False,
            )
            with response:
                body = _body(response, began + self._size.total_seconds)
        except (requests.RequestException, HTTPError) as error:
            raise _failure(request, error) from None
        middle = asked_at + timedelta(seconds=(monotonic() - began) / 2)
        skew = _skew(response, middle.timestamp())
        status = response.status_code
        readable = is_success(status) or (request.answers_in_5xx and status >= 500)
        return Answer(status, body, decode(body) if readable else None, skew)

    def _drop_idle(self) -> None:
        """Let go of connections that nobody has used for long; those under way are not touched."""
        if monotonic() - self._used_at > IDLE_SECONDS_MAX:
            self._session.close()
        self._used_at = monotonic()

    def _prepare(self, request: Request) -> requests.PreparedRequest:
        """Signed at the last moment: a request that waited in the lane must not carry an old time."""
        url = self._base_url + request.path
        if request.params:
            url += "?" + urlencode(request.params)
        headers = dict(HEADERS)
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        prepared = requests.Request(request.method, url, headers=headers, data=request.body).prepare()
        if self._signer is not None:
            prepared.headers.update(self._signer.headers(request.method, urlsplit(prepared.url or url).path))
        return prepared


def _session(threads: int) -> requests.Session:
    """No proxies, netrc or certificate bundles of the environment, no cookies, no retries of the library's own."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=threads, max_retries=Retry(0, read=False, redirect=False))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _body(response: requests.Response, deadline: float) -> bytes:
    """The whole body, decompressed, within `deadline` (monotonic) and BODY_BYTES_MAX; never twice in memory."""
    body = BytesIO()
    for chunk in response.iter_content(CHUNK_BYTES):
        if body.tell() + len(chunk) > BODY_BYTES_MAX or monotonic() > deadline:
            raise requests.exceptions.ContentDecodingError("the answer is too long or too slow")
        body.write(chunk)
    return body.getvalue()


def _looked_at(waiting: asyncio.Future[Answer[T]]) -> None:
    """An error that comes when nobody waits any more is nobody's: asyncio need not complain of it."""
    if not waiting.cancelled():
        waiting.exception()


def _failure(request: Request, error: Exception) -> Unavailable:
    """NotSent only where the error proves it."""
    kind = type(error).__name__
    if proves_nothing_sent(error):
        return NotSent(f"{request.name}: the exchange cannot be reached ({kind})")
    return NoAnswer(f"{request.name}: the connection failed on the way ({kind})")


def proves_nothing_sent(error: BaseException) -> bool:
    """Whether this error of `requests` says that no connection stood when it happened."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    if not isinstance(error, requests.ConnectionError) or not isinstance(cause, MaxRetryError):
        return False
    reason = cause.reason
    return isinstance(reason, NewConnectionError) or _untrusted(reason)


def _untrusted(reason: BaseException | None) -> bool:
    """A certificate is refused during the handshake, before any request is written."""
    return bool(reason and reason.args and isinstance(reason.args[0], ssl.SSLCertVerificationError))


def _skew(response: requests.Response, middle: float) -> float | None:
    """The exchange's clock less ours in seconds, from a Date header that no cache has aged."""
    date = response.headers.get("Date")
    if not date or response.headers.get("Age", "0") != "0":
        return None
    try:
        return parsedate_to_datetime(date).timestamp() + 0.5 - middle  # the header drops the fraction
    except ValueError:
        return None
