"""What must be true after every beat, whatever has happened. Each check names the invariant and gives the figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import fields as fields_of
from decimal import Decimal

from chatbot.life.life import App
from chatbot.tools.simulation.machine import Machine
from chatbot.tools.simulation.watch import Watch
from storage.store import TinyStore
from trading.domain.errors import StoreError
from trading.domain.money import ZERO
from trading.domain.order import Fill, Mode, position_key
from trading.domain.records import Notice
from trading.domain.state import State
from trading.engine.loading import load_state
from trading.exchange.simulated.account import OPENING_CASH
from trading.exchange.simulated.units import contracts, money

HALTED_BEATS_MAX = 3  # undisturbed beats after which nothing of ours may rest while halted
REPLAY_EVERY = 60  # beats


class Invariants:
    """Checks one run, beat by beat."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.watch = machine, machine.watch
        self._resting: dict[str, int] = {}  # undisturbed halted beats, by the exchange's order id
        self._troubles = 0
        self._heard = 0  # notices looked at
        self._told: list[Notice] = []  # since the last beat

    def after_beat(self) -> None:
        """Look at everything that can be looked at now."""
        self.watch.beats += 1
        self.machine.venue.sync()
        told = self.watch.shadow.told
        self._told, self._heard = told[self._heard :], len(told)
        for invariant, wrong in self._wrong():
            self.watch.broken(invariant, wrong)

    def _wrong(self) -> Iterator[tuple[str, str]]:
        yield from (("cash, cost and fees are conserved", each) for each in cash(self.watch))
        yield from (("no secret in anything that is said", each) for each in self._secrets())
        yield from (("the engine makes no error of its own", each) for each in self._errors())
        yield from (("an exit never turns a position round", each) for each in turned(self.watch))
        app = self.machine.app
        if app is None:
            return
        if "/kill" in self.watch.blocks and not app.cycle.broker.halted:
            yield "a kill stands until somebody resumes", "trading is not halted"
        yield from (("halted means that none of our orders is open", each) for each in self._halted(app))
        yield from (("a position is the sum of its fills", each) for each in positions(app.book.state, self.watch))
        yield from (("every booked fill is the exchange's", each) for each in fills(self.watch))
        if self.watch.beats % REPLAY_EVERY == 0:
            yield from (("replaying the journal rebuilds the state", each) for each in replayed(self.machine, app))

    def _halted(self, app: App) -> Iterator[str]:
        """Counts only beats in which every request was answered: cancels that fail are tried again."""
        disturbed = self.machine.weather.troubles != self._troubles or self._paused()
        self._troubles = self.machine.weather.troubles
        overtaken, self.watch.overtaken = self.watch.overtaken, set()
        if not app.cycle.broker.halted:
            self._resting = {}
            return
        for order in self.watch.ours():
            if order.client_order_id in overtaken and order.resting and not disturbed:
                yield f"{order.client_order_id} came back after the kill and was left"
        ours = {o.order_id for o in self.watch.ours() if o.resting}
        paper = {o.client_order_id for o in app.book.state.live_orders(Mode.DRY_RUN) if o.order_id}
        self._resting = {key: self._resting.get(key, 0) + (not disturbed) for key in ours | paper}
        for key, beats in self._resting.items():
            if beats > HALTED_BEATS_MAX:
                yield f"{key} rests for {beats} halted beats"

    def _paused(self) -> bool:
        pause = self.machine.venue.pauses.at(self.machine.venue.now)
        return pause is not None and pause.whole

    def _secrets(self) -> Iterator[str]:
        for notice in self._told:
            if any(secret in repr(notice) for secret in self.machine.secrets):
                yield f"notice {notice.seq}: {notice.title}"

    def _errors(self) -> Iterator[str]:
        """A beat that fails by our own fault; and an alarm over money, since our figures are held to be right."""
        alarms = ("ERROR beat", "ERROR settlement_mismatch")
        yield from (f"{notice.title} {notice.fields}" for notice in self._told if notice.title in alarms)


def cash(watch: Watch) -> Iterator[str]:
    """At the exchange: what is there is what was there at first, less what was paid, plus what came back."""
    account, settled = watch.venue.account, watch.settled()
    expected = sum(OPENING_CASH.values(), ZERO)
    held: dict[str, int] = defaultdict(int)
    for fill in account.fills:
        expected -= fill.side.sign * money(fill.price, fill.count) + fill.fee
        held[fill.ticker] += fill.side.sign * fill.count
    for ticker, count in held.items():
        value = settled.get(ticker)
        expected += contracts(count) * value if value is not None else -contracts(max(-count, 0))
    there = sum(account.cash.values(), ZERO)
    if there != expected:
        yield f"the exchange has ${there}, its records come to ${expected}"


def turned(watch: Watch) -> Iterator[str]:
    """Ours in each market that was entered once, by the exchange's fills: on the side of the way in, or nothing."""
    ways_in = [s.order for s in watch.sent.values() if not s.order.reduce_only]
    entered = Counter(order.ticker for order in ways_in)
    for order in ways_in:
        position = watch.fills_of(order.ticker)[1] if entered[order.ticker] == 1 else ZERO
        if position * order.side.sign < 0:
            yield f"{position} of {order.ticker}"


def positions(state: State, watch: Watch) -> Iterator[str]:
    """Ours, by mode and market, of markets that have not been settled for us."""
    held: dict[str, Decimal] = defaultdict(Decimal)
    open_tickers = {(t.mode, t.ticker) for t in state.trades.values()}
    for fill in watch.shadow.select("fills"):
        if (fill.mode, fill.ticker) in open_tickers:
            held[position_key(fill.mode, fill.ticker, fill.strategy)] += fill.signed
    ours = {key: p.contracts for key, p in state.positions.items()}
    if ours != {key: count for key, count in held.items() if count}:
        yield f"positions {ours}, fills {dict(held)}"


def fills(watch: Watch) -> Iterator[str]:
    """Each real fill in our books is one of the exchange's, with its price, count and fee."""
    theirs = {f.fill_id: f for f in watch.venue.account.fills}
    fill: Fill
    for fill in watch.shadow.select("fills"):
        if fill.mode is not Mode.REAL:
            continue
        its = theirs.get(fill.fill_id)
        if its is None or (money(its.price, its.count), its.fee) != (fill.price * fill.count, fill.fee):
            yield f"fill {fill.fill_id} of {fill.ticker}"


def replayed(machine: Machine, app: App) -> Iterator[str]:
    """A second store on a copy of the disk gives the same State, but for when ids were written down."""
    if app.store.failure:
        return
    try:
        store = TinyStore.open(machine.folder / "copy", disk=machine.disk.copy())
    except StoreError as error:
        yield str(error)
        return
    again = load_state(store, machine.clock.now(), app.book.state.mode)
    store.close()
    yield from differences(app.book.state, again)


def differences(now: State, again: State) -> Iterator[str]:
    """The parts in which two states differ; of ids only which there are, since their times are those of the booking."""
    for part in (field.name for field in fields_of(State)):
        here, there = getattr(now, part), getattr(again, part)
        if part in ("attempts", "fill_ids"):
            here, there = sorted(here), sorted(there)
        if here != there:
            yield f"{part}: {here} in memory, {there} from the disk"
