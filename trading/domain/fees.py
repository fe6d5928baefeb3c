"""What the exchange charges for a fill, to $0.0001.

Source: the exchange's fee-rounding page of 2026-08-26. The model fee of a taker is M x 0.07 x C x P x (1 - P); it is
rounded up to $0.000001; the balance then moves by whole $0.0001 (direct members), rounded against the member, and
whole units that rounding collected over one order are given back, never making a fill's fee negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trading.domain.money import CENTI_CENT, MICRO, ONE, ZERO, ceil_to, floor_to

TAKER_RATE = Decimal("0.07")
MAKER_SHARE = {  # of the taker's fee, by the series' fee type
    "quadratic": ZERO,
    "quadratic_with_maker_fees": Decimal("0.25"),
    "quadratic_with_combo_maker_fees": Decimal("0.5"),
}


def model_fee(price: Decimal, count: Decimal, multiplier: Decimal = ONE, share: Decimal = ONE) -> Decimal:
    """The unrounded fee in dollars of `count` contracts at `price` (YES or NO alike); `share` is 1 for a taker."""
    return multiplier * TAKER_RATE * share * count * price * (ONE - price)


def charge(revenue: Decimal, fee: Decimal, carried: Decimal = ZERO) -> tuple[Decimal, Decimal]:
    """The net fee of one fill and the rounding carried on to the order's next fill, in dollars.

    `revenue` is signed (negative when paying), `fee` is the model fee, `carried` the rounding collected so far.
    """
    exact_change = revenue - ceil_to(fee, MICRO)
    change = floor_to(exact_change, CENTI_CENT)
    carried += exact_change - change
    net = revenue - change
    rebate = min(floor_to(carried, CENTI_CENT), floor_to(net, CENTI_CENT))
    return net - rebate, carried - rebate


def worst_fee(price: Decimal, count: Decimal, multiplier: Decimal = ONE) -> Decimal:
    """The most that taking `count` contracts at `price` can cost in fees, dollars rounded up to $0.0001."""
    return ceil_to(model_fee(price, count, multiplier), CENTI_CENT)


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """What fills of one event are charged by; `fee_type` is the exchange's own word, also where we do not know it."""

    fee_type: str
    multiplier: Decimal

    @property
    def known(self) -> bool:
        """Whether the formula of this type is known here."""
        return self.fee_type in MAKER_SHARE

    def model_fee(self, price: Decimal, count: Decimal, *, is_taker: bool) -> Decimal:
        """The unrounded fee in dollars; of an unknown type a maker is charged like a taker, so as not to hope."""
        share = ONE if is_taker else MAKER_SHARE.get(self.fee_type, ONE)
        return model_fee(price, count, self.multiplier, share)

    def worst_fee(self, price: Decimal, count: Decimal) -> Decimal:
        """The most that `count` contracts can cost in fees at `price`: all of them taken."""
        return worst_fee(price, count, self.multiplier)


QUADRATIC = FeeTerms("quadratic", ONE)  # what nearly every series has
