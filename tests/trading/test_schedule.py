"""The trigger: intervals by speed, one turn at a time, and every failure told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from trading.schedule import INTERVAL_SECONDS_MIN, Schedule

Told = list[tuple[str, str, BaseException | None]]


class Rig:
    def __init__(self, speed: float) -> None:
        self.told: Told = []
        self.schedule = Schedule(speed, lambda name, kind, error: self.told.append((name, kind, error)))


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig(speed=100)
    yield made
    made.schedule.stop()


async def test_intervals_follow_the_speed_and_begin_at_once(rig: Rig) -> None:
    turns = asyncio.Semaphore(0)

    async def turn() -> None:
        turns.release()

    rig.schedule.every("beat", 5, turn)
    rig.schedule.start()
    async with asyncio.timeout(2):
        for _ in range(4):
            await turns.acquire()
    assert rig.told == []


async def test_what_a_job_raises_is_told_and_it_goes_on(rig: Rig) -> None:
    turns = asyncio.Semaphore(0)

    async def turn() -> None:
        turns.release()
        raise ValueError("broken")

    rig.schedule.every("beat", 2, turn)
    rig.schedule.start()
    async with asyncio.timeout(2):
        for _ in range(3):
            await turns.acquire()
    name, kind, error = rig.told[0]
    assert (name, kind, str(error)) == ("beat", "error", "broken")


async def test_a_turn_that_still_runs_is_not_doubled_and_the_skip_is_told(rig: Rig) -> None:
    running = most = 0

    async def turn() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1

    rig.schedule.every("slow", 3, turn)
    rig.schedule.start()
    await asyncio.sleep(0.15)
    assert most == 1
    assert ("slow", "skipped", None) in rig.told


async def test_stop_lets_a_turn_end_and_begins_no_other(rig: Rig) -> None:
    ended: list[int] = []
    begun = asyncio.Event()

    async def turn() -> None:
        begun.set()
        await asyncio.sleep(0.05)
        ended.append(1)

    rig.schedule.every("beat", 1, turn)
    rig.schedule.start()
    await begun.wait()
    rig.schedule.stop()
    rig.schedule.stop()
    rig.told.clear()
    await asyncio.sleep(0.15)
    assert ended == [1]
    assert rig.told == []


async def test_at_a_thousand_times_the_speed_a_job_runs_as_often_as_the_machine_should() -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        turns += 1

    schedule = Schedule(1000)
    schedule.every("beat", 1, turn)
    schedule.start()
    await asyncio.sleep(0.3)
    schedule.stop()
    assert 1 < turns <= 0.3 / INTERVAL_SECONDS_MIN + 2
