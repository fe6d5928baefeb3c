"""A demonstration at full speed: N windows of the seeded world over real HTTP, and what came of them.

The clock is virtual: it stands still while a request is in flight, so the same seed gives the same figures.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from chatbot.app import build
from chatbot.config import load
from chatbot.life.life import App
from chatbot.tools.counting import CountingChannel
from trading.clock import VirtualClock, monotonic
from trading.domain.events import WindowPassed
from trading.domain.money import ZERO
from trading.domain.records import Control, Put
from trading.domain.trade import Trade, TradeOutcome

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday: the Thursday pause lies 320 windows ahead
WINDOW = timedelta(minutes=15)
RECONCILE = timedelta(seconds=60)
SETTLING_MAX = timedelta(minutes=10)  # after the last close; the exchange pays within seconds

Progress = Callable[[int, int], None]


async def demo(
    windows: int, seed: int, *, faults: str = "none", data: Path | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Run (or go on with) a demonstration in `data`, a temporary folder by default; its summary."""
    started = monotonic()
    with ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kalshi-chatops-")))
        settings = load(None, {"DATA_DIR": str(folder), "SIM_SEED": str(seed), "KALSHI_ENV": "simulated"})
        counting = CountingChannel()
        clock = VirtualClock(EPOCH)
        app = await build(settings, clock=clock, channels=lambda *_: (counting,), faults=faults)
        delivering = asyncio.create_task(app.outbox.run())
        try:
            first = await _first_balance(app)
            await app.start()
            await _play(app, clock, EPOCH + windows * WINDOW, progress, windows)
            last = await _last_balance(app, clock)
            figures = summary(app, last - first)
        finally:
            await app.stop("the demonstration is over")
            delivering.cancel()
        figures["notices"] = counting.delivered
        figures["seconds"] = round(monotonic() - started, 2)
        return figures


async def _first_balance(app: App) -> Decimal:
    """The balance before the first trade, read over REST once and kept with the data."""
    row = cast(Control | None, app.store.get("control", "demo"))
    if row is None:
        total = (await app.places.exchange.balance()).total
        row = Control("demo", {"first_balance": str(total)}, app.places.clock.now())
        app.store.commit([Put("control", row.name, row)])
    return Decimal(row.value["first_balance"])


async def _last_balance(app: App, clock: VirtualClock) -> Decimal:
    """The balance after the last trade: asked for when the exchange's reads have come to the end of the trading."""
    ended = clock.now()
    while await app.places.exchange.as_of() < ended:
        clock.advance_to(clock.now() + timedelta(seconds=app.settings.poll_seconds))
    return (await app.places.exchange.balance()).total


async def _play(app: App, clock: VirtualClock, end: datetime, progress: Progress | None, windows: int) -> None:
    poll = timedelta(seconds=app.settings.poll_seconds)
    checked = clock.now()
    while not _over(app, clock.now(), end):
        await app.beat()
        if clock.now() - checked >= RECONCILE:
            await app.check()
            checked = clock.now()
        if app.fatal:
            raise app.fatal
        if progress:
            progress(min(int((clock.now() - EPOCH) / WINDOW), windows), windows)
        clock.advance_to(_next_beat(clock.now(), poll))
        if clock.now() >= end:
            app.cycle.strategies = ()
    await app.check()


def _next_beat(now: datetime, poll: timedelta) -> datetime:
    """The next whole multiple of the interval: late answers do not shift the beats for good."""
    return EPOCH + poll * ((now - EPOCH) // poll + 1)


def _over(app: App, now: datetime, end: datetime) -> bool:
    state = app.book.state
    settled = not state.trades and not state.live_orders() and not app.cycle.windows.current
    return (now >= end and settled) or now > end + SETTLING_MAX


def summary(app: App, exchange_pnl: Decimal | None = None, **of: str) -> dict[str, Any]:
    """The figures of what the store holds: of everything, or of one `strategy`. Dollars with four decimals."""
    passed = cast(list[WindowPassed], app.store.select("windows", **of))
    trades = cast(list[Trade], app.store.select("trades", **of))
    outcomes = Counter(t.outcome for t in trades)
    figures: dict[str, Any] = {
        "windows": len(passed),
        "signals": sum(w.agreed for w in passed),
        "trades": sum(w.ordered for w in passed),
        "fills": len(app.store.select("fills", **of)),
        "wins": outcomes[TradeOutcome.WIN],
        "losses": outcomes[TradeOutcome.LOSS],
        "skipped": dict(sorted(Counter(w.reason for w in passed if not w.ordered).items())),
        "open_trades": len(app.book.state.trades),
        "pnl_usd": usd4(sum((t.profit for t in trades), ZERO)),
        "fees_usd": usd4(sum((t.fees for t in trades), ZERO)),
    }
    if exchange_pnl is not None:
        figures["exchange_pnl_usd"] = usd4(exchange_pnl)
    return figures


def usd4(amount: Decimal) -> float:
    """Dollars as a JSON number; four decimals are exact in a float of this size."""
    return float(round(amount, 4))
