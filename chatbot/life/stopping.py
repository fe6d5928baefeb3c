"""The end of a bot: our orders cancelled, people told, everything closed, all of it within seconds.

A container gives ten seconds between asking and killing, and whatever hangs (the exchange, a chat, a disk) hangs then
too. So each step has its bound, and the telling gets what the steps before it have left. What the exchange did not
prove in time is said in a notice that is in the store before anybody is told: the next start checks the orders and
delivers what no chat took.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trading.clock import monotonic
from trading.domain.errors import StoreError
from trading.domain.events import Stopped
from trading.domain.order import Order, OrderStatus
from trading.domain.records import Notice, Severity

if TYPE_CHECKING:
    from chatbot.life.life import App

# Seconds of real time.
STOP_SECONDS_MAX = 7.0  # for all of it
TURN_SECONDS_MAX = 1.5  # for a beat and for an order of the scanner that are under way
CANCELS_SECONDS_MIN = 2.5  # for all cancels together, with their proofs, whatever the steps before took
CLOSE_SECONDS_MAX = 1.0  # for all channels together, and again for everything else
DRAIN_SECONDS_MIN = 1.0  # for the last notices, whatever the steps before took

WHY = "the bot stops"

log = logging.getLogger("kalshi-chatops")


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of our orders that rested."""

    cancelled: int = 0
    unproved: int = 0
    left: int = 0


async def stop(app: App, why: str) -> None:
    """End this bot. A store that fails meanwhile is the app's `fatal`, and is told past the store."""
    until = monotonic() + STOP_SECONDS_MAX - 2 * CLOSE_SECONDS_MAX
    open_then = app.book.state.live_orders()
    await _calm(app)
    if app.fatal is None:
        await _leave(app, why, open_then, max(until - DRAIN_SECONDS_MIN - monotonic(), CANCELS_SECONDS_MIN))
    left = max(until - monotonic(), DRAIN_SECONDS_MIN)
    if app.fatal is None:
        await app.outbox.drain(left)
    else:
        await _within(left, _shout(app, f"The bot stops: {app.fatal}"))
    await _within(CLOSE_SECONDS_MAX, *(channel.close() for channel in app.channels))
    await _within(CLOSE_SECONDS_MAX, app.charts.close(), app.places.close())
    app.store.close()


async def _calm(app: App) -> None:
    """A beat that is under way ends first, and so does an order of the scanner. Where they hang, no new order of theirs
    gets past the gate while ours are cancelled."""
    if app.settings.on_stop == "cancel":
        app.cycle.broker.latch.closed = True
    scanning = [app.desk.scanning.stop()] if app.desk.scanning else []
    await _within(TURN_SECONDS_MAX, app.quiet(), *scanning)


async def _leave(app: App, why: str, open_then: Sequence[Order], seconds: float) -> None:
    """End what is open, in so many seconds, and say so; a store that fails only now is fatal as ever."""
    leaves = app.settings.on_stop == "leave"
    try:
        ended = Ended(left=len(app.book.state.live_orders())) if leaves else await _cancelled(app, open_then, seconds)
        app.book.record(Stopped(app.places.clock.now(), why, ended.cancelled, ended.unproved, ended.left))
    except StoreError as error:
        app.end(error)


async def _cancelled(app: App, open_then: Sequence[Order], seconds: float) -> Ended:
    """Cancel what is open now. What was `open_then` counts as well: one that was on its way may have been taken back at
    once. Raises StoreError."""
    live = app.book.state.live_orders()
    proved = await _proved([app.cycle.broker.cancel(order, WHY) for order in live], seconds)
    keys = {order.client_order_id for order in (*open_then, *live)}
    known = (app.book.state.orders.get(key) for key in keys)  # one that came to nothing may be gone from there
    filled = sum(order is not None and order.status is OrderStatus.EXECUTED for order in known)
    unproved = len(live) - proved
    return Ended(cancelled=len(keys) - unproved - filled, unproved=unproved)


async def _proved(cancels: Sequence[Coroutine[Any, Any, bool]], seconds: float) -> int:
    """How many came to a proof in time: all at once, so that one that hangs holds up no other. Raises StoreError."""
    tasks = [asyncio.create_task(cancel) for cancel in cancels]
    _, late = await asyncio.wait(tasks, timeout=seconds) if tasks else ((), ())
    for task in late:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for error in (each for each in results if isinstance(each, Exception)):
        raise error
    return sum(each is True for each in results)


async def _shout(app: App, text: str) -> None:
    """Tell without the store, which may be what failed."""
    await app.outbox.shout(Notice(0, "error", Severity.ALERT, app.places.clock.now(), text, mood="alert"))


async def _within(seconds: float, *works: Awaitable[object]) -> None:
    """All of it at the same time, as far as it comes to an end in time; what fails stops nothing else."""
    failed: Sequence[object] = ()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            failed = await asyncio.gather(*works, return_exceptions=True)
    for error in (each for each in failed if isinstance(each, Exception)):
        log.error("a part of the bot does not end well", exc_info=error)
