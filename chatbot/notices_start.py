"""What people are told when the bot starts: that it does, and after an absence what happened meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo

from chatbot.render import count, exact_money, gain, mode_word, moment, span
from chatbot.said import Said
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
