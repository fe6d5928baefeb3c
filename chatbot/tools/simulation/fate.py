"""Fate: lets the events of a scenario befall the bot, its people, its machine and its exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from chatbot.message import Reply
from chatbot.tools.simulation.chats import READING_SECONDS, Typing
from chatbot.tools.simulation.disk import Trouble
from chatbot.tools.simulation.machine import Machine
from chatbot.tools.simulation.scenario import Act, Event, Mood
from trading.domain.order import Side
from trading.exchange.simulated.listing import MarketFilter
from trading.exchange.simulated.records import NewOrder
from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.units import dollars

HAND_CONTRACTS = Decimal(3)
FAR = Decimal("0.02")


class Fate:
    """`machine` is whom it befalls; `arm` sets the clock for everything that has a time."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.watch, self.loop = machine, machine.watch, machine.loop
        self._random = machine.random
        self._acts: dict[Act, Callable[[Event], None]] = {
            Act.CRASH: lambda event: self._cut(event, power=False),
            Act.POWER_CUT: lambda event: self._cut(event, power=True),
            Act.STOP: self._stop,
            Act.SUSPEND: lambda event: self.loop.suspend(event.value),
            Act.CLOCK_STEP: lambda event: machine.step_clock(event.value),
            Act.DISK: self._spoil_disk,
            Act.PAUSE: self._pause,
            Act.CHAT: self._spoil_chat,
            Act.SAY: lambda event: self._typed(self._say(event)),
            Act.FORGE: lambda event: self._typed(self._forge(event)),
            Act.HAND: self._hand,
            Act.LINGER: self._linger,
            Act.LATE: lambda event: machine.weather.lose_next_order(),
        }
        self._over = False
        self.watch.on_send = self._ambush

    def arm(self) -> None:
        for event in self.machine.scenario.events:
            self.loop.call_at(event.at, self.befall, event)

    def befall(self, event: Event) -> None:
        """Let it happen now, unless all is over."""
        if self._over:
            return
        self.machine.counts[event.act] += 1
        self._acts[event.act](event)

    def end(self) -> None:
        """Everything is well again."""
        self._over = True
        self.machine.weather.calm()
        self.machine.disk.trouble = Trouble.NONE
        for phone in self.machine.phones:
            phone.mood = Mood.WELL

    def _ambush(self, number: int) -> None:
        """The bot's `number`-th order is about to leave."""
        for nth, event in self.machine.scenario.ambushes:
            if nth == number and event.act in (Act.LINGER, Act.LATE):
                self.befall(event)
            elif nth == number and event.at:
                self.loop.call_later(event.at, self.befall, event)
            elif nth == number:
                self.loop.call_soon(self.befall, event)

    # --- the machine

    def _cut(self, event: Event, *, power: bool) -> None:
        self.machine.power_fails = power
        self.machine.power.cut_after(int(event.value))

    def _stop(self, event: Event) -> None:
        if self.machine.app:
            self.machine.app.end()

    def _spoil_disk(self, event: Event) -> None:
        self.machine.disk.trouble = Trouble(event.what)
        self.loop.call_later(event.value, self._mend_disk)

    def _mend_disk(self) -> None:
        self.machine.disk.trouble = Trouble.NONE

    # --- the exchange

    def _pause(self, event: Event) -> None:
        now = self.machine.venue.sync()
        self.machine.venue.pause(now, now + timedelta(seconds=event.value), whole=event.what == "whole")

    def _linger(self, event: Event) -> None:
        self.machine.weather.linger = event.value

    def _hand(self, event: Event) -> None:
        """An order that the owner places on the exchange's own page."""
        venue = self.machine.venue
        window = next(iter(venue.windows(MarketFilter(series="KXBTC15M", status="open"))), None)
        book = venue.shown(window.ticker) if window else None
        if window is None or book is None or not book.bids or not book.asks:
            return
        bid, ask = dollars(book.bids[0][0]), dollars(book.asks[0][0])
        side, price = {
            "buys": (Side.BID, ask),
            "sells": (Side.ASK, bid),
            "bids": (Side.BID, max(bid - FAR, Decimal("0.01"))),
            "asks": (Side.ASK, min(ask + FAR, Decimal("0.99"))),
        }[event.what]
        with suppress(VenueError):
            placed = venue.create(NewOrder(window.ticker, side, price, HAND_CONTRACTS))
            if event.value:
                self.loop.call_later(event.value, self._take_back, placed.order_id)

    def _take_back(self, order_id: str) -> None:
        with suppress(VenueError):
            self.machine.venue.cancel(order_id)

    # --- the chats

    def _spoil_chat(self, event: Event) -> None:
        phone = next(phone for phone in self.machine.phones if phone.name == event.who)
        phone.mood = Mood(event.what)
        self.loop.call_later(event.value, setattr, phone, "mood", Mood.WELL)

    def _typed(self, work: Coroutine[Any, Any, None]) -> None:
        if self.machine.typing:
            self.machine.do(work)
        else:
            work.close()  # nobody hears it: the bot is down

    async def _say(self, event: Event) -> None:
        """What somebody types, and what the answer promises."""
        typing = self.machine.typing
        assert typing
        releases = self.watch.releases
        if event.what == "/kill":
            await self._kill(event)
            return
        reply = await typing.line(event)
        if typing.asks(reply):
            assert reply
            await asyncio.sleep(READING_SECONDS)
            self.watch.release(*_RELEASES[event.what])
            reply = await typing.press(event, reply)
        elif reply and releases == self.watch.releases and reply.title.startswith(_PROMISES.get(event.what, "-")):
            self.watch.block(event.what, stored=True)
        self._heard(reply)

    async def _kill(self, event: Event) -> None:
        """From the moment in which it is heard, nothing may leave."""
        typing, app, releases = self.machine.typing, self.machine.app, self.watch.releases
        assert typing
        assert app
        answering = asyncio.ensure_future(self._answer_to_kill(typing, event))
        await asyncio.sleep(0)
        if not app.cycle.broker.halted and self.machine.power.on:
            self.watch.broken("a kill closes the gate before it waits for anything", "it is open")
        reply = await answering
        if reply and releases == self.watch.releases and ("Trading", "HALTED") in reply.fields:
            self.watch.block("/kill", stored=True)
        self._heard(reply)

    async def _answer_to_kill(self, typing: Typing, event: Event) -> Reply | None:
        self.watch.block("/kill", stored=False)
        self.watch.killing += 1
        reply = await typing.line(event)
        self.watch.killing -= 1
        return reply

    async def _forge(self, event: Event) -> None:
        typing, app = self.machine.typing, self.machine.app
        assert typing
        assert app
        before = app.book.state.halts, app.book.state.mode, app.cycle.broker.latch.closed
        reply = await typing.forge(event, self._random)
        if (app.book.state.halts, app.book.state.mode, app.cycle.broker.latch.closed) != before or typing.asks(reply):
            self.watch.broken("what a stranger sends has no effect", f"{event.what} ({event.who})")
        if reply is not None and event.who not in ("viewer", "old"):
            self.watch.broken("a stranger gets no answer", f"{event.what} ({event.who}): {reply.title}")
        self._heard(reply)

    def _heard(self, reply: Reply | None) -> None:
        if reply and any(secret in repr(reply) for secret in self.machine.secrets):
            self.watch.broken("no secret in anything that is said", reply.title)


_RELEASES = {"/resume": ("/kill", "/pause"), "/dryrun off": ("/dryrun on",)}
_PROMISES = {"/pause": "Paused", "/dryrun on": "Dry run is on"}
