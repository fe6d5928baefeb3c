"""The audit's hash chain, held against its rule: each entry carries the hash of the one before it.

An entry's hash is the SHA-256 of its other fields as text, joined by the unit separator. A cut at the end cannot be
seen in the entries themselves: for that the newest hash is told to people.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from trading.domain.records import AuditEntry


def verify_audit(entries: Iterable[AuditEntry]) -> str | None:
    """What is wrong with the first entry that does not continue the chain, in one sentence; None when all is well.

    Takes all entries since the first one, in order: those of the archives, then those of the store.
    """
    seq, head = 0, ""
    for entry in entries:
        if entry.seq != seq + 1:
            return f"the audit goes from entry {seq} to {entry.seq}: what stood between was removed"
        if entry.previous != head:
            return f"entry {entry.seq} of the audit does not follow from the one before it: one of them was replaced"
        if entry.digest != _digest(entry):
            return f"entry {entry.seq} of the audit was changed after it was written"
        seq, head = entry.seq, entry.digest
    return None


def _digest(entry: AuditEntry) -> str:
    said = (entry.person, entry.channel, entry.command, entry.result)
    text = "\x1f".join((str(entry.seq), entry.at.isoformat(), *said, entry.previous))
    return sha256(text.encode()).hexdigest()
