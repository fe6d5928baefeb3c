"""The bench: measures the bot on loopback part by part, and prints what was reached beside what is to be reached.

Only ratios to the floor of the same run carry over to another machine.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from chatbot.tools.bench.figures import Row
from chatbot.tools.bench.parts import PARTS, Sizes, run
from chatbot.tools.progress import bar
from trading.domain.errors import Misconfigured

HOLDS = {True: "yes", False: "NO", None: ""}


def bench(only: Sequence[str], sizes: Sizes, *, as_json: bool) -> None:
    """Measure these parts (all where none is named), and print a table as each is done; `as_json`: and as the last line
    all rows as one JSON list. Raises Misconfigured, Unavailable."""
    if unknown := [name for name in only if name not in PARTS]:
        raise Misconfigured(f"--only {unknown[0]} is unknown: use {', '.join(PARTS)}")
    rows = list[Row]()
    for name in only or PARTS:
        with bar(name, 1) as progress:
            measured = run(PARTS[name], sizes, progress)
        Console().print(_table(PARTS[name].title, measured))
        rows += measured
    if as_json:
        print(json.dumps(rows))


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = Table(title=title, title_justify="left")
    for head in ("what", "value", "unit", "limit", "ratio", "reach", "holds"):
        table.add_column(head, justify="left" if head in ("what", "unit") else "right")
    for row in rows:
        figures = (row["value"], row["limit"], row["ratio"], row["reach"])
        value, limit, ratio, reach = ("" if figure is None else f"{figure:,.4g}" for figure in figures)
        table.add_row(row["name"], value, row["unit"], limit, ratio, reach, HOLDS[row["holds"]])
    return table
