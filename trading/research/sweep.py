"""Sweeps: a strategy with many parameters over a tape, by any executor of the standard interface, one answer each.

The best of many tries looks better than it is: chances are corrected for how many there were, and a walk forward
chooses parameters on what came before and asks what they did after.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import pairwise, product
from typing import Any, cast

from trading.domain.errors import Misconfigured
from trading.domain.money import ZERO
from trading.domain.trade import Trade
from trading.research.backtest import Terms, backtest
from trading.research.bootstrap import Luck, corrected, luck
from trading.research.tape import Record, between, quoted, span
from trading.strategies.base import Strategy

TRIES_MAX = 10_000
SPLIT = 0.7  # of the time: before it a try may be chosen, after it is asked
Load = Callable[[], list[Record]]


@dataclass(frozen=True, slots=True)
class Try:
    """One set of parameters: what it came to, and its chance corrected for how many were tried."""

    parameters: Mapping[str, str]
    trades: int
    wins: int
    profit: Decimal
    luck: Luck
    before: Decimal = ZERO  # profit of the trades opened before the cut
    after: Decimal = ZERO  # and of those after it
    after_trades: int = 0
    corrected_chance: float = 1.0

    @property
    def name(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.parameters.items()) or "as configured"


@dataclass(frozen=True, slots=True)
class Fold:
    """One step of a walk forward: chosen on all before `first`, asked from there to `last`."""

    first: datetime
    last: datetime
    chosen: Try
    after: Try


def grid(axes: Sequence[str]) -> list[dict[str, str]]:
    """Every combination of `NAME=V1,V2,...`. Raises Misconfigured."""
    named: list[list[tuple[str, str]]] = []
    for axis in axes:
        name, equals, values = axis.partition("=")
        wanted = [value.strip() for value in values.split(",") if value.strip()]
        if not (name and equals and wanted):
            raise Misconfigured(f"{axis!r} is no sweep: write NAME=V1,V2, for example stake_usd=2,5,10")
        named.append([(name.strip(), value) for value in wanted])
    made = [dict(each) for each in product(*named)]
    if len(made) > TRIES_MAX:
        raise Misconfigured(f"{len(made)} combinations are more than {TRIES_MAX}: sweep fewer values")
    return made


def configured(strategy: Strategy, parameters: Mapping[str, str]) -> Strategy:
    """The strategy with these of its parameters, `momentum.dead_zone_bp` being one of a part of it. Raises
    Misconfigured for one that it does not have, or that cannot be read."""
    made: Any = strategy
    for name, value in parameters.items():
        made = _with(made, name.split("."), value, name)
    return made  # type: ignore[no-any-return]


def _with(part: Any, path: Sequence[str], value: str, name: str) -> Any:
    known = [each.name for each in fields(part) if each.name != "name"]
    if path[0] not in known:
        raise Misconfigured(f"{name} is no parameter: use one of {', '.join(known)}")
    now = getattr(part, path[0])
    if len(path) > 1:
        return replace(part, **{path[0]: _with(now, path[1:], value, name)})
    try:
        return replace(part, **{path[0]: _read(now, value)})
    except (ValueError, InvalidOperation):
        raise Misconfigured(f"{name}={value} is wrong: {now!r} is what it looks like") from None


def _read(now: object, value: str) -> object:
    if isinstance(now, Decimal):
        return Decimal(value)
    if isinstance(now, bool) or not isinstance(now, int | float | str):
        raise ValueError(value)
    return type(now)(value)


def sweep(
    strategy: Strategy,
    tries: Sequence[Mapping[str, str]],
    load: Load,
    terms: Terms,
    executor: Executor,
    progress: Callable[[int, int], None] = lambda done, total: None,
    split: float = SPLIT,
) -> list[Try]:
    """What each try came to, the most profitable first, the chances corrected for all of them. `load` gives the tape,
    and is what goes to other processes and machines: it must be picklable, and is called once in each. The cut between
    before and after lies at the share `split` of the time. Raises Misconfigured for what is no parameter, before
    anything is played."""
    for each in tries:
        configured(strategy, each)
    jobs = {executor.submit(one, strategy, dict(each), load, terms, split): n for n, each in enumerate(tries)}
    made: dict[int, Try] = {}
    for done in as_completed(jobs):
        made[jobs[done]] = done.result()
        progress(len(made), len(tries))
    chances = corrected({str(number): each.luck.chance for number, each in made.items()})
    told = [replace(made[n], corrected_chance=chances[str(n)]) for n in range(len(tries))]
    return sorted(told, key=lambda each: -each.profit)


def chosen(tries: Sequence[Try]) -> Try:
    """The one that somebody who knew only what was before the cut would have taken."""
    return max(tries, key=lambda each: each.before)


def one(strategy: Strategy, parameters: dict[str, str], load: Load, terms: Terms, split: float) -> Try:
    """One try over the whole tape, in whatever process this is."""
    tape = _loaded(load)
    first, last = quoted(tape)
    return tried(strategy, parameters, tape, terms, first + (last - first) * split)


def _loaded(load: Load) -> list[Record]:
    """The tape; of the same load only once in this process, though each job brings a copy of its own."""
    return _unpickled(pickle.dumps(load))


@lru_cache(maxsize=1)
def _unpickled(load: bytes) -> list[Record]:
    return cast(Load, pickle.loads(load))()  # noqa: S301 - this process has pickled it


def tried(
    strategy: Strategy,
    parameters: Mapping[str, str],
    tape: Sequence[Record],
    terms: Terms,
    cut: datetime | None = None,
) -> Try:
    """One try; without a `cut` everything is before it."""
    trades = backtest(configured(strategy, parameters), tape, terms).trades
    later = [trade for trade in trades if cut and trade.opened_at >= cut]
    whole, after = _try(parameters, trades), sum((trade.profit for trade in later), ZERO)
    return replace(whole, before=whole.profit - after, after=after, after_trades=len(later))


def _try(parameters: Mapping[str, str], trades: Sequence[Trade]) -> Try:
    profit = sum((trade.profit for trade in trades), ZERO)
    wins = sum(trade.profit > 0 for trade in trades)
    return Try(parameters, len(trades), wins, profit, luck([float(trade.profit) for trade in trades]))


def walk_forward(
    strategy: Strategy, tries: Sequence[Mapping[str, str]], tape: list[Record], terms: Terms, parts: int
) -> Iterator[Fold]:
    """The tape cut into `parts` of equal time: from the second on, what the best of all before it then did."""
    first, last = span(tape)
    step = (last - first) / parts
    edges = [first + step * n for n in range(1, parts)] + [last]
    for start, end in pairwise(edges):
        seen = between(tape, first, start)
        best = max((tried(strategy, each, seen, terms) for each in tries), key=lambda each: each.profit)
        trades = backtest(configured(strategy, best.parameters), between(tape, first, end), terms).trades
        later = [trade for trade in trades if trade.opened_at >= start]
        yield Fold(start, end, best, _try(best.parameters, later))
