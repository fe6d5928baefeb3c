"""The bot, wired: the engine, and around it who may talk to it and who is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chatbot.backtests import Backtests
from chatbot.beside import Beside, Words
from chatbot.charts.drawing import Charts
from chatbot.commands.registry import HOST_COMMANDS, offered
from chatbot.config import Settings
from chatbot.front import Front
from chatbot.knocks import Knocks
from chatbot.life.host_reload import HostReload
from chatbot.life.life import App
from chatbot.life.starts import last_moment
from chatbot.life.trades_file import keep_csv
from chatbot.locking import Lock
from chatbot.logs import Redaction
from chatbot.message import Person
from chatbot.outbox.outbox import Outbox
from chatbot.report import Illustrator
from chatbot.router import Router, Told
from chatbot.rules import CHANNELS, KINDS, Rules
from chatbot.second_factor import SecondFactor
from chatbot.tools.backtest_wish import wished
from chatbot.version import VERSION
from chatbot.wiring.engine import Engine, engine_of
from chatbot.wiring.feeds import feeds_of
from chatbot.wiring.people import access_of
from chatbot.wiring.places import Places
from chatbot.wiring.program import Parts, program_of
from chatbot.wiring.scan import scanning_of
from chatbot.wiring.seams import Seams
from storage.store import TinyStore
from trading.domain.events import ErrorSeen
from trading.engine.book import Book
from trading.engine.cycle import Cycle
from trading.engine.desk import Desk
from trading.engine.listening import Listening
from trading.engine.reconcile import Reconcile
from trading.engine.reports import Digests
from trading.engine.views import Facts
from trading.ports import CashFlows
from trading.risk.limits import CHANGEABLE
from trading.strategies.base import tunables

FONTS = "fonts"  # of the data folder: which ones there are, for pictures


def wired(settings: Settings, store: TinyStore, places: Places, seams: Seams) -> App:
    """A bot on an open store, at open places; nothing runs yet. Raises StoreError."""
    last = last_moment(store)  # before anything is written
    engine = engine_of(settings, store, places, seams)
    book, cycle = engine.book, engine.cycle
    scopes = places.kalshi.info.scopes if places.kalshi and places.signed else None
    desk = Desk(cycle, _facts(settings, places), lambda: sum(outbox.queued().values()), scopes)
    desk.scanning = scanning_of(settings, places, cycle)
    feeds = feeds_of(settings, places, cycle)
    clean = Redaction(settings.secrets()).clean
    access, rules = access_of(settings, store), Rules(settings.notify, store, seams.now)
    charts = Charts(settings.data_folder / FONTS)
    digests = Digests(desk.reports, cycle, settings.digest_time)
    beside = Beside(
        VERSION,
        settings.zone,
        access,
        Lock(store, seams.now),
        _words(book, cycle),
        Knocks(store, seams.now),
        rules,
        charts.draw,
        Backtests(lambda name, days: wished(name, days, settings, cycle.strategies)).play,
        program=program_of(settings, store, engine, Parts(access, rules, digests), seams.reread),
    )
    router = _router(settings, store, places, seams, engine, desk, beside)
    carried = seams.channels(settings, Front(router.handle, router.complete, access), desk, _aside(book, places))
    rules.channels = [each.name for each in carried if each.name in CHANNELS] or CHANNELS
    outbox = Outbox(
        store,
        carried,
        _failure("channel", book, places, clean),
        zone=settings.zone,
        rules=rules.rule,
        pictured=Illustrator(desk, charts.draw, settings.zone),
        now=places.clock.now,
        real_now=seams.now,
        jitter=seams.jitter,
    )
    book.listen(lambda puts: outbox.wake() if any(p.table == "outbox" for p in puts) else None)
    keep_csv(settings.consensus_trades_csv, settings.environment, store, book)
    reconcile = Reconcile(cycle.account, _cash_flows(settings, places))
    app = App(settings, places, store, book, cycle, reconcile, desk, router, outbox, carried, charts, digests, last)
    app.feeds, app.host_reload = feeds, HostReload(beside.program, beside.lock, desk)
    if places.stream:
        app.listening = Listening(places.stream, cycle.account, cycle.observers, app.catch_up, engine.fill_cap)
    return app


def _router(
    settings: Settings,
    store: TinyStore,
    places: Places,
    seams: Seams,
    engine: Engine,
    desk: Desk,
    beside: Beside,
) -> Router:
    book, clean = engine.book, Redaction(settings.secrets()).clean
    secret = settings.totp_secret.get_secret_value()
    return Router(
        desk,
        beside,
        offered(codes=bool(secret)),
        seams.confirmations(),
        Told(stranger=_stranger(book, places), error=_failure("command", book, places, clean)),
        second_factor=SecondFactor(secret, store, _shout(book, places), now=seams.now) if secret else None,
        for_host=HOST_COMMANDS,
        now=seams.now,
    )


def _words(book: Book, cycle: Cycle) -> Mapping[str, Words]:
    """What arguments can be completed with, from memory alone."""

    def tickers() -> list[str]:
        state, view = book.state, cycle.observer.view
        held = [*(t.ticker for t in state.open_trades()), *(o.ticker for o in state.live_orders())]
        return list(dict.fromkeys([*((view.market.ticker,) if view and view.market else ()), *held]))

    return {
        "ticker": tickers,
        "exit": lambda: ["all", *dict.fromkeys(t.ticker for t in book.state.open_trades())],
        "order": lambda: ["all", *(o.order_id for o in book.state.live_orders() if o.order_id)],
        "strategy": lambda: [each.name for each in cycle.everybody],
        "parameter": lambda: list(dict.fromkeys(name for each in cycle.everybody for name in tunables(each.strategy))),
        "limit": lambda: list(CHANGEABLE),
        "event": lambda: tuple(KINDS),
    }


def _facts(settings: Settings, places: Places) -> Facts:
    return Facts(
        environment=settings.environment,
        version=VERSION,
        started_at=places.clock.now(),
        poll_seconds=settings.poll_seconds,
        instance=settings.instance_name,
        address=settings.custom_address,
        dry_run_locked=settings.dry_run_locked,
    )


def _cash_flows(settings: Settings, places: Places) -> CashFlows | None:
    """Those of the account, which end in its first subaccount: another one's cash comes from there."""
    return None if places.kalshi is None or settings.kalshi_subaccount else places.kalshi.cash_flows


def _failure(what: str, book: Book, places: Places, clean: Callable[[str], str]) -> Callable[[str, Exception], None]:
    """What nobody foresaw: its text may hold anything, also what must not be shown."""

    def told(name: str, error: Exception) -> None:
        text = clean(f"{what} {name}: {type(error).__name__}: {error}")
        book.record(ErrorSeen(places.clock.now(), f"{what}:{name}", text))

    return told


def _aside(book: Book, places: Places) -> Callable[[str], None]:
    """What a channel has to say of itself, for everybody who listens on another."""

    def told(text: str) -> None:
        book.record(ErrorSeen(places.clock.now(), f"channel: {text}", text))

    return told


def _shout(book: Book, places: Places) -> Callable[[str], None]:
    def told(text: str) -> None:
        book.record(ErrorSeen(places.clock.now(), "second factor", text))

    return told


def _stranger(book: Book, places: Places) -> Callable[[Person], None]:
    def told(person: Person) -> None:
        text = f"somebody who is not on the list wrote to the bot: {person.by}"
        book.record(ErrorSeen(places.clock.now(), "stranger", text))

    return told
