"""A dry run sends the exchange no order: all that reaches it are the cancels of the switch and of a kill."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from chatbot.tools.demo import EPOCH
from tests.flows.venues import Running, running
from trading.clock import VirtualClock
from trading.domain.intent import Intent
from trading.domain.market import Outcome
from trading.domain.order import Mode, Order
from trading.exchange.simulated.server import SimulatedServer

LONG, BEAT = timedelta(hours=5), timedelta(minutes=1)  # twenty windows, at a leisurely pace
SLOW = {"MIN_PRICE": "0.01", "SAMPLE_AGE_SECONDS": "75"}
FAR = Decimal("0.02")  # nobody sells that cheap
CANCEL_ALL, CANCEL_ONE = "DELETE /portfolio/events/orders", "DELETE /portfolio/events/orders/{order_id}"
CREATE = "POST /portfolio/events/orders"


@pytest.fixture
def orders_served(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the server was asked to change an order, by method and path."""
    served: Counter[str] = Counter()
    answer = SimulatedServer._answer

    def counted(self: SimulatedServer, route: Any, request: Any, ask: Any) -> Any:
        if route.method != "GET" and "/orders" in route.path:
            served[f"{route.method} {route.path}"] += 1
        return answer(self, route, request, ask)

    monkeypatch.setattr(SimulatedServer, "_answer", counted)
    return served


async def rests(bot: Running) -> None:
    """A real order of ours that nobody fills."""
    await bot.app.cycle.observer.look()
    view = bot.app.cycle.observer.view
    assert view
    assert view.market
    wish = Intent("by-hand", view.market.ticker, Outcome.YES, FAR, Decimal(5), "to rest")
    assert view.quote
    outcome = await bot.app.cycle.broker.submit(wish, view.market, view.quote)
    assert isinstance(outcome, Order), outcome


async def test_hours_of_paper_trading_touch_no_order_endpoint(tmp_path: Path, orders_served: Counter[str]) -> None:
    clock = VirtualClock(EPOCH)
    async with running(tmp_path, clock, **SLOW) as bot:
        await bot.until(EPOCH + timedelta(seconds=10))
        await rests(bot)
        assert orders_served[CREATE] >= 1
        orders_served.clear()
        await bot.app.desk.set_dry_run(True, "Ann (telegram:7)")
        assert orders_served == {CANCEL_ONE: 1}
        orders_served.clear()
        await bot.until(EPOCH + LONG, BEAT)
        assert orders_served == {}
        paper = [o for o in cast(list[Order], bot.app.store.select("orders")) if o.mode is Mode.DRY_RUN]
        assert len(paper) >= 5
        assert sum(trade.mode is Mode.DRY_RUN for trade in bot.trades()) >= 3
        report = await bot.app.desk.kill("Ann (telegram:7)")
        assert report.cancel_sent
        assert orders_served == {CANCEL_ALL: 1}
        await bot.until(clock.now() + timedelta(minutes=20), BEAT)
    assert orders_served == {CANCEL_ALL: 1}
