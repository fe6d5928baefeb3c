"""A bot with the settings that a test has written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatbot.app import build
from chatbot.config import load
from chatbot.life.life import App
from chatbot.tools.demo import EPOCH
from trading.clock import VirtualClock


@pytest.fixture
async def app(env: Path) -> AsyncIterator[App]:
    made = await build(load(), clock=VirtualClock(EPOCH))
    yield made
    await made.stop("the end")
