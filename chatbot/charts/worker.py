"""The process that draws: drawings in at standard input, PNGs out at standard output, until the input ends.

It is started by `charts` with `python -m`, knows no secret, and gives way to everybody else on the machine. A drawing
that fails ends it, with the reason as the last line of standard error; the next one gets a new process.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

from chatbot.charts.data import SIZE_BYTES, decode

NICENESS = 10


def serve(asked: BinaryIO, drawn: BinaryIO) -> None:
    """Draw what is asked, in order, until the input ends."""
    from chatbot.charts.drawn import png  # half a second, which the first drawing takes

    while document := _read(asked):
        picture = png(decode(document))
        drawn.write(len(picture).to_bytes(SIZE_BYTES) + picture)
        drawn.flush()


def _read(asked: BinaryIO) -> bytes:
    """The next message, empty at the end of the input."""
    return asked.read(int.from_bytes(asked.read(SIZE_BYTES)))


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    serve(sys.stdin.buffer, sys.stdout.buffer)
