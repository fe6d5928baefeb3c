"""The engine, wired: what trades, without anybody to talk to."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import ROUND_CEILING, Decimal
from hashlib import blake2b
from typing import cast

from chatbot.config import Settings
from chatbot.notices.words import NoticeWriter, Where
from chatbot.wiring.places import Places
from chatbot.wiring.seams import Seams
from chatbot.wiring.strategies_file import assigned, plan
from chatbot.wiring.strategies_values import Rows
from trading.domain.errors import Misconfigured
from trading.domain.events import MarketSettled, ModeChanged, ResultAmended
from trading.domain.intent_line import Line
from trading.domain.money import CENT
from trading.domain.order import Mode
from trading.domain.records import Control, Put
from trading.engine.account import Account
from trading.engine.assigned import Assigned
from trading.engine.book import Book
from trading.engine.broker import Broker
from trading.engine.cycle import Cycle
from trading.engine.fee_watch import FeeWatch
from trading.engine.fill_cap import FillCap
from trading.engine.halting import Halting
from trading.engine.loading import adopt_books, load_state
from trading.engine.observer import Observer
from trading.engine.sharing import Share
from trading.engine.windows import Windows
from trading.exchange.paper import PaperExchange
from trading.ports import Exchange, Feed, IntentLog, Store
from trading.risk.gate import Identity
from trading.risk.limits import Limits

LIMITS = tuple(field.name for field in fields(Limits) if field.name in Settings.model_fields)  # that are settings


@dataclass(frozen=True, slots=True)
class Engine:
    """What trades: everything else is reached through the cycle."""

    book: Book
    cycle: Cycle
    fill_cap: FillCap | None


def engine_of(settings: Settings, store: Store, places: Places, seams: Seams) -> Engine:
    """Wire it on an open store; nothing runs yet. Raises StoreError."""
    book, main = _book(settings, store, places), (settings.kalshi_event_ticker_prefix,)
    trading = [
        *assigned(settings),
        *(Assigned(each, main) for each in seams.strategies),
        *(Assigned(each, main, paper=True) for each in seams.paper),
    ]
    paper = PaperExchange(places.exchange, places.clock, _paper_cash(settings, trading))
    _restore(paper, book)
    broker = Broker(
        book, _exchanges(places, paper), _identity(settings, store, places, seams), limits(settings), places.clock
    )
    seams.take(broker)
    account = Account(
        broker,
        places.exchange,
        lambda paid: _paid(paper, seams.intent_log, paid),
        lambda news: _correct_on_paper(paper, news),
    )
    fill_cap = _fill_cap(settings, places, book)
    cycle = Cycle(
        _observers(settings, places, trading),
        account,
        Halting(broker, seams.mark),
        Windows(book, places.clock),
        trading,
        places.exchange,
        seams.on_beat,
        skew=lambda: places.kalshi.skew_seconds if places.kalshi else None,
        fill_cap=fill_cap,
        log=seams.intent_log,
    )
    return Engine(book, cycle, fill_cap)


def _exchanges(places: Places, paper: PaperExchange) -> dict[Mode, Exchange]:
    return {Mode.DRY_RUN: paper} | ({Mode.REAL: places.exchange} if places.signed else {})


def _observers(settings: Settings, places: Places, trading: Sequence[Assigned]) -> list[Observer]:
    """One for each series that is traded, the configured one first: it is the one that people look at."""
    main, wanted = settings.kalshi_event_ticker_prefix, dict[str, tuple[str, ...]]()
    all_of_them = dict.fromkeys([main, *(series for each in trading for series in each.series)])
    return [_observer(places, series, main, wanted) for series in all_of_them]


def _observer(places: Places, series: str, main: str, wanted: dict[str, tuple[str, ...]]) -> Observer:
    feed = places.feed if series == main else _index(places, series)
    stream = Share(places.stream, series, wanted) if places.stream else None
    fees = FeeWatch(places.kalshi.listings, places.clock, series) if places.kalshi else None
    return Observer(places.exchange, feed, places.clock, series, stream, fees)


def _index(places: Places, series: str) -> Feed | None:
    """The spot of a series beside the main one, where it is about a coin and somebody tells it."""
    if places.spot_of is None:
        return None
    try:
        return places.spot_of(series)
    except Misconfigured:
        return None  # a series about something else has no spot price


def _fill_cap(settings: Settings, places: Places, book: Book) -> FillCap | None:
    """Twice what the largest exposure could buy at the lowest price that is paid: in and out again within 15 s."""
    kalshi = places.kalshi
    if kalshi is None or not places.signed:
        return None
    return FillCap(kalshi.groups, kalshi.use_group, book, places.clock, most_fills(settings))


def most_fills(settings: Settings) -> Decimal:
    """More contracts than all limits together could pay for."""
    contracts = 2 * settings.max_exposure_usd / max(settings.min_price, CENT)
    return contracts.to_integral_value(ROUND_CEILING)


def _paper_cash(settings: Settings, trading: Sequence[Assigned]) -> dict[str, Decimal]:
    """What each strategy's book of the dry run begins with: its budget, where it has one."""
    names, budgets = (*settings.strategies, *(each.name for each in trading)), plan(settings).budgets
    return {name: budgets.get(name, settings.dry_run_balance_usd) for name in names}


def limits(settings: Settings, rows: Rows | None = None) -> Limits:
    """Those of the settings; `rows` are the strategies file's where they were read before. Raises Misconfigured."""
    return Limits(**{name: getattr(settings, name) for name in LIMITS}, budgets=plan(settings, rows).budgets)


def _book(settings: Settings, store: Store, places: Places) -> Book:
    """The book as the store has it, in the mode that may be."""
    now = places.clock.now()
    adopt_books(store)
    state = load_state(store, now, Mode.DRY_RUN if settings.dry_run else Mode.REAL)
    several = len(settings.strategies) > 1
    where = Where(settings.instance_name, settings.environment, settings.zone, settings.custom_address, several)
    book = Book(store, state, NoticeWriter(where), settings.zone)
    if state.mode is Mode.REAL and (settings.dry_run_locked or not places.signed):
        book.record(ModeChanged(now, Mode.DRY_RUN, "the configuration"))
    return book


def _restore(paper: PaperExchange, book: Book) -> None:
    """Give the paper books back what the store knows of them: open orders, positions, and the cash that has moved."""
    state, moved = book.state, defaultdict[str, Decimal](Decimal)
    for key, totals in state.books.items():
        mode, _, name = key.partition(":")
        if mode == Mode.DRY_RUN:
            moved[name] += totals.profit
    for trade in state.open_trades(Mode.DRY_RUN):
        moved[trade.strategy] += trade.cash - trade.fees
    held = [p for p in state.positions.values() if p.mode is Mode.DRY_RUN]
    orders = [o for o in state.orders.values() if o.mode is Mode.DRY_RUN]
    paper.restore(orders, held, moved)


def _paid(paper: PaperExchange, log: IntentLog, paid: MarketSettled) -> None:
    if paid.mode is Mode.DRY_RUN:
        paper.settle(paid.ticker, paid.value)
    log([Line(paid.at, "", paid.ticker, settled=paid.value)])


def _correct_on_paper(paper: PaperExchange, news: ResultAmended) -> None:
    if news.trade.mode is Mode.DRY_RUN:
        paper.correct(news.trade.strategy, news.trade.paying(news.value).profit - news.trade.profit)


def _identity(settings: Settings, store: Store, places: Places, seams: Seams) -> Identity:
    """Whose orders these are: a random id made once in a data folder, of which others see a hash."""
    row = cast(Control | None, store.get("control", "installation"))
    if row is None:
        row = Control("installation", {"id": seams.installation or secrets.token_hex(16)}, places.clock.now())
        store.commit([Put("control", row.name, row)])
    return Identity(prefix_of(row), settings.environment)


def prefix_of(installation: Control) -> str:
    """What begins the names of an installation's orders: a hash of its id."""
    return f"k{blake2b(installation.value['id'].encode(), digest_size=4).hexdigest()}"
