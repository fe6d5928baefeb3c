"""Whatever a member does, nothing is lost: cash, contracts, counts and the journal, after every single act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from trading.clock import VirtualClock
from trading.domain.market import TAPERED_DECI_CENT, on_grid
from trading.domain.money import ZERO
from trading.domain.order import Side, TimeInForce
from trading.exchange.simulated.account import Account
from trading.exchange.simulated.journal import Journal
from trading.exchange.simulated.matching import SelfTrade
from trading.exchange.simulated.records import Amendment, CashFlowKind, HeldOrder, NewOrder, OrderGroup
from trading.exchange.simulated.refusals import VenueError
from trading.exchange.simulated.venue import Venue, open_venue
from trading.exchange.simulated.windows import Window

START = datetime(2026, 1, 8, 7, 40, tzinfo=UTC)  # Thursday, 20 minutes before the weekly pause
CASH = {0: D(300), 2: D(700)}  # dollars by shard
GROUP_ACTS = ["trigger", "reset", "delete", "limit"]
Act = Callable[[Venue, VirtualClock], object]

prices = st.sampled_from([D(n) / 1000 for n in range(1, 1000) if on_grid(D(n) / 1000, TAPERED_DECI_CENT)])
counts = st.one_of(st.integers(1, 3_000), st.integers(1, 30_000)).map(lambda n: D(n) / 100)
dollars = st.integers(1, 40_000).map(lambda n: D(n) / 100)
picks = st.integers(0, 50)
sides, shards = st.sampled_from(list(Side)), st.sampled_from([0, 2])


def trading(venue: Venue) -> Window:
    """The market that trades now."""
    now = venue.sync()
    return next(iter(venue.world.windows("KXBTC15M", now + timedelta(microseconds=1), now + timedelta(minutes=15))))


def picked(venue: Venue, number: int) -> HeldOrder:
    """A resting order where there is one, else any."""
    resting = [order for orders in venue.account.resting.values() for order in orders.values()]
    found = resting or list(venue.account.orders.values())
    if not found:
        raise VenueError(404, "none", "there is no order yet")
    return found[number % len(found)]


def group_of(venue: Venue, number: int) -> OrderGroup:
    found = list(venue.account.groups.values())
    if not found:
        raise VenueError(404, "none", "there is no group yet")
    return found[number % len(found)]


GTC, IOC, FOK = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK
FLAGS: list[dict[str, bool]] = [{}, {}, {"post_only": True}, {"cancel_on_pause": True}, {"reduce_only": True}]


@st.composite
def creations(draw: st.DrawFn) -> Act:
    """Every kind of order, most with flags that go together; near the touch, or anywhere."""
    side, price, count, self_trade = draw(sides), draw(prices), draw(counts), draw(st.sampled_from(list(SelfTrade)))
    tif, number, near = draw(st.sampled_from([GTC, GTC, GTC, IOC, FOK])), draw(picks), draw(st.integers(-1, 4))
    flags = draw(st.sampled_from(FLAGS if tif is not IOC else [{}, {"reduce_only": True}]))
    life = draw(st.sampled_from([None, None, None, 30, 600])) if tif is GTC else None

    def act(venue: Venue, clock: VirtualClock) -> object:
        ticker, groups = trading(venue).ticker, list(venue.account.groups)
        book = venue.shown(ticker)
        levels = book.bids if side is Side.BID else book.asks
        return venue.create(
            NewOrder(
                ticker,
                side,
                D(levels[near][0]) / 10_000 if 0 <= near < len(levels) else price,
                count,
                tif,
                self_trade,
                f"c{number}" if number < 5 else "",
                None if life is None else int(clock.now().timestamp()) + life,
                order_group_id=groups[number % len(groups)] if groups and number % 2 else "",
                **flags,
            )
        )

    return act


def amended(number: int, price: D, count: D, stays: bool) -> Act:
    def act(venue: Venue, clock: VirtualClock) -> object:
        order = picked(venue, number)
        kept = D(order.price) / 10_000 if stays else price
        return venue.amend(order.order_id, Amendment(order.ticker, order.side, kept, count))

    return act


def decreased(number: int, count: D, by: bool) -> Act:
    def act(venue: Venue, clock: VirtualClock) -> object:
        order_id = picked(venue, number).order_id
        return venue.decrease(order_id, by=count) if by else venue.decrease(order_id, to=count)

    return act


def changed_group(number: int, kind: str, limit: int) -> Act:
    def act(venue: Venue, clock: VirtualClock) -> object:
        group = group_of(venue, number)
        if kind == "limit":
            return venue.act(lambda: venue.groups.set_limit(group.group_id, 2, limit, venue.now))
        change = getattr(venue.groups, kind)
        return venue.act(lambda: change(group.group_id, 2, venue.now))

    return act


def changed_result(number: int, result: str) -> Act:
    def act(venue: Venue, clock: VirtualClock) -> object:
        tickers = list(venue.account.closed) or [trading(venue).ticker]
        venue.amend_result(tickers[number % len(tickers)], result)
        return waits(number % 5)(venue, clock)

    return act


def waits(seconds: float) -> Act:
    return lambda venue, clock: clock.advance_to(clock.now() + timedelta(seconds=seconds))


limits = st.integers(100, 60_000)
KINDS: dict[str, tuple[int, st.SearchStrategy[Act]]] = {  # how often, and what
    "create": (14, creations()),
    "amend": (3, st.builds(amended, picks, prices, counts, st.booleans())),
    "decrease": (2, st.builds(decreased, picks, counts, st.booleans())),
    "cancel": (2, picks.map(lambda n: lambda venue, clock: venue.cancel(picked(venue, n).order_id))),
    "cancel all": (1, st.just(lambda venue, clock: venue.cancel_all())),
    "transfer": (1, st.builds(lambda a, b, n: lambda venue, clock: venue.transfer(a, b, n), shards, shards, dollars)),
    "deposit": (1, dollars.map(lambda n: lambda venue, clock: venue.deposit(n))),
    "withdraw": (1, dollars.map(lambda n: lambda venue, clock: venue.withdraw(n))),
    "group": (2, limits.map(lambda n: lambda venue, clock: venue.act(lambda: venue.groups.create(n, 2, venue.now)))),
    "change group": (2, st.builds(changed_group, picks, st.sampled_from(GROUP_ACTS), limits)),
    "change result": (3, st.builds(changed_result, picks, st.sampled_from(["yes", "no"]))),
    "wait": (8, st.integers(0, 300).map(lambda tenths: waits(tenths / 10))),
    "wait long": (2, st.sampled_from([300.0, 900.0, 3600.0]).map(waits)),
}
acts = st.sampled_from([k for k, (often, _) in KINDS.items() for _ in range(often)]).flatmap(lambda k: KINDS[k][1])


def figures(held: Account) -> tuple[object, ...]:
    """All that the account is."""
    stakes = held.holdings, held.closed, held.settlements, held.result_changes
    return held.orders, held.resting, held.fills, held.groups, held.cash, held.transfers, held.cash_flows, *stakes


def check_money(held: Account) -> None:
    """Every dollar that came in is cash, is in a stake at its cost, was lost or won, or went out as a fee."""
    stakes = [*held.holdings.values(), *held.closed.values()]
    came = sum((f.amount if f.kind is CashFlowKind.DEPOSIT else -f.amount for f in held.cash_flows), ZERO)
    fees = sum((f.fee for f in held.fills), ZERO)
    realized = sum((s.realized for s in stakes), ZERO)
    cost = sum((s.cost for s in stakes), ZERO)
    assert sum(held.cash.values(), ZERO) + cost + fees - realized == sum(CASH.values()) + came
    assert fees == sum((s.fees for s in stakes), ZERO)
    for shard in held.cash:
        assert held.reserved(shard) >= 0
        rounding = D("0.0001") * len(held.orders)
        assert held.result_changes or held.available(shard) >= -rounding
    assert all(s.contracts == 0 and s.cost == 0 for s in held.closed.values())


def check_contracts(held: Account) -> None:
    """Positions are the sum of their fills, settled or not, and orders know what they have filled."""
    signed, filled = Counter[str](), Counter[str]()
    for fill in held.fills:
        signed[fill.ticker] += fill.side.sign * fill.count
        filled[fill.order_id] += fill.count
    paid = {s.ticker: s.yes_count - s.no_count for s in held.settlements}
    for ticker, sum_ in signed.items():
        stake = held.holdings.get(ticker)
        assert sum_ == (stake.contracts if stake else paid.get(ticker, 0))
    for order in held.orders.values():
        assert order.filled == filled[order.order_id] <= order.initial
        assert order.resting == (order.remaining > 0) == (order.order_id in held.resting.get(order.ticker, {}))
        assert not order.resting or order.filled + order.remaining == order.initial


def check_venue(venue: Venue) -> None:
    """No book is crossed, what rests is shown, what has triggered or ended rests no more."""
    window = trading(venue)
    book = venue.shown(window.ticker)
    assert not (book.bids and book.asks) or book.bids[0][0] < book.asks[0][0]
    shown = {Side.BID: dict(book.bids), Side.ASK: dict(book.asks)}
    levels = Counter[tuple[Side, int]]()
    for order in venue.account.resting.get(window.ticker, {}).values():
        levels[order.side, order.price] += order.remaining
    assert all(shown[side].get(price, 0) >= count for (side, price), count in levels.items())
    assert venue.account.resting.keys() <= {window.ticker}
    groups = venue.account.groups
    for order in venue.account.resting.get(window.ticker, {}).values():
        assert not order.order_group_id or not groups[order.order_group_id].triggered


@settings(max_examples=60)
@given(st.lists(acts, min_size=12, max_size=40), st.integers(1, 3))
def test_nothing_is_lost_whatever_is_done(played: list[Act], seed: int) -> None:
    with TemporaryDirectory() as folder:
        clock = VirtualClock(START)
        venue = open_venue(clock, seed=seed, folder=Path(folder), cash=CASH)
        for act in played:
            with suppress(VenueError):
                act(venue, clock)
            venue.sync()
            check_money(venue.account)
            check_contracts(venue.account)
            check_venue(venue)
        journal = Journal(Path(folder))
        assert figures(Account(journal)) == figures(venue.account)
        journal.close()
        venue.close()
