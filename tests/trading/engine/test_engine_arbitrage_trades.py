"""What the watch over pairs buys: its own legs, once, and only while halts, modes and /disable let it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.trading.build import TICKER
from tests.trading.engine.arbitrage_rig import COMPLEMENT, OTHER, D, for_longer, watched
from tests.trading.engine.rig import START
from trading.domain.events import HaltRaised, StrategySwitched
from trading.domain.order import Mode
from trading.domain.state import Reason
from trading.domain.venue import VenueBook
from trading.strategies.arbitrage import COMPLEMENT_RISK


async def test_told_to_trade_it_buys_its_own_leg_once() -> None:
    found = watched(trades=True)
    found.rig.real.on_place = ["fill"]
    await found.look()
    order = found.rig.order()
    assert (order.ticker, order.strategy, order.mode, order.count) == (TICKER, "arbitrage", Mode.REAL, 10)
    assert (order.own_price, order.time_in_force.value) == (D("0.52"), "fill_or_kill")
    assert found.told[0].done == f"{TICKER} bought"


async def test_a_market_is_bought_once_whatever_is_seen_later() -> None:
    found = watched(trades=True)
    for_longer(found)
    found.rig.real.on_place = ["fill"]
    await found.look()
    await found.look(900)
    assert found.rig.real.calls.count("place") == 1
    assert "has already tried" in found.told[1].done


@pytest.mark.parametrize("act", ["fill", "kill"])
async def test_the_second_own_leg_goes_only_where_the_first_was_taken(act: str) -> None:
    found = watched(COMPLEMENT, trades=True)
    found.rig.real.on_place = [act, "fill"]
    await found.look()
    assert found.rig.real.calls.count("place") == (2 if act == "fill" else 1)
    assert found.told[0].risk == COMPLEMENT_RISK
    assert found.told[0].done.startswith(f"{TICKER} bought; {OTHER} bought" if act == "fill" else f"{TICKER} canceled")


async def test_a_halt_holds_what_it_buys_and_not_what_it_sees() -> None:
    found = watched(trades=True)
    found.rig.book.record(HaltRaised(START, Reason.MANUAL, "somebody"))
    assert await found.look() == 1
    assert found.rig.real.calls.count("place") == 0
    assert "trading is halted" in found.told[0].done


async def test_switched_off_it_neither_reads_nor_tells() -> None:
    found = watched(trades=True)
    found.rig.book.record(StrategySwitched(START, "arbitrage", False, "somebody"))
    assert await found.look() == 0
    assert (found.books.asked, found.rig.real.calls) == ([], [])
    found.rig.book.record(StrategySwitched(START, "arbitrage", True, "somebody"))
    assert await found.look() == 1


async def test_a_kill_while_it_reads_is_in_time() -> None:
    found = watched(trades=True)
    reading, answered = asyncio.Event(), asyncio.Event()
    read = found.books.book

    async def slowly(token: str) -> VenueBook:
        reading.set()
        await answered.wait()
        return await read(token)

    found.books.book = slowly  # type: ignore[method-assign]
    looking = asyncio.create_task(found.watch.look())
    await reading.wait()
    await found.rig.desk.kill("somebody")
    answered.set()
    await looking
    assert found.rig.real.calls.count("place") == 0


async def test_in_the_dry_run_nothing_goes_to_the_exchange() -> None:
    found = watched(trades=True)
    found.rig.book.state = replace(found.rig.book.state, mode=Mode.DRY_RUN)
    found.rig.paper.on_place = ["fill"]
    await found.look()
    assert found.rig.order().mode is Mode.DRY_RUN
    assert found.rig.real.calls.count("place") == 0
