"""A notice's words, before it is labelled with instance, mode and time."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trading.domain.order import Mode
from trading.domain.records import Mood, Severity


@dataclass(frozen=True, slots=True)
class Said:
    """`mode` is the book that it is about, `strategy` whose order or trade; those of one trade reply to its first."""

    kind: str
    severity: Severity
    title: str
    mode: Mode
    fields: tuple[tuple[str, str], ...] = ()
    trade_id: str = ""
    mood: Mood = "plain"
    strategy: str = ""


def mood_of(profit: Decimal) -> Mood:
    """What a profit of so many dollars is like."""
    return "gain" if profit > 0 else "loss" if profit < 0 else "plain"
