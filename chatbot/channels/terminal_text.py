"""Replies on a terminal: as wide as it is, titles that stand out where it has colours, choices that can be typed.

What a terminal cannot show is written into files, and their paths are shown. A number that is typed stands for that
choice of the newest answer; the line that it sends is shown beside it, so that nobody has to guess.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chatbot.kept_files import keep
from chatbot.message import Button, Mood, Reply
from chatbot.render import WIDTH_MAX, Block, Kind, clean, joined, layout, typed_choices, wrap
from trading.clock import real_now

WIDTH_MIN = 20  # columns; on fewer nothing can be read anyway
PICTURES, FILES = "pictures", "exports"  # folders below the data folder
RESET = "\x1b[0m"
_STYLES: Mapping[Kind, str] = {"label": "\x1b[2m", "buttons": "\x1b[1m"}
_TITLES: Mapping[Mood, str] = {
    "plain": "\x1b[1m",
    "gain": "\x1b[1;32m",
    "loss": "\x1b[1;31m",
    "alert": "\x1b[1;33m",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a reply's picture and file: the words that stand for them."""

    picture: str = ""
    file: str = ""


class Screen:
    """Shows replies through `write`. `folder` is where pictures and files go (nowhere: they are only named); `width`
    says how many columns there are now."""

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        folder: Path | None = None,
        width: Callable[[], int] = lambda: WIDTH_MAX,
        colours: bool = False,
    ) -> None:
        self._write, self._folder, self._width, self._colours = write, folder, width, colours
        self._choices: Sequence[Button] = ()

    async def answer(self, reply: Reply) -> None:
        """Show an answer; numbers mean its choices from now on. Raises OSError when nobody reads."""
        shown = await self._shown(reply)
        self._choices = choices_of(reply)
        self._write(shown)

    async def notice(self, reply: Reply, before: str = "") -> None:
        """Show what nobody asked for. Raises OSError when nobody reads."""
        self._write(before + await self._shown(reply))

    def meant(self, line: str) -> str:
        """The line of the choice whose number was typed; else what was typed."""
        typed = line.strip().rstrip(".")
        numbers = {str(n): each.line for n, each in enumerate(self._choices, 1)}  # 000007 is a one-time code
        return numbers.get(typed, line)

    async def _shown(self, reply: Reply) -> str:
        kept = await asyncio.to_thread(_kept, self._folder, reply) if reply.picture or reply.file else Kept()
        blocks = blocks_of(reply, max(self._width(), WIDTH_MIN), kept)
        return styled(blocks, reply.mood) if self._colours else joined(blocks)


def choices_of(reply: Reply) -> tuple[Button, ...]:
    """What can be chosen by number: every choice, and the buttons that send more than a command's bare name."""
    return (*reply.choices, *(each for each in reply.buttons if " " in each.line and not each.typed))


def blocks_of(reply: Reply, width: int = WIDTH_MAX, kept: Kept | None = None) -> list[Block]:
    """The reply's parts in order; but for paths, which are kept whole to be copied, none is wider than `width`."""
    kept = kept or Kept()
    parts: list[tuple[Kind, list[str]]] = [
        ("note", _pictured(reply, width, kept)),
        ("note", [kept.file] if reply.file else []),
        ("note", _numbered(choices_of(reply), width)),
        ("buttons", wrap(typed_choices(reply.buttons), width)),
    ]
    return [*layout(reply, width), *(Block(kind, tuple(lines)) for kind, lines in parts if lines)]


def styled(blocks: Sequence[Block], mood: Mood = "plain") -> str:
    """The blocks with their titles bold, in the colour of the mood, and their labels dim."""
    styles = {**_STYLES, "title": _TITLES[mood]}
    return "\n".join(_marked(line, styles.get(block.kind, "")) for block in blocks for line in block.lines)


def _marked(line: str, style: str) -> str:
    return f"{style}{line}{RESET}" if style else line


def _pictured(reply: Reply, width: int, kept: Kept) -> list[str]:
    if reply.picture is None:
        return []
    spark = wrap(clean(reply.picture.spark), width)[:1]
    caption = wrap(clean(f"[{reply.picture.caption}]"), width)
    return [line for line in (*spark, *caption, kept.picture) if line]


def _numbered(choices: Sequence[Button], width: int) -> list[str]:
    """Each choice under its number, with the line that it sends."""
    side = len(str(len(choices)))
    lines = [
        line
        for n, each in enumerate(choices, 1)
        for line in wrap(clean(f"{n:>{side}}) {each.label}: {each.line}"), width, " " * (side + 2))
    ]
    return [*wrap("Type a number, or the line behind it:", width), *lines] if lines else []


def _kept(folder: Path | None, reply: Reply) -> Kept:
    """Write what cannot be shown into files."""
    name = f"{reply.title}-{real_now():%Y%m%d-%H%M%S}.png"
    picture = _path(folder, PICTURES, name, reply.picture.png) if reply.picture else ""
    return Kept(picture, _path(folder, FILES, reply.file.name, reply.file.data) if reply.file else "")


def _path(folder: Path | None, into: str, name: str, data: bytes) -> str:
    """Where a file is now, or that it is nowhere."""
    if folder is None:
        return name
    try:
        path = keep(folder / into, name, data)
    except OSError as error:
        log.warning("%s could not be written: %s", name, error)
        return f"({name} could not be written: {error.strerror})"
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
