"""What /dryrun off shows before real orders in production: the paper record, the limits, the cash, the key's rights.

Nobody should go live without having seen whether paper trading won more often than it had to.
"""

from __future__ import annotations

from chatbot.formats import count, gain, money
from trading.domain.money import ZERO
from trading.domain.statistics import sentence
from trading.engine.pages import LimitsPage
from trading.engine.pages_strategies import GoingLivePage

DOLLARS = ("order", "position", "exposure", "day_loss", "week_loss")  # the limits that say how much can be lost


def going_live_fields(page: GoingLivePage, limits: LimitsPage) -> tuple[tuple[str, str], ...]:
    """Rows of the preview; what the exchange did not say is said to be unknown."""
    in_force = {line.name: line.now for line in limits.lines}
    return (
        ("Paper", _paper(page)),
        ("It shows", sentence(page.paper)),
        ("Limits", "\n".join(f"{name} ${in_force[name]:,.2f}" for name in DOLLARS if name in in_force)),
        ("Cash", _cash(page)),
        ("Key may", "\n".join(page.scopes) or "not known"),
        *(("Unknown", problem) for problem in page.problems),
        ("At first", _at_first(page.first_hours)),
    )


def _paper(page: GoingLivePage) -> str:
    trades = page.paper.trades + page.paper.others
    return f"{count(trades, 'trade')} on {count(page.paper_days, 'day')}, {gain(page.paper.profit)} after fees"


def _cash(page: GoingLivePage) -> str:
    """By shard; the one that the open market is paid from is named, also where nothing lies there."""
    cash = dict(page.cash)
    if page.cash and page.shard is not None:
        cash.setdefault(page.shard, ZERO)
    rows = (f"shard {shard}: {money(dollars)}{_pays(shard, page)}" for shard, dollars in sorted(cash.items()))
    return "\n".join(rows) or "not known"


def _pays(shard: int, page: GoingLivePage) -> str:
    return ", pays for this market" if shard == page.shard else ""


def _at_first(hours: float) -> str:
    return f"1 contract a trade for {hours:g} h" if hours else "full size (FIRST_HOURS=0)"
