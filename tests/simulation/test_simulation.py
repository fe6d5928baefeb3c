"""The whole bot through crashes, faults and people: it stays right, the same seed does the same, and the parts it all
stands on (virtual time, the modelled disk) are what they say."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatbot.tools.simulation.disk import ModelledDisk, Power, PowerCut, Trouble
from chatbot.tools.simulation.report import Report, simulate_all
from chatbot.tools.simulation.run import Outcome, simulate
from chatbot.tools.simulation.scenario import Act, draw
from chatbot.tools.simulation.timeline import LoopClock, VirtualLoop
from chatbot.tools.simulation.watch import Violation

SEEDS = 200  # about 45 s on one core; `kalshi-chatops simulate` runs as many as one likes
FILE = Path("journal-000000000001.log")


def test_nothing_is_broken_in_many_seeds(record_property: pytest.FixtureRequest) -> None:
    report = simulate_all(0, SEEDS)
    assert not list(report.violations())
    figures = report.figures()
    assert figures["beats"] > SEEDS * 300
    assert figures["crashes"] > SEEDS / 2  # a simulation in which nothing happens proves nothing
    assert figures["fills"] > SEEDS
    record_property("simulation", json.dumps(figures))  # type: ignore[operator]


def test_the_same_seed_does_the_same_also_in_another_process() -> None:
    """Sets of names are ordered otherwise there."""
    seeds = (1, 36, 255)
    script = f"from chatbot.tools.simulation.run import simulate; print(*[simulate(s).digest for s in {seeds}])"
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    here = [simulate(seed).digest for seed in seeds]
    assert here == there
    assert len(set(here)) == len(seeds)


def test_seeds_choose_every_kind_of_trouble() -> None:
    scenarios = [draw(seed) for seed in range(200)]
    chosen = {e.act for s in scenarios for e in s.events} | {e.act for s in scenarios for _, e in s.ambushes}
    assert chosen == set(Act)
    assert {bool(s.shares) for s in scenarios} == {bool(s.stale) for s in scenarios} == {True, False}


def test_a_violation_is_told_with_the_command_that_shows_it_again() -> None:
    report = Report()
    report.add(Outcome(7, 12, 1, 1, (Violation(12, "a stranger gets no answer", "/kill"),)))
    assert list(report.violations()) == [
        "seed 7, beat 12: broken: a stranger gets no answer (/kill)",
        "    again: kalshi-chatops simulate --first-seed 7 --seeds 1",
    ]
    assert report.figures()["violations"] == 1


def test_the_command_sums_up_as_json() -> None:
    line = [sys.executable, "-m", "chatbot", "simulate", "--seeds", "1", "--first-seed", "36", "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert (figures["seeds"], figures["violations"]) == (1, 0)
    assert {"beats", "crashes", "faults", "seconds"} <= figures.keys()


def test_virtual_time_jumps_from_timer_to_timer() -> None:
    loop, seen = VirtualLoop(), []
    clock = LoopClock(datetime(2026, 1, 5, tzinfo=UTC), loop.time)

    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append(clock.now())

    async def all_of_them() -> None:
        await asyncio.gather(wait(3600), wait(60))
        clock.step(30)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 10)

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(all_of_them())
    start = datetime(2026, 1, 5, tzinfo=UTC)
    assert seen == [start + timedelta(minutes=1), start + timedelta(hours=1)]
    assert clock.now() == start + timedelta(seconds=3640)


def written(disk: ModelledDisk) -> int:
    handle = disk.create(FILE)
    disk.sync_folder(FILE.parent)
    disk.write(handle, b"kept", 0)
    disk.sync(handle)
    return handle


def test_the_disk_keeps_what_was_synced_over_a_power_cut() -> None:
    disk = ModelledDisk()
    disk.write(written(disk), b"lost?", 4)
    assert disk.holds("kept")
    assert not disk.holds("lost")
    found = set()
    for seed in range(20):
        after = disk.copy()
        after._files[FILE.name].durable = bytearray(b"kept")
        after._files[FILE.name].pending = [(4, b"lost?")]
        after.lose_power(random.Random(seed))
        found.add(after.read(FILE))
    assert found == {b"kept", b"keptlost?"}


def test_a_process_that_dies_leaves_to_the_system_what_it_had_taken() -> None:
    disk = ModelledDisk()
    disk.write(written(disk), b"more", 4)
    disk.lose_process(random.Random(1))
    assert disk.read(FILE) == b"keptmore"


@pytest.mark.parametrize("trouble", [Trouble.FULL, Trouble.READ_ONLY])
def test_a_spoilt_disk_takes_nothing_more(trouble: Trouble) -> None:
    disk = ModelledDisk()
    handle = written(disk)
    disk.trouble = trouble
    with pytest.raises(OSError):
        disk.write(handle, b"more", 4)
    disk.trouble = Trouble.NONE
    assert disk.read(FILE) == b"kept"


def test_a_failed_sync_keeps_its_write_in_memory_only() -> None:
    disk = ModelledDisk()
    handle = written(disk)
    disk.write(handle, b"more", 4)
    disk.trouble = Trouble.SYNC_FAILS
    with pytest.raises(OSError):
        disk.sync(handle)
    disk.trouble = Trouble.NONE
    disk.sync(handle)
    assert disk.read(FILE) == b"keptmore"
    disk.lose_power(random.Random(1))
    assert disk.read(FILE) == b"kept"


def test_after_its_last_step_a_process_does_nothing() -> None:
    power = Power()
    power.step()
    power.cut_after(1)
    power.step()
    for _ in range(2):
        with pytest.raises(PowerCut):
            power.step()
    assert not power.on


def test_the_log_of_whoever_runs_it_is_left_as_it_was() -> None:
    level = logging.getLogger("kalshi-chatops").level
    simulate(0)
    assert logging.getLogger("kalshi-chatops").level == level
