"""What must be true at the end of a run, after a quiet tail in which everything worked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chatbot.tools.simulation.chats import Phone
from chatbot.tools.simulation.invariants import fills, replayed
from chatbot.tools.simulation.machine import Machine
from chatbot.tools.simulation.watch import Watch
from trading.domain.money import CENTI_CENT, ZERO
from trading.domain.order import Mode
from trading.domain.trade import Trade, TradeOutcome


def at_end(machine: Machine) -> None:
    """Look at everything once more. Violations go to the machine's watch."""
    for invariant, wrong in _wrong(machine):
        machine.watch.broken(invariant, wrong)


def _wrong(machine: Machine) -> Iterator[tuple[str, str]]:
    watch, app = machine.watch, machine.app
    if app is None:
        yield "the bot runs once everything works again", "it does not"
        return
    yield from (("nothing stays open or unknown", o.client_order_id) for o in app.book.state.live_orders())
    yield from (("every fill of ours is booked", each) for each in _unbooked(watch))
    yield from (("every booked fill is the exchange's", each) for each in fills(watch))
    yield from (("profit is the exchange's, to $0.0001", each) for each in _profits(watch))
    yield from (("totals are the sum of the closed trades", each) for each in _totals(machine))
    yield from (("replaying the journal rebuilds the state", each) for each in replayed(machine, app))
    for phone in machine.phones:
        yield from (("every notice owed gets there", each) for each in _owed(watch, phone))
        yield from (("a repeat is marked as one", each) for each in _repeats(phone))


def _unbooked(watch: Watch) -> Iterator[str]:
    booked = {fill.fill_id for fill in watch.shadow.select("fills")}
    ours = {order.order_id for order in watch.ours()}
    for fill in watch.venue.account.fills:
        if fill.order_id in ours and fill.fill_id not in booked:
            yield f"{fill.fill_id}: {fill.count / 100} of {fill.ticker} at {fill.at:%H:%M:%S}"


def closed(watch: Watch, mode: Mode) -> list[Trade]:
    """Bets of one mode that are over."""
    trades: Iterator[Trade] = watch.shadow.select("trades")
    return [t for t in trades if t.mode is mode and not t.open and t.outcome is not TradeOutcome.UNFILLED]


def _profits(watch: Watch) -> Iterator[str]:
    """Market by market, and none left out that the exchange has paid."""
    settled = watch.settled()
    ours = {order.ticker for order in watch.ours() if order.filled}
    for ticker in sorted(ours & settled.keys()):
        said = sum((t.profit for t in closed(watch, Mode.REAL) if t.ticker == ticker), ZERO)
        true = watch.profit_of(ticker)
        if abs(said - true) > CENTI_CENT:
            yield f"{ticker}: ${said} in our books, ${true} by the exchange's records"


def _totals(machine: Machine) -> Iterator[str]:
    app = machine.app
    assert app
    for mode in Mode:
        trades = closed(machine.watch, mode)
        for name in ("", *sorted({t.strategy for t in trades})):
            totals, own = app.book.state.totals_of(mode, name), [t for t in trades if name in ("", t.strategy)]
            if (totals.trades, totals.profit) != (len(own), sum((t.profit for t in own), ZERO)):
                yield f"{mode} {name}: {totals.trades} trades and ${totals.profit} of {len(own)}"


def _owed(watch: Watch, phone: Phone) -> Iterator[str]:
    """Every notice that was committed; and one for every fill, every closed bet and every halt that was."""
    shown = {notice.seq: notice for notice, _ in phone.shown if notice.seq}
    for notice in watch.shadow.told:
        if notice.seq not in shown:
            yield f"{phone.name}: {notice.seq} {notice.title}"
    kinds = Counter(notice.kind for notice in shown.values())
    bets = sum(len(closed(watch, mode)) for mode in Mode)
    booked = sum(1 for _ in watch.shadow.select("fills"))
    for kind, count in (("fill", booked), ("settlement", bets), ("halt", watch.shadow.halts)):
        if kinds[kind] < count:
            yield f"{phone.name}: {kinds[kind]} notices of {count} {kind}s"


def _repeats(phone: Phone) -> Iterator[str]:
    seen: set[int] = set()
    for notice, repeat in phone.shown:
        if notice.seq in seen and not repeat:
            yield f"{phone.name}: {notice.seq} {notice.title}"
        seen |= {notice.seq} if notice.seq else set()
