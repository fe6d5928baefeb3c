"""What the wiring itself must keep: no secret in what people are told, whatever fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fakes_outbox import FakeChannel

from chatbot.app import build
from chatbot.config import load
from trading.clock import VirtualClock
from trading.exchange.simulated.spot import ANCHOR

TOKEN = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFake0"


async def test_an_error_that_nobody_foresaw_tells_no_secret(tmp_path: Path) -> None:
    settings = load(None, {"DATA_DIR": str(tmp_path), "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "1"})
    broken = FakeChannel("telegram", [RuntimeError(f"https://api.telegram.org/bot{TOKEN}/sendMessage: bug")])
    living = FakeChannel("discord")
    clock = VirtualClock(ANCHOR.replace(year=2026))
    app = await build(settings, clock=clock, channels=lambda *_: (broken, living))
    delivering = asyncio.create_task(app.outbox.run())
    await app.start()
    await app.outbox.drain(5)
    await app.stop("the test is over")
    delivering.cancel()
    texts = [f"{notice.title} {notice.fields} {notice.note}" for notice in (*living.notices, *broken.notices)]
    assert any("RuntimeError" in text for text in texts)
    assert not [text for text in texts if TOKEN in text]
