"""The whole bot tells its report at the owner's hour, with its picture, and leaves no process behind."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from fakes_outbox import FakeChannel

from chatbot.app import build
from chatbot.config import load
from tests.trading.build import fill, order
from trading.clock import VirtualClock
from trading.domain.events import MarketSettled, OrderAcknowledged, OrderFilled, OrderIntended
from trading.domain.order import Mode, OrderStatus
from trading.engine.book import Book
from trading.exchange.simulated.spot import ANCHOR

NOON = ANCHOR.replace(year=2026, hour=12)
DRAWN_SECONDS_MAX = 20.0


def bet(book: Book) -> None:
    """Ten YES at 50 cents that lost."""
    placed = order(order_id="x1", created_at=NOON)
    book.record(
        OrderIntended(NOON, placed),
        OrderAcknowledged(NOON, "k1-a", "x1", OrderStatus.RESTING, Decimal(0)),
        OrderFilled(NOON, fill(placed)),
        MarketSettled(NOON, placed.ticker, Mode.REAL, "no", Decimal(0)),
    )


async def test_the_report_comes_at_its_hour_with_its_picture(tmp_path: Path) -> None:
    settings = load(None, {"DATA_DIR": str(tmp_path), "DAILY_DIGEST_AT": "18:30"})
    clock, phone = VirtualClock(NOON), FakeChannel("telegram")
    app = await build(settings, clock=clock, channels=lambda *_: (phone,))
    delivering = asyncio.create_task(app.outbox.run())
    await app.report()
    bet(app.book)
    clock.advance_to(NOON + timedelta(hours=6, minutes=29))
    await app.report()
    assert not [each for each in phone.notices if each.kind == "report"]
    clock.advance_to(NOON + timedelta(hours=6, minutes=30))
    await app.report()
    await app.report()
    assert await app.outbox.drain(DRAWN_SECONDS_MAX)
    ((told, how),) = [pair for pair in zip(phone.notices, phone.hows, strict=True) if pair[0].kind == "report"]
    assert told.title == "Daily report: -$5.18"
    assert how.picture is not None
    assert how.picture.png.startswith(b"\x89PNG")
    assert app.charts.pid is not None
    await app.stop("the test is over")
    assert app.charts.pid is None
    delivering.cancel()


@pytest.mark.parametrize(("money", "told"), [("19.99", 1), ("20", 0)])
async def test_a_low_balance_is_told(tmp_path: Path, money: str, told: int) -> None:
    given = {"DATA_DIR": str(tmp_path), "DRY_RUN": "true", "DRY_RUN_BALANCE_USD": money, "MAX_ORDER_USD": "1"}
    phone = FakeChannel("telegram")
    app = await build(load(None, given), clock=VirtualClock(NOON), channels=lambda *_: (phone,))
    delivering = asyncio.create_task(app.outbox.run())
    await app.beat()
    await app.beat()
    assert await app.outbox.drain(DRAWN_SECONDS_MAX)
    assert [each.kind for each in phone.notices].count("balance") == told
    await app.stop("the test is over")
    delivering.cancel()
