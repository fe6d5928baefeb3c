"""The intent log of a bot as people run it: files in its data folder, and one word where they cannot be written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from fakes_outbox import FakeChannel

from chatbot.app import build
from chatbot.config import load
from chatbot.life.life import App
from chatbot.tools.demo import EPOCH
from trading.clock import VirtualClock
from trading.domain.records import Notice, Put
from trading.research.intent_log import lines


async def played(folder: Path, notices: list[Notice]) -> App:
    """A market maker for a minute, on the embedded exchange."""
    clock = VirtualClock(EPOCH)
    settings = load(None, {"DATA_DIR": str(folder), "STRATEGIES": "market_maker"})
    app = await build(settings, clock=clock, channels=lambda *_: (FakeChannel("terminal"),))

    def hear(puts: Sequence[Put]) -> None:
        notices.extend(put.record for put in puts if isinstance(put.record, Notice))

    app.book.listen(hear)
    await app.start()
    for _ in range(12):
        await app.beat()
        clock.advance_to(clock.now() + timedelta(seconds=5))
    await app.stop("the test is over")
    return app


async def test_every_wish_is_in_the_file_of_the_day_when_the_bot_has_ended(tmp_path: Path) -> None:
    app = await played(tmp_path, [])
    [path] = (tmp_path / "simulated" / "intents").iterdir()
    assert path.name == "2026-01-05.jsonl"
    log = list(lines(path.read_text().splitlines(), path.name))
    wishes = {line.wish.wish_id for line in log if line.wish and not line.wish.refused}
    assert wishes == {order.client_order_id for order in app.book.state.orders.values()}
    assert wishes
    ended = {line.cancel for line in log if line.cancel}
    assert ended >= {o.client_order_id for o in app.book.state.orders.values() if o.status == "canceled"}


async def test_a_folder_that_cannot_be_written_is_told_once_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "simulated").mkdir()
    (tmp_path / "simulated" / "intents").write_text("in the way")
    notices: list[Notice] = []
    app = await played(tmp_path, notices)
    told = [f"{n.title} {n.fields} {n.note}" for n in notices if n.kind == "error"]
    assert len([text for text in told if "intent log" in text]) == 1
    assert app.book.state.orders
    assert not app.book.state.halts
