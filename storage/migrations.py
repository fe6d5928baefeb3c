"""Steps from one schema version of the stored documents to the next.

Every file of the store says which version wrote it. A new field with a default needs no step; a renamed, removed or
reinterpreted one does: append a function to STEPS and the version counts itself. Files of an older version are brought
forward row by row while opening, and a snapshot in the new version is written at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from trading.domain.errors import StoreRefused
from trading.domain.order import Mode, position_key

Step = Callable[[str, dict[str, Any]], dict[str, Any]]  # (table, document) -> document


def _paper_positions_by_strategy(table: str, document: dict[str, Any]) -> dict[str, Any]:
    """In the dry run each strategy has a book of its own: a position's key names the strategy that it belongs to."""
    if table != "positions" or document["mode"] != Mode.DRY_RUN:
        return document
    return document | {"_key": position_key(Mode.DRY_RUN, document["ticker"], document["strategy"])}


STEPS: tuple[Step, ...] = (_paper_positions_by_strategy,)  # STEPS[i] turns version i + 1 into version i + 2


def current_version() -> int:
    """The version that this program writes; the first was 1."""
    return len(STEPS) + 1


def refuse_newer(path: Path, version: int) -> None:
    """Raises StoreRefused for a file whose version this program does not know."""
    if version > current_version():
        raise StoreRefused(
            f"{path} was written by a newer version of this program (schema {version}, this one knows up to "
            f"{current_version()}): start that version again, or update this one"
        )


def migrate(table: str, document: bytes, version: int) -> bytes:
    """The document brought from `version` to the current one; itself when there is nothing to do."""
    if version == current_version():
        return document
    plain = msgspec.json.decode(document)
    for step in STEPS[version - 1 :]:
        plain = step(table, plain)
    return msgspec.json.encode(plain)
