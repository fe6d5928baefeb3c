"""What somebody should see before real orders in production: the paper record, the account's cash, the key's scopes.

The exchange is asked with a short bound: a person who decides must not wait, and that it does not answer is news too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import date, tzinfo
from typing import TypeVar

from trading.domain.account_records import KeyScopes
from trading.domain.errors import ChatopsError
from trading.domain.order import Balance, Mode
from trading.domain.statistics import Tally
from trading.domain.trade import Trade
from trading.engine.history import closed_on
from trading.engine.pages_strategies import GoingLivePage
from trading.engine.views import Views

ANSWER_SECONDS_MAX = 3.0  # of real time

Scopes = Callable[[], Awaitable[KeyScopes]]  # what the key may do, asked of the exchange; raises ChatopsError
T = TypeVar("T")


async def going_live_page(views: Views, scopes: Scopes | None) -> GoingLivePage:
    """All of it at this moment. Raises StoreRefused when an archive of paper trades cannot be read."""
    bets, real = views.history.bets(Mode.DRY_RUN, None), views.broker.exchanges.get(Mode.REAL)
    paper, days = await asyncio.to_thread(_record, bets, views.book.zone)
    cash, key, problems = await _account(real.balance if real else None, scopes, ANSWER_SECONDS_MAX)
    market = views.cycle.observer.view.market if views.cycle.observer.view else None
    return GoingLivePage(
        label=views.label(),
        paper=paper,
        paper_days=days,
        first_hours=views.broker.limits.first_hours,
        shard=market.exchange_index if market else None,
        cash=tuple(sorted(cash.shards.items())) if cash else (),
        scopes=tuple(sorted(key.scopes)) if key else (),
        problems=problems,
    )


def _record(bets: Iterable[Trade], zone: tzinfo) -> tuple[Tally, int]:
    """What these came to, and on how many of the owner's days."""
    tally, days = Tally(), set[date]()
    for bet in bets:
        tally = tally.plus(bet)
        days.add(closed_on(bet, zone))
    return tally, len(days)


async def _account(
    balance: Callable[[], Awaitable[Balance]] | None, scopes: Scopes | None, within: float
) -> tuple[Balance | None, KeyScopes | None, tuple[str, ...]]:
    """Cash and scopes, None for what the exchange did not say, and in words why not."""
    (cash, no_cash), (key, no_key) = await asyncio.gather(
        _asked("cash", balance, within), _asked("scopes", scopes, within)
    )
    return cash, key, tuple(problem for problem in (no_cash, no_key) if problem)


async def _asked(what: str, ask: Callable[[], Awaitable[T]] | None, within: float) -> tuple[T | None, str]:
    if ask is None:
        return None, f"{what}: cannot be asked for here"
    try:
        async with asyncio.timeout(within):
            return await ask(), ""
    except TimeoutError:
        return None, f"{what}: the exchange gave no answer within {within:g} s"
    except ChatopsError as error:
        return None, f"{what}: {error}"
