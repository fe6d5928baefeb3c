"""Rows for the storage tests: one of each table, and Hypothesis strategies for any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from trading.domain.events import WindowPassed
from trading.domain.market import Outcome
from trading.domain.order import Fill, Mode, Order, OrderStatus, Position, Settlement, Side
from trading.domain.records import TABLES, AuditEntry, Control, Notice, Put, Record, Severity
from trading.domain.trade import Trade, TradeOutcome

AT = datetime(2026, 3, 1, 12, 0, 5, 123456, tzinfo=UTC)
CLOSE = datetime(2026, 3, 1, 12, 15, tzinfo=UTC)
TICKER = "KXBTC15M-26MAR011215-15"


def trade(number: int = 1, **changes: Any) -> Trade:
    known: dict[str, Any] = {
        "trade_id": f"bot-{number:04d}",
        "mode": Mode.REAL,
        "strategy": "consensus",
        "ticker": TICKER,
        "side": Outcome.YES,
        "opened_at": AT + timedelta(minutes=15 * number),
        "close_time": CLOSE,
        "limit_price": Decimal("0.52"),
        "ordered": Decimal(9),
    }
    return Trade(**(known | changes))


def won(number: int = 1, **changes: Any) -> Trade:
    known: dict[str, Any] = {
        "order_id": f"order-{number:04d}",
        "previous_signal": "yes",
        "momentum_signal": "yes",
        "contracts": Decimal(9),
        "cost": Decimal("4.68"),
        "cash": Decimal("-4.68"),
        "fees": Decimal("0.1573"),
        "outcome": TradeOutcome.WIN,
        "payout": Decimal(9),
        "profit": Decimal("4.1627"),
        "closed_at": CLOSE,
    }
    return trade(number, **(known | changes))


def order(number: int = 1, status: OrderStatus = OrderStatus.RESTING, **changes: Any) -> Order:
    known: dict[str, Any] = {
        "client_order_id": f"bot-{number:04d}",
        "mode": Mode.REAL,
        "strategy": "consensus",
        "ticker": TICKER,
        "side": Side.BID,
        "price": Decimal("0.52"),
        "count": Decimal(9),
        "status": status,
        "created_at": AT,
        "updated_at": AT,
    }
    return Order(**(known | changes))


def position(number: int, contracts: int = 1) -> Position:
    return Position(Mode.REAL, f"T{number}", Decimal(contracts))


def position_put(number: int, contracts: int = 1) -> Put:
    row = position(number, contracts)
    return Put("positions", row.key, row)


SAMPLES: dict[str, Record] = {
    "orders": order(order_id="order-0001", expires_at=CLOSE, reported=Decimal("1.50"), why="both say yes"),
    "fills": Fill(
        *("fill-1", "order-0001", TICKER, Side.ASK, Decimal("0.4800"), Decimal("1.50"), Decimal("0.0263")),
        *(True, AT, Mode.DRY_RUN, "bot-0001", "consensus", 2),
    ),
    "trades": won(),
    "positions": Position(Mode.DRY_RUN, TICKER, Decimal("-2.50"), "consensus"),
    "settlements": Settlement(
        *(TICKER, "yes", Decimal("9.00"), Decimal("0.1573"), Decimal(9), Decimal(0), Decimal("4.68"), Decimal(0)),
        *(CLOSE, Decimal(1)),
    ),
    "control": Control("halt:manual", {"by": "Änne 🦊", "detail": 'said "stop"\n'}, AT),
    "outbox": Notice(
        7, "fill", Severity.NOTICE, AT, "Filled", (("Price", "$0.52"), ("Contracts", "9")), "note", "bot-0001"
    ),
    "audit": AuditEntry(3, AT, "123", "telegram", "/kill", "halted", "00ff", "ff00"),
    "windows": WindowPassed(AT, "consensus", TICKER, CLOSE, Mode.REAL, True, False, "price_band", "ask 0.71"),
}

_PLAIN: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(max_size=12),
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0)),
    type(None): st.none(),
    dict[str, str]: st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    tuple[tuple[str, str], ...]: st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3).map(tuple),
}


def _values(hint: Any) -> st.SearchStrategy[Any]:
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    return st.one_of(*(_values(part) for part in get_args(hint)))


@cache
def records(table: str) -> st.SearchStrategy[Record]:
    """Any record of a table."""
    record = TABLES[table]
    return st.builds(record, **{name: _values(hint) for name, hint in get_type_hints(record).items()})


@cache
def puts() -> st.SearchStrategy[Put]:
    """Any change, with few keys so that rows are replaced and deleted too."""
    keys = st.sampled_from(["a", "b", "c", "ä\n\\", ""])
    return st.one_of(*(st.builds(Put, st.just(table), keys, st.none() | records(table)) for table in TABLES))


@cache
def rows() -> st.SearchStrategy[tuple[str, str, Record]]:
    """Any table's name with any key and record of it."""
    return st.one_of(*(st.tuples(st.just(table), st.text(max_size=12), records(table)) for table in TABLES))
