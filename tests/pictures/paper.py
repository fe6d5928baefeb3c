"""Messages as a phone shows them: HTML of our own, and its picture."""

from __future__ import annotations

import base64
import html
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, SCALE = 412, 2  # of a common phone held upright, in its own points; pictures are twice as sharp
DRAW_SECONDS_MAX = 60

STYLE = """
body { margin: 0; width: 412px; font: 15px/1.35 "Noto Sans", "DejaVu Sans", sans-serif; }
pre, code { font: 13px/1.3 "Noto Sans Mono", "DejaVu Sans Mono", monospace; margin: 4px 0 0; white-space: pre-wrap; }
img { width: 100%; border-radius: 8px; display: block; margin-bottom: 6px; }
.row { display: flex; gap: 4px; margin-top: 4px; flex-wrap: wrap; }
.key { flex: 1 0 auto; text-align: center; padding: 8px 10px; border-radius: 8px; font-size: 14px; }
.telegram { background: #d4e2c8; padding: 10px 8px; }
.telegram .bot, .telegram .me { border-radius: 12px; padding: 8px 11px; margin: 6px 0; width: fit-content; }
.telegram .bot { background: #fff; max-width: 370px; }
.telegram .me { background: #e3fdc9; margin-left: auto; }
.telegram .block { max-width: 392px; }
.telegram .key { background: #7fa070; color: #fff; }
"""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message: its inner HTML, its rows of buttons, and whether the person wrote it."""

    inner: str
    keys: tuple[tuple[str, ...], ...] = ()
    mine: bool = False


def image(png: bytes) -> str:
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def page(bubbles: Sequence[str]) -> str:
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><body class=telegram>{''.join(bubbles)}"


def telegram(bubble: Bubble) -> str:
    rows = "".join(f"<div class=row>{''.join(map(_key, row))}</div>" for row in bubble.keys)
    return f"<div class=block><div class={'me' if bubble.mine else 'bot'}>{bubble.inner}</div>{rows}</div>"


def _key(label: str) -> str:
    return f"<div class=key>{html.escape(label)}</div>"


def breaks(text: str) -> str:
    """Telegram's HTML as a browser shows it: new lines outside of code become breaks."""
    parts = re.split(r"(<pre>.*?</pre>)", text, flags=re.DOTALL)
    return "".join(part if part.startswith("<pre>") else part.replace("\n", "<br>") for part in parts)


def drawn(text: str, target: Path, width: int = WIDTH) -> None:
    """The page as a PNG, `width` points wide and as tall as it needs. Raises RuntimeError without a browser."""
    browser = next((found for found in map(shutil.which, BROWSERS) if found), None)
    if browser is None:
        raise RuntimeError(f"no browser to draw with: install one of {', '.join(BROWSERS)}")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(text)
        height = _height(browser, source, width)
        words = [f"--screenshot={target}", f"--window-size={width},{height}", f"--force-device-scale-factor={SCALE}"]
        _run(browser, *words, str(source))


def _height(browser: str, source: Path, width: int) -> int:
    """How tall the page is: it writes that into its own title."""
    probe = source.with_name("probe.html")
    probe.write_text(source.read_text() + "<script>document.title = document.documentElement.offsetHeight</script>")
    shown = _run(browser, "--dump-dom", f"--window-size={width},400", str(probe))
    found = re.search(r"<title>(\d+)</title>", shown)
    assert found, "the page tells its height"
    return int(found[1])


def _run(browser: str, *words: str) -> str:
    fixed = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=2000")
    command = [browser, *fixed, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=DRAW_SECONDS_MAX, check=True).stdout
