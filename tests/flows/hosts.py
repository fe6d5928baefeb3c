"""Asking a bot from a shell on its machine: the command line as a process, and bots that can be asked."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from storage.store import TinyStore
from tests.flows.processes import run, started
from trading.domain.audit import ENGINE
from trading.domain.records import AuditEntry

START_SECONDS_MAX = 60.0


def said(*words: str, cwd: Path, **settings: str) -> str:
    """What a command that does all that it is asked to prints."""
    done = run(*words, cwd=cwd, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    return flat(done.stdout)


def flat(text: str) -> str:
    """Without the line breaks of a narrow screen."""
    return " ".join(text.split())


@contextmanager
def bot(cwd: Path, data: Path, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A bot that can be asked."""
    with started("run", "--no-terminal", cwd=cwd, DATA_DIR=str(data), **settings) as process:
        wait_for(data / "simulated" / "control.sock")
        yield process


def wait_for(path: Path, *, there: bool = True) -> None:
    end = time.monotonic() + START_SECONDS_MAX
    while path.exists() is not there:
        assert time.monotonic() < end, f"{path} {'did not come' if there else 'stays'}"
        time.sleep(0.05)


def audit(data: Path) -> list[tuple[str, str]]:
    """Who gave which command, of a bot that has ended."""
    store = TinyStore.open(data / "simulated" / "store")
    entries = cast(list[AuditEntry], store.select("audit"))
    store.close()
    return [(entry.person, entry.command) for entry in entries if entry.channel != ENGINE]
