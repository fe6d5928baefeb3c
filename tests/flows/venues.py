"""A whole bot at an exchange that a test has in its hands: both in this process, over HTTP, on one virtual clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

from chatbot.app import build
from chatbot.config import load
from chatbot.life.life import App
from chatbot.tools.demo import EPOCH
from chatbot.tools.exchange import Simulated, open_simulated
from chatbot.wiring.places import Places
from trading.clock import VirtualClock
from trading.domain.trade import Trade
from trading.exchange.kalshi.auth import Signer, load_private_key
from trading.exchange.kalshi.client import KalshiExchange
from trading.feeds.brti import IndexFeed

BEAT, CHECK = timedelta(seconds=5), timedelta(seconds=60)


@dataclass
class Running:
    app: App
    simulated: Simulated
    clock: VirtualClock

    async def until(self, end: datetime, beat: timedelta = BEAT) -> None:
        """Beats and reconciliations, as they come in a run."""
        checked = self.clock.now()
        while self.clock.now() < end:
            await self.app.beat()
            if self.clock.now() - checked >= CHECK:
                await self.app.check()
                checked = self.clock.now()
            self.clock.advance_to(self.clock.now() + beat)
        assert self.app.fatal is None

    def trades(self) -> list[Trade]:
        return [t for t in cast(list[Trade], self.app.store.select("trades")) if t.contracts]

    async def cash(self) -> Decimal:
        return (await self.app.places.exchange.balance()).total


@asynccontextmanager
async def running(folder: Path, clock: VirtualClock | None = None, **settings: str) -> AsyncIterator[Running]:
    """The bot with its exchange, started; goes on with what the folder has."""
    clock = clock or VirtualClock(EPOCH)
    loaded = load(None, {"DATA_DIR": str(folder), "SIM_SEED": "7", "KALSHI_ENV": "simulated", **settings})
    simulated = await open_simulated(folder / "venue", clock, seed=7)
    key = load_private_key(simulated.credentials.private_key_path.read_bytes())
    exchange = KalshiExchange(simulated.server.base_url, Signer(simulated.credentials.key_id, key), clock)
    feed = IndexFeed(exchange, loaded.kalshi_event_ticker_prefix)
    places = Places(clock, exchange, True, feed, simulated.server.base_url, "")

    async def close() -> None:
        exchange.close()

    places.closing = [close, simulated.stop]
    app = await build(loaded, clock=clock, places=places)
    try:
        await app.start()
        yield Running(app, simulated, clock)
    finally:
        await app.stop("the end of a part")
