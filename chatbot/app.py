"""The one place that wires everything: settings in, a bot out. Tests call the same function with doubles."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING
from hashlib import blake2b
from pathlib import Path
from typing import cast

from chatbot.access import Confirmations
from chatbot.beside import Beside, Words
from chatbot.commands.registry import COMMANDS, HOST_COMMANDS
from chatbot.config import Settings
from chatbot.front import Front
from chatbot.life import App
from chatbot.locking import Lock
from chatbot.logs import Redaction
from chatbot.marker import MARKER as MARKER
from chatbot.marker import leave, take
from chatbot.message import Person
from chatbot.notices import NoticeWriter, Where
from chatbot.outbox import Channel, Outbox
from chatbot.people import access_of
from chatbot.places import SIMULATED, Places, open_places
from chatbot.router import Router, Told
from chatbot.rules import KINDS
from chatbot.starts import last_moment
from chatbot.trades_file import keep_csv
from chatbot.version import VERSION
from storage.store import TinyStore
from trading.clock import RealClock, VirtualClock
from trading.domain.events import ErrorSeen, MarketSettled, ModeChanged, ResultAmended
from trading.domain.intent import View
from trading.domain.money import CENT
from trading.domain.order import Mode
from trading.domain.records import Control, Put
from trading.engine.account import Account
from trading.engine.book import Book
from trading.engine.broker import Broker
from trading.engine.cycle import Cycle
from trading.engine.desk import Desk
from trading.engine.fee_watch import FeeWatch
from trading.engine.fill_cap import FillCap
from trading.engine.halting import Halting
from trading.engine.listening import Listening
from trading.engine.loading import load_state
from trading.engine.observer import Observer
from trading.engine.reconcile import Reconcile
from trading.engine.views import Facts
from trading.engine.windows import Windows
from trading.exchange.paper import PaperExchange
from trading.ports import CashFlows, Exchange, Store
from trading.risk.gate import Identity
from trading.risk.limits import CHANGEABLE, Limits
from trading.signals.momentum import MomentumLimits
from trading.strategies import Consensus, Strategy

log = logging.getLogger("kalshi-chatops")

ChannelMaker = Callable[[Settings, Front, Desk, Callable[[str], None]], Sequence[Channel]]


def no_channels(settings: Settings, front: Front, desk: Desk, told: Callable[[str], None]) -> Sequence[Channel]:
    """Nobody to talk to."""
    return ()


async def build(
    settings: Settings,
    *,
    clock: RealClock | VirtualClock | None = None,
    places: Places | None = None,
    channels: ChannelMaker = no_channels,
    faults: str = "none",
    on_beat: Callable[[View], None] | None = None,
) -> App:
    """Wire a bot from its settings; nothing runs yet. Raises Misconfigured, StoreRefused."""
    store = TinyStore.open(settings.data_folder / "store")
    try:
        places = places or await open_places(settings, clock, faults)
        return _wired(settings, store, places, channels, on_beat)
    except BaseException:
        if places:
            await places.close()
        store.close()
        raise


def _wired(
    settings: Settings,
    store: TinyStore,
    places: Places,
    channels: ChannelMaker,
    on_beat: Callable[[View], None] | None,
) -> App:
    if settings.environment == SIMULATED and not settings.api_base:
        places.clock.advance_to(last_moment(store) or places.clock.now())
    book = _book(settings, store, places)
    paper = PaperExchange(places.exchange, places.clock, settings.dry_run_balance_usd)
    _restore(paper, book)
    exchanges: dict[Mode, Exchange] = {Mode.DRY_RUN: paper}
    if places.signed:
        exchanges[Mode.REAL] = places.exchange
    broker = Broker(book, exchanges, _identity(settings, store, places), limits(settings), places.clock)
    marker = settings.data_folder / MARKER
    take(marker, broker)
    account = Account(
        broker, places.exchange, lambda paid: _pay_on_paper(paper, paid), lambda news: _correct_on_paper(paper, news)
    )
    observer = _observer(settings, places)
    fill_cap = _fill_cap(settings, places, book)
    halting = Halting(broker, lambda by: _mark(marker, by))
    windows = Windows(book, places.clock)
    cycle = Cycle(
        observer,
        account,
        halting,
        windows,
        strategies(settings),
        places.exchange,
        on_beat,
        skew=lambda: places.kalshi.skew_seconds if places.kalshi else None,
        fill_cap=fill_cap,
    )
    desk = Desk(cycle, _facts(settings, places), lambda: sum(outbox.queued().values()))
    clean = Redaction(settings.secrets()).clean
    told = Told(stranger=_stranger(book, places), error=_failure("command", book, places, clean))
    router = Router(
        desk,
        Beside(VERSION, settings.zone, access_of(settings, store), Lock(store), _words(book, cycle)),
        COMMANDS,
        Confirmations(),
        told,
        for_host=HOST_COMMANDS,
    )
    carried = channels(settings, Front(router.handle, router.complete), desk, _aside(book, places))
    outbox = Outbox(store, carried, _failure("channel", book, places, clean), zone=settings.zone, now=places.clock.now)
    book.listen(lambda puts: outbox.wake() if any(p.table == "outbox" for p in puts) else None)
    keep_csv(settings.consensus_trades_csv, settings.environment, store, book)
    reconcile = Reconcile(account, _cash_flows(settings, places))
    app = App(settings, places, store, book, cycle, reconcile, desk, router, outbox, carried)
    if places.stream:
        app.listening = Listening(places.stream, account, observer, app.catch_up, fill_cap)
    return app


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
        "strategy": lambda: [strategy.name for strategy in cycle.strategies],
        "limit": lambda: list(CHANGEABLE),
        "event": lambda: tuple(KINDS),
    }


def _observer(settings: Settings, places: Places) -> Observer:
    series = settings.kalshi_event_ticker_prefix
    fees = FeeWatch(places.kalshi.listings, places.clock, series) if places.kalshi else None
    return Observer(places.exchange, places.feed, places.clock, series, places.stream, fees)


def _fill_cap(settings: Settings, places: Places, book: Book) -> FillCap | None:
    """Twice what the largest exposure could buy at the lowest price that is paid: in and out again within 15 s."""
    kalshi = places.kalshi
    if kalshi is None or not places.signed:
        return None
    contracts = 2 * settings.max_exposure_usd / max(settings.min_price, CENT)
    return FillCap(kalshi.groups, kalshi.use_group, book, places.clock, contracts.to_integral_value(ROUND_CEILING))


def strategies(settings: Settings) -> tuple[Strategy, ...]:
    """The strategies that are named, with their parameters."""
    known = {"consensus": _consensus}
    return tuple(known[name](settings) for name in settings.strategies)


def _consensus(settings: Settings) -> Consensus:
    return Consensus(
        stake_usd=settings.stake_usd,
        min_price=settings.min_price,
        max_price=settings.max_price,
        entry_window_seconds=settings.entry_window_seconds,
        quote_age_seconds=settings.sample_age_seconds,
        momentum=MomentumLimits(
            window_seconds=settings.momentum_window_seconds,
            sample_age_seconds=settings.sample_age_seconds,
            dead_zone_bp=settings.momentum_dead_zone_bp,
        ),
    )


def limits(settings: Settings) -> Limits:
    return Limits(
        max_order_usd=settings.max_order_usd,
        max_position_usd=settings.max_position_usd,
        max_exposure_usd=settings.max_exposure_usd,
        daily_loss_usd=settings.daily_loss_limit_usd,
        weekly_loss_usd=settings.weekly_loss_limit_usd,
        max_open_orders=settings.max_open_orders,
        max_orders_per_minute=settings.max_orders_per_minute,
        max_consecutive_rejections=settings.max_consecutive_rejections,
        order_timeout_seconds=settings.order_timeout_seconds,
    )


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


def _book(settings: Settings, store: TinyStore, places: Places) -> Book:
    """The book as the store has it, in the mode that may be."""
    now = places.clock.now()
    state = load_state(store, now, Mode.DRY_RUN if settings.dry_run else Mode.REAL)
    where = Where(settings.instance_name, settings.environment, settings.zone, settings.custom_address)
    book = Book(store, state, NoticeWriter(where), settings.zone)
    if state.mode is Mode.REAL and (settings.dry_run_locked or not places.signed):
        book.record(ModeChanged(now, Mode.DRY_RUN, "the configuration"))
    return book


def _restore(paper: PaperExchange, book: Book) -> None:
    """Give the paper book back what the store knows of it: open orders, positions, and the cash that has moved."""
    state = book.state
    moved = sum((t.cash - t.fees for t in state.open_trades(Mode.DRY_RUN)), state.totals_of(Mode.DRY_RUN).profit)
    held = [p for p in state.positions.values() if p.mode is Mode.DRY_RUN]
    orders = [o for o in state.orders.values() if o.mode is Mode.DRY_RUN]
    paper.restore(orders, held, moved)


def _pay_on_paper(paper: PaperExchange, paid: MarketSettled) -> None:
    if paid.mode is Mode.DRY_RUN:
        paper.settle(paid.ticker, paid.value)


def _correct_on_paper(paper: PaperExchange, news: ResultAmended) -> None:
    if news.trade.mode is Mode.DRY_RUN:
        paper.correct(news.trade.paying(news.value).profit - news.trade.profit)


def _cash_flows(settings: Settings, places: Places) -> CashFlows | None:
    """Those of the account, which end in its first subaccount: another one's cash comes from there."""
    return None if places.kalshi is None or settings.kalshi_subaccount else places.kalshi.cash_flows


def _identity(settings: Settings, store: Store, places: Places) -> Identity:
    """Whose orders these are: a random id made once in a data folder, of which others see a hash."""
    row = cast(Control | None, store.get("control", "installation"))
    if row is None:
        row = Control("installation", {"id": secrets.token_hex(16)}, places.clock.now())
        store.commit([Put("control", row.name, row)])
    digest = blake2b(row.value["id"].encode(), digest_size=4).hexdigest()
    return Identity(f"k{digest}", settings.environment)


def _mark(marker: Path, by: str) -> None:
    """Keep a halt where the store cannot; the disk may refuse that too, and then memory alone has it."""
    try:
        leave(marker, by)
    except OSError as error:
        log.error("the halt could not be marked in %s: %s", marker, error)


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


def _stranger(book: Book, places: Places) -> Callable[[Person], None]:
    def told(person: Person) -> None:
        text = f"somebody who is not on the list wrote to the bot: {person.by}"
        book.record(ErrorSeen(places.clock.now(), "stranger", text))

    return told
