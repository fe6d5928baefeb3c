"""Files that a channel without attachments leaves in a folder: what it shows of them is their path.

They may hold what is nobody else's business, so their user alone may read them; and they may not fill the disk, so the
oldest go.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

FILES_KEPT_MAX = 20  # in one folder
FILE_MODE, FOLDER_MODE = 0o600, 0o700
NAME_LENGTH_MAX = 100  # characters
STRANGE = re.compile(r"[^A-Za-z0-9._-]+")


def keep(folder: Path, name: str, data: bytes) -> Path:
    """Write a file into the folder, which is made where there is none, and take the oldest out of it beyond
    FILES_KEPT_MAX; where it is. One of the same name is replaced whole. Raises OSError."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    path = folder / _plain(name)
    aside = folder / f".{path.name}"
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as stream:
        stream.write(data)
    os.replace(aside, path)
    _thin(folder, path)
    return path


def _plain(name: str) -> str:
    """A name that stays in its folder, is no hidden one, and needs no quotes in a shell."""
    return STRANGE.sub("-", name).lstrip(".-")[-NAME_LENGTH_MAX:] or "file"


def _thin(folder: Path, newest: Path) -> None:
    others = [each for each in folder.iterdir() if each.is_file() and each != newest]
    others.sort(key=lambda each: each.stat().st_mtime_ns, reverse=True)
    for old in others[FILES_KEPT_MAX - 1 :]:
        old.unlink(missing_ok=True)
