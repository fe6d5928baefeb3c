"""The bot put together as `chatbot.app` does it, on a modelled disk, line and chats; all chance comes from the seed.

What differs from `app.build` is only what must: the store's disk, the marker's place, and the outbox's and router's
time and chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from random import Random

from chatbot.access import Confirmations
from chatbot.app import limits, strategies
from chatbot.beside import Beside
from chatbot.commands.registry import COMMANDS
from chatbot.config import Settings
from chatbot.life import App
from chatbot.locking import Lock
from chatbot.logs import Redaction
from chatbot.marker import MARKER
from chatbot.message import Person
from chatbot.notices import NoticeWriter, Where
from chatbot.outbox import Channel, Outbox
from chatbot.people import access_of
from chatbot.places import Places
from chatbot.router import Router, Told
from chatbot.tools.simulation.disk import ModelledDisk
from chatbot.tools.simulation.link import Link
from chatbot.tools.simulation.probe import Probe
from chatbot.tools.simulation.shadow import WatchedStore
from chatbot.tools.simulation.timeline import LoopClock
from trading.domain.errors import StoreError
from trading.domain.events import ErrorSeen, HaltRaised, MarketSettled
from trading.domain.money import ZERO
from trading.domain.order import Mode
from trading.domain.records import Control, Put
from trading.domain.state import Reason
from trading.engine.account import Account
from trading.engine.book import Book
from trading.engine.broker import Broker
from trading.engine.cycle import Cycle
from trading.engine.desk import Desk
from trading.engine.halting import Halting
from trading.engine.loading import load_state
from trading.engine.observer import Observer
from trading.engine.reconcile import Reconcile
from trading.engine.views import Facts
from trading.engine.windows import Windows
from trading.exchange.paper import PaperExchange
from trading.ports import Exchange
from trading.risk.gate import Identity

MARKER_PATH = Path(MARKER)


@dataclass(frozen=True)
class Parts:
    """What one process of the bot is made of. `elapsed` is the loop's time in seconds."""

    settings: Settings
    store: WatchedStore
    disk: ModelledDisk
    link: Link
    clock: LoopClock
    channels: tuple[Channel, ...]
    probes: tuple[Probe, ...]
    installation: str
    random: Random
    elapsed: Callable[[], float]


def wired(parts: Parts) -> App:
    """A bot; nothing runs yet. Raises StoreError."""
    settings, clock, link = parts.settings, parts.clock, parts.link
    places = Places(clock, link, True, link, "simulation", "")
    book = _book(parts)
    paper = _paper(parts, book)
    exchanges: dict[Mode, Exchange] = {Mode.DRY_RUN: paper, Mode.REAL: link}
    broker = Broker(book, exchanges, _identity(parts), limits(settings), clock)
    _take_marker(parts.disk, broker)
    account = Account(broker, link, lambda paid: _pay_on_paper(paper, paid))
    observer = Observer(link, link, clock, settings.kalshi_event_ticker_prefix)
    halting = Halting(broker, lambda by: _mark(parts.disk, by))
    trading = (*strategies(settings), *parts.probes)
    cycle = Cycle(observer, account, halting, Windows(book, clock), trading, link)
    desk = Desk(cycle, Facts(settings.environment, "0", clock.now(), settings.poll_seconds), lambda: 0)
    router = _router(parts, desk, book)
    outbox = _outbox(parts, book)
    book.listen(lambda puts: outbox.wake() if any(p.table == "outbox" for p in puts) else None)
    return App(settings, places, parts.store, book, cycle, Reconcile(account), desk, router, outbox, parts.channels)


def _book(parts: Parts) -> Book:
    settings, state = parts.settings, load_state(parts.store, parts.clock.now(), Mode.REAL)
    where = Where(settings.instance_name, settings.environment, settings.zone, settings.custom_address)
    return Book(parts.store, state, NoticeWriter(where), settings.zone)


def _paper(parts: Parts, book: Book) -> PaperExchange:
    paper, state = PaperExchange(parts.link, parts.clock, parts.settings.dry_run_balance_usd), book.state
    open_trades = state.open_trades(Mode.DRY_RUN)
    moved: Decimal = sum((t.cash - t.fees for t in open_trades), ZERO) + state.totals_of(Mode.DRY_RUN).profit
    held = [p for p in state.positions.values() if p.mode is Mode.DRY_RUN]
    paper.restore([o for o in state.orders.values() if o.mode is Mode.DRY_RUN], held, moved)
    return paper


def _pay_on_paper(paper: PaperExchange, paid: MarketSettled) -> None:
    if paid.mode is Mode.DRY_RUN:
        paper.settle(paid.ticker, paid.value)


def _identity(parts: Parts) -> Identity:
    row = Control("installation", {"id": parts.installation}, parts.clock.now())
    if parts.store.get("control", row.name) is None:
        parts.store.commit([Put("control", row.name, row)])
    digest = blake2b(parts.installation.encode(), digest_size=4).hexdigest()
    return Identity(f"k{digest}", parts.settings.environment)


def _router(parts: Parts, desk: Desk, book: Book) -> Router:
    settings = parts.settings
    return Router(
        desk,
        Beside("0", settings.zone, access_of(settings, parts.store), Lock(parts.store, parts.clock.now)),
        COMMANDS,
        Confirmations(parts.elapsed, lambda: f"{parts.random.getrandbits(64):016x}"),
        Told(stranger=_stranger(book, parts.clock), error=_failure("command", book, parts)),
        now=parts.clock.now,
    )


def _outbox(parts: Parts, book: Book) -> Outbox:
    return Outbox(
        parts.store,
        parts.channels,
        _failure("channel", book, parts),
        zone=parts.settings.zone,
        now=parts.clock.now,
        real_now=parts.clock.now,
        jitter=parts.random,
    )


def _failure(what: str, book: Book, parts: Parts) -> Callable[[str, Exception], None]:
    redaction = Redaction(parts.settings.secrets())

    def told(name: str, error: Exception) -> None:
        text = redaction.clean(f"{what} {name}: {type(error).__name__}: {error}")
        book.record(ErrorSeen(parts.clock.now(), f"{what}:{name}", text))

    return told


def _stranger(book: Book, clock: LoopClock) -> Callable[[Person], None]:
    def told(person: Person) -> None:
        text = f"somebody who is not on the list wrote to the bot: {person.by}"
        book.record(ErrorSeen(clock.now(), "stranger", text))

    return told


def _mark(disk: ModelledDisk, by: str) -> None:
    """Keep a halt where the store cannot; a disk that refuses that too leaves it to memory."""
    try:
        handle = disk.create(MARKER_PATH)
        disk.write(handle, by.encode(), 0)
        disk.sync(handle)
    except OSError:
        return


def _take_marker(disk: ModelledDisk, broker: Broker) -> None:
    if MARKER not in disk.names(MARKER_PATH):
        return
    by = disk.read(MARKER_PATH).decode(errors="replace") or "?"
    broker.book.record(HaltRaised(broker.clock.now(), Reason.MANUAL, by, "killed"))
    try:
        disk.remove(MARKER_PATH)
    except OSError as error:
        raise StoreError(f"the marker cannot be removed: {error}") from error
