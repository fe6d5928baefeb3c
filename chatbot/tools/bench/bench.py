"""The bench: measures the bot on loopback, and prints what was reached beside what is to be reached.

Only ratios to the floor of the same run carry over to another machine.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chatbot.tools.bench.answers import BESIDE, answers
from chatbot.tools.bench.figures import Answers, Kills
from chatbot.tools.bench.kills import kill_latency
from chatbot.tools.bench.loads import LOADS
from chatbot.tools.bench.markets import SIZES, Markets, markets
from chatbot.tools.progress import bar

HOLDS = {True: "yes", False: "NO", None: ""}


def bench(kills: int, asked: int, passes: int, *, as_json: bool) -> None:
    """Measure so many kills and answers under each load and passes over all markets, and print tables; `as_json`: and
    as the last line all rows as one JSON list."""
    with tempfile.TemporaryDirectory(prefix="kalshi-chatops-bench-") as folder:
        with bar("answers", asked * len(BESIDE)) as progress:
            answered = asyncio.run(answers(Path(folder) / "answers", asked, progress))
        with bar("kills", kills * len(LOADS)) as progress:
            killed = asyncio.run(kill_latency(Path(folder), kills, progress))
    with bar("markets", passes * len(SIZES)) as progress:
        scanned = asyncio.run(markets(passes, progress))
    _show(killed, answered, kills, asked)
    Console().print(_markets(scanned, passes))
    if as_json:
        measured: list[Answers | Kills | Markets] = [*answered, *killed, *scanned]
        print(json.dumps([row for each in measured for row in each.rows()]))


def _show(killed: Sequence[Kills], answered: Sequence[Answers], kills: int, asked: int) -> None:
    console = Console()
    console.print(_answers(answered, asked))
    for what in dict.fromkeys(each.what for each in killed):
        console.print(_kills(what, [each for each in killed if each.what == what], kills))
    console.print("The floor: the bare library hears an update, and one row is committed. Ratios are of the p99.")


def _answers(answered: Sequence[Answers], asked: int) -> Table:
    table = _table(f"Answers, milliseconds, {asked} under each load", "p50", "p95", "echo p50", "echo p95")
    for each in answered:
        figures = (each.taken.p50, each.taken.p95, each.echo.p50, each.echo.p95, each.taken.p95 / each.echo.p95)
        table.add_row(f"{each.line} {each.load}", *(f"{figure:.2f}" for figure in figures), "2x", HOLDS[each.holds])
    return table


def _kills(what: str, killed: Sequence[Kills], kills: int) -> Table:
    table = _table(f"/kill: {what}, milliseconds, {kills} under each load", "p50", "p99", "floor p50", "floor p99")
    for each in killed:
        figures = (each.taken.p50, each.taken.p99, each.floor.p50, each.floor.p99, each.taken.p99 / each.floor.p99)
        reach = "" if each.reach is None else f"{each.reach:g}"
        table.add_row(each.load, *(f"{figure:.2f}" for figure in figures), reach, HOLDS[each.holds])
    return table


def _markets(scanned: Sequence[Markets], passes: int) -> Table:
    table = _table(f"All open markets, read and sifted, {passes} passes", "value", "unit", "transport alone")
    for row in (row for each in scanned for row in each.rows()):
        figures = (
            f"{row['value']:.1f}",
            row["unit"],
            f"{row['limit']:.1f}",
            f"{row['ratio']:.2f}",
            f"{row['reach']:g}",
        )
        table.add_row(row["name"], *figures, HOLDS[row["holds"]])
    return table


def _table(title: str, *heads: str) -> Table:
    table = Table(title=title, title_justify="left")
    for head in ("load", *heads, "ratio", "reach", "holds"):
        table.add_column(head, justify="left" if head == "load" else "right")
    return table
