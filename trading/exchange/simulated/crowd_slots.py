"""Slots of the crowd: each always has one event that trades, and the next takes over when it closes.

A slot's kind, size and rhythm are drawn once; its events are numbered from the beginning of the world, so that any of
them can be named, found and described without its predecessors. Closes are on whole hours (UTC).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from trading.exchange.simulated.chance import mix, unit
from trading.exchange.simulated.crowd_kinds import HALF, MAKERS_PAY, Kind, Style, kind_at
from trading.exchange.simulated.fee_schedule import Terms
from trading.exchange.simulated.grids import DECI, LINEAR, TAPERED, Grid, Regrid
from trading.exchange.simulated.spot import ANCHOR_SECOND
from trading.exchange.simulated.windows import MONTHS, About, Window

HOUR = 3600
LISTED_SECONDS = HOUR  # before the open
LETTERS = 4  # of a slot's code
STEPS = (300, 900, HOUR)  # seconds between two changes of a street: busy, usual, calm
SETTLED_MINUTES = (2, 10, 60)  # after the close
OVERRIDE_SHARE = 0.08  # of the events get fee terms of their own
REGRID_SHARE = 0.06  # of those in whole cents get a finer grid
NAMES = ("Alder", "Birch", "Cedar", "Doran", "Elm", "Fenwick", "Garnet", "Hazel", "Ivory", "Juniper", "Kestrel", "Lark")

_KIND, _SIZE, _HOURS, _PHASE, _STEP, _SETTLED, _OVERRIDE, _REGRID, _GRID, _BASE, _OFFSET = range(11)
_EVENT = re.compile(rf"([A-Z0-9]+)-(\d\d)([A-Z]{{3}})(\d\d)(\d\d)([A-Z]{{{LETTERS}}})")


@dataclass(frozen=True, eq=False)
class Slot:
    """Times are unix seconds; `size` is how many markets its events have."""

    number: int
    kind: Kind
    size: int
    period: int
    phase: int
    step: int
    root: int

    @cached_property
    def code(self) -> str:
        """The slot's number in letters: part of its events' names."""
        digits = [self.number // 26**place % 26 for place in reversed(range(LETTERS))]
        return "".join(chr(ord("A") + digit) for digit in digits)

    @cached_property
    def settles_after(self) -> int:
        """Seconds from the close to the payment."""
        return SETTLED_MINUTES[int(unit(self.root, _SETTLED) * len(SETTLED_MINUTES))] * 60

    @cached_property
    def offset(self) -> int:
        """The second of its step in which its streets change."""
        return mix(self.root, _OFFSET) % self.step

    def moment(self, second: int) -> int:
        """When its streets last changed, at or before that second."""
        return second - (second - self.offset) % self.step

    def event_at(self, second: int) -> int:
        """The number of the event that trades then; negative before the first."""
        return (second - ANCHOR_SECOND - self.phase) // self.period

    def opens(self, event: int) -> int:
        return ANCHOR_SECOND + self.phase + event * self.period

    def closes(self, event: int) -> int:
        return self.opens(event + 1)

    def last_closed_by(self, second: int) -> int:
        """The number of the latest event that closes at or before that second."""
        return self.event_at(second) - 1

    def markets(self, event: int) -> tuple[Window, ...]:
        """The event's markets, the last name first."""
        name = self.name(event)
        found = [self._market(event, name, number) for number in range(self.size)]
        return tuple(sorted(found, key=lambda w: w.ticker, reverse=True))

    def name(self, event: int) -> str:
        close = datetime.fromtimestamp(self.closes(event), UTC)
        return f"{self.kind.series.ticker}-{close:%y}{MONTHS[close.month - 1]}{close:%d%H}{self.code}"

    def number_of(self, window: Window) -> int:
        """Which of its event's markets a window is."""
        return int(window.ticker.rpartition("-")[2][1:])

    def _market(self, event: int, name: str, number: int) -> Window:
        opens, closes = self.opens(event), self.closes(event)
        half = datetime.fromtimestamp((opens + closes) // 2 // HOUR * HOUR, UTC)
        grid = self._grid()
        regrid = grid is LINEAR and unit(self.root, _REGRID, event) < REGRID_SHARE
        override = unit(self.root, _OVERRIDE, event)
        terms = Terms(half, MAKERS_PAY if override < OVERRIDE_SHARE / 2 else "quadratic", HALF)
        return Window(
            f"{name}-{self.kind.style[0].upper()}{number:02d}",
            name,
            self.kind.series,
            datetime.fromtimestamp(opens, UTC),
            datetime.fromtimestamp(closes, UTC),
            timedelta(seconds=LISTED_SECONDS),
            timedelta(seconds=self.settles_after),
            self._about(event, number),
            grid,
            Regrid(half, DECI) if regrid else None,
            terms if override < OVERRIDE_SHARE else None,
        )

    def _grid(self) -> Grid:
        if self.kind.linear:
            return LINEAR
        return TAPERED if unit(self.root, _GRID) < 0.5 else DECI

    def _about(self, event: int, number: int) -> About:
        base = Decimal(50 + mix(self.root, _BASE, event) % 5000)
        low, gap = base + number * 5, Decimal(5)
        title = f"{self.kind.series.title} {self.code} {event}"
        rules = (f"Yes if the outcome of {title} is as the market's subtitle says.", "")
        if self.kind.style is Style.LADDER:
            text = f"Above {low}"
            return About(title, text, text, rules, title, self.code, "greater", low, None, "DIRECNET")
        if self.kind.style is Style.RANGES:
            text = f"{low} to {low + gap}"
            return About(title, text, text, rules, title, self.code, "between", low, low + gap, "MECNET")
        text = NAMES[number]
        return About(
            title, text, text, rules, title, self.code, "custom", None, None, "MECNET" if self.size > 1 else ""
        )


def slots(root: int, markets: int) -> list[Slot]:
    """Slots whose events have so many markets together, at any time."""
    found: list[Slot] = []
    left = markets
    while left > 0:
        slot = _slot(mix(root, len(found)), len(found), left)
        found.append(slot)
        left -= slot.size
    return found


def parsed(event: str) -> tuple[str, int, int] | None:
    """The series, the slot's number and the close (unix) that an event's name tells; None when it is not spelt so."""
    match = _EVENT.fullmatch(event)
    if match is None or match[3] not in MONTHS:
        return None
    try:
        close = datetime(2000 + int(match[2]), MONTHS.index(match[3]) + 1, int(match[4]), int(match[5]), tzinfo=UTC)
    except ValueError:
        return None
    number = 0
    for letter in match[6]:
        number = number * 26 + ord(letter) - ord("A")
    return match[1], number, int(close.timestamp())


def _slot(root: int, number: int, left: int) -> Slot:
    kind = kind_at(unit(root, _KIND))
    fewest, most = kind.markets
    size = min(fewest + int(unit(root, _SIZE) * (most - fewest + 1)), left)
    hours = kind.hours[int(unit(root, _HOURS) * len(kind.hours))]
    phase = int(unit(root, _PHASE) * hours) - hours
    step = STEPS[0 if unit(root, _STEP) < 0.1 else 1 if unit(root, _STEP) < 0.3 else 2]
    return Slot(number, kind, size, hours * HOUR, phase * HOUR, step, root)
