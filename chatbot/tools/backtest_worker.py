"""The process that plays a backtest for the chat: a wish in at standard input, an answer out at standard output.

It is started by `backtests` with `python -m`, knows no secret, and gives way to everybody else on the machine.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, date
from pathlib import Path
from typing import BinaryIO

import msgspec

from chatbot.backtests import Answer, Short, Wish
from chatbot.tools.backtest_shown import facts
from trading.clock import real_now
from trading.domain.errors import ChatopsError
from trading.domain.statistics import share
from trading.research.backtest import Terms, backtest
from trading.research.history import days_before
from trading.research.material import of_kept
from trading.research.report import Part, Report, about_of, report, thinned
from trading.research.sweep import configured
from trading.strategies import STRATEGIES

NICENESS = 15


def serve(asked: BinaryIO, told: BinaryIO, today: date | None = None) -> None:
    """Answer the one wish that comes in."""
    wish = msgspec.json.decode(asked.read(), type=Wish)
    try:
        answer = Answer(short=played(wish, today or real_now().date()))
    except ChatopsError as error:
        answer = Answer(problem=str(error))
    told.write(msgspec.json.encode(answer))
    told.flush()


def played(wish: Wish, today: date) -> Short:
    """What the wish comes to, over the days before `today`. Raises Misconfigured."""
    strategy = configured(STRATEGIES[wish.strategy](), wish.parameters)
    material = of_kept(Path(wish.folder), wish.series, days_before(today, wish.days))
    tape = material.load()
    came = backtest(strategy, tape, Terms())
    return _short(report(came, about_of(strategy, material, tape, Terms()), UTC))


def _short(told: Report) -> Short:
    return Short(
        material=told.about.material,
        first=told.about.first,
        last=told.about.last,
        facts=tuple(facts(told)),
        rows=tuple(_row(part) for part in (told.whole, *told.parts)),
        sentences=told.sentences,
        assumed=told.about.assumed,
        profit=told.whole.tally.profit,
        points=tuple((at, float(total)) for at, total in thinned(told.points)),
    )


def _row(part: Part) -> tuple[str, str, str, str, str]:
    rate, needed = ("-" if value is None else share(value) for value in (part.tally.rate, part.tally.needed))
    return part.name.partition(" ")[0], f"{part.luck.trades:,}", rate, needed, f"{part.luck.mean:+.3f}"


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    serve(sys.stdin.buffer, sys.stdout.buffer)
