"""What a check found: one line for people, one object for programs."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import partial
from typing import Literal

INDENT = " " * 6  # columns


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; only a FAIL makes the exit code 1. `fix` is a sentence, empty where all is well."""

    mark: Literal["ok", "warn", "FAIL"]
    name: str
    text: str
    fix: str = ""


ok, warn, fail = partial(Finding, "ok"), partial(Finding, "warn"), partial(Finding, "FAIL")


def lines(finding: Finding, width: int) -> str:
    """A finding in at most `width` columns, its fix on lines of its own; only an address may be longer."""
    parts = [f"{finding.name}: {finding.text}"] + [f"fix: {finding.fix}"] * bool(finding.fix)
    rows = [row for part in parts for row in _wrapped(part, width - len(INDENT))]
    return f"{finding.mark:<{len(INDENT)}}" + f"\n{INDENT}".join(rows)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words="://" not in text)
