"""What the ledger does with halts, modes, what people change, warnings and records that only have to be kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import tzinfo

from trading.domain import events as ev
from trading.domain.order import Mode
from trading.domain.records import Control
from trading.domain.state import Halt, Reason, State
from trading.domain.step import Step, control, put, with_rejections

OFF = "off"  # what the row of a strategy says that people have switched off


def halt_raised(state: State, event: ev.HaltRaised, zone: tzinfo) -> Step:
    if event.reason in state.halts:
        return Step(state)
    halt = Halt(event.reason, event.at, event.by, event.detail)
    halted = replace(state, halts={**state.halts, event.reason: halt})
    row = Control(f"halt:{event.reason}", {"by": event.by, "detail": event.detail}, event.at)
    return put(Step(state), halted, "control", row.name, row)


def halt_cleared(state: State, event: ev.HaltCleared, zone: tzinfo) -> Step:
    if event.reason not in state.halts:
        return Step(state)
    halts = {reason: halt for reason, halt in state.halts.items() if reason is not event.reason}
    step = put(Step(state), replace(state, halts=halts), "control", f"halt:{event.reason}", None)
    return with_rejections(step, 0, event.at) if event.reason is Reason.REJECTIONS else step


def mode_changed(state: State, event: ev.ModeChanged, zone: tzinfo) -> Step:
    """Whoever goes live again, or leaves a dry run, begins the first hours of real orders anew."""
    since = event.at if event.goes_live and event.mode is Mode.REAL else None
    value = {"mode": event.mode.value, "by": event.by}
    row = Control("mode", value | ({"real_since": since.isoformat()} if since else {}), event.at)
    return put(Step(state), replace(state, mode=event.mode, real_since=since), "control", "mode", row)


def limit_changed(state: State, event: ev.LimitChanged, zone: tzinfo) -> Step:
    changed = replace(state, limits={**state.limits, event.name: event.value})
    row = Control(f"limit:{event.name}", {"value": str(event.value), "by": event.by}, event.at)
    return put(Step(state), changed, "control", row.name, row)


def strategy_switched(state: State, event: ev.StrategySwitched, zone: tzinfo) -> Step:
    disabled = state.disabled - {event.name} if event.on else state.disabled | {event.name}
    row = Control(f"strategy:{event.name}", {"is": "on" if event.on else OFF, "by": event.by}, event.at)
    return put(Step(state), replace(state, disabled=disabled), "control", row.name, row)


def parameter_changed(state: State, event: ev.ParameterChanged, zone: tzinfo) -> Step:
    name = f"{event.strategy}.{event.name}"
    changed = replace(state, parameters={**state.parameters, name: event.value})
    row = Control(f"parameter:{name}", {"value": str(event.value), "by": event.by}, event.at)
    return put(Step(state), changed, "control", row.name, row)


def loss_reached(state: State, event: ev.LossReached, zone: tzinfo) -> Step:
    told = replace(state, loss_told={**state.loss_told, event.mode: event.told})
    name = f"loss_told:{event.mode}"
    return put(Step(state), told, "control", name, control(name, event.told, event.at))


def window_passed(state: State, event: ev.WindowPassed, zone: tzinfo) -> Step:
    return put(Step(state), state, "windows", f"{event.strategy}:{event.mode}:{event.ticker}", event)


def settlement_read(state: State, event: ev.SettlementRead, zone: tzinfo) -> Step:
    return put(Step(state), state, "settlements", event.settlement.ticker, event.settlement)
