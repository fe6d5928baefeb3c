"""What is given back to the system: measured in a process of its own, where the system has such settings."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from chatbot.tools.heap import LARGE_BYTES

ROOT = Path(__file__).parent.parent.parent.parent
M_TRIM_THRESHOLD, GLIBC_MOST = -1, 32 * 1024 * 1024  # of glibc's malloc.h and malloc.c
OWN: dict[str, str] = {}  # the environment: who runs the tests may have other habits set by MALLOC_TRIM_THRESHOLD_
KEPT = f"""
import ctypes
import sys
from pathlib import Path
from chatbot.tools.heap import M_MMAP_THRESHOLD, frugal

def resident():
    [line] = [each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024

libc = ctypes.CDLL(None)  # what glibc learns by itself from a piece of 32 MB that was given back: see mallopt(3)
assert libc.mallopt(M_MMAP_THRESHOLD, {GLIBC_MOST}) and libc.mallopt({M_TRIM_THRESHOLD}, 2 * {GLIBC_MOST})
if sys.argv[1] == "frugal":
    assert frugal()
before = resident()
pieces = [b"x" * {LARGE_BYTES * 2} for _ in range(80)]  # 20 MB
last = b"y" * 100_000  # lies behind them: too large for what was free before
del pieces
print(resident() - before)
"""


def kept(how: str) -> int:
    """Bytes that a process still holds when 20 MB in large pieces were let go of."""
    words = [sys.executable, "-c", KEPT, how]
    return int(subprocess.run(words, cwd=ROOT, env=OWN, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc has these settings")
def test_large_pieces_are_given_back() -> None:
    assert kept("as it is") > 10_000_000
    assert kept("frugal") < 2_000_000


HOLES = """
from pathlib import Path
from chatbot.tools.heap import give_back

def resident():
    [line] = [each for each in Path("/proc/self/status").read_text().splitlines() if each.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024

rows = [bytes(700) for _ in range(50_000)]  # 35 MB, as rows are
before = resident()
rows = rows[::50]  # the others leave, and every page that has one of these stays
kept = resident()
assert give_back()
print(before - kept, kept - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc has this")
def test_what_is_free_between_rows_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", HOLES], cwd=ROOT, env=OWN, check=True, capture_output=True, text=True)
    by_itself, by_asking = map(int, done.stdout.split())
    assert by_itself < 5_000_000
    assert by_asking > 20_000_000
