"""The paper model's rules, each as it stands in the module's docstring, and its cash to the last $0.0001."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.clock import VirtualClock
from trading.domain.errors import NotFound, Paused, Rejected, Unavailable, Unresolved
from trading.domain.market import Level, Market, Quote
from trading.domain.money import ONE, ZERO
from trading.domain.order import ExchangeStatus, Fill, Mode, Order, OrderStatus, Position, Side, TimeInForce
from trading.exchange.paper import PaperExchange
from trading.risk.gate import Ticket

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TICKER = "KXBTC15M-26NOV210715-15"
CASH = Decimal(1000)
D = Decimal


class Quotes:
    """Market data that shows what it is told to."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.open = True
        self.down = False
        self.shows("0.50", "0.52")

    def shows(self, bid: str | None, ask: str | None, size: str = "100") -> None:
        self.bid = Level(D(bid), D(size)) if bid else None
        self.ask = Level(D(ask), D(size)) if ask else None

    async def quote(self, ticker: str) -> Quote:
        if self.down:
            raise Unavailable("down")
        return Quote(ticker, self.clock.now(), self.bid, self.ask)

    async def status(self, exchange_index: int) -> ExchangeStatus:
        if self.down:
            raise Paused("down")
        return ExchangeStatus(True, self.open)

    async def markets(
        self,
        *,
        series: str = "",
        tickers: Sequence[str] = (),
        closes_after: datetime | None = None,
        closes_before: datetime | None = None,
        status: str = "",
    ) -> list[Market]:
        return []


class Rig:
    def __init__(self) -> None:
        self.clock = VirtualClock(NOW)
        self.quotes = Quotes(self.clock)
        self.paper = PaperExchange(self.quotes, self.clock, {"consensus": CASH})
        self.count = 0

    def order(self, **changes: Any) -> Order:
        self.count += 1
        base = Order(
            client_order_id=f"c{self.count}",
            mode=Mode.DRY_RUN,
            strategy="consensus",
            ticker=TICKER,
            side=Side.BID,
            price=D("0.52"),
            count=D(10),
            status=OrderStatus.PENDING,
            created_at=self.clock.now(),
            updated_at=self.clock.now(),
            expires_at=NOW + timedelta(seconds=60),
            close_time=NOW + timedelta(minutes=15),
            exchange_index=2,
        )
        exact: dict[str, Any] = {k: D(v) if k in ("price", "count") else v for k, v in changes.items()}
        return replace(base, **exact)

    async def place(self, **changes: Any) -> Any:
        return await self.paper.place(Ticket(self.order(**changes)))

    async def cash(self) -> Decimal:
        return (await self.paper.balance()).total


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_it_fills_at_the_touch_with_the_takers_fee(rig: Rig) -> None:
    placed = await rig.place(price="0.60")
    assert (placed.order_id, placed.filled, placed.remaining) == ("DRY-RUN-c1", D(10), ZERO)
    (fill,) = await rig.paper.fills()
    assert (fill.price, fill.count, fill.is_taker, fill.mode) == (D("0.52"), D(10), True, Mode.DRY_RUN)
    assert fill.fee == D("0.1748")  # 0.07 x 10 x 0.52 x 0.48 = 0.17472, up to 0.0001
    assert (fill.fill_id, fill.client_order_id, fill.strategy) == ("DRY-RUN-c1-0", "c1", "consensus")
    assert await rig.paper.positions() == [Position(Mode.DRY_RUN, TICKER, D(10), "consensus")]
    assert await rig.cash() == CASH - D("5.20") - D("0.1748")
    assert (await rig.paper.balance()).portfolio_value == D("5.00")


async def test_buying_no_takes_the_bid(rig: Rig) -> None:
    await rig.place(side=Side.ASK, price="0.50")
    (fill,) = await rig.paper.fills()
    assert (fill.price, fill.cost, fill.signed) == (D("0.50"), D("5.00"), D(-10))
    assert await rig.cash() == CASH - D("5.00") - fill.fee
    assert (await rig.paper.balance()).portfolio_value == D("4.80")


async def test_never_more_than_the_touch_and_not_the_same_contracts_twice(rig: Rig) -> None:
    rig.quotes.shows("0.50", "0.52", "6")
    assert (await rig.place()).filled == D(6)
    assert (await rig.place()).filled == ZERO
    assert len(await rig.paper.fills()) == 1
    rig.quotes.shows("0.50", "0.52", "8")  # two more have come
    assert [fill.count for fill in await rig.paper.fills()] == [D(6), D(2)]
    rig.quotes.shows("0.50", "0.51", "3")  # another touch: what was taken before does not count
    assert [(f.count, f.price) for f in await rig.paper.fills()][2:] == [(D(2), D("0.52")), (D(1), D("0.52"))]


async def test_a_resting_order_fills_at_its_own_price_as_a_maker(rig: Rig) -> None:
    placed = await rig.place(price="0.51")
    assert (placed.filled, placed.remaining) == (ZERO, D(10))
    assert await rig.cash() < CASH  # set aside
    assert await rig.paper.fills() == []
    rig.quotes.shows("0.40", "0.45", "4")
    (fill,) = await rig.paper.fills()
    assert (fill.price, fill.count, fill.fee, fill.is_taker) == (D("0.51"), D(4), ZERO, False)
    (report,) = await rig.paper.orders(status="resting")
    assert (report.filled, report.remaining, report.initial) == (D(4), D(6), D(10))


async def test_what_is_left_of_a_crossing_order_pays_the_takers_fee_later_too(rig: Rig) -> None:
    rig.quotes.shows("0.50", "0.52", "6")
    await rig.place()
    rig.quotes.shows("0.50", "0.51")
    _, later = await rig.paper.fills()
    assert (later.price, later.count, later.is_taker) == (D("0.52"), D(4), True)
    assert later.fee > 0


@pytest.mark.parametrize(("force", "filled"), [(TimeInForce.IOC, D(6)), (TimeInForce.GTC, D(6))])
async def test_what_is_left_is_dropped_or_rests(rig: Rig, force: TimeInForce, filled: Decimal) -> None:
    rig.quotes.shows("0.50", "0.52", "6")
    placed = await rig.place(time_in_force=force, expires_at=None)
    assert placed.filled == filled
    assert placed.remaining == (D(4) if force is TimeInForce.GTC else ZERO)
    assert len(await rig.paper.orders(status="resting")) == (force is TimeInForce.GTC)


async def test_fill_or_kill_is_whole_or_rejected_and_uses_the_id(rig: Rig) -> None:
    rig.quotes.shows("0.50", "0.52", "6")
    order = rig.order(time_in_force=TimeInForce.FOK, expires_at=None)
    with pytest.raises(Rejected, match="fill_or_kill"):
        await rig.paper.place(Ticket(order))
    with pytest.raises(Unresolved, match="exists"):
        await rig.paper.place(Ticket(order))
    assert (await rig.place(time_in_force=TimeInForce.FOK, count="6", expires_at=None)).filled == D(6)


async def test_expiry_close_and_cancel_end_an_order_before_a_later_quote_fills_it(rig: Rig) -> None:
    await rig.place(price="0.51")
    await rig.place(price="0.51", expires_at=None, close_time=NOW + timedelta(seconds=30))
    third = rig.order(price="0.51")
    placed = await rig.paper.place(Ticket(third))
    assert await rig.paper.cancel(replace(third, order_id=placed.order_id)) == D(10)
    with pytest.raises(NotFound):
        await rig.paper.cancel(replace(third, order_id=placed.order_id))
    rig.clock.advance_to(NOW + timedelta(seconds=60))
    rig.quotes.shows("0.40", "0.45")
    assert await rig.paper.fills() == []
    assert {report.status for report in await rig.paper.orders()} == {OrderStatus.CANCELED}
    assert await rig.cash() == CASH


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expires_at": NOW}, "invalid_parameters"),
        ({"close_time": NOW}, "MARKET_INACTIVE"),
        ({"count": "0"}, "invalid_parameters"),
        ({"price": "1"}, "invalid_parameters"),
        ({"count": "2000"}, "insufficient_balance"),
        ({"reduce_only": True}, "invalid_parameters"),
        ({"reduce_only": True, "time_in_force": TimeInForce.IOC}, "invalid_order"),
    ],
)
async def test_what_the_exchange_would_refuse_is_refused(rig: Rig, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as caught:
        await rig.place(**changes)
    assert caught.value.code == code
    assert await rig.paper.orders() == []


async def test_no_quote_or_a_pause_is_no_order(rig: Rig) -> None:
    rig.quotes.open = False
    with pytest.raises(Rejected, match="paused"):
        await rig.place()
    rig.quotes.down = True
    with pytest.raises(Rejected, match="unreachable"):
        await rig.place()
    with pytest.raises(Unavailable):
        await rig.paper.refresh(TICKER)


async def test_lists_are_known_also_while_quotes_are_not(rig: Rig) -> None:
    await rig.place(price="0.51")
    rig.quotes.down = True
    assert len(await rig.paper.orders()) == 1
    assert await rig.paper.fills() == []


async def test_cancel_all_ends_everything_and_calls_off_what_waits(rig: Rig) -> None:
    await rig.place(price="0.51")
    ask = rig.quotes.quote

    async def killed_meanwhile(ticker: str) -> Quote:
        await rig.paper.cancel_all()
        return await ask(ticker)

    rig.quotes.quote = killed_meanwhile  # type: ignore[method-assign]
    with pytest.raises(Rejected, match="called_off"):
        await rig.place()
    rig.quotes.quote = ask  # type: ignore[method-assign]
    assert await rig.paper.orders(status="resting") == []
    assert await rig.cash() == CASH


async def test_reduce_only_closes_and_pairs_give_their_dollar_back(rig: Rig) -> None:
    await rig.place(count="10")
    await rig.place(side=Side.ASK, price="0.50", count="15", time_in_force=TimeInForce.IOC, reduce_only=True)
    bought, sold = await rig.paper.fills()
    assert sold.count == D(10)
    assert await rig.paper.positions() == []
    assert await rig.cash() == CASH - D("0.20") - bought.fee - sold.fee


@pytest.mark.parametrize(
    ("side", "value", "result", "revenue"),
    [
        (Side.BID, "1", "yes", "10"),
        (Side.BID, "0", "no", "0"),
        (Side.ASK, "0", "no", "10"),
        (Side.ASK, "0.3", "scalar", "7"),
    ],
)
async def test_settlement_pays_what_the_side_is_worth(
    rig: Rig, side: Side, value: str, result: str, revenue: str
) -> None:
    await rig.place(side=side, price="0.52" if side is Side.BID else "0.50")
    await rig.place(side=Side.BID, price="0.45")  # rests, and ends with the market
    (paid,) = rig.paper.settle(TICKER, D(value))
    assert (paid.result, paid.revenue, paid.value) == (result, D(revenue), D(value))
    (fill,) = await rig.paper.fills()
    assert await rig.cash() == CASH - fill.cost - fill.fee + D(revenue)
    assert await rig.paper.settlements(ticker=TICKER) == [paid]
    assert await rig.paper.settlements(ticker="other") == []
    assert await rig.paper.positions() == []
    assert await rig.paper.orders(status="resting") == []
    assert rig.paper.settle(TICKER, D(value)) == []


async def test_each_strategy_has_its_own_book_as_if_it_were_alone(rig: Rig) -> None:
    rig.paper = PaperExchange(rig.quotes, rig.clock, {"bull": D(20), "bear": D(50)})
    rig.quotes.shows("0.50", "0.52", "10")
    assert (await rig.place(strategy="bull")).filled == D(10)
    assert (await rig.place(strategy="bear", side=Side.ASK, price="0.50")).filled == D(10)
    assert (await rig.place(strategy="bear", count="1")).filled == ONE, "what another took is there for it"
    assert await rig.paper.positions() == [
        Position(Mode.DRY_RUN, TICKER, D(10), "bull"),
        Position(Mode.DRY_RUN, TICKER, D(-9), "bear"),
    ]
    with pytest.raises(Rejected, match="insufficient_balance"):
        await rig.place(strategy="bull", count="30")
    assert await rig.paper.cancel(replace(await _resting(rig, "bear"), strategy="")) == D(5), "found by its id alone"
    assert [(p.yes_count, p.no_count, p.revenue) for p in rig.paper.settle(TICKER, ONE)] == [(10, 0, 10), (0, 9, 0)]
    at = [fill.at for fill in await rig.paper.fills()]
    assert at == sorted(at)
    assert len(at) == 3


async def _resting(rig: Rig, strategy: str) -> Order:
    placed = await rig.place(strategy=strategy, price="0.30", count="5")
    return rig.order(strategy=strategy, order_id=placed.order_id)


async def test_whoever_is_not_listed_may_only_leave_what_it_holds(rig: Rig) -> None:
    left = Position(Mode.DRY_RUN, TICKER, D(3), "gone")
    rig.paper.restore([], [left], {"gone": D("-1.50")})
    with pytest.raises(Rejected, match="insufficient_balance"):
        await rig.place(strategy="gone", count="1")
    out = {"side": Side.ASK, "price": "0.50", "time_in_force": TimeInForce.IOC, "reduce_only": True}
    assert (await rig.place(strategy="gone", count="3", **out)).filled == D(3)
    assert await rig.paper.positions() == []


async def test_a_restart_goes_on_where_the_ledger_was(rig: Rig) -> None:
    rig.quotes.shows("0.50", "0.52", "6")
    await rig.place(side=Side.ASK, price="0.50", count="3")
    await rig.place(price="0.48")
    fills, cash = await rig.paper.fills(), await rig.cash()
    resting = replace(rig.order(), client_order_id="c2", order_id="DRY-RUN-c2", status=OrderStatus.RESTING)
    after = PaperExchange(rig.quotes, rig.clock, {"consensus": CASH})
    after.restore(
        [replace(resting, price=D("0.48")), rig.order(), rig.order(mode=Mode.REAL, status=OrderStatus.RESTING)],
        await rig.paper.positions(),
        {"consensus": sum((-f.signed * f.price - f.fee for f in fills), ZERO)},
    )
    assert (await after.balance()).total == cash
    assert await after.positions() == await rig.paper.positions()
    (report,) = await after.orders()
    assert (report.order_id, report.status, report.price) == ("DRY-RUN-c2", OrderStatus.RESTING, D("0.48"))
    with pytest.raises(Unresolved):
        await after.place(Ticket(resting))
    assert await after.cancel(resting) == D(10)


async def test_a_fill_that_was_reported_and_never_booked_is_made_again_under_its_id(rig: Rig) -> None:
    placed = await rig.place()
    (before,) = await rig.paper.fills()
    acknowledged = replace(
        rig.order(), client_order_id="c1", order_id=placed.order_id, status=OrderStatus.EXECUTED, reported=D(10)
    )
    after = PaperExchange(rig.quotes, rig.clock, {"consensus": CASH})
    after.restore([acknowledged], [], {})
    (again,) = await after.fills()
    assert (again.fill_id, again.count) == (before.fill_id, D(10))
    assert await after.positions() == await rig.paper.positions()


async def test_what_ended_long_ago_is_forgotten(rig: Rig) -> None:
    await rig.place()
    rig.clock.advance_to(NOW + timedelta(days=3))
    rig.quotes.shows("0.50", "0.53")
    assert (await rig.paper.order("DRY-RUN-c1")).status is OrderStatus.EXECUTED
    await rig.place(expires_at=None, close_time=None)
    with pytest.raises(NotFound):
        await rig.paper.order("DRY-RUN-c1")
    assert await rig.paper.positions() == [Position(Mode.DRY_RUN, TICKER, D(10), "consensus")]


cents = st.integers(2, 97)


@settings(max_examples=60)
@given(
    quotes=st.lists(st.tuples(cents, st.integers(1, 3), st.integers(1, 2000)), min_size=1, max_size=6),
    orders=st.lists(st.tuples(st.sampled_from(Side), cents, st.integers(1, 3000)), min_size=1, max_size=6),
    value=st.integers(0, 10),
)
async def test_cash_is_what_fills_fees_and_settlements_say(
    quotes: list[tuple[int, int, int]], orders: list[tuple[Side, int, int]], value: int
) -> None:
    rig = Rig()
    for (bid, spread, size), (side, price, count) in zip(quotes, orders, strict=False):
        rig.quotes.shows(str(D(bid) / 100), str(D(bid + spread) / 100), str(D(size) / 100))
        await rig.place(side=side, price=D(price) / 100, count=D(count) / 100)
    fills: list[Fill] = await rig.paper.fills()
    for fill in fills:
        assert 0 <= fill.fee <= fill.count * D("0.0175") + D("0.0002")
        assert fill.fee % D("0.0001") == 0
    held = sum((fill.signed for fill in fills), ZERO)
    assert sum((p.contracts for p in await rig.paper.positions()), ZERO) == held
    paid = rig.paper.settle(TICKER, D(value) / 10)
    await rig.paper.cancel_all()
    pairs = min(
        sum((f.count for f in fills if f.side is Side.BID), ZERO),
        sum((f.count for f in fills if f.side is Side.ASK), ZERO),
    )
    spent = sum((fill.cost + fill.fee for fill in fills), ZERO)
    assert await rig.cash() == CASH - spent + pairs * ONE + sum((each.revenue for each in paid), ZERO)
