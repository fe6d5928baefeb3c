"""What the desk answers when all open markets are looked through: what each layer kept and dropped, and the finds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.market import Outcome
from trading.engine.pages import Label
from trading.engine.scanning import Pass, Scanning
from trading.strategies.scanner import LAYERS, Candidate, Funnel


@dataclass(frozen=True, slots=True)
class Layer:
    """How many markets a layer kept, and how many it dropped by reason, the commonest first."""

    name: str
    kept: int
    dropped: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Find:
    """`count` contracts of `side` at `price` (that side's own) would cost `cost` dollars with the worst fee."""

    ticker: str
    title: str
    side: Outcome
    price: Decimal
    count: Decimal
    cost: Decimal
    close_time: datetime
    why: str


@dataclass(frozen=True, slots=True)
class ScanPage:
    """`risked` is what today's orders of the scanner risk, of `daily_risk` at most (dollars); `running`: it is among
    the strategies, and orders by itself."""

    label: Label
    layers: tuple[Layer, ...]
    finds: tuple[Find, ...]
    risked: Decimal
    daily_risk: Decimal
    seconds: float  # of real time
    running: bool = False

    @property
    def markets(self) -> int:
        """How many are open."""
        return self.layers[0].kept


def page_of(label: Label, passed: Pass, scanning: Scanning) -> ScanPage:
    """What one full pass came to."""
    funnel, limit = passed.funnel, scanning.in_force.daily_risk_usd
    finds = tuple(map(find_of, funnel.candidates))
    return ScanPage(label, layers_of(funnel), finds, passed.risked, limit, passed.seconds, scanning.running)


def layers_of(funnel: Funnel) -> tuple[Layer, ...]:
    """The layers in their order."""
    return tuple(_layer(funnel, name) for name in LAYERS)


def _layer(funnel: Funnel, name: str) -> Layer:
    dropped = ((reason, count) for (layer, reason), count in funnel.dropped.most_common() if layer == name)
    return Layer(name, funnel.kept[name], tuple(dropped))


def find_of(candidate: Candidate) -> Find:
    """A candidate as people see it."""
    market = candidate.listed.market
    return Find(
        market.ticker,
        market.title,
        candidate.side,
        candidate.price,
        candidate.count,
        candidate.cost,
        market.close_time,
        candidate.why,
    )
