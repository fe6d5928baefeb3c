"""What is watched while a simulation runs: sends as they leave, what people have ordered, and what was found wrong.

A send is looked at in the instant in which it leaves: it must be on disk already, allowed by everything that people
have said, inside every limit by the exchange's own figures, and the first for its bet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from chatbot.tools.simulation.disk import ModelledDisk
from chatbot.tools.simulation.probe import ON_PAPER
from chatbot.tools.simulation.shadow import Shadow
from trading.domain.fees import worst_fee
from trading.domain.money import ZERO
from trading.domain.order import Order
from trading.exchange.simulated.faults import LATE_SECONDS
from trading.exchange.simulated.records import HeldOrder
from trading.exchange.simulated.units import contracts, dollars, money
from trading.exchange.simulated.venue import Venue
from trading.risk.limits import Limits

LANDING = timedelta(seconds=LATE_SECONDS + 1)  # after its send, an order can still get to the exchange


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant in words, at which beat it was broken, and the figures."""

    beat: int
    invariant: str
    detail: str


@dataclass(slots=True)
class Sent:
    """A real order that left the bot, at the exchange's time."""

    order: Order
    at: datetime
    refused: bool = False


@dataclass
class Watch:
    """`blocks`: what people have ordered that forbids sends, and whether it was confirmed as stored."""

    venue: Venue
    disk: ModelledDisk
    limits: Limits
    shadow: Shadow = field(default_factory=Shadow)
    beats: int = 0
    sent: dict[str, Sent] = field(default_factory=dict)  # by client_order_id
    sends: int = 0
    overtaken: set[str] = field(default_factory=set)  # orders that a kill overtook on their way, in this beat
    blocks: dict[str, bool] = field(default_factory=dict)
    killing: int = 0  # kills under way: only these may touch orders that are not ours
    violations: list[Violation] = field(default_factory=list)
    on_send: Callable[[int], None] = lambda number: None
    _releases: int = 0

    def broken(self, invariant: str, detail: str) -> None:
        self.violations.append(Violation(self.beats, invariant, detail))

    # --- what people have said

    @property
    def releases(self) -> int:
        """How often something was allowed again: an answer that is older than that forbids nothing."""
        return self._releases

    def block(self, what: str, stored: bool) -> None:
        self.blocks[what] = stored

    def release(self, *what: str) -> None:
        self._releases += 1
        for name in what:
            self.blocks.pop(name, None)

    def forget_unstored(self) -> None:
        """A process has died: only what it had confirmed as stored must still hold."""
        self.blocks = {what: stored for what, stored in self.blocks.items() if stored}

    # --- sends

    def sending(self, order: Order) -> None:
        """A real order is about to leave."""
        self.venue.sync()
        if not self.disk.holds(order.client_order_id):
            self.broken("no send without a durable intent", f"{order.client_order_id} is not on disk")
        if order.strategy.startswith(ON_PAPER):
            self.broken("what is on paper stays there", f"{order.client_order_id} of {order.strategy}")
        if not order.reduce_only:  # a person's way out is open, also while all else is stopped
            self._may(order)
        self.sent.setdefault(order.client_order_id, Sent(order, self.venue.now))
        self.on_send(self.sends)
        self.sends += 1

    def refused(self, order: Order) -> None:
        """The exchange has proved that it did not take it."""
        self.sent[order.client_order_id].refused = True

    def placed(self, order: Order) -> None:
        """Its acknowledgement has come back."""
        if "/kill" in self.blocks:
            self.overtaken.add(order.client_order_id)

    def canceling(self, order: Order) -> None:
        """A cancel by id is about to leave."""
        held = self.venue.account.orders.get(order.order_id)
        if held and held.client_order_id not in self.sent and not self.killing:
            self.broken("orders of others are left alone, but by a kill", f"{order.order_id} is cancelled")

    def _may(self, order: Order) -> None:
        if self.blocks:
            self.broken("no order is sent after a person has stopped it", f"in spite of {', '.join(self.blocks)}")
        self._once(order)
        self._alone(order)
        self._limits(order)

    def _once(self, order: Order) -> None:
        bet = order.strategy, order.ticker
        for key, other in self.sent.items():
            same = (other.order.strategy, other.order.ticker) == bet and not other.order.reduce_only
            if same and key != order.client_order_id:
                self.broken("at most one order per intent", f"{order.client_order_id} after {key} for {bet}")

    def _alone(self, order: Order) -> None:
        there = [s for s in self.sent.values() if s.order.ticker == order.ticker]
        others = sorted({s.order.strategy for s in there} - {order.strategy})
        if others and self.at_risk(order.ticker):
            self.broken("a market belongs to one strategy", f"{order.strategy} follows {others} in {order.ticker}")

    def _limits(self, order: Order) -> None:
        limits, this = self.limits, _worst(order.own_price, order.count)
        at_risk = sum((self.at_risk(ticker) for ticker in {s.order.ticker for s in self.sent.values()}), ZERO)
        here = self.at_risk(order.ticker)
        recent = [s for s in self.sent.values() if s.order.created_at > order.created_at - timedelta(minutes=1)]
        for name, value, most in (
            ("an order", this, limits.max_order_usd),
            ("one market", here + this, limits.max_position_usd),
            ("everything open", at_risk + this, limits.max_exposure_usd),
            ("the day's loss at worst", at_risk + this + max(-self.profit(), ZERO), limits.daily_loss_limit_usd),
            ("orders in a minute", Decimal(len(recent) + 1), Decimal(limits.max_orders_per_minute)),
        ):
            if value > most:
                self.broken("limits hold, an unknown order counted as filled", f"{name}: {value} > {most}")

    # --- the exchange's truth about ours

    def held(self, sent: Sent) -> HeldOrder | None:
        """The order as the exchange keeps it."""
        key = sent.order.client_order_id
        return next((o for o in self.venue.account.orders.values() if o.client_order_id == key), None)

    def ours(self) -> list[HeldOrder]:
        """Every order at the exchange that this bot sent."""
        return [o for o in self.venue.account.orders.values() if o.client_order_id in self.sent]

    def at_risk(self, ticker: str) -> Decimal:
        """The most that ours in one market can still lose (dollars), by what the exchange knows and may still get."""
        working = (self._working(sent) for sent in self.sent.values() if sent.order.ticker == ticker)
        if ticker not in self.venue.account.holdings:  # nothing was filled, or it is paid
            return sum(working, ZERO)
        cash, position = self.fills_of(ticker)
        lost = -min(cash, cash + position) if position else ZERO  # where a YES contract pays nothing, or a dollar
        return sum(working, max(lost, ZERO))

    def _working(self, sent: Sent) -> Decimal:
        """What an order may still cost where it rests, or may still get there."""
        if sent.order.reduce_only:
            return ZERO
        held = self.held(sent)
        if held is None:
            gone = sent.refused or self.venue.now > sent.at + LANDING
            return ZERO if gone else _worst(sent.order.own_price, sent.order.count)
        return _worst(dollars(held.own_price), contracts(held.remaining)) if held.resting else ZERO

    def fills_of(self, ticker: str) -> tuple[Decimal, Decimal]:
        """Of our fills in one market: dollars after fees, and signed YES contracts."""
        cash = position = ZERO
        ours = {o.order_id for o in self.ours()}
        for fill in self.venue.account.fills:
            if fill.ticker == ticker and fill.order_id in ours:
                cash -= fill.side.sign * money(fill.price, fill.count) + fill.fee
                position += fill.side.sign * contracts(fill.count)
        return cash, position

    def profit(self) -> Decimal:
        """What is over came to, after fees (dollars): our fills where the market has paid, or where all was sold."""
        values, total = self.settled(), ZERO
        for ticker in {sent.order.ticker for sent in self.sent.values()}:
            cash, position = self.fills_of(ticker)
            if ticker in values or not position:
                total += cash + position * values.get(ticker, ZERO)
        return total

    def settled(self) -> dict[str, Decimal]:
        """What a YES contract paid, by ticker, where the account held something."""
        account = self.venue.account
        found = {}
        for ticker in account.closed:
            window = self.venue.world.window(ticker)
            verdict = self.venue.verdict(window) if window else None
            if verdict:
                found[ticker] = verdict.value
        return found

    def profit_of(self, ticker: str) -> Decimal:
        """Our fills in one settled market x its result, less cost and fees."""
        cash, position = self.fills_of(ticker)
        return cash + position * self.settled()[ticker]


def _worst(price: Decimal, count: Decimal) -> Decimal:
    return price * count + worst_fee(price, count)
