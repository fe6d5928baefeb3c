"""The backtest as a command: what to play over what, fetched where it must be, told in the terminal and on a page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from chatbot.config import Settings
from chatbot.tools.backtest_executors import executor
from chatbot.tools.backtest_shown import console, show, show_tries
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
from trading.research.sweep import Try, configured, grid, sweep
from trading.strategies import STRATEGIES, Strategy


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know. Either `paths` or `series`; `processes` 0 are as many as there are processors."""

    strategy: str
    paths: tuple[Path, ...] = ()
    price: Decimal | None = None
    series: str = ""
    days: int = 30
    terms: Terms = field(default_factory=Terms)
    split: float = 0.7
    axes: tuple[str, ...] = ()
    processes: int = 0
    dask: str = ""
    html: Path | None = None
    as_json: bool = False


def run(asked: Asked, settings: Settings) -> None:
    """Play it and tell it. Raises Misconfigured, Unavailable."""
    strategy, material = strategy_named(asked.strategy, settings), material_of(asked, settings)
    tries = swept(asked, strategy, material) if asked.axes else []
    best = configured(strategy, tries[0].parameters if tries else {})
    told = played(best, material, asked, settings)
    screen = console()
    show(told, screen)
    if len(tries) > 1:
        screen.print()
        show_tries(tries, screen)
    if asked.html:
        _write(asked.html, told, settings, tries)
        screen.print(f"\nwritten: {asked.html}")
    if asked.as_json:
        print(json.dumps(figures(told) | ({"tries": tried_figures(tries)} if tries else {})))


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
