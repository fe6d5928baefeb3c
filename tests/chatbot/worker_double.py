"""A process that draws nothing: what it does with a drawing stands in the drawing's title."""

from __future__ import annotations

import sys
import time

from chatbot.charts.data import SIZE_BYTES, decode

FOR_EVER = 3600.0  # seconds


def answer(title: str) -> None:
    if title == "hang":
        time.sleep(FOR_EVER)
    if title == "die":
        raise RuntimeError("no paper left")
    said = title.encode()
    size = len(said) + 1 if title == "cut" else len(said)
    sys.stdout.buffer.write(size.to_bytes(SIZE_BYTES) + said)
    sys.stdout.buffer.flush()
    if title == "cut":
        sys.exit()


if __name__ == "__main__":
    while size := sys.stdin.buffer.read(SIZE_BYTES):
        answer(decode(sys.stdin.buffer.read(int.from_bytes(size))).head.title)
