"""What a terminal or a pipe shows, as tests read it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable


async def until(what: Callable[[], object]) -> None:
    for _ in range(600):
        if what():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError


class Screen:
    """What was written, without styles."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> None:
        self.parts.append(re.sub(r"\x1b\[[\d;]+m", "", text))

    @property
    def text(self) -> str:
        return "\n".join(self.parts)

    @property
    def titles(self) -> list[str]:
        return [part.strip().split("\n")[0] for part in self.parts]
