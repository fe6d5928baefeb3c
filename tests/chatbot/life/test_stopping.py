"""Stopping step by step: what is said of our orders, what hangs and what fails, and that everything is closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from fakes_outbox import FakeChannel

from chatbot.app import build
from chatbot.config import load
from chatbot.life import stopping
from chatbot.life.life import App
from chatbot.tools.demo import EPOCH
from storage.store import TinyStore
from tests.trading.build import order
from trading.clock import VirtualClock, monotonic
from trading.domain.errors import StoreFailed
from trading.domain.events import OrderAcknowledged, OrderIntended
from trading.domain.order import Order, OrderStatus
from trading.domain.records import Notice

NOTHING = (("Why", "asked to"), ("Orders", "none was open"), ("Positions", "none"))


async def bot(folder: Path, **settings: str) -> tuple[App, FakeChannel]:
    channel = FakeChannel("telegram")
    loaded = load(None, {"DATA_DIR": str(folder), "KALSHI_ENV": "simulated", **settings})
    app = await build(loaded, clock=VirtualClock(EPOCH), channels=lambda *_: (channel,))
    return app, channel


@pytest.fixture(autouse=True)
async def delivering() -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks: list[asyncio.Task[None]] = []
    yield tasks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def resting(app: App, number: int) -> Order:
    """An order of ours that the book holds to be open."""
    made = order(
        client_order_id=f"k{number}", ticker=f"KX-{number}", created_at=EPOCH, close_time=EPOCH + timedelta(hours=1)
    )
    app.book.record(
        OrderIntended(EPOCH, made),
        OrderAcknowledged(EPOCH, made.client_order_id, f"o{number}", OrderStatus.RESTING, made.filled),
    )
    return made


def proving(app: App, ends: dict[str, OrderStatus | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """An exchange that ends each order so; None: it does not answer."""

    async def cancel(which: Order, why: str) -> bool:
        assert why == "the bot stops"
        status = ends[which.client_order_id]
        if status is None:
            await asyncio.Event().wait()
            return False
        app.book.record(OrderAcknowledged(EPOCH, which.client_order_id, which.order_id, status, which.count, why))
        return True

    monkeypatch.setattr(app.cycle.broker, "cancel", cancel)


def stopped(channel: FakeChannel) -> Notice:
    [notice] = [each for each in channel.notices if each.title == "Stopped"]
    return notice


async def test_nothing_open_is_said_too(tmp_path: Path, delivering: list[asyncio.Task[None]]) -> None:
    app, channel = await bot(tmp_path)
    delivering.append(asyncio.create_task(app.outbox.run()))
    await app.stop("asked to")
    assert stopped(channel).fields == NOTHING


async def test_each_order_is_told_by_what_was_proved_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delivering: list[asyncio.Task[None]]
) -> None:
    monkeypatch.setattr(stopping, "STOP_SECONDS_MAX", 2.0)
    monkeypatch.setattr(stopping, "CANCELS_SECONDS_MIN", 0.1)
    app, channel = await bot(tmp_path)
    ends = (OrderStatus.CANCELED, OrderStatus.CANCELED, OrderStatus.EXECUTED, None)
    orders = [resting(app, number) for number in range(len(ends))]
    proving(app, {each.client_order_id: end for each, end in zip(orders, ends, strict=True)}, monkeypatch)
    delivering.append(asyncio.create_task(app.outbox.run()))
    await app.stop("asked to")
    told = dict(stopped(channel).fields)
    assert told["Orders"] == "2 cancelled, 1 not proved cancelled: the next start checks"
    assert stopped(channel).mood == "alert"


async def test_an_order_that_was_on_its_way_and_taken_back_at_once_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delivering: list[asyncio.Task[None]]
) -> None:
    app, channel = await bot(tmp_path)
    made = resting(app, 1)

    async def turn_ends() -> None:
        app.book.record(
            OrderAcknowledged(EPOCH, made.client_order_id, "o1", OrderStatus.CANCELED, made.filled, "halted")
        )

    monkeypatch.setattr(App, "quiet", lambda self: turn_ends())
    proving(app, {}, monkeypatch)
    delivering.append(asyncio.create_task(app.outbox.run()))
    await app.stop("asked to")
    assert dict(stopped(channel).fields)["Orders"] == "1 cancelled"


async def test_leave_asks_the_exchange_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delivering: list[asyncio.Task[None]]
) -> None:
    app, channel = await bot(tmp_path, ON_STOP="leave")
    resting(app, 1)
    proving(app, {}, monkeypatch)
    delivering.append(asyncio.create_task(app.outbox.run()))
    await app.stop("asked to")
    assert dict(stopped(channel).fields)["Orders"] == "1 left resting (ON_STOP=leave)"
    assert not app.cycle.broker.latch.closed


async def test_a_beat_that_hangs_gets_no_order_past_the_gate_and_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delivering: list[asyncio.Task[None]]
) -> None:
    monkeypatch.setattr(stopping, "TURN_SECONDS_MAX", 0.1)
    app, channel = await bot(tmp_path)

    async def hang() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(app.cycle, "beat", hang)
    delivering.extend((asyncio.create_task(app.beat()), asyncio.create_task(app.outbox.run())))
    await asyncio.sleep(0)
    await app.stop("asked to")
    assert app.cycle.broker.latch.closed
    assert stopped(channel).fields == NOTHING


async def test_whatever_hangs_or_fails_everything_else_is_closed_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stopping, "STOP_SECONDS_MAX", 0.3)
    monkeypatch.setattr(stopping, "CLOSE_SECONDS_MAX", 0.1)
    monkeypatch.setattr(stopping, "DRAIN_SECONDS_MIN", 0.05)
    app, channel = await bot(tmp_path)  # whose outbox nobody carries on: a chat that hangs

    async def hang() -> None:
        await asyncio.Event().wait()

    async def fail() -> None:
        raise OSError("the socket has gone")

    monkeypatch.setattr(channel, "close", hang)
    app.places.closing.append(fail)
    began = monotonic()
    await app.stop("asked to")
    assert monotonic() - began < 2
    assert "does not end well" in caplog.text
    store = TinyStore.open(app.settings.data_folder / "store")  # its lock was let go
    [owed] = [row for row in store.select("outbox") if isinstance(row, Notice)]
    store.close()
    assert owed.title == "Stopped"


async def test_a_store_that_fails_over_a_cancel_is_fatal_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, channel = await bot(tmp_path)
    resting(app, 1)

    async def cancel(which: Order, why: str) -> bool:
        raise StoreFailed("the disk is full")

    monkeypatch.setattr(app.cycle.broker, "cancel", cancel)
    await app.stop("asked to")
    assert isinstance(app.fatal, StoreFailed)
    assert [notice.title for notice in channel.notices] == ["The bot stops: the disk is full"]
