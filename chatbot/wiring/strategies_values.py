"""A table of the strategies file, read into what it configures: every value held against the parameter's own kind.

What can be read follows from the dataclass: its fields are the names, their types what may stand there, its tunables
their bounds. Nothing is listed a second time, so that a parameter that a strategy has can always be written.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from chatbot.settings.rules import require
from trading.domain.errors import Misconfigured
from trading.strategies.base import Tunable, disorder

Rows = Mapping[str, Any]  # a table as tomllib gives it, its decimals exact
NUMBER_MAX = 1_000_000_000  # of whatever a parameter counts
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}  # seconds


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, as the beginning of a sentence: the file's name and the table."""

    file: str
    table: str = ""

    def __str__(self) -> str:
        return f"{self.file} [{self.table}]" if self.table else self.file

    def inside(self, name: str) -> Place:
        return Place(self.file, f"{self.table}.{name}" if self.table else name)

    def wrong(self, name: str, value: object, fix: str) -> Misconfigured:
        return Misconfigured(f"{self} {name} = {_written(value)} {fix}")


def known(place: Place, rows: Rows, names: Iterable[str], what: str) -> None:
    """Raises Misconfigured for the first name of the table that is none of these."""
    allowed = list(names)
    for name in rows:
        if name not in allowed:
            near = difflib.get_close_matches(name, allowed, n=1)
            fix = f"did you mean {near[0]}?" if near else f"use {', '.join(allowed)}"
            raise Misconfigured(f"{place} has {name}, which is no {what}: {fix}")


def configured(place: Place, made: Any, rows: Rows, others: Iterable[str] = ()) -> Any:
    """`made` (a frozen dataclass) with the values of its table; `others` are names that somebody else reads. Raises
    Misconfigured, one sentence."""
    names = [field.name for field in fields(made) if field.name != "name"]
    known(place, rows, [*names, *others], "parameter of it")
    hints = get_type_hints(type(made))
    values = {name: _value(place, made, name, hints[name], rows[name]) for name in names if name in rows}
    changed = replace(made, **values)
    if contradiction := disorder(changed):
        raise Misconfigured(f"{place} contradicts itself: {contradiction}")
    return changed


def table(place: Place, name: str, value: object) -> Rows:
    """A table in another one. Raises Misconfigured."""
    if not isinstance(value, dict):
        raise place.wrong(name, value, f"is no table: write [{place.inside(name).table}]")
    return value


def _value(place: Place, made: Any, name: str, hint: Any, value: object) -> object:
    now = getattr(made, name)
    if is_dataclass(now):
        return configured(place.inside(name), now, table(place, name, value))
    try:
        read = read_as(hint, value)
        _bounded(read, getattr(made, "tunables", {}).get(name))
    except ValueError as error:
        raise place.wrong(name, value, str(error)) from None
    return read


def read_as(hint: Any, value: object) -> object:
    """The value as its kind. Raises ValueError with words that follow "name = value"."""
    if get_origin(hint) is UnionType:  # `X | None`: what is not written is None
        [hint] = [each for each in get_args(hint) if each is not NoneType]
    if get_origin(hint) is Literal:
        words = get_args(hint)
        require(value in words, f"is unknown: use {' or '.join(map(str, words))}")
        return value
    return _KINDS[get_origin(hint) or hint](value)


def _bounded(value: object, tunable: Tunable | None) -> None:
    if not isinstance(value, Decimal | float | int) or isinstance(value, bool):
        return
    require(value >= 0, "is below 0: write a number from 0 up")
    require(value <= NUMBER_MAX, f"is above {NUMBER_MAX:,}: write a smaller number")
    if tunable:
        require(value >= tunable.least, f"is too low: {tunable.least} is the least")
        require(value <= tunable.most, f"is too high: {tunable.most} is the most")


def plain(value: Any) -> Any:
    """The same with floats in the place of exact decimals, for whoever reads TOML as it is."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return float(value) if isinstance(value, Decimal) else value


def number(value: object) -> Decimal:
    require(isinstance(value, int | Decimal) and not isinstance(value, bool), "is no number: write it without quotes")
    exact = Decimal(value)  # type: ignore[arg-type]
    require(exact.is_finite(), "is no finite number")
    return exact


def words(value: object) -> list[str]:
    fits = isinstance(value, list) and all(isinstance(each, str) and each for each in value)
    require(fits, 'is no list of words: write it like ["ONE", "TWO"]')
    assert isinstance(value, list)
    return value


def switch(value: object) -> bool:
    require(isinstance(value, bool), "is neither true nor false")
    return value is True


def _span(value: object) -> timedelta:
    found = re.fullmatch(r"(\d+) ?([smhd])", value) if isinstance(value, str) else None
    require(found, 'is no length of time: write a number and s, m, h or d, like "90s" or "7d"')
    assert found
    return timedelta(seconds=int(found[1]) * UNITS[found[2]])


def _whole(value: object) -> int:
    exact = number(value)
    require(exact == int(exact), "is no whole number")
    return int(exact)


def _moments(value: object) -> tuple[datetime, ...]:
    fits = isinstance(value, list) and all(isinstance(each, datetime) and each.tzinfo for each in value)
    require(fits, "is no list of moments with their time zone: write them like 2026-12-10T19:00:00Z")
    assert isinstance(value, list)
    return tuple(each.astimezone(UTC) for each in value)


_KINDS: Mapping[Any, Callable[[object], object]] = {
    Decimal: number,
    float: lambda value: float(number(value)),
    int: _whole,
    bool: switch,
    timedelta: _span,
    tuple: _moments,
    frozenset: lambda value: frozenset(word.casefold() for word in words(value)),
}


def _written(value: object) -> str:
    """As it stands in the file, or nearly so; short."""
    text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
    shown = text or (f'"{value}"' if isinstance(value, str) else str(value))
    return shown if len(shown) <= 40 else f"{shown[:39]}…"
