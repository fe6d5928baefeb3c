"""The command line. What a command needs is imported when it runs: `--help` and a wrong setting answer at once."""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from trading.domain.errors import ChatopsError, Misconfigured, StoreRefused

EXIT_MISCONFIGURED = 2
EXIT_REFUSED = 75

app = typer.Typer(
    name="kalshi-chatops",
    help="A trading bot for the Kalshi prediction exchange that you run from your phone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
export_app = typer.Typer(help="Write what the bot knows into a file.", no_args_is_help=True)
app.add_typer(export_app, name="export")

Json = Annotated[bool, typer.Option("--json", help="The last line of output is one JSON value.")]
Seed = Annotated[int, typer.Option(help="The simulated world's seed.")]
FaultProfile = Annotated[str, typer.Option(help="What goes wrong at the exchange: none, flaky, timeouts, storm.")]


@app.command()
def run(
    no_terminal: Annotated[bool, typer.Option("--no-terminal", help="No terminal chat: for a service.")] = False,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "",
) -> None:
    """Run the bot. With no settings: a simulated exchange, play money, and a chat in this terminal."""
    from chatbot.config import load
    from chatbot.tools.run import run as run_bot

    settings = load()
    raise typer.Exit(asyncio.run(run_bot(settings, terminal=not no_terminal, level=log_level.upper())))


@app.command()
def demo(
    windows: Annotated[int, typer.Option(min=1, max=100_000, help="How many 15-minute markets.")] = 20,
    seed: Seed = 1,
    faults: FaultProfile = "none",
    data: Annotated[Path | None, typer.Option(help="Keep everything here, and go on where it ended.")] = None,
    as_json: Json = False,
) -> None:
    """Trade N simulated windows at full speed over HTTP, ignoring .env, and sum up."""
    from chatbot.logs import set_up
    from chatbot.tools.demo import demo as run_demo
    from chatbot.tools.progress import bar

    set_up("WARNING", None, True)
    with bar("windows", windows) as progress:
        figures = asyncio.run(run_demo(windows, seed, faults=faults, data=data, progress=progress))
    _show(figures, as_json)


@app.command()
def replay(
    snapshots: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Recorded quotes (JSON lines, .gz).")],
    results: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The recorded results (CSV).")],
    as_json: Json = False,
) -> None:
    """Drive the same loop over recorded windows: real quotes, spot and results."""
    from chatbot.logs import set_up
    from chatbot.tools.replay import replay as run_replay

    set_up("WARNING", None, True)
    _show(asyncio.run(run_replay(snapshots, results)), as_json)


@app.command()
def exchange(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 0,
    seed: Seed = 1,
    speed: Annotated[float, typer.Option(min=0.01, max=10_000, help="How many times faster than the world.")] = 1.0,
    faults: FaultProfile = "none",
    recorded: Annotated[Path | None, typer.Option(exists=True, help="Recorded quotes to serve instead.")] = None,
    results: Annotated[
        Path | None, typer.Option(exists=True, help="Their results; SERIES_results*.csv beside them by default.")
    ] = None,
    cash: Annotated[
        list[str] | None, typer.Option(help="SHARD=USD, may be repeated; 0=1000 2=1000 by default.")
    ] = None,
    data: Annotated[Path, typer.Option(help="Where its account is kept.")] = Path("data/simulated/exchange"),
) -> None:
    """Serve the simulated exchange on 127.0.0.1; its first line is JSON: where it is and how to sign."""
    from chatbot.tools.exchange import serve

    if results and not recorded:
        raise Misconfigured("--results belongs to --recorded: give the recorded quotes too")
    serving = serve(
        data, port=port, seed=seed, speed=speed, faults=faults, recorded=recorded, results=results, cash=_cash(cash)
    )
    asyncio.run(serving)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check keys, clock, limits, cash by shard, markets, spot, chats and store, each with its fix."""
    from chatbot.tools.doctor import doctor as run_doctor

    raise typer.Exit(asyncio.run(run_doctor(as_json=as_json)))


@app.command()
def fund(
    to: Annotated[int | None, typer.Option(min=0, max=100, help="The shard that is to get it; crypto is 2.")] = None,
    source: Annotated[int | None, typer.Option("--from", min=0, max=100, help="By default the richest other.")] = None,
    usd: Annotated[str, typer.Option(help="Dollars, with at most 4 decimals.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Move cash between the exchange's shards; without options: show it by shard."""
    from chatbot.config import load
    from chatbot.tools.fund import fund as move

    raise typer.Exit(asyncio.run(move(load(), to, source, usd, yes=yes)))


@export_app.command()
def trades(
    form: Annotated[str, typer.Option("--format", help="csv or json.")] = "csv",
    output: Annotated[Path | None, typer.Option(help="A file; standard output by default.")] = None,
) -> None:
    """Write all trades, oldest first."""
    from chatbot.config import load
    from chatbot.tools.exporting import export_trades

    if form not in ("csv", "json"):
        raise Misconfigured(f"--format {form} is unknown: use csv or json")
    export_trades(load(), form, output)


def _cash(given: list[str] | None) -> dict[int, Decimal]:
    cash: dict[int, Decimal] = {}
    for text in given or ():
        shard, _, amount = text.partition("=")
        try:
            cash[int(shard)] = Decimal(amount)
        except (ValueError, InvalidOperation):
            raise Misconfigured(f"--cash {text} is not SHARD=USD: write for example --cash 2=500") from None
    return cash


def _show(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        text = ", ".join(f"{key} {n}" for key, n in value.items()) if isinstance(value, dict) else value
        print(f"{name:<18} {text}")


def main() -> None:
    """Run a command; an error of ours is one sentence and an exit code, never a trace."""
    try:
        app()
    except Misconfigured as error:
        print(f"kalshi-chatops: {error}", file=sys.stderr)
        sys.exit(EXIT_MISCONFIGURED)
    except StoreRefused as error:
        print(f"kalshi-chatops: {error}", file=sys.stderr)
        sys.exit(EXIT_REFUSED)
    except ChatopsError as error:
        print(f"kalshi-chatops: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
