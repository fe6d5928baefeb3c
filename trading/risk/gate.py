"""The gate: the only maker of Tickets, and so the only way to the exchange for anything that adds risk.

There is no bypass. Cancels never come here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from trading.domain.intent import Intent
from trading.domain.market import Market
from trading.domain.order import Mode, Order, OrderStatus, Side, TimeInForce, yes_price
from trading.risk.checks import checks_of
from trading.risk.context import Context, Denial
from trading.risk.limits import Limits

__all__ = ["Context", "Denial", "Identity", "Ticket", "judge"]

DRY_RUN_PREFIX = "DRY-RUN-"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Proof that an intent passed; `order` is what may be sent. Only `judge` makes one."""

    order: Order


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose orders these are: the hashed id of this installation, and the environment."""

    prefix: str
    environment: str

    def client_order_id(self, mode: Mode, strategy: str, ticker: str, attempt: int) -> str:
        """Always the same for the same bet, so that one market is entered at most once per strategy and attempt,
        also across a crash. Characters: [A-Za-z0-9_-] (the exchange refuses dots)."""
        text = "|".join((self.prefix, self.environment, mode, strategy, ticker, str(attempt)))
        digest = hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
        own = f"{self.prefix}-{digest}"
        return DRY_RUN_PREFIX + own if mode is Mode.DRY_RUN else own

    def owns(self, client_order_id: str) -> bool:
        """Whether an order on the account was sent by this installation."""
        return client_order_id.removeprefix(DRY_RUN_PREFIX).startswith(f"{self.prefix}-")


def judge(intent: Intent, context: Context, identity: Identity) -> Ticket | Denial:
    """The ticket for `intent`, or the first reason against it."""
    if context.market is None:
        return Denial("market_closed", f"{intent.ticker} is not open")
    order = _proposed(intent, context.market, context, identity)
    for check in checks_of(order):
        denial = check(order, context)
        if denial:
            return denial
    return Ticket(order)


def _proposed(intent: Intent, market: Market, context: Context, identity: Identity) -> Order:
    mode = context.state.mode
    return Order(
        client_order_id=identity.client_order_id(mode, intent.strategy, intent.ticker, intent.attempt),
        mode=mode,
        strategy=intent.strategy,
        ticker=intent.ticker,
        side=Side.buying(intent.side),
        price=yes_price(intent.side, intent.price),
        count=intent.count,
        status=OrderStatus.PENDING,
        created_at=context.now,
        updated_at=context.now,
        time_in_force=intent.time_in_force,
        expires_at=_expiry(intent, context.now, context.limits),
        close_time=market.close_time,
        exchange_index=market.exchange_index,
        reduce_only=intent.reduce_only,
        post_only=intent.post_only,
        fees=market.fees,
        why=intent.why,
        headline=intent.headline,
    )


def _expiry(intent: Intent, now: datetime, limits: Limits) -> datetime | None:
    """Whole seconds, as the exchange counts them; only a resting order may have one."""
    if intent.time_in_force is not TimeInForce.GTC:
        return None
    seconds = limits.timeout_seconds(intent.post_only) + limits.expiry_margin_seconds
    return (now + timedelta(seconds=seconds)).replace(microsecond=0) + timedelta(seconds=1)
