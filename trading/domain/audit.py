"""The audit: who changed what, each entry chained to the one before it by its hash.

An entry's hash is the SHA-256 of its other fields as text, joined by the unit separator. A cut at the end cannot be
seen in the entries themselves: for that the newest hash is told to people.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from trading.domain import events as ev
from trading.domain.records import AuditEntry
from trading.domain.state import State

ENGINE = "engine"  # the channel of what the bot itself wrote down, whoever asked for it


def entry_of(event: ev.Event, before: State, last: AuditEntry | None) -> AuditEntry | None:
    """The entry that follows `last` where the event is a command, or a change of what the bot may do; else None."""
    said = _said(event, before)
    if said is None:
        return None
    entry = AuditEntry(last.seq + 1 if last else 1, event.at, *said, previous=last.digest if last else "")
    return replace(entry, digest=_digest(entry))


def verify_audit(entries: Iterable[AuditEntry], after: AuditEntry | None = None) -> str | None:
    """What is wrong with the first entry that does not continue the chain, in one sentence; None when all is well.

    Takes all entries since the first one (or since `after`), in order: those of the archives, then those of the store.
    """
    seq, head = (after.seq, after.digest) if after else (0, "")
    for entry in entries:
        if entry.seq != seq + 1:
            return f"the audit goes from entry {seq} to {entry.seq}: what stood between was removed"
        if entry.previous != head:
            return f"entry {entry.seq} of the audit does not follow from the one before it: one of them was replaced"
        if entry.digest != _digest(entry):
            return f"entry {entry.seq} of the audit was changed after it was written"
        seq, head = entry.seq, entry.digest
    return None


def _said(event: ev.Event, before: State) -> tuple[str, str, str, str] | None:
    """Person, channel, command and result; None for what changes nothing of the kind."""
    match event:
        case ev.CommandAnswered():
            return event.person, event.channel, event.command, event.result
        case ev.HaltRaised() if event.reason not in before.halts:
            return event.by, ENGINE, f"halt {event.reason}", event.detail
        case ev.HaltCleared() if event.reason in before.halts:
            return event.by, ENGINE, f"clear {event.reason}", ""
        case ev.ModeChanged() if event.mode is not before.mode:
            return event.by, ENGINE, f"mode {event.mode}", ""
        case ev.LimitChanged() if event.value != before.limits.get(event.name):
            return event.by, ENGINE, f"limit {event.name} {event.value}", ""
        case ev.StrategySwitched() if event.on == (event.name in before.disabled):
            return event.by, ENGINE, f"{'enable' if event.on else 'disable'} {event.name}", ""
        case ev.ParameterChanged() if event.value != before.parameters.get(f"{event.strategy}.{event.name}"):
            return event.by, ENGINE, f"set {event.strategy} {event.name} {event.value}", ""
    return None


def _digest(entry: AuditEntry) -> str:
    said = (entry.person, entry.channel, entry.command, entry.result)
    text = "\x1f".join((str(entry.seq), entry.at.isoformat(), *said, entry.previous))
    return sha256(text.encode()).hexdigest()
