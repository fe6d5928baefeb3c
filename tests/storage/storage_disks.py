"""Disks that misbehave: one in memory that loses power, and a real one whose calls fail."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from storage.disk import RealDisk

SECTOR_BYTES = 512  # what a drive writes whole or not at all


class PowerCut(BaseException):
    """The moment after which nothing runs any more."""


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    cached: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes]] = field(default_factory=list)  # not synced yet


@dataclass
class _NameChange:
    removed: str
    added: str
    file: _File

    def apply(self, names: dict[str, _File]) -> None:
        names.pop(self.removed, None)
        if self.added:
            names[self.added] = self.file


class MemoryDisk:
    """Keeps files in memory, knows what was synced, and loses power before its `cut_at`-th step.

    What was not synced is then lost in part: any 512-byte pieces of the writes, and any changes of names.
    """

    def __init__(self, cut_at: int = -1) -> None:
        self.cut_at = cut_at
        self.steps = 0
        self._files: dict[str, _File] = {}
        self._durable_names: dict[str, _File] = {}
        self._name_changes: list[_NameChange] = []
        self._handles: list[_File] = []

    def names(self, folder: Path) -> list[str]:
        return list(self._files)

    def read(self, path: Path) -> bytes:
        return bytes(self._files[path.name].cached)

    def create(self, path: Path) -> int:
        self._step()
        file = _File()
        self._rename(_NameChange("", path.name, file))
        return self._handle(file)

    def open(self, path: Path) -> int:
        return self._handle(self._files[path.name])

    def write(self, handle: int, data: bytes, offset: int) -> None:
        file = self._handles[handle]
        file.pending.append((offset, data))  # before the step: a cut in the middle of a write tears it
        self._step()
        _put(file.cached, offset, data)

    def sync(self, handle: int) -> None:
        self._step()
        file = self._handles[handle]
        for offset, data in file.pending:
            _put(file.durable, offset, data)
        file.pending = []

    def close(self, handle: int) -> None:
        pass

    def replace(self, source: Path, target: Path) -> None:
        self._step()
        self._rename(_NameChange(source.name, target.name, self._files[source.name]))

    def remove(self, path: Path) -> None:
        self._step()
        self._rename(_NameChange(path.name, "", self._files[path.name]))

    def sync_folder(self, folder: Path) -> None:
        self._step()
        self._durable_names, self._name_changes = dict(self._files), []

    def put(self, name: str, data: bytes) -> None:
        """A file as if it had always been there."""
        self._files[name] = self._durable_names[name] = _File(bytearray(data), bytearray(data))

    def copy(self) -> MemoryDisk:
        """The same files on another disk."""
        other = MemoryDisk()
        for name, file in self._files.items():
            other.put(name, bytes(file.cached))
        return other

    def after_cut(self, random: Random) -> MemoryDisk:
        """What is found when power is back."""
        other = MemoryDisk()
        names = dict(self._durable_names)
        for change in self._name_changes:
            if random.random() < 0.5:
                change.apply(names)
        for name, file in names.items():
            other.put(name, bytes(_survivors(file, random)))
        return other

    def _step(self) -> None:
        if self.steps == self.cut_at:
            raise PowerCut
        self.steps += 1

    def _rename(self, change: _NameChange) -> None:
        self._name_changes.append(change)
        change.apply(self._files)

    def _handle(self, file: _File) -> int:
        self._handles.append(file)
        return len(self._handles) - 1


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


class FullDisk(MemoryDisk):
    """Has no room at its `full_at`-th step, just once: a write there stores a half. Later steps would work again."""

    full_at = -1

    def write(self, handle: int, data: bytes, offset: int) -> None:
        if self.steps != self.full_at:
            super().write(handle, data, offset)
            return
        self.full_at = -1
        super().write(handle, data[: len(data) // 2], offset)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _step(self) -> None:
        if self.steps == self.full_at:
            self.full_at = -1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super()._step()


class FailingDisk(RealDisk):
    """A real disk on which, once `failing` names a call, that call fails: `write` after having written a part."""

    failing = ""

    def write(self, handle: int, data: bytes, offset: int) -> None:
        if self.failing == "write":
            super().write(handle, data[: len(data) // 2], offset)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(handle, data, offset)

    def sync(self, handle: int) -> None:
        self._maybe_fail("sync")
        super().sync(handle)

    def replace(self, source: Path, target: Path) -> None:
        self._maybe_fail("replace")
        super().replace(source, target)

    def _maybe_fail(self, call: str) -> None:
        if self.failing == call:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
