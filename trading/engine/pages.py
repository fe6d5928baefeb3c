"""What the desk answers: plain data for whoever renders it. Dollars, contracts, aware UTC times, seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from trading.domain.market import Market, Outcome, Quote, Tick
from trading.domain.money import ZERO
from trading.domain.news import StreamHealth
from trading.domain.order import Balance, Fill, Mode, Order
from trading.domain.records import AuditEntry
from trading.domain.state import Halt, Totals, TradingState


@dataclass(frozen=True, slots=True)
class Label:
    """What every figure must say about itself."""

    instance: str  # INSTANCE_NAME, may be empty
    environment: str  # simulated, demo, production
    mode: Mode
    now: datetime  # the clock's
    address: str = ""  # a custom Kalshi address, shown with every message


@dataclass(frozen=True, slots=True)
class StatusPage:
    label: Label
    trading: TradingState
    halts: tuple[Halt, ...]
    strategies: tuple[str, ...]
    market: Market | None  # the one open now
    quote: Quote | None
    tick: Tick | None
    day_profit: Decimal
    at_risk: Decimal  # the most that everything open can still lose
    open_trades: int
    live_orders: int
    unknown_orders: int
    last_beat: datetime | None
    poll_seconds: float
    notices_queued: int
    coming: Market | None = None  # the one that opens next, where it is listed
    switched_off: tuple[str, ...] = ()  # strategies that people have disabled; `strategies` are the others
    one_contract_until: datetime | None = None  # the first hours of real orders; None where they are over


@dataclass(frozen=True, slots=True)
class BalancePage:
    """`balance` is the exchange's (or the paper book's) answer just now."""

    label: Label
    balance: Balance
    at_risk: Decimal
    day_profit: Decimal
    worth: Decimal | None = None  # of all that is held, sold at the best bids; None where a bid is not known


@dataclass(frozen=True, slots=True)
class OrdersPage:
    """Our live orders of both modes, and what else the exchange lists (foreign orders, by id)."""

    label: Label
    live: tuple[Order, ...]
    foreign: tuple[str, ...]
    note: str = ""  # said when the exchange could not be asked


@dataclass(frozen=True, slots=True)
class PnlPage:
    """Closed trades of one mode in one period (the owner's time zone)."""

    label: Label
    period: str  # day, week, month, all
    start: date | None
    totals: Totals  # wins, losses, others, profit, fees of that period
    open_trades: int
    at_risk: Decimal
    other_mode: Totals  # the same period in the other mode, never added in
    unfilled: int = 0


@dataclass(frozen=True, slots=True)
class EquityPage:
    """What closed trades of one mode came to, after fees: the running sum at each close, and the sum of each day.

    The sums are floats, for a picture: a year's Decimals take long to let go of, and nothing else runs meanwhile.
    """

    label: Label
    period: str  # day, week, month, all
    mode: Mode
    closes: Sequence[datetime] = ()  # oldest first
    sums: Sequence[float] = (0.0,)  # in dollars: 0, then what it was at each of these
    days: tuple[tuple[date, Decimal], ...] = ()  # the owner's dates on which something closed, oldest first
    total: Decimal = ZERO  # the last sum, the lowest and the highest one, 0 among them
    lowest: Decimal = ZERO
    highest: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen at one instant: the spot price, and the touch in YES dollars; None where nothing was."""

    at: datetime
    spot: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None


@dataclass(frozen=True, slots=True)
class MarketHistoryPage:
    """One market as it went while we looked, and our fills in it in the current mode; both oldest first."""

    label: Label
    market: Market
    samples: tuple[Sample, ...]
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class ResumePreview:
    """What /resume would clear, and what keeps standing because only time or a restart clears it.

    `fingerprint` changes whenever the state that was previewed does: a confirmation is bound to it.
    """

    label: Label
    clears: tuple[Halt, ...]
    stays: tuple[Halt, ...]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ModePreview:
    """What a switch of the mode would mean. `refused` says why it cannot be done, empty when it can."""

    label: Label
    to: Mode
    live_orders: int
    open_trades: int
    refused: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class ModeReport:
    label: Label
    canceled: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class KillReport:
    """What a kill found and did: counted from the exchange's own list afterwards."""

    label: Label
    stored: bool  # False: the halt is in memory (and in a marker file) only
    cancel_sent: bool
    still_listed: tuple[str, ...]  # order ids
    open_trades: int
    at_risk: Decimal
    seconds: float
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthPage:
    label: Label
    version: str
    started_at: datetime
    beats: int
    last_beat: datetime | None
    beat_seconds: float  # how long the last one took
    feeds: Mapping[str, float | None]  # name -> age in seconds of its newest sample
    exchange_ok: bool
    problems: tuple[str, ...]
    rows: Mapping[str, int]  # table -> rows
    streaming: bool = False  # prices come from the stream, else they are asked for
    stream: StreamHealth | None = None  # None where there is none


@dataclass(frozen=True, slots=True)
class CancelReport:
    label: Label
    canceled: int
    unproved: int  # asked for, and not yet seen to be gone
    foreign: bool = False  # it was not ours


@dataclass(frozen=True, slots=True)
class Exit:
    """One position and what leaving it now would bring: `bid` is the best price for it, None where nobody bids."""

    mode: Mode
    ticker: str
    side: Outcome
    contracts: Decimal
    paid: Decimal  # dollars, fees included
    bid: Decimal | None = None
    proceeds: Decimal = ZERO  # dollars at the touch
    fee: Decimal = ZERO
    problem: str = ""

    @property
    def result(self) -> Decimal:
        """Dollars that the whole bet would have made."""
        return self.proceeds - self.fee - self.paid


@dataclass(frozen=True, slots=True)
class Exited:
    """What came of an exit: contracts sold and dollars received after fees, or why not."""

    exit: Exit
    sold: Decimal = ZERO
    received: Decimal = ZERO
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ExitsPage:
    """Ways out of what is held: as they are now, or what came of taking them."""

    label: Label
    open: tuple[Exit, ...] = ()
    done: tuple[Exited, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitPreview:
    """A limit as it is, as configured, and as it would be."""

    label: Label
    name: str
    now: Decimal | int
    ceiling: Decimal | int
    value: Decimal
    refused: str  # why it cannot be, in words
    fingerprint: str

    @property
    def raises(self) -> bool:
        """Whether more could be lost then."""
        return self.value > self.now


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A limit in force, the configured one, and what is used of it now (None: it is about one order)."""

    name: str
    now: Decimal | int
    ceiling: Decimal | int
    used: Decimal | int | None = None


@dataclass(frozen=True, slots=True)
class LimitsPage:
    label: Label
    lines: tuple[LimitLine, ...]
    one_contract_until: datetime | None = None  # the first hours of real orders; None where they are over


@dataclass(frozen=True, slots=True)
class AuditPage:
    """The newest entries, newest first, of `total`; `broken` says in words where the chain does not hold."""

    label: Label
    entries: tuple[AuditEntry, ...]
    total: int
    broken: str
