"""`kill -9` at ten random moments, the exchange living on in its own process: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import cast

from chatbot.config import load
from chatbot.wiring.places import open_places
from storage.store import TinyStore
from tests.flows.processes import environment, exchange, pointing_at, started
from trading.domain.order import Fill, Order, OrderStatus
from trading.domain.trade import Trade
from trading.ports import Exchange

KILLS = 10
STARTING = 4  # every so many kills one comes at any moment, also while the bot starts
SPEED = "150"  # a window in six seconds
SETTLING_SECONDS = 9  # for what the crashes left open to be proved
ORDERS_MIN = 2  # of the whole run: with fewer it says nothing
LOOKS_MAX = 180  # half a second apart, where the crashes left it no time for them


def until_it_runs(bot: subprocess.Popen[str]) -> None:
    """Wait for the banner: start-up, which is recovery, is over then."""
    assert bot.stdout is not None
    while (line := bot.stdout.readline()) and not line.startswith("kalshi-chatops"):
        pass


async def until_it_has_sent(count: int, exchange: Exchange) -> None:
    """Wait for so many orders, in a bounded time: how soon one is due depends on the market."""
    for _ in range(LOOKS_MAX):
        if len(await exchange.orders()) >= count:
            return
        await asyncio.sleep(0.5)


async def test_ten_kills_lose_no_trade_and_enter_none_twice(tmp_path: Path) -> None:
    chance, data = random.Random(5), tmp_path / "data"
    with exchange(tmp_path / "exchange", seed="7", speed=SPEED) as where:
        settings = pointing_at(where, data)
        for number in range(KILLS):
            with started("run", "--no-terminal", cwd=tmp_path, **settings) as bot:
                if number % STARTING:
                    await asyncio.to_thread(until_it_runs, bot)
                await asyncio.sleep(chance.uniform(0.5, 2.5))
                bot.send_signal(signal.SIGKILL)
                bot.wait()
        with started("run", "--no-terminal", cwd=tmp_path, **settings) as bot:
            await asyncio.to_thread(until_it_runs, bot)
            await asyncio.sleep(SETTLING_SECONDS)
            places = await open_places(load(None, environment(**settings)))
            await until_it_has_sent(ORDERS_MIN, places.exchange)
        listed = await places.exchange.orders()
        their_fills = await places.exchange.fills()
        await places.close()

    store = TinyStore.open(data / "simulated" / "store")
    orders = {o.client_order_id: o for o in cast(list[Order], store.select("orders"))}
    fills = {f.fill_id: f for f in cast(list[Fill], store.select("fills"))}
    trades = cast(list[Trade], store.select("trades"))
    store.close()
    assert len(listed) >= ORDERS_MIN, "the run was too short to say anything"
    assert not [o for o in listed if o.status is OrderStatus.RESTING]
    assert not [o for o in orders.values() if o.live]
    assert max(Counter(o.ticker for o in listed).values()) == 1
    assert {o.client_order_id for o in listed} <= set(orders), "an order left that was not written down"
    assert {f.fill_id for f in their_fills} == set(fills)
    assert sum(f.count for f in their_fills) == sum(t.contracts for t in trades)
