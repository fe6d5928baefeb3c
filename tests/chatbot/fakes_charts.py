"""Fakes for what draws: it remembers what was asked for and gives the same small picture for everything."""

from __future__ import annotations

import struct
import zlib

from chatbot.charts.data import Drawing


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


# One black pixel.
PNG = b"".join(
    (
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(b"\0\0")),
        _chunk(b"IEND", b""),
    )
)


class FakeCharts:
    """`broken` is raised instead of drawing."""

    def __init__(self) -> None:
        self.asked: list[Drawing] = []
        self.broken: Exception | None = None

    async def draw(self, drawing: Drawing) -> bytes:
        self.asked.append(drawing)
        if self.broken:
            raise self.broken
        return PNG
