"""How many recorded windows a second the whole bot plays, a beat for each snapshot, with the exchange in memory; beside
the same snapshots through its strategy and the ledger alone.

The recording is made in the simulated world where none is given. Reading it is in neither time; both must make the
same bets of it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import cast

from chatbot.life.life import App
from chatbot.tools.bench.bare_replay import bare_replay
from chatbot.tools.bench.figures import Row, row
from chatbot.tools.bench.recording import record
from chatbot.tools.replay import play, recorded_app
from chatbot.tools.run import steady
from chatbot.wiring.strategies_file import assigned
from trading.clock import VirtualClock, monotonic
from trading.domain.errors import Unavailable
from trading.domain.trade import Trade
from trading.exchange.simulated.recorded import RecordedWorld
from trading.research.backtest import limits
from trading.research.tape import Record, recorded

WINDOWS = 96  # a day of them, where they are made
WINDOWS_A_SECOND_MIN, BARE_SHARE_MIN = 50.0, 0.5

Bet = tuple[str, str, Decimal, Decimal, Decimal, str, Decimal]


async def replaying(
    folder: Path, runs: int, progress: Callable[[int, int], None], given: Path | None = None
) -> list[Row]:
    """Play the recording so often, in turns with the bare loop: the one in the folder that is `given`, or one made in
    `folder`. Raises Unavailable where both do not come to the same, Misconfigured for a recording that cannot be read.
    """
    snapshots, results = await asyncio.to_thread(recording, folder, given)
    world, tape = RecordedWorld.load(snapshots, results), recorded(snapshots, results)
    whole, bare = list[float](), list[float]()
    for run in range(runs):
        whole.append(await _turn(world, tape, bare))
        progress(run + 1, runs)
    return _rows(len(world.recorded), whole, bare)


def recording(folder: Path, given: Path | None) -> tuple[Path, Path]:
    """The files of snapshots and of results: SERIES_*_snapshots.jsonl.gz and SERIES_results*.csv in the folder that is
    `given` and has them, or made in `folder`."""
    for snapshots in sorted(given.glob("*_snapshots.jsonl.gz")) if given else ():
        series = snapshots.name.split("_")[0]
        if results := sorted(snapshots.parent.glob(f"{series}_results*.csv")):
            return snapshots, results[0]
    return record(folder, WINDOWS)


async def unlimited(world: RecordedWorld, folder: Path) -> tuple[App, VirtualClock]:
    """A bot over a recorded world that no limit of an account stops: the bare loop knows none."""
    app, clock = await recorded_app(world, folder)
    app.cycle.broker.limits = limits(app.settings.order_timeout_seconds)
    return app, clock


async def _turn(world: RecordedWorld, tape: Sequence[Record], bare: list[float]) -> float:
    """One replay and one of the bare loop, whose seconds go to `bare`; the seconds of the replay."""
    with tempfile.TemporaryDirectory(prefix="kalshi-chatops-bench-") as data:
        app, clock = await unlimited(world, Path(data))
        steady()
        delivering = asyncio.create_task(app.outbox.run())
        try:
            await app.start()
            began = monotonic()
            await play(app, clock, world)
            took = monotonic() - began
            bare.append(_compared(app, tape))
        finally:
            await app.stop("the measuring is over")
            delivering.cancel()
    return took


def _compared(app: App, tape: Sequence[Record]) -> float:
    """The seconds of the bare loop. Raises Unavailable where it makes other bets than the bot has."""
    [only] = assigned(app.settings)
    began = monotonic()
    trades = bare_replay(only.strategy, tape)
    took = monotonic() - began
    made = [trade for trade in cast(list[Trade], app.store.select("trades")) if trade.contracts]
    if sorted(map(bet_of, trades)) != sorted(map(bet_of, made)):
        raise Unavailable(
            f"the bare loop makes {len(trades)} bets of the recording and the bot {len(made)}, not the same"
        )
    return took


def bet_of(trade: Trade) -> Bet:
    """What a bet was and what came of it."""
    ended = str(trade.outcome)
    return trade.ticker, trade.side, trade.contracts, trade.cost, trade.fees, ended, trade.profit


def _rows(windows: int, whole: Sequence[float], bare: Sequence[float]) -> list[Row]:
    name = f"replay of {windows} recorded windows"
    speed, least = windows / median(whole), windows / median(bare)
    return [
        row(name, speed, None, WINDOWS_A_SECOND_MIN, unit="windows/s", least=True),
        row(f"{name}, beside a bare loop", speed, least, BARE_SHARE_MIN * least, unit="windows/s", least=True),
    ]
