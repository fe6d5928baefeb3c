"""The part of the command line that asks what strategies are worth, without the bot and without orders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from chatbot.tools.backtest_cli import backtest

research_app = typer.Typer()

Json = Annotated[bool, typer.Option("--json", help="The last line of output is one JSON value.")]


def add_to(app: typer.Typer) -> None:
    """Give the program these commands."""
    app.add_typer(research_app)
    app.command()(backtest)


@research_app.command("forward-test")
def forward_test(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Intent logs (JSON lines).")],
    model: Annotated[str, typer.Option(help="When resting orders fill: touch, through or queue.")] = "touch",
    latency: Annotated[float, typer.Option(min=0, max=3_600, help="Seconds until an order arrives.")] = 0.0,
    rest: Annotated[float, typer.Option(min=0, max=864_000, help="Seconds that an order without an id rests.")] = 10.0,
    after: Annotated[
        float, typer.Option(min=0, max=864_000, help="Seconds after a fill, for adverse selection.")
    ] = 60.0,
    results: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="What markets paid (CSV).")] = None,
    as_json: Json = False,
) -> None:
    """Play logs of intents against the books in them: fills, profit after fees, and adverse selection."""
    from chatbot.config import load
    from chatbot.tools.forward_test import Options, figures, played, table
    from trading.research.forward_test import Terms

    options = Options(tuple(files), model, Terms(latency, rest, after), results)
    made = played(options, load().zone)
    if as_json:
        print(json.dumps(figures(made, options)))
        return
    for line in table(made, options):
        print(line)
