"""A modelled machine: its power, which can go at any step, and its disk, which can be full, read-only, or lose a sync.

A write is first in memory and on the disk when it was synced. When the power goes, what was not synced is lost in part:
any 512-byte pieces of the writes, and any changes of names. When only the process dies, nothing of it is lost.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random

SECTOR_BYTES = 512  # what a drive writes whole or not at all


class PowerCut(BaseException):
    """The moment after which nothing of this process runs any more."""


class Power:
    """One process's life: each step of its work (a disk call, a request, an answer) may be its last."""

    def __init__(self) -> None:
        self.on = True
        self._left = -1  # steps; negative: for ever

    def step(self) -> None:
        """One step. Raises PowerCut when it is over, and from then on always."""
        if self._left == 0:
            self.on = False
        if not self.on:
            raise PowerCut
        self._left -= 1

    def cut_after(self, steps: int) -> None:
        """Let it end before the step after so many; the earlier of two such orders counts."""
        self._left = steps if self._left < 0 else min(self._left, steps)


class Trouble(StrEnum):
    """What ails a disk for a while."""

    NONE = ""
    FULL = "full"  # files cannot grow
    READ_ONLY = "read_only"  # nothing can be written
    SYNC_FAILS = "sync_fails"  # what was written stays in memory only


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    cached: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes]] = field(default_factory=list)  # not synced yet


@dataclass(frozen=True)
class _NameChange:
    removed: str
    added: str
    file: _File

    def apply(self, names: dict[str, _File]) -> None:
        names.pop(self.removed, None)
        if self.added:
            names[self.added] = self.file


class ModelledDisk:
    """Implements storage.disk.Disk for one folder. `power` is that of the process which runs now."""

    def __init__(self) -> None:
        self.power = Power()
        self.trouble = Trouble.NONE
        self._files: dict[str, _File] = {}
        self._durable_names: dict[str, _File] = {}
        self._name_changes: list[_NameChange] = []
        self._handles: list[_File] = []
        self._half: tuple[_File, int, bytes] | None = None  # a write that was under way when its process ended

    # --- what the store asks

    def names(self, folder: Path) -> list[str]:
        return list(self._files)

    def read(self, path: Path) -> bytes:
        return bytes(self._files[path.name].cached)

    def create(self, path: Path) -> int:
        self._writing()
        self._rename(_NameChange("", path.name, _File()))
        return self.open(path)

    def open(self, path: Path) -> int:
        self._handles.append(self._files[path.name])
        return len(self._handles) - 1

    def write(self, handle: int, data: bytes, offset: int) -> None:
        file = self._handles[handle]
        room = max(len(file.cached) - offset, 0) if self.trouble is Trouble.FULL else len(data)
        self._half = file, offset, data[:room]
        self._writing()
        self._written(len(data))
        if room < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self, handle: int) -> None:
        self._writing()
        file = self._handles[handle]
        pending, file.pending = file.pending, []
        if self.trouble is Trouble.SYNC_FAILS:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        for offset, data in pending:
            _put(file.durable, offset, data)

    def close(self, handle: int) -> None:
        """Nothing of what was written is lost or kept by it."""

    def replace(self, source: Path, target: Path) -> None:
        self._writing()
        self._rename(_NameChange(source.name, target.name, self._files[source.name]))

    def remove(self, path: Path) -> None:
        self._writing()
        self._rename(_NameChange(path.name, "", self._files[path.name]))

    def sync_folder(self, folder: Path) -> None:
        self._writing()
        self._durable_names, self._name_changes = dict(self._files), []

    # --- what the simulation asks

    def holds(self, text: str) -> bool:
        """Whether these words would be found after a power cut now."""
        return any(text.encode() in file.durable for file in self._durable_names.values())

    def copy(self) -> ModelledDisk:
        """The same files, whole and healthy, on another disk."""
        other = ModelledDisk()
        for name, file in self._files.items():
            other._files[name] = _File(bytearray(file.cached), bytearray(file.cached))
        other._durable_names = dict(other._files)
        return other

    def lose_process(self, random: Random) -> None:
        """What is found when only the process has died: all that the system had taken from it."""
        if self._half:
            self._written(random.randint(0, len(self._half[2])))

    def lose_power(self, random: Random) -> None:
        """What is found when the power is back."""
        if self._half:
            self._written(len(self._half[2]))
        names = dict(self._durable_names)
        for change in self._name_changes:
            if random.random() < 0.5:
                change.apply(names)
        self._files = {}
        for name, file in names.items():
            content = _survivors(file, random)
            self._files[name] = _File(content, bytearray(content))
        self._durable_names, self._name_changes = dict(self._files), []

    def contents(self) -> dict[str, bytes]:
        """Every file as a process would read it."""
        return {name: bytes(file.cached) for name, file in self._files.items()}

    def _written(self, count: int) -> None:
        """So many bytes of the write under way have got into memory."""
        assert self._half
        file, offset, data = self._half
        self._half = None
        file.pending.append((offset, data[:count]))
        _put(file.cached, offset, data[:count])

    def _writing(self) -> None:
        self.power.step()
        if self.trouble is Trouble.READ_ONLY:
            self._half = None
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def _rename(self, change: _NameChange) -> None:
        self._name_changes.append(change)
        change.apply(self._files)


def _put(content: bytearray, offset: int, data: bytes) -> None:
    content.extend(bytes(max(0, offset + len(data) - len(content))))
    content[offset : offset + len(data)] = data


def _survivors(file: _File, random: Random) -> bytearray:
    content = bytearray(file.durable)
    for offset, data in file.pending:
        start = 0
        while start < len(data):
            end = min(len(data), (offset + start) // SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES - offset)
            if random.random() < 0.5:
                _put(content, offset + start, data[start:end])
            start = end
    return content
