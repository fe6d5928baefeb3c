"""`forward-test`: logs of intents played against the books that they hold, and what came of it on a screen.

The figures are those of `trading.research`; here files become lines, and figures a table of 80 columns or JSON.
"""

from __future__ import annotations

import heapq
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from chatbot.formats import exact_money, gain, number
from chatbot.tools.demo import usd4
from chatbot.tools.progress import bar
from trading.domain.errors import Misconfigured
from trading.domain.intent_line import Line
from trading.research.fill_models import MODELS
from trading.research.forward_report import Report, Row, report
from trading.research.forward_test import Terms, forward_test
from trading.research.intent_log import lines
from trading.research.results_file import paid, results_of

COLUMNS = 80
NAME_COLUMNS = 27  # of a market's ticker
MARKETS_SHOWN_MAX = 40  # in the table; JSON has all
MODEL_WORDS = {
    "touch": "a resting order fills when the other side's touch reaches its price, up to that touch's size",
    "through": "a resting order fills only when the other side's touch is better than its price",
    "queue": "a resting order fills after all that stood at its price before it has gone",
}


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked: `model` is a name of MODELS; `results` a CSV of what markets paid, or none."""

    files: tuple[Path, ...]
    model: str = "touch"
    terms: Terms = field(default_factory=Terms)
    results: Path | None = None


def played(options: Options, zone: tzinfo) -> Report:
    """Play the files through, lines of all of them in the order of time. Raises Misconfigured."""
    if options.model not in MODELS:
        raise Misconfigured(f"--model {options.model} is unknown: use one of {', '.join(MODELS)}")
    results = results_of(options.results) if options.results else {}
    sizes = sum(path.stat().st_size for path in options.files)
    with bar("lines", sizes) as progress, ExitStack() as open_files:
        log = _merged(options.files, open_files, lambda read: progress(read, sizes))
        outcome = forward_test(log, MODELS[options.model](), options.terms)
    outcome.paid = paid(results, outcome.tops) | outcome.paid
    return report(outcome, options.terms.after_seconds, zone)


def _merged(paths: Sequence[Path], open_files: ExitStack, read: Callable[[int], None]) -> Iterator[Line]:
    done = _Counted(read)
    files = [(path, open_files.enter_context(path.open(encoding="utf-8-sig", errors="replace"))) for path in paths]
    return heapq.merge(*(_ordered(lines(map(done, file), str(path)), path) for path, file in files), key=_at)


class _Counted:
    """Tells how many bytes have been read, about."""

    def __init__(self, told: Callable[[int], None]) -> None:
        self._told, self._read = told, 0

    def __call__(self, text: str) -> str:
        self._read += len(text)
        self._told(self._read)
        return text


def _at(line: Line) -> datetime:
    return line.at


def _ordered(log: Iterator[Line], path: Path) -> Iterator[Line]:
    last: datetime | None = None
    for line in log:
        if last and line.at < last:
            times = f"{line.at:%d %b %H:%M:%S} stands after {last:%d %b %H:%M:%S}"
            raise Misconfigured(f"{path} is not in the order of time ({times}): sort its lines by ts")
        last = line.at
        yield line


# --- on a screen ----------------------------------------------------------------------------------------------------


def table(made: Report, options: Options) -> Iterator[str]:
    """Lines of at most 80 columns."""
    terms = options.terms
    yield f"{made.wishes} intents, {made.filled} filled at least in part, {made.refused} refused"
    yield from textwrap.wrap(f"{options.model}: {MODEL_WORDS[options.model]}", COLUMNS)
    yield f"latency {terms.latency_seconds:g} s; adverse: against us after {terms.after_seconds:g} s, a contract"
    for title, rows in _parts(made):
        yield ""
        yield f"{title:<{NAME_COLUMNS}} fills contracts     fees        P&L adverse  open"
        yield from map(_line, rows)
    if len(made.markets) > MARKETS_SHOWN_MAX:
        yield f"and {len(made.markets) - MARKETS_SHOWN_MAX} more markets: --json has all"
    if made.total.open_contracts:
        yield ""
        yield f"{number(made.total.open_contracts)} contracts are valued at what is bid for them: no result is known"
        yield "(--results CSV tells what markets paid)"


def _parts(made: Report) -> Iterator[tuple[str, Sequence[Row]]]:
    yield "market", (*made.markets[:MARKETS_SHOWN_MAX], made.total)
    yield "day", made.days
    yield "strategy", made.strategies


def _line(row: Row) -> str:
    name = row.name if len(row.name) <= NAME_COLUMNS else f"{row.name[: NAME_COLUMNS - 1]}…"
    adverse = "-" if row.adverse is None else f"{row.adverse * 100:+.2f}¢"
    return (
        f"{name:<{NAME_COLUMNS}} {row.fills:>5} {number(row.contracts):>9} {exact_money(row.fees):>8} "
        f"{gain(row.profit):>10} {adverse:>7} {number(row.open_contracts):>5}"
    )


# --- for programs ---------------------------------------------------------------------------------------------------


def figures(made: Report, options: Options) -> dict[str, Any]:
    """Everything, as JSON has it: dollars with four decimals, `adverse_usd` a contract."""
    return {
        "files": len(options.files),
        "model": options.model,
        "latency_seconds": options.terms.latency_seconds,
        "rest_seconds": options.terms.rest_seconds,
        "after_seconds": options.terms.after_seconds,
        "intents": made.wishes,
        "filled": made.filled,
        "refused": made.refused,
        **_row(made.total),
        "markets": [{"ticker": row.name} | _row(row) for row in made.markets],
        "days": [{"day": row.name} | _row(row) for row in made.days],
        "strategies": [{"strategy": row.name} | _row(row) for row in made.strategies],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "fills": row.fills,
        "contracts": float(row.contracts),
        "fees_usd": usd4(row.fees),
        "pnl_usd": usd4(row.profit),
        "adverse_usd": None if row.adverse is None else usd4(row.adverse),
        "open_contracts": float(row.open_contracts),
    }
