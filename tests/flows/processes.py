"""The program as its user starts it: processes of its own, over real sockets, with no environment left over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
STOP_SECONDS_MAX = 30
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


def environment(**settings: str) -> dict[str, str]:
    """A clean environment with these settings."""
    return {k: v for k, v in os.environ.items() if k in KEPT} | {"PYTHONPATH": str(ROOT)} | settings


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "chatbot", *words]


def run(
    *words: str, cwd: Path, stdin: str = "", seconds: float = 300, **settings: str
) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    return subprocess.run(
        command(*words),
        cwd=cwd,
        env=environment(**settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def figures(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What `--json` printed last."""
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


@contextmanager
def started(*words: str, cwd: Path, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on until the end of the block; asked to stop, and killed if it will not."""
    process = subprocess.Popen(
        command(*words),
        cwd=cwd,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout:
            process.stdout.close()


@contextmanager
def exchange(folder: Path, **options: str) -> Iterator[dict[str, str]]:
    """The simulated exchange as a process of its own: where it is and how to sign."""
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    with started("exchange", "--data", str(folder), *words, cwd=folder.parent) as process:
        assert process.stdout is not None
        where: dict[str, str] = json.loads(process.stdout.readline())
        yield where


def pointing_at(where: dict[str, str], data: Path) -> dict[str, str]:
    """The settings of a bot that trades at that exchange."""
    return {
        "KALSHI_ENV": "simulated",
        "KALSHI_API_BASE": where["base_url"],
        "KALSHI_API_KEY_ID": where["key_id"],
        "KALSHI_PRIVATE_KEY_PATH": where["private_key_path"],
        "DATA_DIR": str(data),
    }
