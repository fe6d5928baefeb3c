"""The bench of the replay: the whole bot and the bare loop make the same bets of one recording."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from chatbot.tools.bench import replaying as bench
from chatbot.tools.bench.bare_replay import bare_replay
from chatbot.tools.bench.recording import EVERY, WINDOW, record
from chatbot.tools.replay import ENTRY_WINDOW_SECONDS, play
from trading.domain.errors import Unavailable
from trading.domain.trade import Trade
from trading.exchange.simulated.recorded import RecordedWorld
from trading.research.tape import recorded
from trading.strategies.consensus import Consensus

WINDOWS = 8
STRATEGY = Consensus(entry_window_seconds=ENTRY_WINDOW_SECONDS)


async def _bets_of_the_bot(folder: Path, world: RecordedWorld) -> list[bench.Bet]:
    app, clock = await bench.unlimited(world, folder)
    await app.start()
    await play(app, clock, world)
    trades = [t for t in cast(list[Trade], app.store.select("trades")) if t.contracts]
    await app.stop("done")
    return sorted(map(bench.bet_of, trades))


async def test_a_made_recording_is_played_where_there_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "WINDOWS", WINDOWS)
    told: list[tuple[int, int]] = []
    rows = await bench.replaying(tmp_path, 2, lambda done, of: told.append((done, of)))
    name = f"replay of {WINDOWS} recorded windows"
    assert [row["name"] for row in rows] == [name, f"{name}, beside a bare loop"]
    assert [(row["unit"], row["value"] > 0) for row in rows] == [("windows/s", True)] * 2
    alone, beside = rows
    assert (alone["limit"], alone["reach"]) == (None, bench.WINDOWS_A_SECOND_MIN)
    assert beside["reach"] == pytest.approx(bench.BARE_SHARE_MIN * beside["limit"], abs=0.01)
    assert beside["holds"] is (beside["value"] >= beside["reach"])
    assert told == [(1, 2), (2, 2)]


async def test_both_make_the_same_bets_of_a_made_recording(tmp_path: Path) -> None:
    files = record(tmp_path, 3 * WINDOWS)
    world = RecordedWorld.load(*files)
    alone = sorted(map(bench.bet_of, bare_replay(STRATEGY, recorded(*files))))
    assert alone == await _bets_of_the_bot(tmp_path / "bot", world) != []


async def test_both_make_the_same_bets_of_real_windows(reference: Path, tmp_path: Path) -> None:
    data = reference / "data"
    files = data / "KXXRP15M_raw_snapshots.jsonl.gz", data / "KXXRP15M_results_2026-08-15on.csv"
    alone = sorted(map(bench.bet_of, bare_replay(STRATEGY, recorded(*files))))
    assert alone == await _bets_of_the_bot(tmp_path, RecordedWorld.load(*files)) != []


async def test_other_bets_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "WINDOWS", 3 * WINDOWS)
    monkeypatch.setattr(bench, "bare_replay", lambda strategy, tape: [])
    with pytest.raises(Unavailable, match="the bare loop makes 0 bets of the recording and the bot"):
        await bench.replaying(tmp_path, 1, lambda done, of: None)


async def test_the_recording_at_hand_is_taken_first(reference: Path, tmp_path: Path) -> None:
    rows = await bench.replaying(tmp_path, 1, lambda done, of: None, reference / "data")
    assert [row["name"].removesuffix(", beside a bare loop") for row in rows] == ["replay of 94 recorded windows"] * 2
    snapshots, results = bench.recording(tmp_path, reference / "data")
    assert snapshots.parent == results.parent == reference / "data"


def test_results_alone_are_no_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "WINDOWS", 1)
    given = tmp_path / "given"
    given.mkdir()
    (given / "KXBTC15M_results.csv").touch()
    snapshots, results = bench.recording(tmp_path, given)
    assert snapshots.parent == results.parent == tmp_path


def test_a_made_recording_has_whole_windows_and_their_results(tmp_path: Path) -> None:
    world = RecordedWorld.load(*record(tmp_path, WINDOWS))
    assert len(world.recorded) == WINDOWS
    assert {world.verdict(window) is not None for window in world.recorded} == {True}
    times = world.snapshot_times()
    assert len(times) == pytest.approx(WINDOWS * WINDOW / EVERY, abs=1)
    assert all(world.window(window.ticker) == window for window in world.recorded)
