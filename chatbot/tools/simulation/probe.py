"""A strategy that bets at a seeded moment in a seeded way: it takes, rests, asks for too much, once a market.

CONSENSUS takes the touch when it has an opinion; an engine has to be right also where orders rest, fill in parts, are
refused, or are wanted in the last seconds of one market and the first of the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from trading.domain.intent import Decision, Intent, View
from trading.domain.market import Outcome, Quote
from trading.domain.money import ONE
from trading.domain.order import TimeInForce
from trading.exchange.simulated.chance import stream

WINDOW_SECONDS = 900
TOO_MUCH = 30  # times the stake
ON_PAPER = "paper-"  # begins the names of those whose orders are never real


@dataclass(frozen=True, slots=True)
class Plan:
    """What a probe does in one market: `after` is seconds from the open; `back` is dollars behind the touch."""

    after: float
    side: Outcome
    takes: bool
    back: Decimal
    time_in_force: TimeInForce
    times: int


@dataclass(frozen=True, slots=True)
class Probe:
    """Implements trading.strategies.Strategy. `stake_usd` buys int(stake / price) contracts, at least one."""

    name: str
    seed: int
    stake_usd: Decimal

    def on_tick(self, view: View) -> Decision:
        """One intent from the planned moment on, for as long as the engine does not take it."""
        if view.market is None or view.quote is None:
            return Decision(skipped="no_market")
        plan = plan_of(self.seed, self.name, view.market.ticker)
        if (view.now - view.market.open_time).total_seconds() < plan.after:
            return Decision(skipped="waiting")
        price = _price(view.quote, plan)
        if price is None:
            return Decision(skipped="one_sided")
        count = max(Decimal(int(self.stake_usd * plan.times / price)), ONE)
        wish = Intent(
            self.name, view.market.ticker, plan.side, price, count, "probing", time_in_force=plan.time_in_force
        )
        return Decision(intents=(wish,), agreed=True)


@lru_cache(maxsize=4096)
def plan_of(seed: int, name: str, ticker: str) -> Plan:
    """Always the same for the same three."""
    random = stream(seed, "probe", name, ticker)
    early, late = random.uniform(0, 60), random.uniform(WINDOW_SECONDS - 90, WINDOW_SECONDS)
    takes = random.random() < 0.5
    return Plan(
        after=random.choice((early, random.uniform(0, WINDOW_SECONDS), late)),
        side=random.choice((Outcome.YES, Outcome.NO)),
        takes=takes,
        back=Decimal(random.choice((0, 1, 5, 15))) / 100,
        time_in_force=random.choice(tuple(TimeInForce)) if takes else TimeInForce.GTC,
        times=TOO_MUCH if random.random() < 0.05 else 1,
    )


def _price(quote: Quote, plan: Plan) -> Decimal | None:
    """In the bought side's own price: the ask to take, the bid (or behind it) to rest."""
    asked = quote.ask_for(plan.side)
    if plan.takes or asked is None:
        return asked.price if asked else None
    other = quote.ask_for(Outcome.NO if plan.side is Outcome.YES else Outcome.YES)
    return max(ONE - other.price - plan.back, Decimal("0.01")) if other else None
