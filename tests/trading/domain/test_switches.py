"""Halts, modes, limits and warnings: the one row of each, as it is read back at the next start."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.trading.build import OPEN, TICKER
from trading.domain import events as ev
from trading.domain.ledger import apply
from trading.domain.order import Mode, Settlement
from trading.domain.records import Control, Put
from trading.domain.state import Halt, LossTold, Reason, State
from trading.domain.step import Step

D = Decimal
TOLD = LossTold(date(2026, 1, 5), 50)


@pytest.mark.parametrize(
    ("event", "after", "name", "value"),
    [
        (
            ev.HaltRaised(OPEN, Reason.MANUAL, "ann", "killed"),
            State(halts={Reason.MANUAL: Halt(Reason.MANUAL, OPEN, "ann", "killed")}),
            "halt:manual",
            {"by": "ann", "detail": "killed"},
        ),
        (
            ev.ModeChanged(OPEN, Mode.DRY_RUN, "ann"),
            State(mode=Mode.DRY_RUN),
            "mode",
            {"mode": "dry_run", "by": "ann"},
        ),
        (
            ev.LimitChanged(OPEN, "order", D("4.50"), "ann"),
            State(limits={"order": D("4.50")}),
            "limit:order",
            {"value": "4.50", "by": "ann"},
        ),
        (
            ev.ModeChanged(OPEN, Mode.REAL, "ann", goes_live=True),
            State(real_since=OPEN),
            "mode",
            {"mode": "real", "by": "ann", "real_since": "2026-01-05T12:00:00+00:00"},
        ),
        (
            ev.StrategySwitched(OPEN, "consensus", False, "ann"),
            State(disabled=frozenset({"consensus"})),
            "strategy:consensus",
            {"is": "off", "by": "ann"},
        ),
        (
            ev.StrategySwitched(OPEN, "consensus", True, "ann"),
            State(),
            "strategy:consensus",
            {"is": "on", "by": "ann"},
        ),
        (
            ev.ParameterChanged(OPEN, "consensus", "stake_usd", D("4.50"), "ann"),
            State(parameters={"consensus.stake_usd": D("4.50")}),
            "parameter:consensus.stake_usd",
            {"value": "4.50", "by": "ann"},
        ),
        (
            ev.LossReached(OPEN, Mode.REAL, TOLD, D(13), D(25)),
            State(loss_told={Mode.REAL: TOLD}),
            "loss_told:real",
            {"day": "2026-01-05", "level": "50"},
        ),
    ],
)
def test_a_switch_is_one_row(event: ev.Event, after: State, name: str, value: dict[str, str]) -> None:
    assert apply(State(), event) == Step(after, (Put("control", name, Control(name, value, OPEN)),))


def test_each_switch_and_each_parameter_is_for_itself() -> None:
    off = State(disabled=frozenset({"a", "b"}), parameters={"a.x": D(1), "b.x": D(2)})
    assert apply(off, ev.StrategySwitched(OPEN, "a", True, "ann")).state.disabled == {"b"}
    changed = apply(off, ev.ParameterChanged(OPEN, "a", "x", D(3), "ann")).state
    assert changed.parameters == {"a.x": D(3), "b.x": D(2)}


def test_the_first_hours_begin_with_going_live_alone_and_end_with_a_dry_run() -> None:
    later = OPEN + timedelta(hours=1)
    live = apply(State(), ev.ModeChanged(OPEN, Mode.REAL, "ann", goes_live=True)).state
    assert apply(live, ev.ModeChanged(later, Mode.REAL, "ann", goes_live=True)).state.real_since == later
    assert apply(live, ev.ModeChanged(later, Mode.DRY_RUN, "ann")).state.real_since is None
    assert apply(live, ev.ModeChanged(later, Mode.DRY_RUN, "ann", goes_live=True)).state.real_since is None
    assert apply(State(), ev.ModeChanged(OPEN, Mode.REAL, "ann")).state.real_since is None


def test_a_halt_that_is_cleared_leaves_no_row() -> None:
    halt = Halt(Reason.MANUAL, OPEN, "ann")
    halted = State(halts={Reason.MANUAL: halt, Reason.PAUSED: halt}, rejections=3)
    cleared = apply(halted, ev.HaltCleared(OPEN, Reason.MANUAL, "ann"))
    kept = State(halts={Reason.PAUSED: halt}, rejections=3)
    assert cleared == Step(kept, (Put("control", "halt:manual", None),))
    assert apply(kept, ev.HaltCleared(OPEN, Reason.MANUAL, "ann")) == Step(kept)


def test_with_the_halt_of_rejections_their_count_begins_anew() -> None:
    later = OPEN + timedelta(minutes=1)
    halted = State(halts={Reason.REJECTIONS: Halt(Reason.REJECTIONS, OPEN)}, rejections=5)
    cleared = apply(halted, ev.HaltCleared(later, Reason.REJECTIONS, "ann"))
    count = Put("control", "rejections", Control("rejections", {"count": "0"}, later))
    assert cleared == Step(State(), (Put("control", "halt:rejections", None), count))


def test_a_passed_window_and_the_exchanges_settlement_are_only_kept() -> None:
    window = ev.WindowPassed(OPEN, "consensus", TICKER, OPEN, Mode.REAL, True, False, "spread")
    assert apply(State(), window) == Step(State(), (Put("windows", f"consensus:real:{TICKER}", window),))
    paid = Settlement(TICKER, "yes", D(9), D(0), D(9), D(0), D(5), D(0), OPEN)
    assert apply(State(), ev.SettlementRead(OPEN, paid)) == Step(State(), (Put("settlements", TICKER, paid),))
