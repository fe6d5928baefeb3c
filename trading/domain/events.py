"""What happened, in the past tense: the only things that change the State and the only things people are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from trading.domain.absence import Away
from trading.domain.account_records import CashFlow
from trading.domain.opportunity import OpportunitySeen
from trading.domain.order import Fill, Mode, Order, OrderStatus, Settlement
from trading.domain.report import Report
from trading.domain.signal import Signal
from trading.domain.state import LossTold, Reason
from trading.domain.trade import Trade


@dataclass(frozen=True, slots=True)
class OrderIntended:
    """An order passed the gate and is about to be sent: committed before it leaves."""

    at: datetime
    order: Order
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderAcknowledged:
    """The exchange has it, or had it: what it says about it now (also the end of an UNKNOWN)."""

    at: datetime
    client_order_id: str
    order_id: str
    status: OrderStatus  # RESTING, EXECUTED or CANCELED
    reported: Decimal  # contracts filled, as the exchange says
    why: str = ""


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """The exchange proved that it never took it."""

    at: datetime
    client_order_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class OrderUnresolved:
    """Sent, and nobody knows."""

    at: datetime
    client_order_id: str
    why: str


@dataclass(frozen=True, slots=True)
class CancelRequested:
    at: datetime
    client_order_id: str
    why: str


@dataclass(frozen=True, slots=True)
class OrderFilled:
    """A fill of ours, as the exchange (or the paper model) reports it."""

    at: datetime
    fill: Fill  # with client_order_id and strategy filled in


@dataclass(frozen=True, slots=True)
class MarketSettled:
    """A market paid: `value` dollars for one YES contract."""

    at: datetime
    ticker: str
    mode: Mode
    result: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class SettlementRead:
    """The exchange's own record of what it paid for a market: kept, and held against our figures."""

    at: datetime
    settlement: Settlement


@dataclass(frozen=True, slots=True)
class ResultAmended:
    """The exchange changed a result after this trade of ours was closed by it: a YES contract paid `value` dollars."""

    at: datetime
    trade: Trade
    value: Decimal


@dataclass(frozen=True, slots=True)
class CashMoved:
    """A deposit or a withdrawal, once the cash has moved: `amount` is what it did to the account (dollars), which is
    not all of it where a flow that was booked comes back."""

    at: datetime
    flow: CashFlow
    amount: Decimal


@dataclass(frozen=True, slots=True)
class WindowPassed:
    """One market of a strategy's series is over for it: what its signals said and what came of it."""

    at: datetime
    strategy: str
    ticker: str
    close_time: datetime
    mode: Mode
    agreed: bool
    ordered: bool
    reason: str  # the final one; empty where an order was sent
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HaltRaised:
    at: datetime
    reason: Reason
    by: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HaltCleared:
    at: datetime
    reason: Reason
    by: str


@dataclass(frozen=True, slots=True)
class LossReached:
    """The day's loss of a mode has come to a level of its limit (dollars)."""

    at: datetime
    mode: Mode
    told: LossTold
    loss: Decimal
    limit: Decimal


@dataclass(frozen=True, slots=True)
class BalanceLow:
    """What a mode has, bets that are open included, has fallen below what is enough (dollars)."""

    at: datetime
    mode: Mode
    cash: Decimal
    staked: Decimal  # in open bets and orders
    enough: Decimal


@dataclass(frozen=True, slots=True)
class BalanceEnough:
    """It is enough again."""

    at: datetime
    mode: Mode


@dataclass(frozen=True, slots=True)
class ReportDue:
    """A report's hour has come on one of the owner's days. No `report`: it is the first hour of all, and there is
    nothing to tell yet."""

    at: datetime
    period: str
    day: date
    report: Report | None


@dataclass(frozen=True, slots=True)
class LimitChanged:
    """A person changed a limit of the gate, by the name that people type."""

    at: datetime
    name: str
    value: Decimal
    by: str


@dataclass(frozen=True, slots=True)
class StrategySwitched:
    """A person let a strategy decide, or no more."""

    at: datetime
    name: str
    on: bool
    by: str


@dataclass(frozen=True, slots=True)
class ParameterChanged:
    """A person changed a parameter of a strategy, by its own name."""

    at: datetime
    strategy: str
    name: str
    value: Decimal
    by: str


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """`goes_live`: a person has just let the bot send real orders to the production exchange."""

    at: datetime
    mode: Mode
    by: str
    goes_live: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """The bot runs: `recovered` says in words what start-up found and mended, empty when nothing; `away` what happened
    before, None after a short absence."""

    at: datetime
    mode: Mode
    environment: str
    recovered: tuple[str, ...] = ()
    away: Away | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """The bot ends: of our orders that rested, how many were `cancelled`, are `unproved` (the exchange did not say in
    time what became of them) or were `left` as they are, as ON_STOP has it."""

    at: datetime
    why: str
    cancelled: int = 0
    unproved: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """The host had the settings read again: `taken` and `restart` are the names of those that hold now and of those
    that need a restart; `problem` is why none was taken."""

    at: datetime
    taken: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ErrorSeen:
    """Something failed that a person should know of. `code` groups repeats."""

    at: datetime
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class ErrorsCounted:
    """The time is up for errors that came again after they were told: people are owed how often."""

    at: datetime


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """Somebody asked for something that changes what the bot does: for the audit only."""

    at: datetime
    person: str
    channel: str
    command: str
    result: str


Event = (
    OrderIntended
    | OrderAcknowledged
    | OrderRejected
    | OrderUnresolved
    | CancelRequested
    | OrderFilled
    | MarketSettled
    | SettlementRead
    | ResultAmended
    | CashMoved
    | WindowPassed
    | HaltRaised
    | HaltCleared
    | LossReached
    | BalanceLow
    | BalanceEnough
    | ReportDue
    | LimitChanged
    | StrategySwitched
    | ParameterChanged
    | ModeChanged
    | Started
    | Stopped
    | SettingsRead
    | ErrorSeen
    | ErrorsCounted
    | OpportunitySeen
    | CommandAnswered
)
