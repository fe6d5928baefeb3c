"""Progress on its way to a chat: the newest text, not too often, never in the command's way, nothing after the end."""

from __future__ import annotations

import asyncio

import pytest

from chatbot import progress
from chatbot.progress import Paced


class Shown:
    """What a chat was asked to show; `hanging` makes it take for ever."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.hang = asyncio.Event()
        self.hanging = False

    async def show(self, text: str) -> None:
        self.texts.append(text)
        if self.hanging:
            await self.hang.wait()


async def turns() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_the_first_is_shown_at_once_and_then_the_newest_when_its_time_has_come() -> None:
    shown, loop = Shown(), asyncio.get_running_loop()
    began = loop.time()
    paced = Paced(shown.show, 0.2)
    paced.start()
    for n in range(5):
        await paced.told(f"{n}")
        await turns()
    assert shown.texts == ["0"]
    async with asyncio.timeout(20):
        while shown.texts != ["0", "4"]:  # noqa: ASYNC110 - it comes with time alone
            await asyncio.sleep(0.01)
    assert loop.time() - began >= 0.2
    await paced.ended()


async def test_what_was_told_before_the_start_is_shown_with_it() -> None:
    shown = Shown()
    paced = Paced(shown.show, 0.0)
    await paced.told("old")
    await paced.told("new")
    await turns()
    assert shown.texts == []
    paced.start()
    await turns()
    assert shown.texts == ["new"]
    await paced.ended()


async def test_a_chat_that_hangs_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LAST_SECONDS_MAX", 0.01)
    shown = Shown()
    shown.hanging = True
    paced = Paced(shown.show, 0.0)
    paced.start()
    for n in range(5):
        await paced.told(f"{n}")
        await turns()
    assert shown.texts == ["0"], "one at a time"
    async with asyncio.timeout(5):
        await paced.ended()


async def test_nothing_is_shown_after_the_end() -> None:
    shown = Shown()
    paced = Paced(shown.show, 0.0)
    paced.start()
    await paced.told("first")
    await turns()
    await paced.ended()
    await paced.told("late")
    await turns()
    assert shown.texts == ["first"]
