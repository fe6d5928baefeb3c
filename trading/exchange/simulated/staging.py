"""What has changed in the account since its last journal line: whole records, as the next line will hold them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from trading.exchange.simulated.records import (
    CashFlow,
    FillRecord,
    HeldOrder,
    Holding,
    Line,
    OrderGroup,
    ResultChange,
    SettlementRecord,
    Transfer,
)


class Staged:
    """Of an order, a holding and a shard's cash the last state counts; everything else is kept in its order."""

    def __init__(self) -> None:
        self.orders: dict[str, HeldOrder] = {}
        self.fills: list[FillRecord] = []
        self.holdings: dict[str, Holding] = {}
        self.settlements: list[SettlementRecord] = []
        self.transfers: list[Transfer] = []
        self.used_ids: list[str] = []
        self.cash: dict[int, Decimal] = {}
        self.groups: list[OrderGroup] = []
        self.cash_flows: list[CashFlow] = []
        self.result_changes: list[ResultChange] = []

    def any(self) -> bool:
        """Whether there is something to write."""
        changed = self.orders or self.holdings or self.transfers or self.used_ids or self.cash
        return bool(changed or self.groups or self.cash_flows or self.result_changes)

    def line(self, number: int, at: datetime) -> Line:
        """The journal line of that number."""
        return Line(
            number,
            at,
            tuple(self.orders.values()),
            tuple(self.fills),
            tuple(self.holdings.values()),
            tuple(self.settlements),
            tuple(self.transfers),
            tuple(self.used_ids),
            self.cash,
            tuple(self.groups),
            tuple(self.cash_flows),
            tuple(self.result_changes),
        )
