"""A backtest's report in a terminal, in as many columns as there are: 80 at most, 40 on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from chatbot.formats import count, gain, money
from chatbot.sparkline import spark
from trading.domain.statistics import Tally, share
from trading.research.report import Part, Report
from trading.research.sweep import Fold, Try, chosen

WIDTH_MAX = 80
NARROW = 60  # columns: below, tables leave out what can be missed
SKIPPED_MAX = 4  # reasons
TRIES_SHOWN = 20
LUCK = 0.05  # a chance below it is taken for more than luck
NAMES = 13  # columns of the names of single facts


def console() -> Console:
    """What is written to; not wider than a page of text."""
    made = Console(highlight=False, markup=False)
    made.width = min(made.width, WIDTH_MAX)
    return made


def show(told: Report, screen: Console) -> None:
    """The whole report."""
    about = told.about
    screen.print(f"{about.strategy} over {about.material}", style="bold")
    screen.print(f"{when(about.first)} to {when(about.last)}, {count(told.markets, 'market')}", style="dim")
    for assumed in about.assumed:
        screen.print(assumed, style="yellow")
    screen.print()
    for sentence in told.sentences:
        screen.print(sentence, style="bold")
    screen.print()
    screen.print(_facts(told, screen.width))
    screen.print()
    narrow = screen.width < NARROW
    screen.print(_parts((told.whole, *told.parts), narrow))
    _groups(screen, "price paid", [(band.name, band.tally) for band in told.bands])
    _groups(screen, "hour", told.hours)


def _facts(told: Report, width: int) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=NAMES, no_wrap=True)
    table.add_column()
    for name, value in facts(told):
        table.add_row(name, value)
    if told.points:
        sums = [Decimal(0), *(total for _, total in told.points)]
        table.add_row("equity", spark(sums, width - NAMES - 2))
    return table


def facts(told: Report) -> Iterator[tuple[str, str]]:
    """What stands beside the sentences, by name."""
    tally = told.whole.tally
    yield "profit", f"{gain(tally.profit)} after {money(tally.fees)} fees"
    yield "drawdown", _fall(told)
    yield "trades", f"{told.whole.luck.trades:,}{_beside(told)}"
    for reason, markets in list(told.skipped.items())[:SKIPPED_MAX]:
        yield "passed over", f"{count(markets, 'market')}: {reason}"
    yield "played", f"orders take {told.about.latency_seconds:g} s, fills by {told.about.fill}"


def _fall(told: Report) -> str:
    drawdown = told.drawdown
    return f"{gain(drawdown.deepest)}, lowest {when(drawdown.at)}" if drawdown.at else "none"


def _beside(told: Report) -> str:
    parts = ((told.unfilled, "unfilled"), (told.open_trades, "still open"), (told.whole.tally.others, "sold early"))
    return "".join(f", {number:,} {word}" for number, word in parts if number)


def when(at: datetime) -> str:
    return f"{at:%d %b %Y %H:%M}"


def _parts(parts: Sequence[Part], narrow: bool) -> Table:
    table = _table("", "N", "won", "need", "a trade", *(() if narrow else ("95 %", "profit")))
    for part in parts:
        luck, tally = part.luck, part.tally
        name = part.name.partition(" ")[0] if narrow else part.name
        cells = [name, f"{luck.trades:,}", _share(tally.rate), _share(tally.needed), f"{luck.mean:+.3f}"]
        table.add_row(*cells, *(() if narrow else (f"{luck.low:+.3f} to {luck.high:+.3f}", gain(tally.profit))))
    return table


def _groups(screen: Console, name: str, groups: Iterable[tuple[str, Tally]]) -> None:
    narrow = screen.width < NARROW
    table = _table(name, "N", "won", *(() if narrow else ("95 %",)), "need", "profit")
    for label, tally in groups:
        low, high = tally.interval
        between = () if narrow else (f"{share(low, 0)} to {share(high, 0)}",)
        cells = (f"{tally.trades:,}", _share(tally.rate), *between, _share(tally.needed), gain(tally.profit))
        table.add_row(label, *cells)
    if table.row_count:
        screen.print()
        screen.print(table)


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _share(part: Decimal | None) -> str:
    return "-" if part is None else share(part)


# --- sweeps ---------------------------------------------------------------------------------------------------------


def show_tries(tries: Sequence[Try], screen: Console) -> None:
    """The best of them, and what of it is luck."""
    table = _table("parameters", "N", "profit", "chance", "of all")
    for each in tries[:TRIES_SHOWN]:
        chances = f"{each.luck.chance:.3f}", f"{each.corrected_chance:.3f}"
        table.add_row(each.name.replace(" ", "\n"), f"{each.trades:,}", gain(each.profit), *chances)
    screen.print(table)
    if len(tries) > TRIES_SHOWN:
        screen.print(f"and {len(tries) - TRIES_SHOWN} more that made less", style="dim")
    screen.print()
    for sentence in judged(tries):
        screen.print(sentence, style="bold")


def judged(tries: Sequence[Try]) -> tuple[str, str]:
    """What the best of many is worth, and what the one chosen early did later."""
    best, early = tries[0], chosen(tries)
    tried = f"{len(tries)} tries" if len(tries) > 1 else "1 try"
    made = f"The best of {tried} made {gain(best.profit)}"
    chance = f"chance {best.luck.chance:.3f} alone, {best.corrected_chance:.3f} among all of them"
    differs = "It may be more than luck" if best.corrected_chance < LUCK and best.profit > 0 else "It may be luck"
    later = f"{gain(early.after)} in {count(early.after_trades, 'trade')} after it"
    return f"{made} ({chance}). {differs}.", f"Chosen before the cut, {early.name} made {later}."


def show_folds(folds: Sequence[Fold], screen: Console) -> None:
    """A walk forward: for each part what was best before it, and what that then made."""
    table = _table("part from", "best before", "N", "profit")
    for fold in folds:
        name = fold.chosen.name.replace(" ", "\n")
        table.add_row(f"{fold.first:%d %b %H:%M}", name, f"{fold.after.trades:,}", gain(fold.after.profit))
    screen.print(table)
    screen.print()
    screen.print(walked(folds), style="bold")


def walked(folds: Sequence[Fold]) -> str:
    """What somebody made who always took what had been best so far."""
    trades, made = sum(fold.after.trades for fold in folds), sum((fold.after.profit for fold in folds), Decimal(0))
    return f"Chosen anew for each part by what came before it: {gain(made)} in {count(trades, 'trade')}."
