"""STRATEGIES and STRATEGIES_FILE: which strategies trade, with which parameters, where, on paper or not, and how much.

A table for each strategy holds its parameters, and besides `series`, `paper` and `budget_usd`. What the file does not
say is as in `.env` for CONSENSUS and its relatives, which share these parameters, and else the strategy's own default.
`[mapping]` names what belongs together on two markets, `[feeds]` where news and other venues' prices come from. A file
that is wrong anywhere is refused whole, in one sentence: half of somebody's intentions is none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from chatbot.config import Settings
from chatbot.settings.rules import require
from chatbot.wiring.strategies_values import Place, Rows, configured, known, number, plain, switch, table, words
from trading.domain.errors import Misconfigured
from trading.domain.market import Outcome
from trading.engine.assigned import Assigned
from trading.feeds.news_table import news_of
from trading.signals.momentum import MomentumLimits
from trading.strategies import NAMES, STRATEGIES, Strategy
from trading.strategies.arbitrage import Arbitrage, Leg, Pair
from trading.strategies.scanner import Scanner

ON_MARKETS = ("series", "paper", "budget_usd")  # what the table of a strategy has besides its parameters
BUDGET = "budget_usd"
MAPPING, FEEDS = "mapping", "feeds"
NEWS = "news"
FEED_NAMES = (NEWS, "polymarket")
VENUES = ("kalshi", "polymarket")
LEGS = ("first", "second")
SERIES = r"[A-Z0-9]+"


@dataclass(frozen=True, slots=True)
class Plan:
    """What trades, as configured. `budgets` are dollars by strategy, for those that have one; `feeds` are the tables as
    they are written, by the feed's name, for whoever reads that feed. The scanner and arbitrage have their parameters
    here whether they are among the strategies or not."""

    assigned: tuple[Assigned, ...]
    scanner: Scanner
    arbitrage: Arbitrage
    budgets: Mapping[str, Decimal]
    pairs: tuple[Pair, ...]
    feeds: Mapping[str, Rows]


def assigned(settings: Settings) -> list[Assigned]:
    """The strategies that decide beat by beat, in the order in which they are named. Raises Misconfigured."""
    return list(plan(settings).assigned)


def file_rows(settings: Settings) -> Rows:
    """The tables of STRATEGIES_FILE as they are written, nothing where there is none. Raises Misconfigured."""
    return _read(settings.strategies_file)


def plan(settings: Settings, rows: Rows | None = None) -> Plan:
    """Everything that STRATEGIES and STRATEGIES_FILE say; `rows` are the file's where they were read before. Raises
    Misconfigured, one sentence."""
    path = settings.strategies_file
    place, rows = Place(path.name if path else "STRATEGIES_FILE"), file_rows(settings) if rows is None else rows
    known(place, rows, [*NAMES, MAPPING, FEEDS], "strategy")
    tables = {name: table(place, name, value) for name, value in rows.items()}
    series = (settings.kalshi_event_ticker_prefix,)
    made = {name: _assigned(place, name, tables.get(name, {}), settings, series) for name in STRATEGIES}
    scanner, arbitrage = (_job(place, job, tables.get(job.name, {})) for job in (Scanner(), Arbitrage()))
    return Plan(
        assigned=tuple(made[name] for name in settings.strategies if name in made),
        scanner=scanner,
        arbitrage=arbitrage,
        budgets=_budgets(place, tables),
        pairs=tuple(_pair(place.inside(MAPPING), *each) for each in tables.get(MAPPING, {}).items()),
        feeds=_feeds(place.inside(FEEDS), tables.get(FEEDS, {})),
    )


def _read(path: Path | None) -> Rows:
    """The file's tables, its decimals exact; nothing where there is none. Raises Misconfigured."""
    if path is None:
        return {}
    try:
        return tomllib.loads(path.expanduser().read_text(), parse_float=Decimal)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        fix = "give the path of a TOML file, or leave it away"
        raise Misconfigured(f"STRATEGIES_FILE={path} cannot be read ({reason}): {fix}") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"STRATEGIES_FILE={path} is no text in UTF-8: save it as such") from None
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"STRATEGIES_FILE={path} is no TOML: {error}; docs/strategies.md has an example") from None


def _assigned(place: Place, name: str, rows: Rows, settings: Settings, series: tuple[str, ...]) -> Assigned:
    where = place.inside(name)
    strategy: Strategy = configured(where, _as_in_env(name, settings), rows, others=ON_MARKETS)
    return Assigned(
        strategy,
        tuple(_checked(where, rows, "series", _series)) if "series" in rows else series,
        _checked(where, rows, "paper", switch) if "paper" in rows else False,
        _checked(where, rows, BUDGET, _budget) if BUDGET in rows else None,
    )


def _as_in_env(name: str, settings: Settings) -> Strategy:
    """A strategy with its defaults; for CONSENSUS and its relatives, who share the terms of an entry, these are the
    settings. One whose momentum has a window of its own keeps that."""
    made: Any = STRATEGIES[name]()
    if not hasattr(made, "entry_window_seconds"):
        return made  # type: ignore[no-any-return]
    shared = replace(
        made,
        stake_usd=settings.stake_usd,
        min_price=settings.min_price,
        max_price=settings.max_price,
        entry_window_seconds=settings.entry_window_seconds,
        quote_age_seconds=settings.sample_age_seconds,
    )
    if not hasattr(made, "momentum"):
        return shared  # type: ignore[no-any-return]
    own, usual = made.momentum.window_seconds, MomentumLimits().window_seconds
    window = settings.momentum_window_seconds if own == usual else own
    limits = MomentumLimits(window, settings.sample_age_seconds, settings.momentum_dead_zone_bp)
    return replace(shared, momentum=limits)  # type: ignore[no-any-return]


def _job(place: Place, job: Any, rows: Rows) -> Any:
    """The scanner or arbitrage, which choose their markets themselves."""
    return configured(place.inside(job.name), job, rows, others=(BUDGET,))


def _budgets(place: Place, tables: Mapping[str, Rows]) -> dict[str, Decimal]:
    having = {name: rows for name, rows in tables.items() if name not in (MAPPING, FEEDS) and BUDGET in rows}
    return {name: _checked(place.inside(name), rows, BUDGET, _budget) for name, rows in having.items()}


def _pair(place: Place, name: str, value: object) -> Pair:
    """Two legs: `first = {kalshi = "TICKER", side = "yes"}`, `second = {polymarket = "TOKEN", side = "no"}`."""
    where, rows = place.inside(name), table(place, name, value)
    known(where, rows, LEGS, "leg of a pair")
    if missing := [name for name in LEGS if name not in rows]:
        raise Misconfigured(f"{where} has no {missing[0]} leg: a pair has a first and a second one")
    return Pair(name, (_leg(where, LEGS[0], rows[LEGS[0]]), _leg(where, LEGS[1], rows[LEGS[1]])))


def _leg(place: Place, name: str, value: object) -> Leg:
    where, rows = place.inside(name), table(place, name, value)
    known(where, rows, (*VENUES, "side"), "part of a leg")
    venues = [venue for venue in VENUES if venue in rows]
    if len(venues) != 1 or "side" not in rows:
        raise Misconfigured(f'{where} is no leg: write {name} = {{kalshi = "TICKER", side = "yes"}}')
    [venue] = venues
    side = _checked(where, rows, "side", _side)
    return Leg(venue, _checked(where, rows, venue, _text), side)  # type: ignore[arg-type]


def _feeds(place: Place, rows: Rows) -> dict[str, Rows]:
    """As written, in plain numbers; what the table of the news must be like is its reader's to say."""
    known(place, rows, FEED_NAMES, "feed")
    feeds = {name: plain(table(place, name, value)) for name, value in rows.items()}
    if NEWS in feeds:
        try:
            news_of(feeds[NEWS])
        except Misconfigured as error:
            raise Misconfigured(f"{place.file}: {error}") from None
    return feeds


def _checked(place: Place, rows: Rows, name: str, read: Any) -> Any:
    try:
        return read(rows[name])
    except ValueError as error:
        raise place.wrong(name, rows[name], str(error)) from None


def _series(value: object) -> list[str]:
    named = words(value)
    require(named, "names no series: name one, or leave it away")
    require(len(named) == len(set(named)), "names a series twice: name each once")
    require(all(re.fullmatch(SERIES, each) for each in named), "is no list of series: they look like KXBTC15M")
    return named


def _budget(value: object) -> Decimal:
    usd = number(value)
    require(usd > 0, "is no budget: write dollars above 0, or leave it away")
    return usd


def _side(value: object) -> Outcome:
    require(value in ("yes", "no"), "is no side: use yes or no")
    return Outcome(str(value))


def _text(value: object) -> str:
    require(isinstance(value, str) and value, 'is no name: write it in quotes, like "KXBTC15M-…"')
    return str(value)
