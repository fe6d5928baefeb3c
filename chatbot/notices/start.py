"""What people are told when the bot starts or stops: what happened meanwhile, and what it leaves behind.

Beside these, that its settings were read again at the host's word.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo

from chatbot.formats import count, exact_money, gain, mode_word, moment, span
from chatbot.notices.said import Said
from trading.domain import events as ev
from trading.domain.absence import Away
from trading.domain.records import Severity
from trading.domain.state import State


def started(event: ev.Started, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    """One notice for all of it."""
    gone = _away(event.away, event.at, zone) if event.away else ()
    title = f"Back after {span((event.at - event.away.since).total_seconds())}" if event.away else "Started"
    recovered = (("Recovered", each) for each in event.recovered)
    fields = (("Trading", after.trading.value), *gone, *recovered)
    yield Said("start", Severity.NOTICE, title, event.mode, fields)


def _away(away: Away, now: datetime, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """What happened while nobody looked: from when to when, what was settled, what that made, what expired."""
    yield "Away", f"{moment(away.since, zone, now)} to {moment(now, zone, now)}"
    for settled in away.settled:
        trades = f"{count(settled.trades, 'trade')}, {settled.wins} won"
        yield "Settled", f"{trades} ({mode_word(settled.mode)})"
        yield "P&L", f"{gain(settled.profit, exact_money)} ({mode_word(settled.mode)})"
    if not away.settled:
        yield "Settled", "nothing"
    if away.expired:
        yield "Expired", count(away.expired, "order")


def stopped(event: ev.Stopped, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    """What became of our orders, and what goes on without the bot."""
    orders = (
        f"{event.cancelled} cancelled" if event.cancelled else "",
        f"{event.unproved} not proved cancelled: the next start checks" if event.unproved else "",
        f"{event.left} left resting (ON_STOP=leave)" if event.left else "",
    )
    held = len([trade for trade in after.open_trades() if trade.position])
    stays = f"{held} stays: it settles by itself" if held == 1 else f"{held} stay: they settle by themselves"
    rows = (
        ("Why", event.why),
        ("Orders", ", ".join(filter(None, orders)) or "none was open"),
        ("Positions", stays if held else "none"),
    )
    severity = Severity.ALERT if event.unproved else Severity.NOTICE
    yield Said("stop", severity, "Stopped", after.mode, tuple(row for row in rows if row[1]))


def settings_read(event: ev.SettingsRead, before: State, after: State, zone: tzinfo) -> Iterator[Said]:
    """By name what holds now and what waits, or why nothing was taken."""
    if event.problem:
        yield Said("settings", Severity.ALERT, "Settings not taken", after.mode, (("Why", event.problem),))
        return
    rows = (("Taken", ", ".join(event.taken)), ("Needs a restart", ", ".join(event.restart)))
    title = "Settings read again" if event.taken or event.restart else "Settings as they were"
    yield Said("settings", Severity.NOTICE, title, after.mode, tuple(row for row in rows if row[1]))
