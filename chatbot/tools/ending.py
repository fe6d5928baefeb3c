"""The end of the process: in time whatever hangs, and at once when it is asked for a second time.

Python waits at its end for every thread that still waits for an answer, which may be long after all is closed. And a
step of stopping may hang where nobody foresaw it. So a thread of its own ends the process when its time is up. That is
safe at any moment: what was committed is on disk, and the next start checks what was open, as after a power cut.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

PROCESS_SECONDS_MAX = 9.5  # of real time from the asking to the end of the process; a container kills after 10
OVER_SECONDS_MAX = 0.5  # when all is done and closed, for threads that nobody needs any more
EXIT_CUT_SHORT = 1
STANDARD_ERROR = 2
SIGNALLED = 128  # and the signal's number: the exit code that shells know


class Ending:
    """`leave` ends the process with a code, without another look at anything."""

    def __init__(self, leave: Callable[[int], NoReturn] = os._exit, *, seconds: float = PROCESS_SECONDS_MAX) -> None:
        self._leave, self._seconds = leave, seconds
        self._over = threading.Event()
        self._code = EXIT_CUT_SHORT
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """From now on the process has its seconds. Again: nothing changes."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="ending", daemon=True)
            self._thread.start()

    def over(self, code: int) -> None:
        """All is done and closed, and this is the exit code."""
        self._code = code
        sys.stdout.flush()
        sys.stderr.flush()
        self._over.set()

    def at_once(self, number: int) -> None:
        """Asked for a second time: end now. What was not proved is found by the next start."""
        _say(f"stopped at once ({signal.Signals(number).name} again): the next start checks what was left open")
        self._leave(SIGNALLED + number)

    def _watch(self) -> None:
        if self._over.wait(self._seconds):
            threading.Event().wait(OVER_SECONDS_MAX)  # as a rule the process is gone by then, and this thread with it
        else:
            _say(f"not all could be closed within {self._seconds:g} s: the next start checks what was left open")
        self._leave(self._code)


def _say(text: str) -> None:
    """Past Python's own buffer, whose lock somebody may hold."""
    os.write(STANDARD_ERROR, f"kalshi-chatops: {text}\n".encode())
