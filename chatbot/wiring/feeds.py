"""News and arbitrage, wired: what the strategies file names under [feeds] and [mapping], with jobs beside the beat.

A simulated run never asks a real venue: of what is configured, only what is on this machine is read there. Few bots
have any of it, so each feed is imported where it is wired: the webhook alone brings a whole HTTP server.
"""

from __future__ import annotations

import logging
import stat
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from chatbot.config import Settings
from chatbot.wiring.places import SIMULATED, Places
from chatbot.wiring.strategies_file import plan
from trading.domain.errors import Misconfigured
from trading.domain.events import ErrorSeen
from trading.engine.assigned import Assigned
from trading.engine.cycle import Cycle
from trading.engine.fee_watch import FeeWatch
from trading.feeds.fetching import on_this_machine
from trading.feeds.news_table import Door, NewsTable, news_of
from trading.strategies import Strategy
from trading.strategies.arbitrage import Pair

if TYPE_CHECKING:
    from trading.feeds.news_webhook import Webhook

ARBITRAGE_SECONDS = 10.0  # of the clock, between two looks at all pairs
NEWS, POLYMARKET = "news", "polymarket"

Job = tuple[str, float, Callable[[], Awaitable[object]]]  # its name, its interval in seconds of the clock, a turn
Told = Callable[[str, str], None]  # what fails, and why

log = logging.getLogger("kalshi-chatops")


@dataclass(slots=True)
class Feeds:
    """What was configured of them; `jobs` run for as long as the bot does."""

    told: Told
    jobs: list[Job] = field(default_factory=list)
    webhook: Webhook | None = None

    async def open(self) -> None:
        """Open the webhook; where its port is taken that is told, and the rest goes on."""
        if self.webhook:
            try:
                log.info("headlines are heard at http://127.0.0.1:%s/headline", await self.webhook.open())
            except OSError as error:
                self.told("webhook", f"it cannot listen ({error.strerror}): give feeds.news.webhook another port")


def feeds_of(settings: Settings, places: Places, cycle: Cycle) -> Feeds:
    """The feeds of a bot; nothing runs yet. Raises Misconfigured."""
    planned = plan(settings)

    def told(what: str, why: str) -> None:
        cycle.book.record(ErrorSeen(places.clock.now(), f"feed:{what}", f"{what}: {why}"))

    feeds = Feeds(told)
    if NEWS in planned.feeds:
        _news(feeds, news_of(planned.feeds[NEWS]), settings, places, cycle)
    if planned.arbitrage.name in settings.strategies:
        _arbitrage(feeds, planned.feeds.get(POLYMARKET, {}), settings, places, cycle)
    return feeds


def _news(feeds: Feeds, table: NewsTable, settings: Settings, places: Places, cycle: Cycle) -> None:
    from trading.feeds.news import Headlines, NewsFeed

    headlines = Headlines(table.rules, places.clock)
    for observer in cycle.observers:
        observer.headlines = headlines
    sources = [source for source in table.sources if _readable(source.url, settings)]
    if sources:
        news = NewsFeed(sources, headlines, told=feeds.told)
        feeds.jobs.append((NEWS, table.every_seconds, news.poll))
        places.closing.insert(0, _closing(news.close))
    if table.webhook:
        from trading.feeds.news_webhook import Webhook

        secret = _secret(table.webhook, strict=settings.environment == "production")
        feeds.webhook = Webhook(table.webhook.port, secret, lambda item: headlines.take([item]))
        places.closing.insert(0, feeds.webhook.close)


def _arbitrage(feeds: Feeds, table: Mapping[str, Any], settings: Settings, places: Places, cycle: Cycle) -> None:
    from trading.engine.arbitrage import ArbitrageWatch, Elsewhere
    from trading.feeds.polymarket import Polymarket, polymarket_of

    planned, kalshi = plan(settings), places.kalshi
    base, fees = polymarket_of(table)
    elsewhere = None
    if any(leg.venue == POLYMARKET for pair in planned.pairs for leg in pair.legs) and _readable(base, settings):
        venue = Polymarket(places.clock, base)
        places.closing.insert(0, _closing(venue.close))
        elsewhere = Elsewhere(venue, fees)
    watch = ArbitrageWatch(
        planned.arbitrage,
        planned.pairs if elsewhere else _at_home(planned.pairs),
        cycle.broker,
        places.exchange,
        elsewhere,
        (lambda series: FeeWatch(kalshi.listings, places.clock, series)) if kalshi else None,
    )
    cycle.jobs = (*cycle.jobs, Assigned(cast(Strategy, planned.arbitrage), ()))
    feeds.jobs.append((planned.arbitrage.name, ARBITRAGE_SECONDS, watch.look))


def _at_home(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair for pair in pairs if all(leg.venue == "kalshi" for leg in pair.legs)]


def _readable(url: str, settings: Settings) -> bool:
    if settings.environment != SIMULATED or on_this_machine(url):
        return True
    log.info("%s is not asked: a simulated run asks no real venue", url)
    return False


def _secret(door: Door, *, strict: bool) -> str:
    """The shared secret, from its file's only line. Raises Misconfigured, which never holds it."""
    path = Path(door.secret_file).expanduser()
    try:
        text, mode = path.read_text().strip(), path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        fix = "write a long random line there"
        raise Misconfigured(f"feeds.news.webhook.secret_file {path} cannot be read ({reason}): {fix}") from None
    if strict and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Misconfigured(f"feeds.news.webhook.secret_file {path} can be read by others: run chmod 600 {path}")
    return text


def _closing(close: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def closed() -> None:
        close()

    return closed
