"""Taking the trades of another bot, or of another installation, into the archives: all of a file or none.

They are real trades of the strategy `imported`. As rows of the archives they are shown and exported, and count in the
sums of all time; nothing that decides or checks looks there: limits, attempts, positions and reconciliation do not know
them, and no sum of a day or a week changes. Paper trades and what is not settled are left out, and said.

A trade that is known, by its own id or its order's, is not taken again. The sums are made from what the archives hold,
so that an import which was cut short is finished by the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import cast

from chatbot.config import Settings
from chatbot.formats import count, exact_money, gain
from chatbot.tools.changing import BY
from storage import codec
from storage.aging import Leaving, month_of
from storage.importing import Read, read_trades
from storage.store import TinyStore
from trading.clock import real_now
from trading.domain.errors import Misconfigured
from trading.domain.events import CommandAnswered
from trading.domain.order import Mode
from trading.domain.records import Control, Put
from trading.domain.state import Totals
from trading.domain.step import control
from trading.domain.trade import IMPORTED, Trade
from trading.engine.book import Book
from trading.engine.loading import load_state, totals_of_row

SUMS, ALL = "imported_totals", f"totals:{Mode.REAL}"  # rows of the control table
FILE_BYTES_MAX = 64 * 2**20
SAID_MAX = 50  # wrong lines


@dataclass(frozen=True, slots=True)
class Coming:
    """What a file brings: the trades that are news, how many are known, and what was read."""

    fresh: tuple[Trade, ...]
    known: int
    read: Read


class Wrong(Misconfigured):
    """Lines of the file are wrong: `sentences` says each."""

    def __init__(self, file: Path, sentences: Sequence[str]) -> None:
        super().__init__(f"{file}: {count(len(sentences), 'line')} cannot be read, so that nothing was imported")
        self.sentences = sentences


def import_trades(settings: Settings, file: Path, *, look_only: bool = False) -> list[str]:
    """Take the file's trades in (or only look); what came of it, one thing a line.

    Raises Wrong, Misconfigured for a file that cannot be read, StoreRefused (a bot that runs: StoreInUse), StoreFailed.
    """
    read = read_trades(_text(file), settings.environment)
    if read.bad:
        raise Wrong(file, read.bad)
    store = TinyStore.open(settings.data_folder / "store")
    try:
        coming = _coming(store, read)
        if not look_only:
            _take(store, settings, file, coming)
    finally:
        store.close()
    return list(_said(coming, settings.zone, look_only=look_only))


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise Misconfigured(f"{file} is larger than {FILE_BYTES_MAX >> 20} MB: give it in parts")
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{file} cannot be read ({error}): give a CSV file in UTF-8") from error


def _coming(store: TinyStore, read: Read) -> Coming:
    there = cast(list[Trade], store.all("trades"))
    ids, orders = {t.trade_id for t in there}, {t.order_id for t in there if t.order_id}
    fresh = tuple(
        row.trade
        for row in read.rows
        if not {row.trade.trade_id, row.own_id} & ids and row.trade.order_id not in orders
    )
    return Coming(fresh, len(read.rows) - len(fresh), read)


# --- taking them in -------------------------------------------------------------------------------------------------


def _take(store: TinyStore, settings: Settings, file: Path, coming: Coming) -> None:
    """The archives first, then, in one commit, that they are there and what they come to. Raises StoreError."""
    now = real_now()
    kept = store.keep(_by_month(coming.fresh))
    before = {t.trade_id: t for t in cast(list[Trade], store.archived("trades")) if t.strategy == IMPORTED}
    imported = before | {t.trade_id: t for t in coming.fresh}
    puts = [*(month.note for month in kept), *_sums(store, imported.values(), now)]
    if not puts:
        return
    store.commit(puts)
    book = Book(store, load_state(store, now, Mode.DRY_RUN), lambda event, before, after: (), settings.zone)
    book.record(CommandAnswered(now, BY, "host", f"import trades {file.name}", count(len(coming.fresh), "trade")))


def _by_month(trades: Iterable[Trade]) -> Leaving:
    months: Leaving = {}
    for number, trade in enumerate(trades, start=1):
        rows = months.setdefault(month_of(_closed(trade)), {}).setdefault("trades", {})
        rows[number] = codec.encode("trades", trade.trade_id, trade)
    return dict(sorted(months.items()))


def _sums(store: TinyStore, imported: Iterable[Trade], now: datetime) -> Iterator[Put]:
    """The sums of all imported trades, and those of all real trades with what is new of them; a day's and a week's stay
    as they are."""
    was, now_are = _totals(store, SUMS), Totals()
    for trade in imported:
        now_are = now_are.plus(trade, _closed(trade).date())
    now_are = replace(now_are, day=None, day_profit=Decimal(0), week=None, week_profit=Decimal(0))
    if now_are == was:
        return
    every = _totals(store, ALL)
    every = replace(
        every,
        wins=every.wins + now_are.wins - was.wins,
        losses=every.losses + now_are.losses - was.losses,
        others=every.others + now_are.others - was.others,
        profit=every.profit + now_are.profit - was.profit,
        fees=every.fees + now_are.fees - was.fees,
    )
    for name, totals in ((SUMS, now_are), (ALL, every)):
        yield Put("control", name, control(name, totals, now))


def _totals(store: TinyStore, name: str) -> Totals:
    row = cast(Control | None, store.get("control", name))
    return totals_of_row(row) if row else Totals()


def _closed(trade: Trade) -> datetime:
    assert trade.closed_at, "an imported trade is closed"
    return trade.closed_at


# --- words ----------------------------------------------------------------------------------------------------------


def _said(coming: Coming, zone: tzinfo, *, look_only: bool) -> Iterator[str]:
    done = "would be imported" if look_only else "imported"
    yield f"{count(len(coming.fresh), 'trade')} {done}, as real trades of the strategy {IMPORTED}"
    years = Counter(_closed(trade).astimezone(zone).year for trade in coming.fresh)
    for year, number in sorted(years.items()):
        these = [t for t in coming.fresh if _closed(t).astimezone(zone).year == year]
        fees = sum((t.fees for t in these), Decimal(0))
        net = sum((t.profit for t in these), Decimal(0))
        yield f"  {year}: {count(number, 'trade')}, net {gain(net, exact_money)} after {exact_money(fees)} of fees"
    if coming.known:
        yield f"{count(coming.known, 'trade')} known already"
    yield from _left(coming.read)


def _left(read: Read) -> Iterator[str]:
    if read.pending:
        yield f"{count(read.pending, 'line')} left out: not settled yet; import the file again once they are"
    if read.paper:
        yield f"{count(read.paper, 'line')} left out: a dry run is no history of the account"
    if read.unfilled:
        yield f"{count(read.unfilled, 'line')} left out: nothing was bought"
