"""Whole markets for the tests of archives: everything that the store keeps of one, from its order to its settlement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from storage_samples import SAMPLES, order, position, won

from storage.store import TinyStore
from trading.domain.events import WindowPassed
from trading.domain.order import Fill, OrderStatus, Settlement
from trading.domain.records import TABLES, AuditEntry, Put, Record
from trading.domain.trade import Trade

JANUARY, FEBRUARY, MARCH = (datetime(2026, month, 10, 12, tzinfo=UTC) for month in (1, 2, 3))
LENGTH = timedelta(minutes=15)
MARKET_TABLES = ("trades", "orders", "fills", "settlements", "windows")

Rows = dict[tuple[str, str], Record]  # by table and key


def ticker(number: int) -> str:
    return f"KX-{number:03d}"


def trade_of(number: int, opened: datetime, **changes: Any) -> Trade:
    known: dict[str, Any] = {"ticker": ticker(number), "opened_at": opened, "closed_at": opened + LENGTH}
    return won(number, **(known | changes))


def market(number: int, opened: datetime) -> list[Put]:
    """Five rows, one in each table; the last of them is a quarter of an hour younger than the first."""
    name, closed = ticker(number), opened + LENGTH
    trade = trade_of(number, opened)
    filled: dict[str, Any] = {"filled": Decimal(9), "reported": Decimal(9)}
    placed = order(number, OrderStatus.EXECUTED, ticker=name, created_at=opened, updated_at=opened, **filled)
    fill = replace(cast(Fill, SAMPLES["fills"]), fill_id=f"fill-{number}", ticker=name, at=opened)
    paid = replace(cast(Settlement, SAMPLES["settlements"]), ticker=name, at=closed)
    window = replace(cast(WindowPassed, SAMPLES["windows"]), ticker=name, at=closed)
    return [
        Put("trades", trade.trade_id, trade),
        Put("orders", placed.client_order_id, placed),
        Put("fills", fill.fill_id, fill),
        Put("settlements", name, paid),
        Put("windows", f"consensus:real:{name}", window),
    ]


def held(number: int) -> Put:
    row = replace(position(number), ticker=ticker(number))
    return Put("positions", row.key, row)


def rows_of(puts: list[Put]) -> Rows:
    return {(put.table, put.key): put.record for put in puts if put.record is not None}


def live_and_archived(store: TinyStore) -> list[tuple[str, Record]]:
    """Every row that a reader finds, in any order: one that stands twice is there twice."""
    live = [(table, record) for table in TABLES for record in store.select(table)]
    return live + [(table, record) for table in (*MARKET_TABLES, "audit") for record in store.archived(table)]


def audit_of(store: TinyStore) -> list[AuditEntry]:
    """The whole audit, oldest first."""
    return cast(list[AuditEntry], [*store.archived("audit"), *store.select("audit")])
