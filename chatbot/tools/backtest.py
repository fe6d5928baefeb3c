"""The backtest as a command: what to play over what, fetched where it must be, told in the terminal and on a page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from chatbot.config import Settings
from chatbot.tools.backtest_executors import executor
from chatbot.tools.backtest_shown import console, show, show_folds, show_tries
from chatbot.tools.backtest_wish import research_folder, unknown
from chatbot.tools.progress import bar
from chatbot.wiring.strategies_file import assigned
from trading.clock import RealClock, real_now
from trading.domain.errors import Misconfigured
from trading.exchange.kalshi.client import PRODUCTION_URL, KalshiExchange
from trading.feeds.spot_history import CoinbaseHistory
from trading.research.backtest import Terms, backtest
from trading.research.exchange_history import ExchangeHistory
from trading.research.history import days_before, fetch, file_of
from trading.research.material import Material, of_files, of_kept
from trading.research.report import Report, about_of, figures, report
from trading.research.sweep import Fold, Try, configured, grid, sweep, walk_forward
from trading.strategies import STRATEGIES, Strategy

WALK_PARTS_MIN = 2  # one to choose in, one to be asked


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know. Either `paths` or `series`; `processes` 0 are as many as there are processors;
    `walk_parts` 0 is no walk forward."""

    strategy: str
    paths: tuple[Path, ...] = ()
    price: Decimal | None = None
    series: str = ""
    days: int = 30
    terms: Terms = field(default_factory=Terms)
    split: float = 0.7
    axes: tuple[str, ...] = ()
    walk_parts: int = 0
    processes: int = 0
    dask: str = ""
    html: Path | None = None
    as_json: bool = False


def run(asked: Asked, settings: Settings) -> None:
    """Play it and tell it. Raises Misconfigured, Unavailable."""
    if asked.walk_parts and (asked.walk_parts < WALK_PARTS_MIN or not asked.axes):
        raise Misconfigured(
            f"--walk-forward {asked.walk_parts} has nothing to choose: give {WALK_PARTS_MIN} parts or more, and "
            "--sweep NAME=V1,V2"
        )
    strategy, material = strategy_named(asked.strategy, settings), material_of(asked, settings)
    tries = swept(asked, strategy, material) if asked.axes else []
    folds = list(walked(asked, strategy, material)) if asked.walk_parts else []
    best = configured(strategy, tries[0].parameters if tries else {})
    told = played(best, material, asked, settings)
    screen = console()
    show(told, screen)
    if len(tries) > 1:
        screen.print()
        show_tries(tries, screen)
    if folds:
        screen.print()
        show_folds(folds, screen)
    if asked.html:
        _write(asked.html, told, settings, tries)
        screen.print(f"\nwritten: {asked.html}")
    if asked.as_json:
        more = {"tries": tried_figures(tries), "walk_forward": walked_figures(folds)}
        print(json.dumps(figures(told) | {name: made for name, made in more.items() if made}))


def strategy_named(name: str, settings: Settings) -> Strategy:
    """The strategy with the parameters that the settings give it, whether it trades or not. Raises Misconfigured."""
    if name not in STRATEGIES:
        raise Misconfigured(unknown(name))
    (made,) = assigned(settings.model_copy(update={"strategies_text": name}))
    return made.strategy


def played(strategy: Strategy, material: Material, asked: Asked, settings: Settings) -> Report:
    """One strategy over the material, as figures."""
    tape = material.load()
    about = about_of(strategy, material, tape, asked.terms)
    with bar("tape", len(tape)) as progress:
        came = backtest(strategy, tape, asked.terms, progress)
    return report(came, about, settings.zone, asked.split)


def swept(asked: Asked, strategy: Strategy, material: Material) -> list[Try]:
    """All combinations, on the executor that is asked for."""
    tries = grid(asked.axes)
    with executor(asked.dask, asked.processes, len(tries)) as pool, bar("tries", len(tries)) as progress:
        return sweep(strategy, tries, material.load, asked.terms, pool, progress, asked.split)


def walked(asked: Asked, strategy: Strategy, material: Material) -> Iterator[Fold]:
    """Each part of the time but the first, with the best try of all before it."""
    with bar("parts", asked.walk_parts - 1) as progress:
        folds = walk_forward(strategy, grid(asked.axes), material.load(), asked.terms, asked.walk_parts)
        for done, fold in enumerate(folds, start=1):
            progress(done, asked.walk_parts - 1)
            yield fold


def walked_figures(folds: Iterable[Fold]) -> list[dict[str, Any]]:
    return [
        {
            "from": fold.first.isoformat(),
            "to": fold.last.isoformat(),
            "parameters": dict(fold.chosen.parameters),
            "before_usd": round(float(fold.chosen.profit), 4),
            "trades": fold.after.trades,
            "profit_usd": round(float(fold.after.profit), 4),
        }
        for fold in folds
    ]


def tried_figures(tries: Iterable[Try]) -> list[dict[str, Any]]:
    return [
        {
            "parameters": dict(each.parameters),
            "trades": each.trades,
            "wins": each.wins,
            "profit_usd": round(float(each.profit), 4),
            "after_cut_usd": round(float(each.after), 4),
            "chance": round(each.luck.chance, 4),
            "corrected_chance": round(each.corrected_chance, 4),
        }
        for each in tries
    ]


def _write(path: Path, told: Report, settings: Settings, tries: Sequence[Try]) -> None:
    from chatbot.tools.backtest_page import page  # matplotlib: half a second, for who wants pictures

    try:
        path.write_text(page(told, settings.zone, tries), encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written ({error.strerror}): give --html another path") from error


# --- what is played -------------------------------------------------------------------------------------------------


def material_of(asked: Asked, settings: Settings) -> Material:
    """The files that are named, or the days of a series, fetched as far as they are not kept."""
    if bool(asked.paths) == bool(asked.series):
        raise Misconfigured("give either --data with files, or --series with --days: for example --series KXBTC15M")
    if asked.paths:
        return of_files(asked.paths, asked.price)
    if asked.price is not None:
        raise Misconfigured("--price is for results alone: leave it out, candles have prices")
    folder, days = research_folder(settings), days_before(real_now().date(), asked.days)
    if not all(file_of(folder, asked.series, day).exists() for day in days):
        asyncio.run(fetched(folder, asked.series, days, settings))
    return of_kept(folder, asked.series, days)


async def fetched(folder: Path, series: str, days: Sequence[date], settings: Settings) -> int:
    """Fetch what is missing, with a bar; how many days it was. Public data: no key is needed."""
    exchange = KalshiExchange(settings.api_base or PRODUCTION_URL, None, RealClock())
    spot = None if simulated(settings) else CoinbaseHistory()
    try:
        with bar("days", len(days)) as progress:
            return await fetch(folder, series, days, ExchangeHistory(exchange), spot, progress)
    finally:
        exchange.close()
        if spot:
            spot.close()


def simulated(settings: Settings) -> bool:
    """Whether the exchange that is asked plays money: no real venue knows its prices."""
    return settings.environment == "simulated" and bool(settings.api_base)
