"""Which documents are made of the code, and where they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.documents.commands_page import commands_page
from tests.documents.settings_page import settings_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MADE: Mapping[Path, Callable[[], str]] = {
    DOCS / "commands.md": commands_page,
    DOCS / "configuration.md": lambda: settings_page((ROOT / ".env.example").read_text()),
}


def outdated() -> list[Path]:
    """The documents that are not what the code says now."""
    return [path for path, made in MADE.items() if not path.is_file() or path.read_text() != made()]


def write() -> list[Path]:
    """Write those that are outdated; which ones."""
    changed = outdated()
    for path in changed:
        path.write_text(MADE[path]())
    return changed
