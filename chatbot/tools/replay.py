"""The main loop over recorded windows: the real quotes, spot and results of the past, in order, through the whole bot.

Beats fall on the recorded snapshots and on timers (an order's timeout, a market's settlement). Orders fill at the
snapshot's touch, up to that side's depth; quotes past their age limit are missing. Strategies that are named run side
by side on paper, each in a book of its own, so that none takes another's contracts; what an account could lose stops
none of them then, since it is asked what each is worth.
"""

from __future__ import annotations

import asyncio
import tempfile
from bisect import bisect_left
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chatbot.app import build
from chatbot.config import load
from chatbot.life.life import App
from chatbot.tools.counting import CountingChannel
from chatbot.tools.demo import summary
from chatbot.wiring.places import Places
from storage.disk import RealDisk
from trading.clock import VirtualClock, monotonic
from trading.exchange.simulated.direct import DirectExchange, DirectFeed
from trading.exchange.simulated.recorded import RecordedWorld
from trading.exchange.simulated.venue import open_venue
from trading.feeds.coins import index_of

ENTRY_WINDOW_SECONDS = 840  # recordings have gaps: a window may be entered almost to its end
SETTLED_AFTER = timedelta(seconds=10)  # of a close, the result is paid


GENEROUS_USD, GENEROUS = "1000000", "1000"
BESIDE = {  # what several strategies on paper have besides
    "DRY_RUN": "true",
    **dict.fromkeys(("MAX_POSITION_USD", "MAX_EXPOSURE_USD", "DRY_RUN_BALANCE_USD"), GENEROUS_USD),
    **dict.fromkeys(("DAILY_LOSS_LIMIT_USD", "WEEKLY_LOSS_LIMIT_USD"), GENEROUS_USD),
    **dict.fromkeys(("MAX_OPEN_ORDERS", "MAX_ORDERS_PER_MINUTE"), GENEROUS),
}


async def replay(snapshots: Path, results: Path, strategies: str = "") -> dict[str, Any]:
    """Run all recorded windows through the bot in memory; the summary. `strategies` are names with commas between them,
    which run on paper and are summed up one by one as well. Raises Misconfigured for unknown names, unreadable files.
    """
    started = monotonic()
    world = RecordedWorld.load(snapshots, results)
    with tempfile.TemporaryDirectory(prefix="kalshi-chatops-") as folder:
        app, clock = await recorded_app(world, Path(folder), strategies)
        delivering = asyncio.create_task(app.outbox.run())
        try:
            await app.start()
            await play(app, clock, world)
            figures = figures_of(app, world, strategies)
        finally:
            await app.stop("the replay is over")
            delivering.cancel()
    return figures | {"seconds": round(monotonic() - started, 2)}


def figures_of(app: App, world: RecordedWorld, strategies: str = "") -> dict[str, Any]:
    """The sums of all, and of each strategy that is named. `windows` are those recorded, however many traded them."""
    figures = _closed(summary(app)) | {"windows": len(world.recorded)}
    if not strategies:
        return figures
    names = app.settings.strategies
    return figures | {"strategies": {name: _closed(summary(app, strategy=name)) for name in names}}


def _closed(figures: dict[str, Any]) -> dict[str, Any]:
    """Without what is open, which is nothing when all is paid."""
    return {name: value for name, value in figures.items() if name != "open_trades"}


async def recorded_app(world: RecordedWorld, folder: Path, strategies: str = "") -> tuple[App, VirtualClock]:
    """A bot over a recorded world, its clock at the first snapshot."""
    series = world.series[0].ticker
    clock = VirtualClock(world.snapshot_times()[0])
    venue = open_venue(clock, world=world)
    exchange = DirectExchange(venue)
    places = Places(clock, exchange, True, DirectFeed(venue, index_of(series)), "recorded", "")
    settings = load(
        None,
        {
            "DATA_DIR": str(folder),
            "KALSHI_EVENT_TICKER_PREFIX": series,
            "ENTRY_WINDOW_SECONDS": str(ENTRY_WINDOW_SECONDS),
            **(BESIDE | {"STRATEGIES": strategies} if strategies else {}),
        },
    )
    disk = RealDisk(synced=False)  # what is played again can be played once more
    return await build(settings, places=places, channels=lambda *_: (CountingChannel(),), disk=disk), clock


async def play(app: App, clock: VirtualClock, world: RecordedWorld) -> None:
    """Beat through the whole recording. Raises what ended the bot, if something did."""
    deciding, snapshots = app.cycle.assigned, _deciding(world)
    for at in _moments(world):
        for moment in (*_timers(app, at), at):
            app.cycle.assigned = deciding if moment in snapshots else ()  # there is nothing to decide on between them
            clock.advance_to(moment)
            await app.beat()
        if app.fatal:
            raise app.fatal


def _moments(world: RecordedWorld) -> list[datetime]:
    """Snapshots, and the moments at which each window has been paid."""
    paid = {w.close_time + SETTLED_AFTER for w in world.recorded}
    return sorted(set(world.snapshot_times()) | paid)


def _deciding(world: RecordedWorld) -> set[datetime]:
    """The snapshots taken while a recorded window was open: a few were taken after the close."""
    times, spans = world.snapshot_times(), [(w.open_time, w.close_time) for w in world.recorded]
    return {at for first, last in spans for at in times[bisect_left(times, first) : bisect_left(times, last)]}


def _timers(app: App, before: datetime) -> list[datetime]:
    """When orders that rest now are to be cancelled, if that is before the next moment."""
    timeout = timedelta(seconds=app.settings.order_timeout_seconds)
    due = (order.created_at + timeout for order in app.book.state.live_orders())
    return sorted(at for at in due if at < before)


def shown(figures: dict[str, Any]) -> dict[str, Any]:
    """The same for people, one line for each strategy."""
    each = figures.get("strategies", {})
    rest = {name: value for name, value in figures.items() if name != "strategies"}
    return rest | {name: {key: n for key, n in own.items() if key != "skipped"} for name, own in each.items()}
