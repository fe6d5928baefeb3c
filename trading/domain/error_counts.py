"""How often each error came again since people were told of it: the same one is told once, then counted for a while.

The counts are rows like everything else, so that a restart neither tells an error anew nor forgets how often it came.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from trading.domain import events as ev
from trading.domain.records import Control
from trading.domain.state import ErrorTold, State
from trading.domain.step import Step, put

ERROR_REPEAT_AFTER = timedelta(minutes=5)  # the same error is told once, then counted for this long
ERROR_CODES_MAX = 100  # codes counted at a time; the oldest gives way, and its count is told
ERROR_TEXT_LENGTH_MAX = 500  # characters of an error's words that its row keeps
ROW = "error:"  # begins the names of the rows: error:<code>


def error_seen(state: State, event: ev.ErrorSeen, zone: tzinfo) -> Step:
    """One more of a code that was told; or the first of one, which makes room for itself."""
    text, known = event.text[:ERROR_TEXT_LENGTH_MAX], state.errors.get(event.code)
    if known and (known.again or not _over(known, event.at)):
        return _with(Step(state), event.code, replace(known, text=text, again=known.again + 1))
    step = Step(state)
    if known is None and len(state.errors) >= ERROR_CODES_MAX:
        step = _with(step, min(state.errors, key=lambda code: state.errors[code].told_at), None)
    return _with(step, event.code, ErrorTold(event.at, text))


def errors_counted(state: State, event: ev.ErrorsCounted, zone: tzinfo) -> Step:
    """What came again begins a new count; what did not is forgotten, and told like a first one if it comes back."""
    step = Step(state)
    for code, told in state.errors.items():
        if _over(told, event.at):
            step = _with(step, code, ErrorTold(event.at, told.text) if told.again else None)
    return step


def counts_due(state: State, now: datetime) -> bool:
    """Whether the time of some count is up."""
    return any(_over(told, now) for told in state.errors.values())


def counts_ended(before: State, after: State) -> list[tuple[str, ErrorTold]]:
    """The codes that came again and whose count an event has ended, with that count."""
    counted = ((code, told) for code, told in before.errors.items() if told.again)
    return [(code, told) for code, told in counted if _began(after, code) != told.told_at]


def _began(state: State, code: str) -> datetime | None:
    told = state.errors.get(code)
    return told.told_at if told else None


def _over(told: ErrorTold, now: datetime) -> bool:
    return now - told.told_at >= ERROR_REPEAT_AFTER


def _with(step: Step, code: str, told: ErrorTold | None) -> Step:
    errors = {key: each for key, each in step.state.errors.items() if key != code}
    name, row = f"{ROW}{code}", None
    if told:
        errors[code] = told
        row = Control(name, {"text": told.text, "again": str(told.again)}, told.told_at)
    return put(step, replace(step.state, errors=errors), "control", name, row)
