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

from chatbot.tools.bench.figures import Measured
from chatbot.tools.bench.kills import kill_latency
from chatbot.tools.bench.loads import LOADS
from chatbot.tools.progress import bar

HEADS = ("load", "p50", "p99", "floor p50", "floor p99", "ratio", "reach", "holds")
HOLDS = {True: "yes", False: "NO", None: ""}


def bench(kills: int, *, as_json: bool) -> None:
    """Measure, and print a table; `as_json`: and as the last line all rows as one JSON list."""
    with (
        bar("kills", kills * len(LOADS)) as progress,
        tempfile.TemporaryDirectory(prefix="kalshi-chatops-bench-") as folder,
    ):
        measured = asyncio.run(kill_latency(Path(folder), kills, progress))
    _show(measured, kills)
    if as_json:
        print(json.dumps([row for each in measured for row in each.rows()]))


def _show(measured: Sequence[Measured], kills: int) -> None:
    console = Console()
    for what in dict.fromkeys(each.what for each in measured):
        console.print(_table(what, [each for each in measured if each.what == what], kills))
    console.print("The floor: the bare library hears an update, and one row is committed. Ratios are of the p99.")


def _table(what: str, measured: Sequence[Measured], kills: int) -> Table:
    table = Table(title=f"/kill: {what}, milliseconds, {kills} under each load", title_justify="left")
    for head in HEADS:
        table.add_column(head, justify="left" if head == "load" else "right")
    for each in measured:
        figures = (each.taken.p50, each.taken.p99, each.floor.p50, each.floor.p99, each.taken.p99 / each.floor.p99)
        reach = "" if each.reach is None else f"{each.reach:g}"
        table.add_row(each.load, *(f"{figure:.2f}" for figure in figures), reach, HOLDS[each.holds])
    return table
