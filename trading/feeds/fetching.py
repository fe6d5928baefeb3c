"""One bounded GET of a foreign address: so many seconds, so many bytes, no redirect, no packed body, never a proxy.

Whoever answers is not trusted. A timeout of `requests` counts from byte to byte, so that an answer in drops would
hold a thread for hours: the whole has a deadline too. A packed body can grow a thousandfold: none is asked for, and
one that comes all the same is refused. Where an address has moved, its owner should say so in the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from trading.clock import monotonic
from trading.domain.errors import Misconfigured

CHUNK_BYTES = 64 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "::1")
BROKEN = (requests.RequestException, HTTPError, OSError)  # what a request may raise, beside ValueError


@dataclass(frozen=True, slots=True)
class FetchBounds:
    """Seconds of real time, and bytes of the body."""

    connect_seconds: float = 3.0
    read_seconds: float = 5.0
    total_seconds: float = 10.0
    bytes_max: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was answered; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def fetch(session: requests.Session, url: str, headers: Mapping[str, str], bounds: FetchBounds) -> Fetched:
    """GET it, in this thread. Raises ValueError with words for what is refused, and BROKEN."""
    ends = monotonic() + bounds.total_seconds
    timeouts = (bounds.connect_seconds, bounds.read_seconds)
    asked = {**headers, "Accept-Encoding": "identity"}
    with session.get(url, headers=asked, timeout=timeouts, stream=True, allow_redirects=False) as answer:
        told = {name.lower(): value for name, value in answer.headers.items()}
        if answer.is_redirect:
            raise ValueError(f"it has moved to {told.get('location', '')[:200]}: set that address")
        if told.get("content-encoding", "identity") != "identity":
            raise ValueError("its answer is packed, which was not asked for")
        return Fetched(answer.status_code, told, _body(answer.raw, ends, bounds))


def _body(raw: Any, ends: float, bounds: FetchBounds) -> bytes:
    body = bytearray()
    while chunk := raw.read1(CHUNK_BYTES, decode_content=False):
        body += chunk
        if len(body) > bounds.bytes_max:
            raise ValueError(f"its answer is longer than {bounds.bytes_max // 1024} KiB")
        if monotonic() > ends:
            raise ValueError(f"its answer takes longer than {bounds.total_seconds:g} s")
    return bytes(body)


def plain_session(accept: str) -> requests.Session:
    """No proxies or netrc of the environment, no cookies kept over, and no retries: the next turn asks again."""
    session = requests.Session()
    session.trust_env = False
    session.headers.update({"Accept": accept, "User-Agent": "kalshi-chatops"})
    return session


def checked_address(what: str, url: str) -> str:
    """The address, if it is https or this machine's own. Raises Misconfigured, which names `what`."""
    if _safe(url):
        return url
    raise Misconfigured(f"{what} is {url[:200]!r}: give an address that begins with https:// and holds no password")


def on_this_machine(url: str) -> bool:
    """Whether an address leads nowhere else."""
    return urlsplit(url).hostname in LOOPBACK


def _safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0  # a port out of range raises when it is asked for
    except ValueError:
        return False
    own = parts.scheme == "http" and parts.hostname in LOOPBACK
    return named and (parts.scheme == "https" or own) and parts.username is None


class Backoff:
    """When a source that failed may be asked again: twice as late after each failure, up to `most_seconds`."""

    def __init__(self, least_seconds: float = 5.0, most_seconds: float = 600.0) -> None:
        self._least, self._most, self._failures = least_seconds, most_seconds, 0
        self._not_before: datetime | None = None

    def wait(self, now: datetime) -> float:
        """Seconds until it may be asked; 0 where it may be now."""
        return max((self._not_before - now).total_seconds(), 0.0) if self._not_before else 0.0

    def failed(self, now: datetime) -> None:
        doublings = min(self._failures, 20)  # beyond any `most_seconds`
        self._not_before = now + timedelta(seconds=min(self._least * 2**doublings, self._most))
        self._failures += 1

    def worked(self) -> None:
        self._failures, self._not_before = 0, None
