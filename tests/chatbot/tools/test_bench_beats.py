"""The bench of a beat: a real bot with orders that stand at the exchange, and what of the time is its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from chatbot.tools.bench import away
from chatbot.tools.bench import beats as bench
from chatbot.tools.bench.away import Watch, Watched
from chatbot.tools.bench.beats import Load, Own
from trading.domain.errors import Unavailable

OPEN = 12
BLOCK = "longest block of the loop"


async def test_every_load_has_its_rows(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    loads = (Load(1), Load(OPEN), Load(OPEN, 40))
    rows = await bench.beats(tmp_path, 2, lambda done, of: told.append((done, of)), loads)
    one, many, past = "1 open order", "12 open orders", "12 open orders, 40 in two days"
    works = [("beat", one), ("reconciliation", one)]
    works += [(what, load) for load in (many, past) for what in ("beat", "reconciliation", "one more order")]
    ends = (", p50", f": {BLOCK}")
    assert [row["name"] for row in rows] == [f"{what}, {load}{end}" for what, load in works for end in ends]
    assert told == [(1, 3), (2, 3), (3, 3)]
    for row in rows:
        assert row["value"] > 0
        block = row["name"].endswith(BLOCK)
        assert row["reach"] == (bench.BLOCK_MS_MAX if block else None)
        held_against_one = not block and one not in row["name"] and "one more" not in row["name"]
        assert (row["limit"] is not None) is held_against_one


async def test_orders_stand_at_the_exchange_while_it_beats(tmp_path: Path) -> None:
    async with bench._bot(tmp_path, Load(OPEN, 30)) as bot:
        own = Own(bot.watch)
        await bot.beat(own)
        for _ in range(OPEN):
            await bot.rest(own)
        await bot.beat(own)
        state = bot.app.book.state
        theirs = await bot.app.places.exchange.orders(status="resting")
        assert {order.order_id for order in theirs} == {order.order_id for order in state.live_orders()}
        assert len(theirs) == OPEN
        assert len(state.orders) == OPEN + 30
        assert bot.app.cycle.pulse.beats == 2
        assert bot.app.cycle.pulse.failures == 0
        assert bot.app.cycle.pulse.problems == {}
        assert len(own.taken) == OPEN + 2


async def test_orders_that_end_meanwhile_are_an_error(tmp_path: Path) -> None:
    async with bench._bot(tmp_path, Load(1)) as bot:
        with pytest.raises(Unavailable, match="0 orders are open after the measuring, 1 should be"):
            await bench._measured(bot, Load(1), 200)  # so many beats that the order's time is over


# --- whose time it is ---


class Exchange:
    """Takes its time."""

    def __init__(self, clock: Iterator[float]) -> None:
        self._clock = clock

    async def orders(self, *, status: str) -> str:
        for _ in range(5):
            next(self._clock)
        if status == "broken":
            raise Unavailable(status)
        return status


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Iterator[float]:
    """A clock that goes on by one second each time that it is read."""
    clock = iter(range(1_000))
    monkeypatch.setattr(away, "monotonic", lambda: float(next(clock)))
    return cast(Iterator[float], clock)


@pytest.mark.parametrize("status", ["resting", "broken"])
async def test_what_a_call_takes_is_not_the_bots(seconds: Iterator[float], status: str) -> None:
    watch = Watch()
    exchange = cast(Any, Watched(Exchange(seconds), watch))

    async def work() -> None:
        next(seconds)  # of its own
        try:
            assert await exchange.orders(status=status) == "resting"
        except Unavailable:
            assert status == "broken"
        for _ in range(3):
            next(seconds)

    assert await watch.work(work) == 6  # from the beginning to the call 2, from its end 4
    assert watch.away == 6  # the call's 5, and the reading of the clock
    assert watch.longest == 4
