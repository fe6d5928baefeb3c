"""Which records are read again after they were booked, for how long, and what cannot be read then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import OPEN, TICKER, before, market
from tests.trading.engine.rig import START, Rig, rig
from trading.domain.errors import NotFound, Unavailable
from trading.domain.market import Market, MarketStatus
from trading.domain.order import Mode, Settlement
from trading.domain.records import Put
from trading.domain.trade import TradeOutcome
from trading.engine.reconcile import AMENDED_MAX

D = Decimal
PAID_AT = OPEN + timedelta(minutes=16)


def paid(value: str) -> Market:
    result = {"0": "no", "1": "yes"}.get(value, "scalar")
    return market(status=MarketStatus.FINALIZED, result=result, settlement_value=D(value))


def record(result: str, revenue: str, ticker: str = TICKER, at: Any = PAID_AT) -> Settlement:
    zero = D(0)
    return Settlement(ticker, result, D(revenue), D("0.1575"), zero, zero, zero, zero, at)


async def closed(mode: Mode = Mode.REAL, value: str = "1") -> Rig:
    """A bet of nine YES contracts that was paid at PAID_AT."""
    r = rig(mode)
    exchange = r.real if mode is Mode.REAL else r.paper
    exchange.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    r.clock.advance_to(PAID_AT)
    r.real.known = {before().ticker: before(settlement_value=D(1)), TICKER: paid(value)}
    await r.account.update()
    return r


def listen(r: Rig, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The markets that will be asked for."""
    asked: list[Sequence[str]] = []
    markets = r.real.markets

    async def ask(*, tickers: Sequence[str] = (), **filters: Any) -> list[Market]:
        asked.append(tickers)
        return await markets(tickers=tickers, **filters)

    monkeypatch.setattr(r.real, "markets", ask)
    return asked


async def test_settlements_are_read_again_for_two_days_and_for_an_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    r = rig()
    asked: list[Any] = []

    async def settlements(*, since: Any = None, ticker: str = "") -> list[Settlement]:
        asked.append(since)
        return []

    async def since() -> Any:
        asked.clear()
        await r.reconcile.check()
        return asked[0]

    monkeypatch.setattr(r.real, "settlements", settlements)
    assert await since() == START - AMENDED_MAX
    r = rig()
    monkeypatch.setattr(r.real, "settlements", settlements)
    kept = [record("yes", "9", f"T{days}", START - timedelta(days=days)) for days in (10, 5)]
    r.store.commit([Put("settlements", row.ticker, row) for row in kept])
    assert await since() == START - timedelta(days=5) - AMENDED_MAX
    assert await since() == START - AMENDED_MAX, "once it has been back"


async def test_a_paper_bet_follows_a_result_that_is_changed_within_two_days(monkeypatch: pytest.MonkeyPatch) -> None:
    r = await closed(Mode.DRY_RUN)
    r.real.known[TICKER] = paid("0")
    asked = listen(r, monkeypatch)
    r.clock.advance_to(PAID_AT + AMENDED_MAX)
    await r.reconcile.check()
    (bet,) = r.store.select("trades")
    assert bet.outcome is TradeOutcome.CORRECTED  # type: ignore[attr-defined]
    assert bet.profit == -9 * (D("0.52") + D("0.0175"))  # type: ignore[attr-defined]
    assert asked == [[TICKER]]


async def test_nothing_else_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    r = await closed(Mode.DRY_RUN)
    asked = listen(r, monkeypatch)
    r.clock.advance_to(PAID_AT + AMENDED_MAX + timedelta(seconds=1))
    await r.reconcile.check()
    assert asked == [], "too long ago"
    r = await closed(Mode.REAL)
    asked = listen(r, monkeypatch)
    await r.reconcile.check()
    assert asked == [], "the exchange's records say it of real bets"
    r = rig(Mode.DRY_RUN)
    r.paper.on_place = ["fill"]
    await r.submit()
    await r.account.update()
    asked = listen(r, monkeypatch)
    await r.reconcile.check()
    assert asked == [], "still open"


async def test_a_value_in_between_is_the_markets_own(monkeypatch: pytest.MonkeyPatch) -> None:
    r = await closed(value="0.4")
    asked = listen(r, monkeypatch)
    r.real.paid = [record("scalar", "3.60")]
    r.real.known[TICKER] = market()
    await r.reconcile.check()
    assert r.store.get("settlements", TICKER) is None, "the market does not say it yet"
    r.real.known[TICKER] = paid("0.4")
    await r.reconcile.check()
    assert r.store.get("settlements", TICKER) == r.real.paid[0]
    assert asked == [[TICKER], [TICKER]]
    assert "ErrorSeen" not in r.told()


async def test_an_account_without_a_balance_is_an_exchange_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    r = rig()

    async def balance() -> Any:
        raise NotFound("subaccount 7")

    monkeypatch.setattr(r.real, "balance", balance)
    with pytest.raises(Unavailable, match="subaccount 7"):
        await r.reconcile.check()
