"""What the system's signals mean to a running bot: the first asks it to end, a second ends it; SIGHUP is /reload.

Where the chat is in this terminal, SIGHUP says that the terminal has gone: that is an end, as Ctrl-D is.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from functools import partial

from chatbot.tools.ending import Ending

ENDS = (signal.SIGINT, signal.SIGTERM)


def on_end(end: Callable[[], object], ending: Ending | None = None) -> None:
    """Call `end` at the first signal; `ending` bounds what follows, and is told of a second one."""
    asked: list[int] = []

    def asks(number: int) -> None:
        if asked and ending:
            ending.at_once(number)
        asked.append(number)
        if ending:
            ending.begin()
        end()

    for name in ENDS:
        _handle(name, partial(asks, name))


def on_hangup(work: Callable[[], object]) -> None:
    """Call `work` at SIGHUP, unless whoever started us wants it ignored (nohup)."""
    hangup = getattr(signal, "SIGHUP", None)  # not everywhere
    if hangup and signal.getsignal(hangup) is not signal.SIG_IGN:
        _handle(hangup, work)


def _handle(name: signal.Signals, work: Callable[[], object]) -> None:
    with contextlib.suppress(NotImplementedError):  # not everywhere
        asyncio.get_running_loop().add_signal_handler(name, work)
