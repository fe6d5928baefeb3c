"""A notice's words, before it is labelled with instance, mode and time."""

from __future__ import annotations

from dataclasses import dataclass

from trading.domain.order import Mode
from trading.domain.records import Severity


@dataclass(frozen=True, slots=True)
class Said:
    """`mode` is the book that it is about; notices of one trade reply to its first one."""

    kind: str
    severity: Severity
    title: str
    mode: Mode
    fields: tuple[tuple[str, str], ...] = ()
    trade_id: str = ""
