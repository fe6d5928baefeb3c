"""The bot as it looks in a terminal, as a picture: `python -m tests.pictures.terminal docs/pictures/terminal.png`.

A real bot trades on the embedded exchange in a terminal of 60 columns (tmux); what stands there after some commands is
drawn with its colours. It takes some minutes, and needs tmux and a browser.
"""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.flows.processes import ROOT, command, environment
from tests.pictures.paper import drawn

COLUMNS, LINES = 60, 64
SPEED, PATIENCE_SECONDS, SETTLE_SECONDS = "60", 300.0, 3.0
LINES_TYPED = ("/trades", "/pnl", "/status")
WIDTH = 520  # of the picture, in points
STYLE = f"""
body {{ margin: 0; background: #0c0c0c; width: {WIDTH}px; }}
pre {{ padding: 12px 14px; font: 13px/1.35 monospace; }}
"""


@contextmanager
def terminal(folder: str) -> Iterator[list[str]]:
    """A terminal with a bot in it; the words that begin a tmux command about it."""
    tmux = ["tmux", "-L", f"picture-{os.getpid()}"]
    far = f"{datetime.now(UTC) + timedelta(hours=12):%H:00}"  # the daily report, which is a picture of its own
    settings = environment(
        DATA_DIR=folder, SIM_SPEED=SPEED, PYTHONPATH=str(ROOT), TERM="screen-256color", DAILY_DIGEST_AT=far
    )
    words = shlex.join(["env", "-i", *(f"{name}={value}" for name, value in settings.items()), *command("run")])
    subprocess.run([*tmux, "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), "-c", folder, words], check=True)
    try:
        yield tmux
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)


def shown(tmux: list[str]) -> str:
    """What stands there, with its colours as escape sequences."""
    done = subprocess.run([*tmux, "capture-pane", "-e", "-p"], capture_output=True, text=True, check=True)
    return done.stdout


def wait_for(tmux: list[str], *words: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not any(word in shown(tmux) for word in words):
        assert time.monotonic() < end, f"none of {words} came"
        time.sleep(0.2)


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, terminal(folder) as tmux:
        wait_for(tmux, "WIN", "LOSS")
        for line in LINES_TYPED:
            subprocess.run([*tmux, "send-keys", "-l", line], check=True)
            subprocess.run([*tmux, "send-keys", "Enter"], check=True)
            time.sleep(SETTLE_SECONDS)
        text = shown(tmux)
    console = Console(record=True, file=io.StringIO(), width=COLUMNS, force_terminal=True)
    console.print(Text.from_ansi(text.rstrip("\n")))
    body = console.export_html(theme=MONOKAI, inline_styles=True, code_format="<pre style='color:#d9d9d9'>{code}</pre>")
    drawn(f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{body}", target, WIDTH)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
