"""The main loop over recorded windows: the real quotes, spot and results of the past, in order, through the whole bot.

Beats fall on the recorded snapshots and on timers (an order's timeout, a market's settlement). Orders fill at the
snapshot's touch, up to that side's depth; quotes past their age limit are missing.
"""

from __future__ import annotations

import asyncio
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chatbot.app import build
from chatbot.config import load
from chatbot.life import App
from chatbot.places import Places
from chatbot.tools.counting import CountingChannel
from chatbot.tools.demo import summary
from trading.clock import VirtualClock, monotonic
from trading.exchange.simulated.direct import DirectExchange, DirectFeed
from trading.exchange.simulated.recorded import RecordedWorld
from trading.exchange.simulated.venue import open_venue
from trading.feeds.coins import index_of

ENTRY_WINDOW_SECONDS = 840  # recordings have gaps: a window may be entered almost to its end
SETTLED_AFTER = timedelta(seconds=10)  # of a close, the result is paid


async def replay(snapshots: Path, results: Path) -> dict[str, Any]:
    """Run all recorded windows through the bot in memory; the summary. Raises Misconfigured for unreadable files."""
    started = monotonic()
    world = RecordedWorld.load(snapshots, results)
    with tempfile.TemporaryDirectory(prefix="kalshi-chatops-") as folder:
        app, clock = await recorded_app(world, Path(folder))
        delivering = asyncio.create_task(app.outbox.run())
        try:
            await app.start()
            await play(app, clock, world)
            figures = summary(app)
        finally:
            await app.stop("the replay is over")
            delivering.cancel()
    del figures["open_trades"]
    return figures | {"seconds": round(monotonic() - started, 2)}


async def recorded_app(world: RecordedWorld, folder: Path) -> tuple[App, VirtualClock]:
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
        },
    )
    return await build(settings, places=places, channels=lambda *_: (CountingChannel(),)), clock


async def play(app: App, clock: VirtualClock, world: RecordedWorld) -> None:
    """Beat through the whole recording. Raises what ended the bot, if something did."""
    deciding, snapshots = app.cycle.strategies, _deciding(world)
    for at in _moments(world):
        for moment in (*_timers(app, at), at):
            app.cycle.strategies = deciding if moment in snapshots else ()  # there is nothing to decide on between them
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
    spans = [(w.open_time, w.close_time) for w in world.recorded]
    return {at for at in world.snapshot_times() if any(first <= at < last for first, last in spans)}


def _timers(app: App, before: datetime) -> list[datetime]:
    """When orders that rest now are to be cancelled, if that is before the next moment."""
    timeout = timedelta(seconds=app.settings.order_timeout_seconds)
    due = sorted(order.created_at + timeout for order in app.book.state.live_orders())
    return [at for at in due if at < before]
