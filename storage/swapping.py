"""Putting a finished folder in the place of another: whoever looks finds the old one or the new one, whole.

Linux and macOS swap two names in one step. A file system that cannot is given two renames, with the least moment
between them in which the name stands for nothing.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

from storage.disk import RealDisk

HERE = -100  # AT_FDCWD: paths are as they are
SWAP = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


def put_in_place(made: Path, target: Path, aside: Path) -> bool:
    """Give the folder `made` the name `target`; what stood there is then `aside`. All three are in one folder.

    Whether anything had to be moved aside: an empty folder, or none, is simply replaced. Durable when it returns.
    Raises OSError with the old folder at its place.
    """
    empty = not target.exists() or not any(target.iterdir())
    if empty:
        made.rename(target)
    elif swapped(made, target):
        made.rename(aside)
    else:
        _one_after_the_other(made, target, aside)
    RealDisk().sync_folder(target.parent)
    return not empty


def swapped(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where that cannot be done here. Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        failed = library.renamex_np(first, second, SWAP)
    elif hasattr(library, "renameat2"):
        failed = library.renameat2(HERE, first, HERE, second, SWAP)
    else:
        return False
    number = ctypes.get_errno()
    if failed and number not in CANNOT:
        raise OSError(number, os.strerror(number), str(other))
    return not failed


def _one_after_the_other(made: Path, target: Path, aside: Path) -> None:
    target.rename(aside)
    try:
        made.rename(target)
    except OSError:
        aside.rename(target)
        raise
