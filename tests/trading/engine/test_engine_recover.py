"""What start-up finds and says; positions are looked at twice; settlements are held against the exchange's records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import OPEN, TICKER, before, market, order, quote
from tests.trading.engine.rig import START, WISH, Rig, rig
from trading.domain.errors import Unresolved
from trading.domain.events import ErrorSeen, Event, SettlementRead
from trading.domain.market import MarketStatus, Outcome
from trading.domain.order import Mode, Position, Settlement, Side
from trading.domain.pruning import KEPT
from trading.domain.records import Control, Notice
from trading.domain.state import Halt, Reason
from trading.engine.account import FILL_OVERLAP

D = Decimal
LATER = START + timedelta(minutes=1)
PAID_AT = OPEN + timedelta(minutes=16)
OTHER = before().ticker


async def entered(*acts: Any) -> Rig:
    r = rig()
    r.real.on_place = list(acts)
    await r.submit()
    return r


def held(r: Rig, **contracts: str) -> None:
    names = {"ours": TICKER, "other": OTHER}
    r.real.held = [Position(Mode.REAL, names[name], D(count)) for name, count in contracts.items()]


# --- start-up


async def test_what_has_not_changed_is_not_found() -> None:
    r = await entered()
    assert await r.reconcile.recover() == ()


async def test_what_an_order_became_meanwhile_is_said() -> None:
    r = await entered(Unresolved("the process died"))
    assert await r.reconcile.recover() == (f"order {TICKER} was unknown, is resting",)
    r.real.execute(r.order().order_id, D(4))
    await r.account.update()
    r.real.execute(r.order().order_id, D(5))
    held(r, ours="9")
    assert await r.reconcile.recover() == (
        f"order {TICKER} was resting, is executed",
        f"5 of {TICKER} filled meanwhile",
    )


async def test_an_order_that_nobody_can_prove_yet_is_said_to_count_as_filled() -> None:
    r = rig()
    r.real.on_place, r.real.lands = [Unresolved("the process died")], False
    await r.submit()
    assert await r.reconcile.recover() == (f"order {TICKER} is still unknown and counts as filled",)


async def test_the_first_start_keeps_what_the_account_held() -> None:
    r = rig()
    r.real.land(order(client_order_id="by-hand", count=D(7)), "fill")
    held(r, ours="7")
    await r.reconcile.recover()
    row = Control("baseline", {"cash": "1000", "foreign_positions": "1"}, START)
    assert r.store.get("control", "baseline") == row
    r.clock.advance_to(LATER)
    await r.reconcile.recover()
    assert r.store.get("control", "baseline") == row


async def test_without_a_key_there_is_no_account_to_recover() -> None:
    r = rig(Mode.DRY_RUN)
    r.broker.exchanges = {Mode.DRY_RUN: r.paper}
    assert await r.reconcile.recover() == ()
    assert (r.real.calls, r.store.get("control", "baseline")) == ([], None)


async def test_an_order_of_ours_that_the_folder_does_not_know_halts(monkeypatch: pytest.MonkeyPatch) -> None:
    r = rig()
    r.real.land(order(client_order_id="k1234567-older"), "kill")
    r.real.land(order(client_order_id="by-hand"), "kill")
    asked: list[Any] = []
    everything = r.real.orders

    async def orders(**wanted: Any) -> Any:
        asked.append(wanted)
        return await everything(**wanted)

    monkeypatch.setattr(r.real, "orders", orders)
    found = "the exchange lists 1 orders of this bot that the data folder does not know"
    assert await r.reconcile.recover() == (found,)
    halt = Halt(Reason.HISTORY, START, "engine", f"{found}: is it an older copy?")
    assert r.book.state.halts == {Reason.HISTORY: halt}
    assert {"since": START - KEPT} in asked


# --- positions


async def test_a_position_of_ours_is_no_difference() -> None:
    r = await entered("fill")
    r.real.land(order(client_order_id="by-hand", ticker=OTHER, count=D(3), side=Side.ASK), "fill")
    held(r, ours="9", other="-3")
    for _ in range(3):
        await r.reconcile.check()
    assert (r.book.state.halts, r.broker.foreign) == ({}, {OTHER: D(-3)})
    assert r.order().filled == 9, "the check itself reads fills"


@pytest.mark.parametrize(("theirs", "said"), [({"ours": "7"}, "7"), ({}, "0")])
async def test_less_than_our_fills_say_halts_at_the_second_look(theirs: dict[str, str], said: str) -> None:
    r = await entered("fill")
    held(r, **theirs)
    await r.reconcile.check()
    assert not r.book.state.halts
    r.clock.advance_to(LATER)
    await r.reconcile.check()
    detail = f"{TICKER}: the exchange says {said} contracts, our fills say 9"
    assert r.book.state.halts == {
        Reason.RECONCILE_MISMATCH: Halt(Reason.RECONCILE_MISMATCH, LATER, "engine", detail),
    }
    assert r.broker.foreign == {}


async def test_two_looks_are_two_in_a_row_at_one_market() -> None:
    r = rig()
    held(r, ours="7", other="7")
    await r.reconcile.check()
    for ticker in (TICKER, OTHER):
        r.real.land(order(client_order_id=f"by-hand-{ticker}", ticker=ticker, count=D(7)), "fill")
    await r.reconcile.check()
    held(r, ours="9", other="9")
    await r.reconcile.check()
    assert not r.book.state.halts
    await r.reconcile.check()
    assert r.book.state.halts[Reason.RECONCILE_MISMATCH].detail.endswith("says 9 contracts, our fills say 0")


async def test_a_market_that_pays_is_not_looked_at_and_paper_excuses_nothing() -> None:
    r = await entered("fill")
    await r.account.update()
    r.clock.advance_to(market().close_time)
    await r.reconcile.check()
    await r.reconcile.check()
    assert not r.book.state.halts, "the exchange has paid ours and no longer lists it"
    r = rig(Mode.DRY_RUN)
    r.paper.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    r.clock.advance_to(market().close_time)
    held(r, ours="9")
    await r.reconcile.check()
    await r.reconcile.check()
    assert Reason.RECONCILE_MISMATCH in r.book.state.halts


async def test_a_check_asks_for_fills_from_where_the_last_one_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    r = rig()
    asked: list[Any] = []

    async def nothing(*, since: datetime | None = None, ticker: str = "") -> list[Any]:
        asked.append(since)
        return []

    monkeypatch.setattr(r.real, "fills", nothing)
    await r.reconcile.check()
    assert asked[0] == START - timedelta(days=1) - FILL_OVERLAP
    asked.clear()
    r.clock.advance_to(LATER)
    await r.reconcile.check()
    assert asked[0] == START - FILL_OVERLAP


# --- settlements


async def settled(side: Outcome, count: str, value: str) -> tuple[Rig, list[Event]]:
    """One bet on a market that has paid `value` dollars for a YES contract; all that has happened."""
    heard: list[Event] = []

    def hear(event: Event, *_: object) -> Sequence[Notice]:
        heard.append(event)
        return ()

    r = rig(notices=hear)
    r.real.on_place = ["fill"]
    price = D("0.52") if side is Outcome.YES else D("0.50")
    await r.broker.submit(replace(WISH, side=side, price=price, count=D(count)), market(), quote(at=START))
    await r.account.update()
    r.clock.advance_to(PAID_AT)
    result = {"0": "no", "1": "yes"}.get(value, "scalar")
    r.real.known[TICKER] = market(status=MarketStatus.FINALIZED, result=result, settlement_value=D(value))
    await r.account.update()
    return r, heard


def record(result: str, paid: str, fees: str, value: str | None = None, ticker: str = TICKER) -> Settlement:
    zero = D(0)
    worth = D(value) if value else None
    return Settlement(ticker, result, D(paid), D(fees), zero, zero, zero, zero, PAID_AT, worth)


def errors(heard: list[Event]) -> list[Event]:
    return [event for event in heard if isinstance(event, ErrorSeen)]


@pytest.mark.parametrize(
    ("side", "count", "value", "record"),
    [
        (Outcome.YES, "9", "1", record("yes", "9", "0.1575")),
        (Outcome.YES, "9", "0", record("no", "0", "0.1575")),
        (Outcome.NO, "9", "1", record("yes", "0", "0.1575")),
        (Outcome.NO, "9", "0", record("no", "9", "0.1575")),
        (Outcome.NO, "9", "0.40", record("scalar", "5.40", "0.1575", "0.40")),
        (Outcome.YES, "1", "0.40", record("scalar", "0.40", "0.0175", "0.40")),
        (Outcome.YES, "9", "1", record("yes", "9.009", "0.15755")),
    ],
)
async def test_a_record_that_agrees_is_kept_in_silence(
    side: Outcome, count: str, value: str, record: Settlement
) -> None:
    r, heard = await settled(side, count, value)
    r.real.paid = [record]
    await r.reconcile.check()
    assert r.store.get("settlements", TICKER) == record
    assert [e for e in heard if isinstance(e, SettlementRead)] == [SettlementRead(PAID_AT, record)]
    assert errors(heard) == []


@pytest.mark.parametrize(("paid", "fees"), [("9.01", "0.1575"), ("8.99", "0.1575"), ("9", "0.1576"), ("9", "0.1574")])
async def test_a_record_that_differs_is_told_once_with_the_figures(paid: str, fees: str) -> None:
    r, heard = await settled(Outcome.YES, "9", "1")
    r.real.paid = [record("yes", paid, fees)]
    await r.reconcile.check()
    await r.reconcile.check()
    (error,) = errors(heard)
    text = f"{TICKER}: the exchange paid ${paid} and charged ${fees}, our fills say $9 and $0.1575"
    assert error == ErrorSeen(PAID_AT, "settlement_mismatch", text)


async def test_a_record_of_a_market_without_a_bet_of_ours_is_nothing() -> None:
    r, _ = await settled(Outcome.YES, "9", "1")
    r.real.paid = [record("yes", "0", "0", ticker=OTHER)]
    await r.reconcile.check()
    assert r.store.get("settlements", OTHER) is None
    r = rig()
    await r.submit()
    await r.broker.cancel(r.order(), "test")
    r.real.paid = [record("yes", "0", "0")]
    await r.reconcile.check()
    assert r.store.get("settlements", TICKER) is None, "an order that came to nothing is no bet"


async def test_a_record_waits_for_our_own_books_and_leaves_paper_out() -> None:
    r = await entered("fill")
    held(r, ours="9")
    r.real.paid = [record("yes", "9", "0.1575")]
    await r.reconcile.check()
    assert r.store.get("settlements", TICKER) is None, "the bet is still open here"
    r, heard = await settled(Outcome.YES, "9", "1")
    (bet,) = r.store.select("trades")
    r.store.rows["trades"]["paper"] = replace(bet, trade_id="paper", mode=Mode.DRY_RUN)  # type: ignore[type-var]
    r.real.paid = [record("yes", "9", "0.1575")]
    await r.reconcile.check()
    assert errors(heard) == []
