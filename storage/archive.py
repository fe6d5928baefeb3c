"""Archives: a month's finished rows in one plain TinyDB file, which stock TinyDB opens too.

A file is written like a snapshot: aside, checksummed, renamed. More rows of a month are merged in by their keys, so
that a move which a crash cut short is simply done again. It is durable before its rows leave the store; the commit in
which they leave also notes how many rows the file has, so that a lost or older file is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from storage import codec, snapshot
from storage.aging import AGING_TABLES
from storage.disk import Disk
from storage.migrations import migrate
from storage.rows import Rows
from storage.snapshot import Tables
from trading.domain.errors import StoreRefused
from trading.domain.records import Control, Put

PREFIX, SUFFIX = "archive-", ".json"
NOTE = "archive:"  # begins the names of the control values that say what stands in the archives
RESTORE = "restore that file from a backup; trading does not need it, reports and exports do"


def archive_name(month: str) -> str:
    """The file name of a month's archive, the month as `2026-01`."""
    return f"{PREFIX}{month}{SUFFIX}"


def is_archive(name: str) -> bool:
    """Whether a file of that name is a month's archive."""
    return name == archive_name(name.removeprefix(PREFIX).removesuffix(SUFFIX))


def unfinished(name: str) -> bool:
    """Whether a file is an archive that a crash kept from getting its name."""
    return name.startswith(PREFIX) and name == snapshot.aside(name)


def noted(control: Rows) -> dict[str, int]:
    """Month to the least number of rows that its archive has, earliest first."""
    notes = [cast(Control, control.get(name)) for name in sorted(control.ids) if name.startswith(NOTE)]
    return {note.name.removeprefix(NOTE): int(note.value["rows"]) for note in notes}


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of a month, by table and id in the store, that its archive holds now among `count` in all."""

    month: str
    leaving: Tables
    count: int

    @property
    def note(self) -> Put:
        """What the store says of the archive from now on."""
        begins = datetime.fromisoformat(f"{self.month}-01T00:00:00Z")
        row = Control(f"{NOTE}{self.month}", {"rows": str(self.count)}, begins)
        return Put("control", row.name, row)


class Archives:
    """The archive files of one folder."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk, self._folder = disk, folder

    def path(self, month: str) -> Path:
        return self._folder / archive_name(month)

    def read(self, month: str, least: int, only: str = "") -> Tables:
        """A month's rows by table and id, or those of one table. Raises StoreRefused when the file is missing, damaged,
        of a newer version or has fewer than `least` rows, and OSError."""
        path = self.path(month)
        if path.name not in self._disk.names(self._folder):
            raise StoreRefused(f"{path} is missing: {RESTORE}")
        loaded = snapshot.load(self._disk, path, RESTORE, only)
        if (count := loaded.meta.sequence) < least:
            raise StoreRefused(f"{path} has {count} rows in place of {least}: {RESTORE}")
        found: Tables = {}
        for table, rows in loaded.tables:
            more = {number: migrate(table, bytes(raw), loaded.meta.schema) for number, raw in rows.items()}
            found.setdefault(table, {}).update(more)
        return found

    def add(self, month: str, leaving: Tables) -> Kept:
        """Write these rows to the month's archive as well; they are on disk when this returns.

        A row with a key that stands there already replaces it. Raises StoreRefused when the file that is there cannot
        be read, and OSError, with that file as it was.
        """
        known = self.path(month).name in self._disk.names(self._folder)
        if known:
            self.read(month, 0, "control")  # refused before anything is written
        tables = self._tables(month if known else "", leaving)
        return Kept(month, leaving, snapshot.write_counted(self._disk, self._folder, tables, self.path(month).name))

    def _tables(self, month: str, leaving: Tables) -> Iterator[tuple[str, dict[int, bytes]]]:
        """The month's tables with what is leaving, one at a time, for which its file is read as often: all of them at
        once are 15 MB that would stay this process's."""
        for table in AGING_TABLES:
            stored = self.read(month, 0, table).get(table, {}) if month else {}
            if merged := _merged(stored, leaving.get(table, {})):
                yield table, merged


def _merged(stored: dict[int, bytes], more: dict[int, bytes]) -> dict[int, bytes]:
    """Rows by ids of their own, counted from 1: those of the store may be given out again."""
    by_key = {codec.key_of(document): document for document in (*stored.values(), *more.values())}
    return dict(enumerate(by_key.values(), start=1))
