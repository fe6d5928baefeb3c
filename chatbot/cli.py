"""The command line. What a command needs is imported when it runs: `--help` and a wrong setting answer at once."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from chatbot.cli_data import add_to as add_data_to
from chatbot.cli_host import add_to as add_host_to
from chatbot.cli_research import add_to as add_research_to
from trading.domain.errors import ChatopsError, Misconfigured, StoreRefused

EXIT_MISCONFIGURED = 2
EXIT_REFUSED = 75
Misuse = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])  # its parent: of an unknown option too

app = typer.Typer(
    name="kalshi-chatops",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

add_host_to(app)
add_data_to(app)
add_research_to(app)

Json = Annotated[bool, typer.Option("--json", help="The last line of output is one JSON value.")]
Seed = Annotated[int, typer.Option(min=0, help="The simulated world's seed.")]
FaultProfile = Annotated[
    str,
    typer.Option(
        help="What goes wrong at the simulated exchange: none, flaky, timeouts, duplicates, limits, latency, slow, "
        "stale, skew, gaps, shuffled, disconnects, or storm, which mixes them."
    ),
]


def _version(asked: bool) -> None:
    if asked:
        from chatbot.version import VERSION

        print(f"kalshi-chatops {VERSION}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """A trading bot for the Kalshi prediction exchange that you run from your phone."""


@app.command()
def run(
    no_terminal: Annotated[bool, typer.Option("--no-terminal", help="No terminal chat: for a service.")] = False,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "",
    faults: FaultProfile = "none",
) -> None:
    """Run the bot. With no settings: a simulated exchange, play money, and a chat in this terminal."""
    from chatbot.config import load

    settings, level = load(), log_level.upper()  # before the rest is imported: a wrong setting is told at once

    from chatbot.tools.ending import Ending
    from chatbot.tools.run import run as run_bot

    running = run_bot(settings, terminal=not no_terminal, level=level, faults=faults, ending=Ending())
    raise typer.Exit(asyncio.run(running))


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
    strategies: Annotated[
        str, typer.Option(help="Names with commas between them: they run side by side on paper, and each is summed up.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Drive the same loop over recorded windows: real quotes, spot and results."""
    from chatbot.logs import set_up
    from chatbot.tools.replay import replay as run_replay
    from chatbot.tools.replay import shown

    set_up("WARNING", None, True)
    figures = asyncio.run(run_replay(snapshots, results, strategies))
    _show(figures if as_json else shown(figures), as_json)


@app.command()
def simulate(
    seeds: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many seeds.")] = 200,
    first_seed: Annotated[int, typer.Option(min=0, help="The first of them.")] = 0,
    as_json: Json = False,
) -> None:
    """Run the whole bot through crashes, faults and people's commands, seed by seed, and check that it stays right."""
    from chatbot.tools.progress import bar
    from chatbot.tools.simulation.report import simulate_all

    with bar("seeds", seeds) as progress:
        report = simulate_all(first_seed, seeds, progress)
    for line in report.violations():
        print(line)
    _show(report.figures(), as_json)
    raise typer.Exit(1 if report.failed else 0)


@app.command()
def bench(
    only: Annotated[list[str] | None, typer.Option(help="One part, may be repeated; all by default.")] = None,
    kills: Annotated[int, typer.Option(min=2, max=100_000, help="How many under each load.")] = 1_000,
    asked: Annotated[int, typer.Option("--answers", min=2, max=100_000, help="How many under each load.")] = 500,
    passes: Annotated[int, typer.Option(min=1, max=1_000, help="How many over all markets.")] = 9,
    starts: Annotated[int, typer.Option(min=1, max=1_000, help="How many with each choice of chats.")] = 4,
    days: Annotated[int, typer.Option(min=2, max=3_650, help="Of the simulated year.")] = 365,
    recorded: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Recorded windows to play; made ones by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure the bot on loopback, part by part, beside the least possible or a peer, and say what holds."""
    from chatbot.tools.bench.bench import bench as run_bench
    from chatbot.tools.bench.parts import Sizes

    sizes = Sizes(kills=kills, answers=asked, passes=passes, starts=starts, days=days, recorded=recorded)
    run_bench(only or (), sizes, as_json=as_json)


@app.command()
def exchange(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 0,
    seed: Seed = 1,
    speed: Annotated[float, typer.Option(min=0.01, max=10_000, help="How many times faster than the world.")] = 1.0,
    faults: FaultProfile = "none",
    series: Annotated[
        list[str] | None, typer.Option(help="A comma list, may be repeated; KXBTC15M,KXETH15M by default.")
    ] = None,
    markets: Annotated[int, typer.Option(min=0, max=100_000, help="How many other markets are open besides.")] = 0,
    recorded: Annotated[Path | None, typer.Option(exists=True, help="Recorded quotes to serve instead.")] = None,
    results: Annotated[
        Path | None, typer.Option(exists=True, help="Their results; SERIES_results*.csv beside them by default.")
    ] = None,
    cash: Annotated[
        list[str] | None, typer.Option(help="SHARD=USD, may be repeated; 0=1000 2=1000 by default.")
    ] = None,
    cache: Annotated[
        bool,
        typer.Option(
            "--cache/--no-cache", help="Markets, events and series may be some seconds old, as they are live."
        ),
    ] = True,
    data: Annotated[Path, typer.Option(help="Where its account is kept.")] = Path("data/simulated/exchange"),
) -> None:
    """Serve the simulated exchange on 127.0.0.1; its first line is JSON: where it is and how to sign."""
    from chatbot.tools.exchange import Options, cash_by_shard, series_named, serve

    if results and not recorded:
        raise Misconfigured("--results belongs to --recorded: give the recorded quotes too")
    if recorded and (series or markets):
        raise Misconfigured("--series and --markets belong to the seeded world: leave them out with --recorded")
    options = Options(
        folder=data,
        port=port,
        seed=seed,
        speed=speed,
        faults=faults,
        series=series_named(series or ()),
        markets=markets,
        recorded=recorded,
        results=results,
        cash=cash_by_shard(cash or ()),
        cached=cache,
    )
    asyncio.run(serve(options))


@app.command()
def scan(
    markets: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="How many the simulated exchange lists; 15,000 by default.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look through every open market once, layer by layer, and show what is left; it orders nothing."""
    from chatbot.config import load
    from chatbot.tools.scan import scan as run_scan

    figures = asyncio.run(run_scan(load(), markets))
    if as_json:
        print(json.dumps(figures))


@app.command()
def init() -> None:
    """Ask what the bot needs to know, check each answer, write .env, and send a test message."""
    from chatbot.tools.init.wizard import init as set_up

    raise typer.Exit(set_up())


@app.command()
def doctor(
    order: Annotated[
        bool, typer.Option("--order", help="Also place, see and cancel one far order; never in production.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check keys, clock, limits, cash by shard, markets, stream, spot, chats and store, each with its fix."""
    from chatbot.tools.doctor import doctor as run_doctor

    raise typer.Exit(asyncio.run(run_doctor(as_json=as_json, order=order)))


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


def _show(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        text = ", ".join(f"{key} {n}" for key, n in value.items()) if isinstance(value, dict) else value
        print(f"{name:<18} {text}")


def main() -> None:
    """Run a command; an error of ours and a wrong value are one sentence and an exit code, never a trace."""
    try:
        sys.exit(app(standalone_mode=False))
    except Misuse as error:
        if sentence := error.format_message():  # none where the help has just been shown
            print(f"kalshi-chatops: {sentence}", file=sys.stderr)
        sys.exit(EXIT_MISCONFIGURED)
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
