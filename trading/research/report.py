"""What a backtest came to: the money, whether it differs from luck, and where it was made and lost.

Nothing here looks at a screen: a terminal, a page and a chat show the same figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from trading.domain.errors import Misconfigured
from trading.domain.money import ZERO
from trading.domain.statistics import Tally, by_hour, by_price, grouped, sentence, tally_of
from trading.domain.trade import Trade
from trading.research.backtest import Played, Terms
from trading.research.bootstrap import Luck, luck
from trading.research.material import Material
from trading.research.sweep import SPLIT
from trading.research.tape import Record, quoted
from trading.strategies.base import Strategy, parameters

POINTS_MAX = 600  # of the equity curve: more cannot be told apart


@dataclass(frozen=True, slots=True)
class About:
    """What was played over what: parameters by name, the material with what is assumed of it, and its span."""

    strategy: str
    parameters: tuple[tuple[str, str], ...]
    material: str
    assumed: tuple[str, ...]
    first: datetime
    last: datetime
    latency_seconds: float
    fill: str


def about_of(strategy: Strategy, material: Material, tape: Sequence[Record], terms: Terms) -> About:
    """What is played over what. Raises Misconfigured where the tape is empty."""
    if not tape:
        raise Misconfigured(f"{material.name} holds no market: give other files, or more days")
    first, last = quoted(tape)
    return About(
        strategy=strategy.name,
        parameters=tuple((name, str(value)) for name, value in parameters(strategy)),
        material=material.name,
        assumed=material.assumed,
        first=first,
        last=last,
        latency_seconds=terms.latency_seconds,
        fill=terms.fill,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """The trades opened in one stretch of the time, told for themselves."""

    name: str
    first: datetime
    last: datetime
    tally: Tally
    luck: Luck


@dataclass(frozen=True, slots=True)
class Band:
    """Trades of about one price: how often they won beside what they paid, `paid` being dollars a contract."""

    name: str
    paid: Decimal
    tally: Tally


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall from a high of the equity: dollars (never above 0), and when the low was; None without one."""

    deepest: Decimal = ZERO
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The whole and its parts. `points` is the running sum of profits after fees, at each trade's end."""

    about: About
    markets: int
    skipped: Mapping[str, int]
    unfilled: int
    open_trades: int
    whole: Part
    parts: tuple[Part, ...]
    points: tuple[tuple[datetime, Decimal], ...]
    drawdown: Drawdown
    bands: tuple[Band, ...]
    hours: tuple[tuple[str, Tally], ...]
    sentences: tuple[str, ...] = field(default=())


def report(played: Played, about: About, zone: tzinfo, split: float = SPLIT) -> Report:
    """The figures; hours are those of `zone`. Raises Misconfigured for a split that leaves nothing on one side."""
    if not 0 < split < 1:
        raise Misconfigured(f"--split {split:g} is not between 0 and 1: for example --split 0.7")
    trades = played.trades
    whole = _part("whole", trades, about.first, about.last)
    points = _equity(trades)
    return Report(
        about=about,
        markets=played.markets,
        skipped=dict(played.skipped.most_common()),
        unfilled=played.unfilled,
        open_trades=sum(bool(trade.contracts) for trade in played.open),
        whole=whole,
        parts=tuple(_parts(trades, about, split)),
        points=points,
        drawdown=_drawdown(points),
        bands=tuple(_bands(trades)),
        hours=tuple(grouped(trades, by_hour(zone)).items()),
        sentences=(sentence(whole.tally), *((whole.luck.sentence,) if trades else ())),
    )


def _part(name: str, trades: Sequence[Trade], first: datetime, last: datetime) -> Part:
    return Part(name, first, last, tally_of(trades), luck([float(trade.profit) for trade in trades]))


def _parts(trades: Sequence[Trade], about: About, split: float) -> Iterable[Part]:
    cut = about.first + (about.last - about.first) * split
    yield _part("in sample", [t for t in trades if t.opened_at < cut], about.first, cut)
    yield _part("out of sample", [t for t in trades if t.opened_at >= cut], cut, about.last)


def _equity(trades: Iterable[Trade]) -> tuple[tuple[datetime, Decimal], ...]:
    points, total = [], ZERO
    for trade in sorted(trades, key=_ended):
        total += trade.profit
        points.append((_ended(trade), total))
    return tuple(points)


def _ended(trade: Trade) -> datetime:
    return trade.closed_at or trade.close_time


def _drawdown(points: Iterable[tuple[datetime, Decimal]]) -> Drawdown:
    high, found = ZERO, Drawdown()
    for at, total in points:
        high = max(high, total)
        if total - high < found.deepest:
            found = Drawdown(total - high, at)
    return found


def _bands(trades: Sequence[Trade]) -> Iterable[Band]:
    groups: dict[str, list[Trade]] = {}
    for trade in trades:
        groups.setdefault(by_price(trade), []).append(trade)
    for name, members in sorted(groups.items()):
        contracts = sum((trade.contracts for trade in members), ZERO)
        yield Band(name, sum((trade.cost for trade in members), ZERO) / contracts, tally_of(members))


def thinned(points: Sequence[tuple[datetime, Decimal]]) -> list[tuple[datetime, Decimal]]:
    """So many points that they can be told apart, the last one among them."""
    size = min(len(points), POINTS_MAX)
    return [points[(n + 1) * len(points) // size - 1] for n in range(size)]


# --- as JSON --------------------------------------------------------------------------------------------------------


def figures(told: Report) -> dict[str, Any]:
    """The same for programs: `*_usd` are dollars with four decimals, shares are from 0 to 1."""
    about = told.about
    return {
        "strategy": about.strategy,
        "parameters": dict(about.parameters),
        "data": about.material,
        "assumed": list(about.assumed),
        "from": about.first.isoformat(),
        "to": about.last.isoformat(),
        "latency_seconds": about.latency_seconds,
        "fill": about.fill,
        "markets": told.markets,
        "skipped": dict(told.skipped),
        "unfilled": told.unfilled,
        "open_trades": told.open_trades,
        **part_figures(told.whole),
        "drawdown_usd": _usd(told.drawdown.deepest),
        "parts": {part.name.replace(" ", "_"): part_figures(part) for part in told.parts},
        "prices": {band.name: _tally_figures(band.tally) for band in told.bands},
        "hours": {name: _tally_figures(tally) for name, tally in told.hours},
        "sentences": list(told.sentences),
    }


def part_figures(part: Part) -> dict[str, Any]:
    """Of one stretch: its sums, and the interval of the profit a trade."""
    return {
        "trades": part.luck.trades,
        **_tally_figures(part.tally),
        "mean_usd": round(part.luck.mean, 4),
        "mean_low_usd": round(part.luck.low, 4),
        "mean_high_usd": round(part.luck.high, 4),
    }


def _tally_figures(tally: Tally) -> dict[str, Any]:
    low, high = tally.interval
    return {
        "decided": tally.trades,
        "wins": tally.wins,
        "win_rate": _share(tally.rate),
        "win_rate_low": _share(low),
        "win_rate_high": _share(high),
        "break_even": _share(tally.needed),
        "profit_usd": _usd(tally.profit),
        "fees_usd": _usd(tally.fees),
    }


def _share(part: Decimal | None) -> float | None:
    return None if part is None else round(float(part), 4)


def _usd(amount: Decimal) -> float:
    return round(float(amount), 4)
