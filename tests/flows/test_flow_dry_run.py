"""A dry run through the whole bot: paper fills at real quotes, settled by real results, apart from real trades."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

from chatbot.app import build
from chatbot.config import load
from chatbot.tools.demo import EPOCH
from trading.clock import VirtualClock
from trading.domain.order import Mode, Order
from trading.domain.trade import Trade

WINDOW = timedelta(minutes=15)


async def test_paper_trades_add_up_leave_the_account_alone_and_go_on_after_a_restart(tmp_path: Path) -> None:
    settings = load(None, {"DATA_DIR": str(tmp_path), "SIM_SEED": "7", "DRY_RUN": "true"})
    clock = VirtualClock(EPOCH)
    for until in (EPOCH + 2 * WINDOW + timedelta(minutes=5), EPOCH + 4 * WINDOW):
        app = await build(settings, clock=clock)
        await app.start()
        while clock.now() < until:
            await app.beat()
            clock.advance_to(clock.now() + timedelta(seconds=5))
        trades = cast(list[Trade], app.store.select("trades"))
        orders = cast(list[Order], app.store.select("orders"))
        account = await app.places.exchange.balance()
        paper = (await app.desk.balance()).balance
        open_cash = sum((t.cost + t.fees for t in app.book.state.open_trades(Mode.DRY_RUN)), Decimal(0))
        closed = sum((t.profit for t in trades if not t.open), Decimal(0))
        await app.stop("the end of a part")
        assert account.total == 2000
        assert paper.total == 1000 + closed - open_cash
    bets = [t for t in trades if t.contracts]
    assert len(bets) >= 3
    assert {t.mode for t in trades} == {Mode.DRY_RUN}
    assert all(o.client_order_id.startswith("DRY-RUN-") and o.order_id.startswith("DRY-RUN-") for o in orders)
    assert all(t.fees > 0 for t in bets)
