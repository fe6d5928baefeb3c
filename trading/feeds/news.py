"""Headlines from memory for strategies, and how they get there: feeds that are polled, and a webhook that is told.

What no rule knows is dropped and counted, like what has no time, is old, or came before. A headline is kept for as
long as anybody could still act on it; that it was acted on is the engine's to remember, not the feed's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

from trading.clock import real_now
from trading.domain.intent import Headline
from trading.feeds.fetching import FetchBounds
from trading.feeds.news_http import Poller
from trading.feeds.news_item import Item
from trading.feeds.news_table import Rule, Source
from trading.ports import Clock

KEPT_SECONDS = 3600.0  # of the clock; strategies act within minutes, and look back for their cooldown
AHEAD_SECONDS_MAX = 60.0  # of real time: clocks differ, but a headline from tomorrow is none
SEEN_MAX = 10_000  # ids that are known to have come, and headlines kept
THREADS = 4


class Headlines:
    """`trading.ports.HeadlineFeed`. `dropped` counts what was not kept, by why; `now` is real time (aware UTC)."""

    def __init__(self, rules: Sequence[Rule], clock: Clock, now: Callable[[], datetime] = real_now) -> None:
        self._rules, self._clock, self._now = tuple(rules), clock, now
        self._kept: list[Headline] = []  # oldest first
        self._seen: dict[str, None] = {}  # in the order in which they came
        self.dropped: Counter[str] = Counter()

    def about(self, ticker: str) -> tuple[Headline, ...]:
        """Those whose rule names the beginning of this ticker, oldest first."""
        return tuple(replace(each, ticker=ticker) for each in self._kept if ticker.startswith(each.ticker))

    def take(self, items: Iterable[Item]) -> int:
        """Keep what a rule knows; how many those were."""
        fresh = [headline for item in items if (headline := self._read(item))]
        now = self._clock.now()
        kept = [h for h in (*self._kept, *fresh) if (now - h.at).total_seconds() <= KEPT_SECONDS]
        self._kept = sorted(kept, key=lambda headline: headline.at)[-SEEN_MAX:]
        return len(fresh)

    def _read(self, item: Item) -> Headline | None:
        if item.item_id in self._seen:
            self.dropped["repeated"] += 1
            return None
        self._remember(item.item_id)
        age = (self._now() - item.at).total_seconds() if item.at else None
        rule = next((rule for rule in self._rules if rule.about(item.source, item.title)), None)
        why = _unfit(age) or ("" if rule else "unknown")
        if why or rule is None or age is None:
            self.dropped[why] += 1
            return None
        at = self._clock.now() - timedelta(seconds=max(age, 0.0))
        return Headline(item.item_id, rule.ticker, rule.side, rule.confidence, at, item.title, item.source)

    def _remember(self, item_id: str) -> None:
        self._seen[item_id] = None
        if len(self._seen) > SEEN_MAX:
            del self._seen[next(iter(self._seen))]


def _unfit(age: float | None) -> str:
    """Why a headline of this age in seconds is not kept; empty where it may be."""
    if age is None:
        return "undated"
    return "old" if age > KEPT_SECONDS else "from the future" if age < -AHEAD_SECONDS_MAX else ""


class NewsFeed:
    """Polls its sources into `headlines`, each in a thread. `problems` says what each source failed with, while it
    does; `told` is called with a source's name and that, when it begins to."""

    def __init__(
        self,
        sources: Sequence[Source],
        headlines: Headlines,
        bounds: FetchBounds | None = None,
        told: Callable[[str, str], None] = lambda name, why: None,
    ) -> None:
        self.headlines, self._told = headlines, told
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="news")
        self._pollers = [Poller(source, self._threads, bounds or FetchBounds()) for source in sources]
        self.problems: dict[str, str] = {}

    async def poll(self) -> None:
        """One round: each source is asked once, unless it failed a moment ago or still answers."""
        for source, read in zip(
            self._pollers, await asyncio.gather(*(each.read() for each in self._pollers)), strict=True
        ):
            if isinstance(read, str):
                self._failed(source.name, read)
            else:
                self.problems.pop(source.name, None)
                self.headlines.take(read)

    def _failed(self, name: str, why: str) -> None:
        begins = name not in self.problems
        self.problems[name] = why
        if begins:
            self._told(name, why)

    def close(self) -> None:
        """Ask no more; a request under way ends by its own bounds."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for each in self._pollers:
            each.close()
