"""Deliberate bugs, each a switch: one function of the engine, the ledger, the store or the chat made wrong in one way.

What the simulation is worth is how many of them it catches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from chatbot.access import Access
from chatbot.message import Person, Role
from chatbot.outbox.lanes import Lane
from chatbot.outbox.outbox import Outbox
from storage.journal import Segment, frame
from storage.store import TinyStore
from trading.domain import ledger
from trading.domain.order import Order, OrderStatus
from trading.domain.records import Put
from trading.domain.step import Step
from trading.engine import account, broker
from trading.engine.assigned import Assigned
from trading.engine.broker import Broker, Latch
from trading.engine.halting import Halting
from trading.risk.gate import Identity, Ticket

Mutant = Callable[[], AbstractContextManager[None]]


@contextmanager
def instead(owner: Any, name: str, wrong: Any) -> Iterator[None]:
    """`owner.name` is `wrong` for a while."""
    right = owner.__dict__[name]
    setattr(owner, name, wrong)
    try:
        yield
    finally:
        setattr(owner, name, right)


def kill_without_sweep() -> AbstractContextManager[None]:
    """Halted is an act, not a state: what lands after the kill stays."""

    async def sweep(self: Halting) -> None:
        return

    return instead(Halting, "sweep", sweep)


@contextmanager
def no_check_after_place() -> Iterator[None]:
    """An order that was on its way during the kill is left to the next beat."""
    submit, cancel, judging = Broker.submit, Broker.cancel, [0]

    async def submitting(self: Broker, *given: Any) -> Any:
        judging[0] += 1
        try:
            return await submit(self, *given)
        finally:
            judging[0] -= 1

    async def canceling(self: Broker, order: Order, why: str) -> bool:
        return False if judging[0] and why == "halted" else await cancel(self, order, why)

    with instead(Broker, "submit", submitting), instead(Broker, "cancel", canceling):
        yield


def latch_only_on_disk() -> AbstractContextManager[None]:
    """A kill is true when it is stored, and not before."""
    return instead(Latch, "closed", property(lambda self: False, lambda self, closed: None))


def latch_not_stored() -> AbstractContextManager[None]:
    """A kill is kept in memory alone, and said to be stored."""
    return instead(Halting, "_commit", lambda self, by, problems: True)


def sweep_takes_foreign_orders() -> AbstractContextManager[None]:
    """Every order on the account is ours."""
    return instead(Identity, "owns", lambda self, client_order_id: True)


def cancel_not_counted() -> AbstractContextManager[None]:
    """A cancel that was taken is done; nobody writes down that the order is gone."""

    async def confirm(self: Broker, order: Order, why: str = "") -> bool:
        return True

    return instead(Broker, "confirm", confirm)


@contextmanager
def sent_before_stored() -> Iterator[None]:
    """An intent is written down with the next commit, after its order has left."""
    right, kept = TinyStore.commit, list[Put]()

    def commit(self: TinyStore, puts: list[Put]) -> None:
        fresh = [p for p in puts if isinstance(p.record, Order) and p.record.status is OrderStatus.PENDING]
        if fresh:
            kept.extend(puts)
            return
        right(self, [*kept, *puts])
        kept.clear()

    with instead(TinyStore, "commit", commit):
        yield


def journal_not_synced() -> AbstractContextManager[None]:
    """A commit is left to the system to write when it likes."""

    def append(self: Segment, payload: bytes) -> None:
        line = frame(self.sequence + 1, payload)
        self._reserve(len(line))
        self._disk.write(self._handle, line, self.used)
        self.sequence, self.used = self.sequence + 1, self.used + len(line)

    return instead(Segment, "append", append)


def notices_in_a_commit_of_their_own() -> AbstractContextManager[None]:
    """The event first, then what people are owed for it."""
    right = TinyStore.commit

    def commit(self: TinyStore, puts: list[Put]) -> None:
        owed = [p for p in puts if p.table == "outbox"]
        for part in ([p for p in puts if p.table != "outbox"], owed):
            right(self, part)

    return instead(TinyStore, "commit", commit)


def settlement_booked_twice() -> AbstractContextManager[None]:
    """A closed trade counts two times in the totals."""
    right = ledger._booked

    def booked(step: Step, closed: Any, zone: Any) -> Step:
        return right(right(step, closed, zone), closed, zone)

    return instead(ledger, "_booked", booked)


def _with_fees(times: int) -> AbstractContextManager[None]:
    right = ledger._bought_or_sold
    return instead(
        ledger, "_bought_or_sold", lambda trade, fill: right(trade, replace(fill, fee=fill.fee * Decimal(times)))
    )


def fee_left_out() -> AbstractContextManager[None]:
    """Profit before fees."""
    return _with_fees(0)


def fee_booked_twice() -> AbstractContextManager[None]:
    """Once with the fill, once more."""
    return _with_fees(2)


def unknown_not_counted() -> AbstractContextManager[None]:
    """An order of unknown outcome is none to the gate."""
    right = broker.judge

    def judge(intent: Any, context: Any, identity: Identity) -> Any:
        known = {key: o for key, o in context.state.orders.items() if o.status is not OrderStatus.UNKNOWN}
        return right(intent, replace(context, state=replace(context.state, orders=known)), identity)

    return instead(broker, "judge", judge)


@contextmanager
def second_id_on_retry() -> Iterator[None]:
    """What was not answered is sent again, under another id."""
    right = Broker._send

    async def send(self: Broker, ticket: Ticket) -> None:
        await right(self, ticket)
        order = self.book.state.orders[ticket.order.client_order_id]
        if order.status is OrderStatus.UNKNOWN:
            again = replace(ticket.order, client_order_id=f"{order.client_order_id}-2")
            await self.exchanges[order.mode].place(Ticket(again))

    with instead(Broker, "_send", send):
        yield


def absence_believed_at_once() -> AbstractContextManager[None]:
    """An order that is not listed never arrived, however late it may be."""
    return instead(broker, "ABSENCE_SECONDS", -10_000.0)


def unknown_forgotten() -> AbstractContextManager[None]:
    """Nobody asks what became of an order without an answer."""
    return instead(account, "unproved", lambda state: [])


def failed_delivery_counts() -> AbstractContextManager[None]:
    """A notice that did not get there is done with."""
    right = Outbox._back_off

    async def back_off(self: Outbox, lane: Lane, failure: Any) -> None:
        lane.done = {
            s: max(n, min(row.seq for row in owed)) if (owed := lane.owed(self._rows, s)) else n
            for s, n in lane.done.items()
        }
        await right(self, lane, failure)

    return instead(Outbox, "_back_off", back_off)


def repeats_unmarked() -> AbstractContextManager[None]:
    """What may have got there already is sent as if it were new."""
    right = Outbox._attempt

    async def attempt(self: Outbox, lane: Lane, notice: Any, repeat: bool, tell: bool = True) -> Any:
        return await right(self, lane, notice, False, tell)

    return instead(Outbox, "_attempt", attempt)


def strangers_let_in() -> AbstractContextManager[None]:
    """Whoever is not on the list is an owner."""
    right = Access.role_of

    def role_of(self: Access, person: Person) -> Role:
        return right(self, person) or Role.OWNER

    return instead(Access, "role_of", role_of)


def paper_sent_for_real() -> AbstractContextManager[None]:
    """What is assigned to paper goes wherever the others go."""
    return instead(Assigned, "mode", lambda self, current: current)


MUTANTS: Mapping[str, Mutant] = {
    each.__name__: each
    for each in (
        kill_without_sweep,
        no_check_after_place,
        latch_only_on_disk,
        latch_not_stored,
        sweep_takes_foreign_orders,
        cancel_not_counted,
        sent_before_stored,
        journal_not_synced,
        notices_in_a_commit_of_their_own,
        settlement_booked_twice,
        fee_left_out,
        fee_booked_twice,
        unknown_not_counted,
        second_id_on_retry,
        absence_believed_at_once,
        unknown_forgotten,
        failed_delivery_counts,
        repeats_unmarked,
        strangers_let_in,
        paper_sent_for_real,
    )
}
