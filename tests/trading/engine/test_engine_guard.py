"""A strategy that does what none may is switched off and reported once; the others go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import OPEN, TICKER, before, market, quote
from tests.trading.engine.rig import WISH, Rig, rig
from trading.domain.intent import Decision, Headline, Holding, Intent, Resting, View
from trading.domain.market import Outcome
from trading.domain.order import Mode, OrderStatus
from trading.domain.records import AuditEntry
from trading.engine.assigned import Assigned
from trading.engine.guard import INTENTS_MAX, fault
from trading.engine.loading import load_state

D = Decimal
VIEW = View(OPEN, market(), before(), quote())
GOOD = replace(WISH, strategy="mine")


@dataclass(frozen=True)
class Answering:
    """Answers what it was given; a function is called, and may raise."""

    answer: Any
    name: str = "mine"

    def on_tick(self, view: View) -> Decision:
        return self.answer(view) if callable(self.answer) else self.answer  # type: ignore[no-any-return]


def raises(error: Exception) -> Callable[[View], Decision]:
    def raising(view: View) -> Decision:
        raise error

    return raising


def wants(**changes: Any) -> Decision:
    return Decision(intents=(replace(GOOD, **changes),))


WRONG = [
    (None, "NoneType"),
    ([GOOD], "list"),
    (Decision(intents=(GOOD,) * (INTENTS_MAX + 1)), "21 orders at once, 20 at most"),
    (wants(price=D("NaN")), "the price NaN"),
    (wants(price=D("sNaN")), "the price sNaN"),
    (wants(price=D("Infinity")), "the price Infinity"),
    (wants(price=D("-0.01")), "the price -0.01"),
    (wants(price=0.52), "the price 0.52"),
    (wants(count=D("NaN")), "the count NaN"),
    (wants(count=D("-Infinity")), "the count -Infinity"),
    (wants(count=D(-1)), "the count -1"),
    (wants(count=float("nan")), "the count nan"),
    (wants(ticker="KXELSEWHERE-1"), "KXELSEWHERE-1, which it was not shown"),
    (wants(strategy="other"), "in the name of other"),
]


@pytest.mark.parametrize(("answer", "says"), WRONG)
def test_what_no_strategy_may_answer(answer: Any, says: str) -> None:
    assert says in fault("mine", answer, VIEW)


@pytest.mark.parametrize(
    "answer",
    [
        Decision(),
        Decision(intents=(GOOD,) * INTENTS_MAX),
        wants(price=D("0.5234")),  # the gate's to deny
        wants(count=D(0)),
        wants(ticker=before().ticker),
    ],
)
def test_what_is_for_the_gate_to_judge_is_no_fault(answer: Decision) -> None:
    assert fault("mine", answer, VIEW) == ""


def test_what_a_strategy_holds_has_out_or_reads_about_it_was_shown() -> None:
    view = replace(
        VIEW,
        holdings=(Holding("A", D(1), D("0.5"), OPEN),),
        resting=(Resting("k1", "B", Outcome.YES, D("0.5"), D(1)),),
        headlines=(Headline("h", "C", Outcome.YES, 0.9, OPEN, "it rose", "wire"),),
    )
    assert [fault("mine", wants(ticker=ticker), view) for ticker in "ABC"] == ["", "", ""]
    assert fault("mine", wants(ticker="D"), view)


# --- in the engine --------------------------------------------------------------------------------------------------


def beside_another(answer: Any, mode: Mode = Mode.REAL) -> Rig:
    """A strategy that answers so, on paper, before one that quotes behind the touch."""
    r = rig(mode=mode)
    use(r, answer)
    return r


def use(r: Rig, answer: Any) -> None:
    other = Answering(Decision(intents=(replace(WISH, strategy="other", price=D("0.50")),)), "other")
    r.cycle.assigned = (Assigned(Answering(answer), ("KXBTC15M",), paper=True), Assigned(other, ("KXBTC15M",)))


async def beat(r: Rig) -> None:
    r.clock.advance_to(r.clock.now() + timedelta(seconds=2))
    r.real.quotes[TICKER] = quote(at=r.clock.now())
    await r.cycle.beat()


@pytest.mark.parametrize(
    ("answer", "says"), [*WRONG, (raises(ZeroDivisionError("division by zero")), "failed with ZeroDivisionError")]
)
async def test_whoever_does_it_is_switched_off_and_reported_once_and_the_others_go_on(answer: Any, says: str) -> None:
    r = beside_another(answer)
    for _ in range(3):
        await beat(r)
    assert r.book.state.disabled == {"mine"}
    assert [o.strategy for o in r.book.state.orders.values()] == ["other"]
    (told,) = (error for code, error in r.book.state.errors.items() if code == "strategy mine")
    assert told.text.startswith("mine ")
    assert says in told.text
    assert told.text.endswith("It is switched off until /enable mine.")
    assert told.again == 0
    assert r.told().count("StrategySwitched") == r.told().count("ErrorSeen") == 1
    entries: list[Any] = r.store.select("audit")
    assert [(e.person, e.command) for e in entries if isinstance(e, AuditEntry)] == [("engine", "disable mine")]
    assert (r.cycle.pulse.failures, r.book.state.halts) == (0, {})


async def test_it_stays_off_over_a_restart_and_until_somebody_lets_it_again() -> None:
    r = beside_another(raises(KeyError("x")))
    await beat(r)
    assert load_state(r.store, r.clock.now(), Mode.REAL).disabled == {"mine"}
    use(r, wants())
    await beat(r)
    assert r.paper.calls.count("place") == 0
    r.desk.enable("mine", "Ann", r.desk._fingerprint())
    await beat(r)
    assert r.paper.calls.count("place") == 1


async def test_what_it_has_resting_is_cancelled_and_what_it_holds_runs_on() -> None:
    r = beside_another(wants())
    await beat(r)
    (order,) = (o for o in r.book.state.live_orders() if o.strategy == "mine")
    r.paper.execute(order.order_id, D(4))
    r.paper.listed[order.order_id] = replace(r.paper.listed[order.order_id], filled=D(4))
    use(r, raises(RuntimeError("lost")))
    await beat(r)
    assert r.book.state.orders[order.client_order_id].status is OrderStatus.CANCELED
    (trade,) = (t for t in r.book.state.open_trades() if t.strategy == "mine")
    assert trade.position == D(4)


async def test_a_wish_where_no_market_is_open_is_a_fault_too() -> None:
    r = beside_another(Decision(intents=(Intent("mine", TICKER, Outcome.YES, D("0.5"), D(1), "blind"),)))
    r.real.known = {}
    await beat(r)
    assert r.book.state.disabled == {"mine", "other"}
