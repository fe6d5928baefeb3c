"""The venue: one exchange with one member, as a synchronous object that a clock drives.

It is lazy: each call first brings the venue to the clock's time, and only what matters is played on the way: markets
with a resting order of ours, expiries, closes, pauses, settlements, and answers that were due late. The same sequence
of calls at the same times gives the same figures, and a jump of weeks costs nothing where nothing rests.
Every change is in the journal before the call returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from trading.domain.market import MarketStatus, Tick
from trading.domain.money import ZERO
from trading.domain.order import ExchangeStatus
from trading.exchange.simulated import refusals
from trading.exchange.simulated.account import OPENING_CASH, Account
from trading.exchange.simulated.books import SWEEP_LAG, Books
from trading.exchange.simulated.buckets import Meter
from trading.exchange.simulated.entry import OrderEntry
from trading.exchange.simulated.groups import OrderGroups
from trading.exchange.simulated.journal import Journal
from trading.exchange.simulated.listing import MarketFilter, is_historical, listed
from trading.exchange.simulated.pauses import Pause, Pauses
from trading.exchange.simulated.records import Amendment, CashFlow, HeldOrder, NewOrder, ResultChange, Transfer
from trading.exchange.simulated.results import Results
from trading.exchange.simulated.scopes import Rights
from trading.exchange.simulated.street import EMPTY, StreetBook
from trading.exchange.simulated.treasury import Treasury
from trading.exchange.simulated.units import PRICE_UNIT, contracts, dollars
from trading.exchange.simulated.windows import Verdict, Window, status_at
from trading.exchange.simulated.world import SeededWorld, World
from trading.ports import Clock

PublicKey = RSAPublicKey | Ed25519PublicKey
MARK_EVERY = timedelta(minutes=15)  # a time mark in the journal, so that a restarted clock never runs backwards
SHARDS = {0: "Default", 1: "Combos", 2: "Crypto & Commodities", 3: "Tennis, Baseball & Basketball"}
_T = TypeVar("_T")


class Venue:
    """Made by `open_venue`. Methods raise VenueError where the exchange refuses, StoreFailed where the disk does."""

    def __init__(
        self,
        clock: Clock,
        world: World,
        account: Account,
        *,
        seed: int,
        keys: Mapping[str, PublicKey],
        sweep_lag: timedelta = SWEEP_LAG,
        shadow_share: float = 0.0,
    ) -> None:
        self.clock, self.world, self.account, self.keys = clock, world, account, dict(keys)
        self.rights: dict[str, Rights] = {}  # by key id; a key that is not here has all of them
        self.meter, self.pauses = Meter(), Pauses()
        self.seed = seed
        self.books = Books(world, account, self.pauses, seed, sweep_lag)
        self.groups = OrderGroups(account, self.books, seed)
        self.results, self._treasury = Results(world, account), Treasury(account, seed, SHARDS)
        self._entry = OrderEntry(world, account, self.books, self.groups, self.pauses, seed, shadow_share)
        self._late: list[tuple[datetime, Callable[[], object]]] = []
        self._landing = False
        self.now = account.last_time or clock.now()
        self.books.restore(self.now)

    @property
    def last_time(self) -> datetime | None:
        """The latest time in the journal; None before the first change."""
        return self.account.last_time

    def sync(self) -> datetime:
        """Bring the venue to the clock's time, which is returned; a clock that runs backwards stands still here."""
        if self._landing:
            return self.now
        target = max(self.clock.now(), self.now)
        while self._late and self._late[0][0] <= target:
            when, act = self._late.pop(0)
            self._advance(max(when, self.now))
            self._land(act)
        self._advance(target)
        return target

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Let `act` take effect so many of the clock's seconds from now; it must not raise. Lost by a restart."""
        self._late.append((self.clock.now() + timedelta(seconds=seconds), act))
        self._late.sort(key=lambda due: due[0])

    def pause(self, start: datetime, end: datetime, *, whole: bool) -> None:
        """Order a pause of trading, or of the whole exchange."""
        self.pauses.add(Pause(start, end, whole))
        self.books.forget_ends()

    def close(self) -> None:
        """Write down what time it is, so that a restart goes on from there, and close the journal."""
        self.account.commit(self.sync(), mark=True)
        self.account.close()

    # What anybody may read.

    def window(self, ticker: str) -> Window:
        """A live market by its ticker. Raises VenueError 404."""
        window = self.known(ticker)
        if is_historical(window, self.now):
            raise refusals.market_not_found()
        return window

    def known(self, ticker: str) -> Window:
        """A market by its ticker, live or historical. Raises VenueError 404."""
        window = self.world.window(ticker)
        if window is None or window.created_time > self.sync():
            raise refusals.market_not_found()
        return window

    def windows(self, wanted: MarketFilter) -> Iterator[Window]:
        """Listed markets that match, the latest close first."""
        return listed(self.world, wanted, self.sync())

    def verdict(self, window: Window) -> Verdict | None:
        """How a market ended, once that is known."""
        return self.results.verdict(window, self.now)

    def status_of(self, window: Window) -> MarketStatus:
        return status_at(window, self.verdict(window), self.now)

    def shown(self, ticker: str) -> StreetBook:
        """The order book; an unknown or closed market has an empty one."""
        now, window = self.sync(), self.world.window(ticker)
        return self.books.shown(window, now) if window else EMPTY

    def spot(self, index_id: str) -> Tick:
        """The index's newest value. Raises VenueError 404."""
        tick = self.world.spot(index_id, self.sync())
        if tick is None:
            raise refusals.not_found("index")
        return tick

    def exchange_status(self) -> ExchangeStatus:
        """Whether it trades now; the weekly pause is every shard's."""
        pause = self.pauses.at(self.sync())
        return ExchangeStatus(not (pause and pause.whole), pause is None, pause.end if pause else None)

    # What the member may do. Each act is journalled when it returns.

    def create(self, wish: NewOrder) -> HeldOrder:
        return self.act(lambda: self._entry.create(wish, self.now))

    def cancel(self, order_id: str, shard: int | None = None) -> tuple[HeldOrder, Decimal]:
        """The order and the contracts taken off."""
        order, count = self.act(lambda: self._entry.cancel(order_id, self.now, shard))
        return order, contracts(count)

    def cancel_all(self) -> None:
        self.act(lambda: self._entry.cancel_all(self.now))

    def amend(self, order_id: str, wish: Amendment) -> tuple[HeldOrder, HeldOrder]:
        """The order before and after."""
        return self.act(lambda: self._entry.amend(order_id, wish, self.now))

    def decrease(self, order_id: str, by: Decimal | None = None, to: Decimal | None = None) -> HeldOrder:
        return self.act(lambda: self._entry.decrease(order_id, by, to, self.now))

    def transfer(self, source: int, destination: int, amount: Decimal, client_transfer_id: str = "") -> Transfer:
        """Move dollars between shards, at once. The same client id twice is one transfer. None while all is paused."""

        def move() -> Transfer:
            self.pauses.check_exchange(self.now)
            return self._treasury.transfer(source, destination, amount, client_transfer_id, self.now)

        return self.act(move)

    def deposit(self, amount: Decimal) -> CashFlow:
        """Let dollars (whole cents) come in from outside, on shard 0."""
        return self.act(lambda: self._treasury.deposit(amount, self.now))

    def withdraw(self, amount: Decimal) -> CashFlow:
        """Let free dollars of shard 0 go out."""
        return self.act(lambda: self._treasury.withdraw(amount, self.now))

    def amend_result(self, ticker: str, result: str, at: datetime | None = None) -> ResultChange:
        """Order another result (yes or no) of a market that has one by `at`, which is not before now (None: now)."""
        window = self.window(ticker)
        return self.act(lambda: self.results.change(window, result, max(at or self.now, self.now), self.now))

    def act(self, act: Callable[[], _T]) -> _T:
        """Do something at the clock's time, and write down what it has changed, also where it is refused."""
        self.sync()
        try:
            return act()
        finally:
            self.account.commit(self.now)

    # What the member may read.

    def order(self, order_id: str) -> HeldOrder:
        self.sync()
        order = self.account.orders.get(order_id)
        if order is None:
            raise refusals.not_found("order")
        return order

    def portfolio_value(self, shard: int | None = None) -> Decimal:
        """Dollars that the holdings would bring at the touch; what they cost where nobody bids."""
        held = (h for h in self.account.holdings.values() if h.contracts and shard in (None, h.exchange_index))
        return sum((self._worth(h.ticker, h.contracts, h.cost) for h in held), ZERO)

    def _land(self, act: Callable[[], object]) -> None:
        """Let a late act have its effect at its own time, without looking at the clock."""
        self._landing = True
        try:
            act()
        finally:
            self._landing = False

    def _advance(self, to: datetime) -> None:
        if self.account.resting:
            self.books.advance(to)
        if self.account.holdings or self.account.result_changes:
            self.results.settle_due(self.now, to)
        self.now = to
        last = self.account.last_time
        self.account.commit(to, mark=last is None or to - last >= MARK_EVERY)

    def _worth(self, ticker: str, held: int, cost: Decimal) -> Decimal:
        window = self.world.window(ticker)
        book = self.books.shown(window, self.now) if window else EMPTY
        levels = book.bids if held > 0 else book.asks
        if not levels:
            return cost
        price = levels[0][0] if held > 0 else PRICE_UNIT - levels[0][0]
        return contracts(abs(held)) * dollars(price)


def open_venue(
    clock: Clock,
    *,
    seed: int = 1,
    folder: Path | None = None,
    cash: Mapping[int, Decimal] | None = None,
    world: World | None = None,
    keys: Mapping[str, PublicKey] | None = None,
    sweep_lag: timedelta = SWEEP_LAG,
    shadow_share: float = 0.0,
) -> Venue:
    """A venue as it was left in `folder`, or a fresh one with `cash` (dollars by shard; without a folder: in memory).

    `keys` are the public keys that may sign, by key id. `sweep_lag` is how late expired orders are swept,
    `shadow_share` how many of the orders of the minute after a cancel-all go with it. Raises StoreRefused.
    """
    account = Account(Journal(folder) if folder else None)
    if not account.opened:
        for shard, amount in sorted((OPENING_CASH if cash is None else cash).items()):
            account.set_cash(shard, Decimal(amount))
        account.commit(clock.now())
    return Venue(
        clock,
        world or SeededWorld(seed),
        account,
        seed=seed,
        keys=keys or {},
        sweep_lag=sweep_lag,
        shadow_share=shadow_share,
    )
