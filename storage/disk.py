"""What the store asks of a disk: the one seam between its logic and the operating system.

Tests put a disk here that fails, tears writes or loses power at any step; nothing else in `storage` touches a file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Protocol

if sys.platform == "darwin":
    import fcntl

FILE_MODE = 0o600  # trades and balances are their owner's business


class Disk(Protocol):
    """Files by handle. Every method raises OSError, and a handle that failed once is not used again."""

    def names(self, folder: Path) -> list[str]: ...

    def read(self, path: Path) -> bytes: ...

    def create(self, path: Path) -> int:
        """A handle on a new, empty file; what was there is gone."""

    def open(self, path: Path) -> int:
        """A handle on an existing file, to write in."""

    def write(self, handle: int, data: bytes, offset: int) -> None:
        """All of the data at this byte, or OSError."""

    def sync(self, handle: int) -> None:
        """Returns when what was written survives a power cut."""

    def close(self, handle: int) -> None: ...

    def replace(self, source: Path, target: Path) -> None: ...

    def remove(self, path: Path) -> None: ...

    def sync_folder(self, folder: Path) -> None:
        """Returns when the folder's names survive a power cut."""


class RealDisk:
    """The operating system's own calls. `synced` False: nothing need survive a power cut, since the folder is thrown
    away in the end."""

    def __init__(self, *, synced: bool = True) -> None:
        self._synced = synced

    def names(self, folder: Path) -> list[str]:
        return os.listdir(folder)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def create(self, path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, FILE_MODE)

    def open(self, path: Path) -> int:
        return os.open(path, os.O_RDWR)

    def write(self, handle: int, data: bytes, offset: int) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(handle, view, offset)
            view, offset = view[written:], offset + written

    def sync(self, handle: int) -> None:
        if not self._synced:
            return
        if sys.platform == "darwin":  # fsync there stops at the drive's own cache
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
        else:
            os.fdatasync(handle)

    def close(self, handle: int) -> None:
        os.close(handle)

    def replace(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def remove(self, path: Path) -> None:
        os.unlink(path)

    def sync_folder(self, folder: Path) -> None:
        if not self._synced:
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
