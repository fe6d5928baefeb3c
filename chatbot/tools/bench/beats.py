"""What a beat, a reconciliation and one more order take of the bot's own time, and how long they hold the loop: beside
one open order, a hundred and a thousand, and with the orders of two busy days in memory.

The bot is wired as `run` wires it; the exchange is the simulated one in this process, and its time does not count.
Nothing fills, so that all beats of one size are alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any, cast

from chatbot.app import build
from chatbot.config import Settings
from chatbot.config import load as read_settings
from chatbot.life.life import App
from chatbot.tools.bench.away import Watch, Watched
from chatbot.tools.bench.figures import Row, row
from chatbot.tools.bench.past_orders import STRATEGY, write_past
from chatbot.tools.counting import CountingChannel
from chatbot.tools.run import log_beat, steady
from chatbot.wiring.places import Places
from trading.clock import VirtualClock
from trading.domain.errors import Unavailable
from trading.domain.intent import Intent
from trading.domain.market import Outcome
from trading.domain.order import OrderStatus
from trading.exchange.simulated.direct import DirectExchange, DirectFeed
from trading.exchange.simulated.venue import open_venue
from trading.exchange.simulated.world import SeededWorld
from trading.risk.gate import Denial

START = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # a Monday, as a market opens
SEED, SERIES = 1, "KXBTC15M"
BLOCK_MS_MAX = 20.0
MS = 1_000.0
ORDER_EVERY = timedelta(seconds=0.1)  # while they are placed: no more in a minute than a bot may be allowed
GENEROUS = "1000"  # of every limit: what is measured is no order that is denied


@dataclass(frozen=True, slots=True)
class Load:
    """So many orders open, and so many that ended in the last two days."""

    open: int
    past: int = 0

    @property
    def name(self) -> str:
        orders = f"{self.open:,} open order{'s' if self.open > 1 else ''}"
        return f"{orders}, {self.past:,} in two days" if self.past else orders


LOADS = (Load(1), Load(100), Load(1_000), Load(100, 10_000))
ORDERS_MIN = 10  # with fewer there is no median of them

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Own:
    """Milliseconds of the bot's own, of one piece of work done again and again; `block` is the loop's longest."""

    watch: Watch
    taken: list[float] = field(default_factory=list)
    block: float = 0.0

    async def once(self, work: Callable[[], Awaitable[object]]) -> None:
        self.watch.longest = 0.0
        self.taken.append(await self.watch.work(work) * MS)
        self.block = max(self.block, self.watch.longest * MS)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a load came to."""

    load: Load
    beats: Own
    checks: Own
    orders: Own


class Bot:
    """A bot of whose orders none fills."""

    def __init__(self, app: App, clock: VirtualClock, watch: Watch) -> None:
        self.app, self._clock, self.watch = app, clock, watch
        self._poll = timedelta(seconds=app.settings.poll_seconds)

    async def beat(self, own: Own) -> None:
        """The next one, when it is due. Raises what ended the bot, if something did."""
        self._clock.advance_to(self._clock.now() + self._poll)
        await own.once(self.app.beat)
        if self.app.fatal:
            raise self.app.fatal

    async def rest(self, own: Own) -> None:
        """Have one more order stand at the exchange, far from the touch. Raises Unavailable."""
        self._clock.advance_to(self._clock.now() + ORDER_EVERY)
        await own.once(self._rest)

    async def _rest(self) -> None:
        attempt = len(self.app.book.state.orders) + 1
        observer = self.app.cycle.observer
        market = observer.view.market if observer.view else None
        quote = await observer.quote(market.ticker) if market else None
        if market is None or quote is None or quote.ask is None:
            raise Unavailable(f"no market is open at {self._clock.now()}")
        side = Outcome.YES if quote.ask.price > Decimal("0.5") else Outcome.NO  # nobody sells that at the lowest price
        lowest = market.price_ranges[0].step
        wish = Intent(STRATEGY, market.ticker, side, lowest, Decimal(1), STRATEGY, attempt=attempt, post_only=True)
        outcome = await self.app.cycle.broker.submit(wish, market, quote)
        if isinstance(outcome, Denial):
            raise Unavailable(f"no order can rest: {outcome.text}")
        if outcome.status is not OrderStatus.RESTING:
            raise Unavailable(f"no order can rest: {outcome.status} {outcome.why}")


async def beats(folder: Path, count: int, progress: Progress, loads: Sequence[Load] = LOADS) -> list[Row]:
    """Measure so many beats and as many reconciliations under each load, in `folder`; the first load is what the others
    are held against. Raises Unavailable where the bench itself fails."""
    measured: list[Measured] = []
    for number, load in enumerate(loads):
        async with _bot(folder / str(number), load) as bot:
            measured.append(await _measured(bot, load, count))
        progress(number + 1, len(loads))
    least = measured[0]
    return [made for each in measured for made in _rows(each, least)]


async def _measured(bot: Bot, load: Load, count: int) -> Measured:
    beats, checks, orders = Own(bot.watch), Own(bot.watch), Own(bot.watch)
    await bot.beat(Own(bot.watch))  # finds the market
    for _ in range(load.open):
        await bot.rest(orders)
    await bot.beat(Own(bot.watch))  # reads what the orders have changed
    for _ in range(count):
        await bot.beat(beats)
        await checks.once(bot.app.check)
    standing = len(bot.app.book.state.live_orders())
    if standing != load.open:
        raise Unavailable(f"{standing} orders are open after the measuring, {load.open} should be")
    orders.taken = orders.taken[-count:]  # the last ones, beside all others
    return Measured(load, beats, checks, orders)


@asynccontextmanager
async def _bot(folder: Path, load: Load) -> AsyncIterator[Bot]:
    """One that has been started, with the past of a load."""
    clock, watch, settings = VirtualClock(START), Watch(), _settings(folder)
    write_past(settings.data_folder, load.past, START)
    venue = open_venue(clock, world=SeededWorld(SEED, (SERIES,)))
    exchange = cast(Any, Watched(DirectExchange(venue), watch))
    places = Places(clock, exchange, True, cast(Any, Watched(DirectFeed(venue), watch)), "in this process", "")
    app = await build(settings, places=places, channels=lambda *_: (CountingChannel(),))
    app.cycle.on_beat = lambda view: log_beat(app, view)
    app.cycle.strategies = ()  # the orders here are the bench's own
    steady()
    delivering = asyncio.create_task(app.outbox.run())
    try:
        await app.start()
        yield Bot(app, clock, watch)
    finally:
        await app.stop("the measuring is over")
        delivering.cancel()


def _settings(folder: Path) -> Settings:
    limits = ("MAX_ORDER_USD", "MAX_POSITION_USD", "MAX_EXPOSURE_USD", "DAILY_LOSS_LIMIT_USD", "WEEKLY_LOSS_LIMIT_USD")
    given = {"DATA_DIR": str(folder), "KALSHI_EVENT_TICKER_PREFIX": SERIES, "ORDER_TIMEOUT_SECONDS": "600"}
    counts = ("MAX_OPEN_ORDERS", "MAX_ORDERS_PER_MINUTE")
    return read_settings(None, given | {"ON_STOP": "leave"} | dict.fromkeys((*limits, *counts), GENEROUS))


def _rows(measured: Measured, least: Measured) -> list[Row]:
    works = [("beat", measured.beats, least.beats), ("reconciliation", measured.checks, least.checks)]
    rows = [made for what, own, first in works for made in _two(what, measured.load, own, first)]
    many = measured.load.open >= ORDERS_MIN
    return rows + (_two("one more order", measured.load, measured.orders, measured.orders) if many else [])


def _two(what: str, load: Load, own: Own, first: Own) -> list[Row]:
    """The median beside that of the first load, and the longest block."""
    name, limit = f"{what}, {load.name}", None if own is first else median(first.taken)
    return [
        row(f"{name}, p50", median(own.taken), limit, None),
        row(f"{name}: longest block of the loop", own.block, None, BLOCK_MS_MAX),
    ]
