"""The machine that the bot runs on: starts it, lets it die, and starts it again as a supervisor would.

Everything but the bot outlives a crash: the exchange, the phones, and on the disk what had got there.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from chatbot.config import load
from chatbot.life.life import App
from chatbot.tools.simulation.chats import ModelledChannel, Phone, Typing
from chatbot.tools.simulation.disk import ModelledDisk, Power, PowerCut, Trouble
from chatbot.tools.simulation.link import Link, Weather
from chatbot.tools.simulation.scenario import DISCORD, SKEW_SECONDS_MAX, TELEGRAM, Scenario
from chatbot.tools.simulation.shadow import WatchedStore
from chatbot.tools.simulation.timeline import LoopClock, VirtualLoop
from chatbot.tools.simulation.watch import Watch
from chatbot.tools.simulation.wiring import Parts, wired
from chatbot.wiring.engine import limits
from storage.durable import Limits
from trading.domain.errors import StoreError
from trading.exchange.simulated.chance import stream
from trading.exchange.simulated.venue import open_venue

DIED, LOST_POWER, RESTARTED = "process_died", "power_lost", "process_ended"  # as they are counted


class Machine:
    """`app` is the bot that runs now, None while it is down. `counts` says how often what went wrong."""

    def __init__(self, scenario: Scenario, loop: VirtualLoop, folder: Path) -> None:
        self.scenario, self.loop = scenario, loop
        self.random = stream(scenario.seed, "machine")
        self.counts: Counter[str] = Counter()
        self.secret = f"{self.random.getrandbits(32)}:{self.random.getrandbits(128):032x}"
        self.installation = f"{self.random.getrandbits(128):032x}"
        self.settings = load(None, scenario.environment | self._people() | {"DATA_DIR": str(folder)})
        self.folder = folder
        self.clock = LoopClock(scenario.start, loop.time)
        self.venue = open_venue(
            LoopClock(scenario.start, loop.time),
            seed=scenario.seed,
            sweep_lag=scenario.sweep_lag,
            shadow_share=scenario.shadow_share,
        )
        self.weather = Weather(scenario, self.venue, self.counts)
        self.disk = ModelledDisk()
        self.watch = Watch(self.venue, self.disk, limits(self.settings))
        self.phones = (Phone(TELEGRAM), Phone(DISCORD))
        self.app: App | None = None
        self.typing: Typing | None = None
        self._store: WatchedStore | None = None
        self.power_fails = False  # whether what ends the process takes the machine with it
        self._tasks: set[asyncio.Task[Any]] = set()

    def _people(self) -> dict[str, str]:
        return {
            "KALSHI_ENV": "simulated",
            "TELEGRAM_BOT_TOKEN": self.secret,
            "TELEGRAM_CHAT_ID": "-100",
            "TELEGRAM_USERS": "1:owner,3:viewer",
            "DISCORD_USERS": "2:operator",
        }

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be said: the channels' tokens and the installation's own id."""
        return self.secret, self.installation

    @property
    def power(self) -> Power:
        return self.disk.power

    async def start(self) -> None:
        """Start the bot, if what stands in its way is over."""
        self._store = store = self._open()
        if store is None:
            return
        self._compare(store)
        try:
            self.app = app = self._wired(store)
            self.do(app.outbox.run())
            await app.start()
        except StoreError:
            await self.end()
        except PowerCut:
            await self.die()

    def _compare(self, store: WatchedStore) -> None:
        """Hold what was found on the disk against what had been confirmed."""
        store.shadow = self.watch.shadow
        if wrong := self.watch.shadow.found(store):
            self.watch.broken("what was confirmed is there after a crash, the rest all or not at all", wrong)

    def _open(self) -> WatchedStore | None:
        kept = Limits(journal_bytes_min=self.scenario.journal_bytes, background=False)
        try:
            return cast(WatchedStore, WatchedStore.open(self.folder / "store", disk=self.disk, limits=kept))
        except StoreError as error:
            if self.disk.trouble is Trouble.NONE:
                self.watch.broken("a store opens after every crash", str(error))
        except PowerCut:
            self._lose()
        return None

    def _wired(self, store: WatchedStore) -> App:
        link = Link(self.weather, self.power, self.clock, self.watch)
        channels = tuple(ModelledChannel(phone, self.power, self.secret) for phone in self.phones)
        app = wired(
            Parts(
                settings=self.settings,
                store=store,
                disk=self.disk,
                link=link,
                clock=self.clock,
                channels=channels,
                probes=self.scenario.probes,
                paper=self.scenario.paper,
                installation=self.installation,
                random=self.random,
                elapsed=self.loop.time,
            )
        )
        self.typing = Typing(app.router, self.power, self.clock.now)
        return app

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        """Something that runs beside the beats for as long as this process lives."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, StoreError) and self.app:
            self.app.end(error)
        elif error is not None and not isinstance(error, PowerCut):
            self.watch.broken("no task of the bot dies of its own fault", f"{type(error).__name__}: {error}")

    async def turn(self, check: bool) -> None:
        """One beat, and a reconciliation where it is due; start or end the bot where it is time for that."""
        if self.app is None:
            await self.start()
        if self.app is None:
            return
        with suppress(PowerCut):
            await self.app.beat()
            if check:
                await self.app.check()
        await self.settle()

    async def settle(self) -> None:
        """See whether the process has died or wants to end."""
        if not self.power.on:
            await self.die()
        elif self.app and self.app.ended.is_set():
            await self.end()

    async def end(self) -> None:
        """The process ends by itself (a failed store), or is asked to; the next turn starts it again."""
        with suppress(PowerCut, StoreError):  # a chat that breaks over a failed store ends it all the same
            if self.app:
                await self.app.stop("asked to")
        self.counts[RESTARTED] += 1
        died = not self.power.on
        await self._gone()
        if died:
            self._lose()

    async def die(self) -> None:
        """The process is no more."""
        self.counts[LOST_POWER if self.power_fails else DIED] += 1
        await self._gone()
        self._lose()

    async def _gone(self) -> None:
        self.power.on = False
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._store:
            self._store.close()  # what the system does with the files of a process that ended
        self.app = self.typing = self._store = None
        self.watch.forget_unstored()
        self.watch.killing = 0
        self.disk.power = Power()

    def _lose(self) -> None:
        if self.power_fails:
            self.disk.lose_power(self.random)
        else:
            self.disk.lose_process(self.random)
        self.power_fails = False
        self.disk.power = Power()

    def step_clock(self, seconds: float) -> None:
        """Put this machine's clock forward, never so far that the exchange would refuse its signatures."""
        ahead = (self.clock.now() - self.venue.clock.now()).total_seconds()
        self.clock.step(min(seconds, SKEW_SECONDS_MAX - ahead))
