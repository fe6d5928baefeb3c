"""Deposits and withdrawals: exact dollars, all pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from described import answer
from loopback_exchange import Loopback

from trading.domain.account_records import CashDirection, CashFlow
from trading.domain.errors import Unauthorized
from trading.exchange.kalshi.client import KalshiExchange

Client = Callable[..., KalshiExchange]


def flow(flow_id: str, **changes: Any) -> dict[str, Any]:
    base = {"id": flow_id, "status": "applied", "type": "ach", "amount_cents": 10050, "fee_cents": 25}
    return {**base, "created_ts": 1785089355, **changes}


async def test_deposits_come_from_all_pages(loopback: Loopback, kalshi: KalshiExchange) -> None:
    first = {"deposits": [flow("d1", finalized_ts=1785089400)], "cursor": "next"}
    answer(loopback, "GET", "/portfolio/deposits", first, {"deposits": [flow("d2", status="pending")], "cursor": None})
    done, pending = await kalshi.cash_flows.deposits()
    assert done == CashFlow(
        flow_id="d1",
        direction=CashDirection.DEPOSIT,
        status="applied",
        method="ach",
        amount=Decimal("100.50"),
        fee=Decimal("0.25"),
        created_at=datetime.fromtimestamp(1785089355, UTC),
        finalized_at=datetime.fromtimestamp(1785089400, UTC),
    )
    assert (pending.status, pending.finalized_at) == ("pending", None)
    assert [seen.query.get("cursor") for seen in loopback.seen] == [None, ["next"]]


async def test_withdrawals_say_so(loopback: Loopback, kalshi: KalshiExchange) -> None:
    answer(loopback, "GET", "/portfolio/withdrawals", {"withdrawals": [flow("w1", type="wire")], "cursor": ""})
    (found,) = await kalshi.cash_flows.withdrawals()
    assert (found.direction, found.method) == (CashDirection.WITHDRAWAL, "wire")


async def test_both_need_a_key(client: Client) -> None:
    public = client(signer=None).cash_flows
    for ask in (public.deposits, public.withdrawals):
        with pytest.raises(Unauthorized, match="KALSHI_API_KEY_ID"):
            await ask()
