"""Changing a `.env` file without losing a word of it: values are put in their place, comments stay, the file is whole
at every moment and readable by its owner alone.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

PLAIN = re.compile(r"[\w./:@%+,&=~-]+")  # a value that needs no quotes
INLINE = re.compile(r"[^\S\r\n]+#[^\r\n]*$")  # a comment behind a value
BACKUP = ".bak"
OWNER_ONLY = 0o600
HEADING = "# What each name means stands in .env.example.\n"


def edited(text: str, changes: Mapping[str, str]) -> str:
    """The file's text with these values; an empty one takes its line out. What is not named stays as it is.

    A name goes where it stood, else below its own commented-out line, else to the end.
    """
    left = dict(changes)
    parts = [_part(each, changes, left) for each in parse_stream(StringIO(text))]
    whole = "".join(parts) or HEADING
    for name, value in left.items():
        if value:
            whole = _placed(whole, name, value)
    return whole


def _part(binding: Binding, changes: Mapping[str, str], left: dict[str, str]) -> str:
    """A name's line with its next value; of a name that stands there twice, one line remains."""
    shown, name = binding.original.string, binding.key or ""
    if name not in changes:
        return shown
    before = shown[: len(shown) - len(shown.lstrip())]
    value = left.pop(name, "")
    return f"{before}{line(name, value)}{_inline(shown, binding.value)}\n" if value else before


def _inline(shown: str, value: str | None) -> str:
    """The comment behind a value, if what looks like one is no part of the value."""
    found = INLINE.search(shown.rstrip())
    if not found:
        return ""
    without = next(iter(parse_stream(StringIO(shown[: found.start()]))), None)
    return found[0] if without and not without.error and without.value == value else ""


def _placed(text: str, name: str, value: str) -> str:
    template = re.search(rf"^#[ \t]*{name}=[^\n]*(\n|$)", text, re.MULTILINE)
    at = template.end() if template else len(text)
    before = text[:at] if text[:at].endswith("\n") or not text[:at] else f"{text[:at]}\n"
    return f"{before}{line(name, value)}\n{text[at:]}"


def line(name: str, value: str) -> str:
    """A value as the file holds it: in quotes where it could be read as anything else."""
    if PLAIN.fullmatch(value):
        return f"{name}={value}"
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{quoted}'"


def write(path: Path, text: str, check: Callable[[Path], object]) -> None:
    """Replace the file by `text`, once `check` has read the new one without raising; the old one is kept beside it.

    Raises what `check` raises, and OSError; then the file is as it was.
    """
    target = path.resolve()
    with _aside(target, text) as aside:
        check(aside)
        if target.exists():
            with _aside(target, read(target)) as old:
                os.replace(old, target.with_name(target.name + BACKUP))
        os.replace(aside, target)
    _sync_folder(target.parent)


def read(path: Path) -> str:
    """The file's text with its line ends as they are; empty where there is none. Raises OSError."""
    if not path.exists():
        return ""
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


@contextmanager
def _aside(target: Path, text: str) -> Iterator[Path]:
    """A file of its own beside the target, on disk, for its owner alone; gone at the end, unless it was moved."""
    handle, name = tempfile.mkstemp(prefix=f"{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            os.fchmod(file.fileno(), OWNER_ONLY)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
