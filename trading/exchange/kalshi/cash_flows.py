"""Deposits and withdrawals of the account, all subaccounts together. Source: the exchange's spec 3.34."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from trading.domain.account_records import CashDirection, CashFlow
from trading.exchange.kalshi import codec_account, wire
from trading.exchange.kalshi import wire_account as w
from trading.exchange.kalshi.calls import Calls
from trading.exchange.kalshi.pages import page_of

CASH_FLOW_ROWS = 200  # of a page; the exchange does not say its most here

_read_deposits = wire.reader(w.DepositsPage)
_read_withdrawals = wire.reader(w.WithdrawalsPage)


def _all(direction: CashDirection) -> Callable[[Iterable[w.CashFlowWire]], Iterable[CashFlow]]:
    return partial(map, partial(codec_account.cash_flow, direction=direction))


_deposit_rows = page_of(_read_deposits, lambda page: _all(CashDirection.DEPOSIT)(page.deposits))
_withdrawal_rows = page_of(_read_withdrawals, lambda page: _all(CashDirection.WITHDRAWAL)(page.withdrawals))


class CashFlows:
    """What came in and went out, in the exchange's order, over `calls`. Raises Unavailable, Paused, Unauthorized."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def deposits(self) -> list[CashFlow]:
        self._calls.require_key("the deposits")
        return await self._calls.pages("/portfolio/deposits", _deposit_rows, {"limit": CASH_FLOW_ROWS})

    async def withdrawals(self) -> list[CashFlow]:
        self._calls.require_key("the withdrawals")
        return await self._calls.pages("/portfolio/withdrawals", _withdrawal_rows, {"limit": CASH_FLOW_ROWS})
