"""A market maker at work in the dry run over a simulated exchange, at full speed on a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from chatbot.config import load
from chatbot.life.intents import FOLDER, intent_files, keep
from chatbot.life.life import App
from chatbot.tools.demo import EPOCH, WINDOW
from chatbot.wiring.bot import wired
from chatbot.wiring.places import Places
from chatbot.wiring.seams import Seams
from storage.disk import RealDisk
from storage.store import TinyStore
from trading.clock import VirtualClock
from trading.domain.errors import Unavailable
from trading.domain.market import Quote
from trading.domain.order import Fill
from trading.domain.records import Notice, Put
from trading.exchange.simulated.direct import DirectExchange, DirectFeed
from trading.exchange.simulated.venue import Venue, open_venue

BEAT = timedelta(seconds=15)
SILENT, OLD = timedelta(minutes=4), timedelta(minutes=7)  # into a window: for two beats the quotes fail, or are old
GAP = timedelta(seconds=45)
FREE = {  # of the gate's limits, so that the strategy's own are what holds
    "MAX_ORDER_USD": "1000",
    "MAX_OPEN_ORDERS": "100",
    "MAX_ORDERS_PER_MINUTE": "1000",
    "MAX_POSITION_USD": "1000",
    "MAX_EXPOSURE_USD": "1000",
    "DAILY_LOSS_LIMIT_USD": "100000",
    "WEEKLY_LOSS_LIMIT_USD": "100000",
    "ORDER_TIMEOUT_SECONDS": "60",
}


class UnsyncedDisk(RealDisk):
    """Nothing here is to survive a power cut."""

    def sync(self, handle: int) -> None:
        return


class PatchyExchange(DirectExchange):
    """Whose quotes fail or are old for a while, in every third window."""

    def __init__(self, venue: Venue) -> None:
        super().__init__(venue)
        self._clock = venue.clock

    async def quote(self, ticker: str) -> Quote:
        into = patch(self._clock.now())
        if into == "silent":
            raise Unavailable("no answer")
        quote = await super().quote(ticker)
        return Quote(ticker, quote.seen_at - GAP, quote.bid, quote.ask) if into == "old" else quote


def patch(now: datetime) -> str:
    """What is wrong with the quotes now: silent, old, or nothing."""
    window, into = divmod(now - EPOCH, WINDOW)
    if window % 3:
        return ""
    return "silent" if SILENT <= into < SILENT + GAP else "old" if OLD <= into < OLD + GAP else ""


@dataclass
class Maker:
    """A bot whose one strategy is the market maker, with these parameters in its file (TOML)."""

    folder: Path
    parameters: str
    notices: list[Notice] = field(default_factory=list)  # that people are owed
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = VirtualClock(EPOCH)
        venue = open_venue(self.clock)
        places = Places(self.clock, PatchyExchange(venue), True, DirectFeed(venue), "simulated", "")
        self.app = self._app(places)
        self.app.book.listen(self._hear)

    def _app(self, places: Places) -> App:
        path = self.folder / "strategies.toml"
        path.write_text(f"[market_maker]\n{self.parameters}")
        settings = load(None, self._variables(path) | FREE)
        store = TinyStore.open(settings.data_folder / "store", disk=UnsyncedDisk())
        files = intent_files(settings)
        seams = Seams(lambda by: None, lambda broker: None, intent_log=files.write)
        app = wired(settings, store, places, seams)
        keep(files, app)
        self.intents = settings.data_folder / FOLDER
        return app

    def _hear(self, puts: Sequence[Put]) -> None:
        self.notices += [put.record for put in puts if isinstance(put.record, Notice)]

    def _variables(self, path: Path) -> Mapping[str, str]:
        return {
            "DATA_DIR": str(self.folder),
            "DRY_RUN": "true",
            "STRATEGIES": "market_maker",
            "STRATEGIES_FILE": str(path),
            "TIMEZONE": "America/New_York",  # its day begins in the middle of the run
        }

    async def play(self, until: datetime, look: Callable[[App], None] = lambda app: None) -> None:
        """Beat until then; `look` is called after each beat."""
        while self.clock.now() < until:
            await self.app.beat()
            if self.app.fatal:
                raise self.app.fatal
            look(self.app)
            self.clock.advance_to(self.clock.now() + BEAT)

    def fills(self) -> list[Fill]:
        """All that it got, in order."""
        return cast(list[Fill], self.app.store.select("fills"))
