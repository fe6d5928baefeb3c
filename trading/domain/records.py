"""The rows that are not trading objects: control values, notices owed, passed windows and the audit; and the tables.

`TABLES` is the whole schema: which record stands in which table. The key of a row is text and unique in its table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from trading.domain.events import WindowPassed
from trading.domain.order import Fill, Order, Position, Settlement
from trading.domain.trade import Trade

Mood = Literal["plain", "gain", "loss", "alert"]  # what a notice is like, for channels that have colours


class Severity(StrEnum):
    """ALERT goes first and is never dropped; INFO may be folded into a digest."""

    ALERT = "alert"
    NOTICE = "notice"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Control:
    """One named value: a halt, the mode, the installation's id, a channel's cursor, totals. Values are text."""

    name: str
    value: dict[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told about an event, without any channel's markup. Key: `seq`, zero-padded."""

    seq: int
    kind: str  # order, fill, settlement, error, halt and so on: what people make their rules by
    severity: Severity
    at: datetime
    title: str
    fields: tuple[tuple[str, str], ...] = ()
    note: str = ""
    trade_id: str = ""  # notices of one trade reply to its first one
    mood: Mood = "plain"
    over: bool = False  # the trade is: once this is told, nobody needs its first message any more

    @property
    def key(self) -> str:
        return f"{self.seq:012d}"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, where, when, with what result; each entry carries the hash of the one before."""

    seq: int
    at: datetime
    person: str
    channel: str
    command: str
    result: str
    previous: str = ""
    digest: str = ""


Record = Order | Fill | Trade | Position | Settlement | Control | Notice | AuditEntry | WindowPassed

TABLES: Mapping[str, type[Record]] = MappingProxyType(
    {
        "orders": Order,
        "fills": Fill,
        "trades": Trade,
        "positions": Position,
        "settlements": Settlement,
        "control": Control,
        "outbox": Notice,
        "audit": AuditEntry,
        "windows": WindowPassed,
    }
)


@dataclass(frozen=True, slots=True)
class Put:
    """One change of one row; no record means that the row is deleted."""

    table: str
    key: str
    record: Record | None = field(default=None)
