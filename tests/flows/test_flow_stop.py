"""A store that fails at the very end is told on the chats, and everything is closed all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.app import build
from chatbot.config import load
from chatbot.outbox.channel import How
from chatbot.tools.counting import CountingChannel
from chatbot.tools.demo import EPOCH
from storage.store import TinyStore
from trading.clock import VirtualClock
from trading.domain.errors import StoreFailed
from trading.domain.records import Notice


class Hearing(CountingChannel):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.titles: list[str] = []

    async def deliver(self, notice: Notice, how: How) -> str:
        self.titles.append(notice.title)


async def test_a_store_that_fails_while_stopping_is_told_and_ends_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreFailed("the disk is full")

    hearing = Hearing()
    settings = load(None, {"DATA_DIR": str(tmp_path), "KALSHI_ENV": "simulated"})
    app = await build(settings, clock=VirtualClock(EPOCH), channels=lambda *_: (hearing,))
    await app.start()
    monkeypatch.setattr(app.store, "commit", full)
    await app.stop("asked to")
    assert isinstance(app.fatal, StoreFailed)
    assert hearing.titles == ["The bot stops: the disk is full"]
    TinyStore.open(settings.data_folder / "store").close()  # its lock was let go
