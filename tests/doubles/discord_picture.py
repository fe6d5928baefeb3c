"""A picture of messages as a phone shows them on Discord, drawn from what was really sent.

`await picture(shown, Path("discord.png"))` with pairs of what was asked ("/status", or nothing) and the message. It is
drawn by a browser without a window (chromium), at 412 pixels: sizes and colours are those of Discord's dark theme,
and its own markup is read as Discord reads it, as far as the bot uses it.
"""

from __future__ import annotations

import asyncio
import base64
import html
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from .discord_payloads import BUTTON, Json, Message

BROWSER = "chromium"
WIDTH, SCALE, HEIGHT_MAX = 412, 2, 12_000
STYLES = {1: "#5865f2", 2: "#4e5058", 4: "#da373c"}
FENCE = re.compile(r"```\n(.*?)\n```", re.DOTALL)
CSS = """
body { background: #313338; color: #dbdee1; font: 15px/1.3 "DejaVu Sans", sans-serif; margin: 0; padding: 6px 12px; }
.message { margin: 10px 0 14px; padding-left: 46px; position: relative; }
.face { position: absolute; left: 0; width: 36px; height: 36px; border-radius: 50%; background: #5865f2; color: #fff;
  text-align: center; font: bold 18px/36px sans-serif; }
.name { font-weight: 600; color: #f2f3f5; } .app { background: #5865f2; color: #fff; font-size: 10px; padding: 1px 4px;
  border-radius: 3px; margin-left: 4px; } .used, .only { color: #949ba4; font-size: 12px; }
.embed { background: #2b2d31; border-left: 4px solid; border-radius: 4px; padding: 8px 10px; margin: 4px 0; }
.title { font-weight: 600; color: #f2f3f5; margin-bottom: 4px; } .small { color: #949ba4; font-size: 12px; }
pre { background: #1e1f22; border-radius: 4px; padding: 6px; margin: 4px 0; font: 11.6px/1.35 "DejaVu Sans Mono";
  white-space: pre-wrap; }
img { max-width: 100%; border-radius: 4px; margin-top: 6px; } .row { margin-top: 6px; }
.button { display: inline-block; color: #fff; border-radius: 4px; padding: 6px 12px; margin: 0 6px 4px 0; }
.menu, .file { background: #1e1f22; border-radius: 4px; padding: 8px 10px; color: #949ba4; }
"""


async def picture(shown: Iterable[tuple[str, Message]], to: Path) -> None:
    """Draw the messages one below the other into a PNG. Raises FileNotFoundError where there is no browser."""
    page = f"<meta charset=utf-8><style>{CSS}</style>" + "".join(_message(*each) for each in shown)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(page)
        how = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile")
        size = (f"--window-size={WIDTH},{HEIGHT_MAX}", f"--force-device-scale-factor={SCALE}")
        process = await asyncio.create_subprocess_exec(
            BROWSER, *how, *size, f"--screenshot={to}", source.as_uri(),
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await process.wait()
    _trim(to)


def _trim(path: Path) -> None:
    """Without the empty rest of the window."""
    from PIL import Image, ImageChops

    drawn = Image.open(path).convert("RGB")
    empty = Image.new("RGB", drawn.size, drawn.getpixel((0, drawn.height - 1)))
    box = ImageChops.difference(drawn, empty).getbbox()
    drawn.crop((0, 0, drawn.width, min((box[3] if box else 0) + 20, drawn.height))).save(path)


def _message(asked: str, message: Message) -> str:
    used = f"<div class=used>you used <b>{html.escape(asked)}</b></div>" if asked else ""
    only = "<div class=only>Only you can see this · Dismiss message</div>" if message.ephemeral else ""
    head = "<div class=face>k</div><span class=name>kalshi-chatops</span><span class=app>APP</span>"
    inside = "".join((_marked(message.content), _embed(message), _files(message), *_rows(message)))
    return f"<div class=message>{used}{head}{inside}{only}</div>"


def _embed(message: Message) -> str:
    embed = message.embed
    if not embed:
        return ""
    title = f"<div class=title>{_inline(embed['title'])}</div>" if embed.get("title") else ""
    image = _image(message) if embed.get("image") else ""
    text = _marked(embed.get("description", ""))
    return f"<div class=embed style='border-color:#{embed['color']:06x}'>{title}{text}{image}</div>"


def _image(message: Message) -> str:
    data = base64.b64encode(message.files["picture.png"]).decode()
    return f"<img src='data:image/png;base64,{data}'>"


def _files(message: Message) -> str:
    others = [name for name in message.files if name != "picture.png"]
    return "".join(f"<div class='file row'>{html.escape(n)} · {len(message.files[n]):,} bytes</div>" for n in others)


def _rows(message: Message) -> Iterator[str]:
    for row in message.body.get("components") or []:
        yield "<div class=row>" + "".join(map(_component, row["components"])) + "</div>"


def _component(made: Json) -> str:
    if made["type"] != BUTTON:
        labels = ", ".join(each["label"] for each in made["options"])
        return f"<div class=menu>{html.escape(made.get('placeholder', ''))} ▾<br>{html.escape(labels)}</div>"
    return f"<span class=button style='background:{STYLES[made['style']]}'>{html.escape(made['label'])}</span>"


def _marked(text: str) -> str:
    """Code blocks, small print, bold; what is escaped is shown as it is."""
    parts = FENCE.split(text)
    drawn = [f"<pre>{html.escape(part)}</pre>" if n % 2 else _lines(part) for n, part in enumerate(parts)]
    return "".join(drawn)


def _lines(text: str) -> str:
    lines = text.strip("\n").split("\n") if text.strip() else []
    small = [(line.removeprefix("-# "), line.startswith("-# ")) for line in lines]
    return "".join(f"<div class={'small' if is_small else 'line'}>{_inline(line)}</div>" for line, is_small in small)


def _inline(text: str) -> str:
    bold = re.sub(r"(?<!\\)\*\*(.+?)(?<!\\)\*\*", "\x01\\1\x02", text)
    plain = html.escape(re.sub(r"\\([^\w\s])", r"\1", bold))
    return plain.replace("\x01", "<b>").replace("\x02", "</b>")
