"""What one execution does to an order and to a holding, and what it costs: pure arithmetic, without the account.

Fees are the exchange's own, per fill; what closes a position pays its dollar back at once, at the average cost of what
was held (see `trading.domain.fees` and the pages on fees and netting).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from trading.domain.fees import MAKER_SHARE, model_fee
from trading.domain.money import MICRO, ONE, ZERO, floor_to
from trading.domain.order import OrderStatus
from trading.exchange.simulated.fee_schedule import HasFeeTerms
from trading.exchange.simulated.records import HeldOrder, Holding
from trading.exchange.simulated.units import contracts, dollars, money
from trading.exchange.simulated.windows import Verdict


def fill_fee(terms: HasFeeTerms, price: int, count: int, is_taker: bool) -> Decimal:
    """The unrounded fee of an execution by those terms, dollars."""
    share = ONE if is_taker else MAKER_SHARE[terms.fee_type]
    return model_fee(dollars(price), contracts(count), terms.fee_multiplier, share)


def after_fill(held: Holding, sign: int, own: int, count: int, closing: int, fee: Decimal, at: datetime) -> Holding:
    """The holding with `count` more on `sign`'s side, of which `closing` paid back their dollar."""
    basis = ZERO
    if closing:
        whole = closing == abs(held.contracts)
        basis = held.cost if whole else floor_to(held.cost * closing / abs(held.contracts), MICRO)
    return replace(
        held,
        updated_at=at,
        contracts=held.contracts + sign * count,
        cost=held.cost - basis + money(own, count - closing),
        traded=held.traded + money(own, count),
        realized=held.realized + contracts(closing) - money(own, closing) - basis,
        fees=held.fees + fee,
    )


def filled(
    order: HeldOrder, count: int, cost: Decimal, fee: Decimal, carried: Decimal, is_taker: bool, at: datetime
) -> HeldOrder:
    remaining = order.remaining - count
    return replace(
        order,
        remaining=remaining,
        filled=order.filled + count,
        status=order.status if remaining else OrderStatus.EXECUTED,
        updated_at=at,
        taker_cost=order.taker_cost + (cost if is_taker else ZERO),
        maker_cost=order.maker_cost + (ZERO if is_taker else cost),
        taker_fees=order.taker_fees + (fee if is_taker else ZERO),
        maker_fees=order.maker_fees + (ZERO if is_taker else fee),
        carried=carried,
    )


def payout(verdict: Verdict, yes: int, no: int) -> Decimal:
    """What so many count units of either side are paid, gross dollars."""
    return verdict.value * contracts(yes) + (ONE - verdict.value) * contracts(no)


def settled(held: Holding, revenue: Decimal, at: datetime) -> Holding:
    """The holding once it was paid: it holds nothing any more and has realised what it brought."""
    realized = held.realized + revenue - held.cost
    return replace(held, settled=True, contracts=0, cost=ZERO, realized=realized, updated_at=at)
