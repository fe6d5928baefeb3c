"""One RSS or Atom feed over HTTP: asked only for what has changed since, and left alone for a while when it fails."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor

from trading.clock import real_now
from trading.feeds.fetching import BROKEN, Backoff, FetchBounds, fetch, plain_session
from trading.feeds.news_item import Item
from trading.feeds.news_table import Source
from trading.feeds.news_xml import items_of

ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8"
VALIDATOR_CHARS_MAX = 500  # an ETag that is longer is not worth keeping


class Poller:
    """Of one source."""

    def __init__(self, source: Source, threads: ThreadPoolExecutor, bounds: FetchBounds) -> None:
        self._source, self._threads, self._bounds = source, threads, bounds
        self._session, self._backoff = plain_session(ACCEPT), Backoff()
        self._validators: dict[str, str] = {}  # what to send, so that an unchanged feed answers 304
        self._asked: Future[list[Item]] | None = None

    @property
    def name(self) -> str:
        return self._source.name

    async def read(self) -> list[Item] | str:
        """What it has now (nothing where nothing has changed), or in words why that is not known."""
        if wait := self._backoff.wait(real_now()):
            return f"it failed and is asked again in {wait:.0f} s"
        if self._asked and not self._asked.done():
            return "it is still busy with the last question"
        self._asked = self._threads.submit(self._ask)
        try:
            items = await asyncio.wait_for(asyncio.wrap_future(self._asked), self._bounds.total_seconds + 1)
        except TimeoutError:
            return self._failed("no answer in time")
        except ValueError as error:
            return self._failed(str(error))
        except BROKEN as error:
            return self._failed(type(error).__name__)
        self._backoff.worked()
        return items

    def _ask(self) -> list[Item]:
        """In its thread: the request, and the parsing too. Raises ValueError and what a request may raise."""
        answer = fetch(self._session, self._source.url, self._validators, self._bounds)
        if answer.status == 304:
            return []
        if answer.status != 200:
            raise ValueError(f"HTTP {answer.status}")
        items = items_of(answer.body, self._source.name)
        told = {
            "If-None-Match": answer.headers.get("etag", ""),
            "If-Modified-Since": answer.headers.get("last-modified", ""),
        }
        self._validators = {name: value for name, value in told.items() if 0 < len(value) <= VALIDATOR_CHARS_MAX}
        return items

    def _failed(self, why: str) -> str:
        self._backoff.failed(real_now())
        return why

    def close(self) -> None:
        self._session.close()
