"""Figures, times and places as words, the same on every screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from decimal import Decimal

from trading.domain.money import CENT, ZERO
from trading.domain.order import Mode
from trading.engine.pages import Label

TENTH = Decimal("0.1")


def money(dollars: Decimal) -> str:
    """Dollars to the cent: $1,234.50, -$0.25."""
    return _dollars(dollars.quantize(CENT))


def exact_money(dollars: Decimal) -> str:
    """Dollars to the exchange's last digit, cents at least: $4.2537, $4.20."""
    return money(dollars) if dollars == dollars.quantize(CENT) else _dollars(dollars.normalize())


def gain(dollars: Decimal, write: Callable[[Decimal], str] = money) -> str:
    """Dollars with their sign: +$4.25, -$4.75, $0.00."""
    text = write(dollars)
    return f"+{text}" if dollars > 0 and text.strip("$0.") else text


def price(dollars: Decimal) -> str:
    """A contract's price in cents, to the finest step there is: 51¢, 9.5¢."""
    return f"{number((dollars * 100).quantize(TENTH))}¢"


def number(value: Decimal) -> str:
    """Without needless zeros: 9, 9.5, 1,200."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(part: int, whole: int) -> str:
    """63.6%; a dash of nothing."""
    return f"{100 * part / whole:.1f}%" if whole else "-"


_UNITS = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))


def span(seconds: float, *, roughly: bool = False) -> str:
    """How long, in at most two units: 45 s, 4 min 32 s, 2 h 5 min, 3 d 4 h; roughly: in one."""
    left = max(int(seconds), 0)
    for size, unit, part, smaller in _UNITS:
        if left >= size:
            rest = 0 if roughly else left % size // part
            return f"{left // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{left} s"


def countdown(until: datetime, now: datetime) -> str:
    """9:51, 1:02:03; never below 0:00."""
    minutes, seconds = divmod(max(int((until - now).total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def clock_time(at: datetime, zone: tzinfo) -> str:
    """14:05:09 in the owner's time zone."""
    return f"{at.astimezone(zone):%H:%M:%S}"


def moment(at: datetime, zone: tzinfo, now: datetime) -> str:
    """14:05 today, otherwise 03 Oct 14:05."""
    local = at.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == now.astimezone(zone).date() else f"{local:%d %b %H:%M}"


def count(things: int, one: str) -> str:
    """1 trade, 2 trades."""
    return f"{things} {one}" if things == 1 else f"{things:,} {one}s"


def mode_word(mode: Mode) -> str:
    return "DRY RUN" if mode is Mode.DRY_RUN else "REAL"


def place(instance: str, environment: str, mode: Mode, address: str = "") -> str:
    """What money a figure is about: "bot-1 · DRY RUN · demo"."""
    where = "simulated (play money)" if environment == "simulated" else environment
    at = f"at {address}" if address else ""
    return " · ".join(part for part in (instance, mode_word(mode), where, at) if part)


def labelled(label: Label, zone: tzinfo, mode: Mode | None = None) -> str:
    """What every figure says about itself, with the time it is from."""
    where = place(label.instance, label.environment, mode or label.mode, label.address)
    return f"{where}\nas of {clock_time(label.now, zone)}"


def _dollars(amount: Decimal) -> str:
    return f"{'-' if amount < ZERO else ''}${abs(amount):,f}"
