"""A year of the bot as `wired` wires it: beats, checks, reports, archives, people, and an exchange that fails at times.

The store, the log, the CSV file and the intent log are real files, synced as always. Time is virtual and stands still
while anything is done.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from chatbot.config import Settings, load
from chatbot.life.intents import intent_files, keep
from chatbot.life.life import App
from chatbot.logs import set_up
from chatbot.tools.bench.year_exchange import FarExchange, far_exchange
from chatbot.tools.bench.year_people import DISCORD, TELEGRAM, Chat, Owner
from chatbot.tools.demo import EPOCH, SETTLING_MAX, WINDOW
from chatbot.tools.heap import frugal
from chatbot.tools.run import log_beat, steady
from chatbot.wiring.bot import wired
from chatbot.wiring.places import Places
from chatbot.wiring.seams import Seams, marking
from storage.store import TinyStore
from trading.clock import VirtualClock, monotonic
from trading.domain.errors import Misconfigured
from trading.domain.money import ZERO
from trading.domain.state import Reason
from trading.domain.trade import Trade

POLL_SECONDS = 60  # a year of the usual five would take the bench hours
CHECK_MINUTES = 5  # between two checks against the exchange's records, two looks at reports, two lines of the log
DAYS_MIN = 2  # the first one is what memory is held against
DELIVERY_SECONDS_MAX = 30.0  # of real time
ALARMS = frozenset(f"ERROR {code}" for code in ("beat", "settlement_mismatch", "cash_mismatch", "archive"))
ASKED_AT = 21  # o'clock, after the day's report
MEGABYTE = 1e6
PROCESS = Path("/proc/self")
DEEP_POCKETS = {  # the limits that a long run of small losses must not reach: what is measured is a year of trading
    "DAILY_LOSS_LIMIT_USD": "100000",
    "WEEKLY_LOSS_LIMIT_USD": "100000",
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Footprint:
    """What the process holds now; memory in MB, as the kernel counts it, and at its peak so far."""

    memory: float
    peak: float
    files: int
    tasks: int

    @classmethod
    def taken(cls) -> Footprint:
        """After a collection; nothing is given back to the system but what goes by itself."""
        gc.collect()
        fields = dict(line.split(":", 1) for line in (PROCESS / "status").read_text().splitlines())
        memory, peak = (int(fields[name].split()[0]) * 1024 / MEGABYTE for name in ("VmRSS", "VmHWM"))
        return cls(memory, peak, len(os.listdir(PROCESS / "fd")) - 1, len(asyncio.all_tasks()))


class Life:
    """One process's life of so many days, from EPOCH on."""

    def __init__(self, app: App, clock: VirtualClock, far: FarExchange, chat: Chat) -> None:
        self.app, self._clock, self._far, self._chat = app, clock, far, chat
        self.owner = Owner(app, clock.now)
        self._began = monotonic()

    async def day(self, number: int) -> None:
        """All beats of one day, and what goes with them. Raises what ends the bot."""
        end = EPOCH + timedelta(days=number + 1)
        while (now := self._clock.now()) < end:
            await self._beat()
            if not now.minute % CHECK_MINUTES:
                await self._check()
            if not now.minute:
                await self.app.archive()
                if now.hour == ASKED_AT:
                    await self.owner.ask()

    async def finish(self) -> None:
        """No more bets, until all that are open are paid."""
        self.app.cycle.strategies = ()
        latest = self._clock.now() + SETTLING_MAX
        state = self.app.book.state
        while (state.trades or state.live_orders()) and self._clock.now() < latest:
            await self._beat()
            await self._check()
            state = self.app.book.state

    async def _beat(self) -> None:
        await self.app.beat()
        await self.owner.look()
        if any(self.app.outbox.queued().values()):
            await self.app.outbox.drain(DELIVERY_SECONDS_MAX)
        if self.app.fatal:
            raise self.app.fatal
        self._clock.advance_to(EPOCH + ((self._clock.now() - EPOCH) // STEP + 1) * STEP)

    async def _check(self) -> None:
        await self.app.check()
        await self.app.report()

    async def footprint(self) -> Footprint:
        """With the process that draws let go: it ends by itself after some real minutes."""
        await self.app.charts.close()
        await asyncio.sleep(0)
        return Footprint.taken()

    def progress(self, days: int) -> Json:
        """Where it is."""
        totals = self.app.book.state.totals_of(self.app.book.state.mode)
        return {
            "day": days,
            "trades": totals.trades,
            "pnl_usd": float(totals.profit),
            "rows": {table: self.app.store.count(table) for table in ("trades", "orders", "fills", "audit", "control")},
            "memory_mb": round(Footprint.taken().memory, 1),
            "seconds": round(monotonic() - self._began, 1),
        }

    def ending(self, days: int, opening: Decimal, first: Footprint, last: Footprint) -> Json:
        """What it came to; memory was looked at before."""
        there, seconds = self._far.records(), monotonic() - self._began
        bets = cast(list[Trade], self.app.store.all("trades"))
        windows = days * (timedelta(days=1) // WINDOW)
        return {
            "days": days,
            "seconds": seconds,
            "windows_a_second": windows / seconds,
            "trades": sum(1 for bet in bets if bet.contracts),
            "fills": there.fills,
            "open": len(self.app.book.state.trades) + there.held,
            "pnl_usd": float(there.cash - opening),
            "fees_usd": float(there.fees),
            "profit_apart_usd": float(abs(sum((bet.profit for bet in bets), ZERO) - (there.cash - opening))),
            "fees_apart_usd": float(abs(sum((bet.fees for bet in bets), ZERO) - there.fees)),
            "halts": dict(self.owner.halts),
            "errors": self._chat.errors,
            "alarms": sum(self._chat.errors[title] for title in ALARMS) + self.owner.halts[Reason.RECONCILE_MISMATCH],
            "memory_mb": (first.memory, last.memory),
            "peak_mb": last.peak,
            "files": (first.files, last.files),
            "tasks": (first.tasks, last.tasks),
        }


STEP = timedelta(seconds=POLL_SECONDS)


async def lived(folder: Path, days: int, seed: int, faults: str, tell: Callable[[Json], None]) -> Json:
    """Live so many days in `folder`; `tell` gets where it is, at the start and once a week. Raises Misconfigured."""
    if days < DAYS_MIN:
        raise Misconfigured(f"a simulated year of {days} days is too short: take {DAYS_MIN} at least")
    frugal()
    clock = VirtualClock(EPOCH)
    with far_exchange(clock, seed, faults) as far, _running(folder, seed, clock, far) as (app, chat):
        steady()
        delivering = asyncio.create_task(app.outbox.run())
        life, opening = Life(app, clock, far, chat), far.records().cash
        await app.start()
        tell(life.progress(0))
        await life.day(0)
        first = await life.footprint()
        for number in range(1, days):
            await life.day(number)
            if (number + 1) % 7 == 0:
                tell(life.progress(number + 1))
        await life.finish()
        ending = life.ending(days, opening, first, await life.footprint())
        await app.stop("the year is over")
        delivering.cancel()
    return ending


@contextmanager
def _running(folder: Path, seed: int, clock: VirtualClock, far: FarExchange) -> Iterator[tuple[App, Chat]]:
    """A bot, set up as `run` does it, and one of its chats."""
    settings = _settings(folder, seed)
    set_up(settings.log_level, settings.data_folder / "bot.log", False, settings.secrets())
    store = TinyStore.open(settings.data_folder / "store")
    mark, take = marking(settings.data_folder)
    files = intent_files(settings)
    chats = (Chat(TELEGRAM), Chat(DISCORD))
    seams = Seams(mark, take, lambda *_: chats, intent_log=files.write, now=clock.now)
    app = wired(settings, store, Places(clock, far, True, far, "the simulated exchange", ""), seams)
    keep(files, app)
    app.cycle.on_beat = lambda view: None if view.now.minute % CHECK_MINUTES else log_beat(app, view)
    yield app, chats[0]


def _settings(folder: Path, seed: int) -> Settings:
    return load(
        None,
        {
            "DATA_DIR": str(folder),
            "KALSHI_ENV": "simulated",
            "POLL_SECONDS": str(POLL_SECONDS),
            "TELEGRAM_BOT_TOKEN": f"7{seed:09d}:a-chat-that-takes-everything",
            "TELEGRAM_USERS": "1:owner",
            "DISCORD_USERS": "2:operator",
            "CONSENSUS_TRADES_CSV": str(folder / "trades.csv"),
            **DEEP_POCKETS,
        },
    )
