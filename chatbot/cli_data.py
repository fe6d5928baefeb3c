"""The part of the command line that carries data out of the bot's folder and into it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trading.domain.errors import ChatopsError, Misconfigured

if TYPE_CHECKING:
    from chatbot.config import Settings
    from chatbot.tools.exporting import Wanted

data_app = typer.Typer()
export_app = typer.Typer(help="Write what the bot knows into a file.", no_args_is_help=True)
import_app = typer.Typer(help="Take in what another bot knew.", no_args_is_help=True)


class Form(StrEnum):
    CSV = "csv"
    JSON = "json"


class Dates(StrEnum):
    SETTLED = "settled"
    OPENED = "opened"


class Modes(StrEnum):
    REAL = "real"
    DRY_RUN = "dry_run"
    ALL = "all"


def add_to(app: typer.Typer) -> None:
    """Give the program these commands."""
    app.add_typer(data_app)
    app.add_typer(export_app, name="export")
    app.add_typer(import_app, name="import")


@data_app.command()
def backup(
    file: Annotated[Path | None, typer.Argument(help="A new file, or a folder for it; here by default.")] = None,
) -> None:
    """Copy the environment's data folder into one file, also while the bot runs; settings and keys are not in it."""
    from chatbot.tools.backup import backup as make

    with _disk():
        made = make(_settings(), file)
    print(made.path)
    rows = ", ".join(f"{table} {number}" for table, number in made.manifest.rows.items() if number)
    print(
        f"up to commit {made.manifest.sequence} ({rows or 'no rows'}), {made.size} bytes, read again", file=sys.stderr
    )


@data_app.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What backup has made.")],
    data: Annotated[Path | None, typer.Option(help="In the place of DATA_DIR.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Move what is there aside, under a dated name; nothing is deleted.")
    ] = False,
) -> None:
    """Put a backup in the place of the environment's data folder; the bot must not run."""
    from chatbot.tools.restore import restore as put_back

    settings = _settings()
    if data:
        settings = settings.model_copy(update={"data_dir": data})
    with _disk():
        done = put_back(settings, file, replace=replace)
    made = done.manifest
    print(f"restored {made.environment} of {made.created_at:%Y-%m-%d %H:%M} UTC into {done.folder}")
    if done.aside:
        print(f"what was there is kept in {done.aside}")
    if done.halted:
        print("the bot starts HALTED (history): look at /positions and /orders, then /resume")


@export_app.command()
def trades(
    form: Annotated[Form, typer.Option("--format", help="How it is written.")] = Form.CSV,
    year: Annotated[int | None, typer.Option(min=2000, max=9998, help="A year, by the dates of TIMEZONE.")] = None,
    first: Annotated[str, typer.Option("--from", help="The first day, like 2026-01-31.")] = "",
    last: Annotated[str, typer.Option("--to", help="The last day.")] = "",
    basis: Annotated[
        Dates | None, typer.Option(help="Which date puts a trade into the period; settled: when it was closed.")
    ] = None,
    mode: Annotated[Modes, typer.Option(help="Real trades, those of the dry run, or both.")] = Modes.REAL,
    output: Annotated[Path | None, typer.Option(help="A file; standard output by default.")] = None,
) -> None:
    """Write the real trades, oldest first; for a year or a period also what they come to, as a tax form asks it."""
    from chatbot.tools.exporting import export_trades

    settings = _settings()
    wanted = _wanted(settings, year, (first, last), basis, mode)
    with _disk():
        export_trades(settings, form.value, output, wanted)


@import_app.command("trades")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV with the known columns.")],
    look_only: Annotated[bool, typer.Option("--dry-run", help="Say what would come, and change nothing.")] = False,
) -> None:
    """Take closed trades of another bot into the history: all of the file or none. The bot must not run."""
    from chatbot.tools.importing import SAID_MAX, Wrong, import_trades

    settings = _settings()
    try:
        with _disk():
            said = import_trades(settings, file, look_only=look_only)
    except Wrong as wrong:
        for sentence in wrong.sentences[:SAID_MAX]:
            print(sentence, file=sys.stderr)
        raise
    for sentence in said:
        print(sentence)


def _settings() -> Settings:
    from chatbot.config import load

    return load()


@contextmanager
def _disk() -> Iterator[None]:
    """What the system refuses is one sentence, which names the file."""
    try:
        yield
    except OSError as error:
        raise ChatopsError(f"{error}: make room or mend the path, then try again") from error


def _wanted(settings: Settings, year: int | None, days: tuple[str, str], basis: Dates | None, mode: Modes) -> Wanted:
    """Raises Misconfigured for days that are none, or that say more than one period."""
    from chatbot.tools.exporting import Wanted
    from trading.domain.order import Mode
    from trading.engine.statement import Basis, Period

    chosen = None if mode is Modes.ALL else Mode(mode.value)
    if year and any(days):
        raise Misconfigured("--year is a period already: leave out --from and --to")
    if not year and not any(days):
        if basis:
            raise Misconfigured(f"--basis {basis} says which trades a period has: give --year, or --from and --to")
        return Wanted(chosen)
    first, last = (date(year, 1, 1), date(year, 12, 31)) if year else (_day("--from", days[0]), _day("--to", days[1]))
    if first and last and last < first:
        raise Misconfigured(f"--to {last} is before --from {first}: the first day comes first")
    return Wanted(chosen, Period(first, last, settings.zone), Basis(basis or Dates.SETTLED))


def _day(option: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Misconfigured(f"{option} {text} is no day: write it like 2026-01-31") from None
