"""Which rows are old enough to leave the store: whole markets that are over, and the audit from its start.

A market's trades, orders, fills, settlement and windows go together, once the last of them is old and nothing of it is
open, live or held. The newest entry of the audit always stays: the next one is chained to it. Rows of the outbox go
when they are delivered, and control values and positions are what is true now, so none of these is ever archived.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import accumulate, islice, takewhile
from typing import cast

from storage import codec
from storage.rows import Rows
from storage.snapshot import Tables
from trading.domain.events import WindowPassed
from trading.domain.order import Fill, Order, Position, Settlement
from trading.domain.records import AuditEntry
from trading.domain.trade import Trade

Dated = Order | Fill | Trade | Settlement | AuditEntry | WindowPassed
Leaving = dict[str, Tables]  # month (`2026-01`, UTC) -> the rows that go to its archive

MARKET_TABLES = ("trades", "orders", "fills", "settlements", "windows")
AGING_TABLES = (*MARKET_TABLES, "audit")


def began(record: Dated) -> datetime:
    """When a row was first put."""
    match record:
        case Trade():
            return record.opened_at
        case Order():
            return record.created_at
    return record.at


def ended(record: Dated) -> datetime | None:
    """When a row came to its end: a trade's close, an order's last change; None while that is still to come."""
    match record:
        case Trade():
            return record.closed_at
        case Order():
            return None if record.live or record.open_count else record.updated_at
    return record.at


def due(tables: Mapping[str, Rows], before: datetime) -> Leaving:
    """The rows to archive, by the month in which their market ended, earliest month first."""
    found: Leaving = {}
    for ticker in _old_tickers(tables, before):
        numbers = {table: tables[table].numbers("ticker", ticker) for table in MARKET_TABLES}
        last = _last_moment(tables, numbers)
        if last is not None and last < before and not _held(tables["positions"], ticker):
            _add(found, last, tables, numbers)
    for number, at in _old_audit(tables["audit"], before):
        _add(found, at, tables, {"audit": [number]})
    return dict(sorted(found.items()))


def month_of(at: datetime) -> str:
    """The archive in which a row of that moment stands."""
    return f"{at.astimezone(UTC):%Y-%m}"


def _old_tickers(tables: Mapping[str, Rows], before: datetime) -> list[str]:
    """Rows stand in the order in which they were put, so that only old ones are looked at."""
    tickers: dict[str, None] = {}
    for table in MARKET_TABLES:
        for _, record in takewhile(lambda item: began(item[1]) < before, _dated(tables[table])):
            tickers[cast(Trade, record).ticker] = None
    return list(tickers)


def _dated(rows: Rows) -> Iterator[tuple[int, Dated]]:
    for number, document in rows.documents.items():
        yield number, cast(Dated, codec.decode(rows.table, document))


def _last_moment(tables: Mapping[str, Rows], numbers: dict[str, list[int]]) -> datetime | None:
    ends = [ended(cast(Dated, tables[table].at(number))) for table, found in numbers.items() for number in found]
    return None if None in ends else max(cast(list[datetime], ends))


def _held(positions: Rows, ticker: str) -> bool:
    return any(cast(Position, positions.at(number)).contracts for number in positions.numbers("ticker", ticker))


def _old_audit(audit: Rows, before: datetime) -> Iterator[tuple[int, datetime]]:
    """All but the newest entry; an entry never stands in an earlier month than the one before it."""
    entries = islice(_dated(audit), max(len(audit.documents) - 1, 0))
    old = list(takewhile(lambda item: began(item[1]) < before, entries))
    moments = accumulate((began(entry) for _, entry in old), max)
    return zip((number for number, _ in old), moments, strict=True)


def _add(found: Leaving, at: datetime, tables: Mapping[str, Rows], numbers: dict[str, list[int]]) -> None:
    month = found.setdefault(month_of(at), {})
    for table, more in numbers.items():
        month.setdefault(table, {}).update({number: tables[table].documents[number] for number in more})
