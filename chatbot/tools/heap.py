"""How this process keeps its memory: glibc's habits, which suit programs that end soon, set for one that runs a year.

By default each thread gets a heap of its own, and once a piece of some megabytes was given back (an archive that was
read) pieces of that size and up to twice as much free room stay the process's for good: 8 MB of 27 after a month of
archiving, measured. See mallopt(3).
"""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # of glibc's malloc.h
LARGE_BYTES = 128 * 1024  # pieces from here on are given back at once; glibc's own figure before it learns others
HEAPS = 1  # for all threads: Python lets one of them run at a time anyway


def frugal() -> bool:
    """Set it for this process, before threads are started; whether the system has these settings."""
    with suppress(AttributeError, OSError, TypeError):  # macOS, musl, Windows: their own habits stay
        libc = ctypes.CDLL(None)
        return bool(libc.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES) and libc.mallopt(M_ARENA_MAX, HEAPS))
    return False


def give_back() -> bool:
    """Give the system what is free between pieces that stay, a few milliseconds' work; whether there was any. For a
    thread, after many rows have left at once."""
    with suppress(AttributeError, OSError, TypeError):
        return bool(ctypes.CDLL(None).malloc_trim(0))
    return False
