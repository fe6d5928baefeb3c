"""What the ledger keeps of what people were told, so that they are told it once: reports, and a low balance."""

from __future__ import annotations

from dataclasses import replace
from datetime import tzinfo

from trading.domain import events as ev
from trading.domain.records import Control
from trading.domain.state import State
from trading.domain.step import Step, put

REPORTED = "reported:"  # of the control table, followed by the period: the last of the owner's days that was told
LOW = "balance_low:"  # of the control table, followed by the mode: it was told, and has not been enough since


def is_news(state: State, event: ev.ReportDue) -> bool:
    """Whether this day's report, or a later one, was not told before."""
    last = state.reported.get(event.period)
    return last is None or event.day > last


def report_due(state: State, event: ev.ReportDue, zone: tzinfo) -> Step:
    if not is_news(state, event):
        return Step(state)
    reported = replace(state, reported={**state.reported, event.period: event.day})
    row = Control(f"{REPORTED}{event.period}", {"day": event.day.isoformat()}, event.at)
    return put(Step(state), reported, "control", row.name, row)


def balance_low(state: State, event: ev.BalanceLow, zone: tzinfo) -> Step:
    low = replace(state, balance_low=state.balance_low | {event.mode})
    row = Control(f"{LOW}{event.mode}", {"cash": str(event.cash)}, event.at)
    return put(Step(state), low, "control", row.name, row)


def balance_enough(state: State, event: ev.BalanceEnough, zone: tzinfo) -> Step:
    enough = replace(state, balance_low=state.balance_low - {event.mode})
    return put(Step(state), enough, "control", f"{LOW}{event.mode}", None)
