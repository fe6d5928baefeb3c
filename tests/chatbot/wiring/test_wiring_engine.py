"""How the engine is wired for several strategies: their paper cash over a restart, their budgets, their series."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from chatbot.config import load
from chatbot.wiring.engine import _paper_cash, _restore, assigned, limits
from tests.fakes import MemoryStore, ScriptedExchange, plain_notices
from tests.trading.build import OPEN, TICKER, order
from trading.clock import VirtualClock
from trading.domain.market import Outcome
from trading.domain.order import Mode, OrderStatus, Position
from trading.domain.state import State, Totals
from trading.domain.trade import Trade
from trading.engine.book import Book
from trading.exchange.paper import PaperExchange

D = Decimal
FILE = """
[momentum]
paper = true
budget_usd = 30
series = ["KXBTC15M", "KXETH15M"]

[threshold]
budget_usd = 99
"""


def bet(name: str, cash: str, fees: str) -> Trade:
    made = Trade(name, Mode.DRY_RUN, name, TICKER, Outcome.YES, OPEN, OPEN, D("0.5"), D(9))
    return replace(made, contracts=D(9), cash=D(cash), fees=D(fees), position=D(9))


async def test_after_a_restart_each_strategy_has_the_cash_that_its_own_trades_left_it() -> None:
    bull, gone = bet("bull", "-4.50", "0.16"), bet("gone", "-1.00", "0.04")
    rests = order(mode=Mode.DRY_RUN, strategy="bear", status=OrderStatus.RESTING, order_id="DRY-RUN-k1-a")
    state = State(
        trades={each.trade_id: each for each in (bull, gone)},
        orders={"k1-a": rests},
        positions={name: Position(Mode.DRY_RUN, TICKER, D(9), name) for name in ("bull", "gone")},
        books={"dry_run:bull": Totals(profit=D("7.00")), "real:bull": Totals(profit=D("-99"))},
    )
    clock = VirtualClock(OPEN)
    paper = PaperExchange(ScriptedExchange(clock), clock, {"bull": D(100), "bear": D(50)})
    _restore(paper, Book(MemoryStore(), state, plain_notices))
    bound = rests.own_price * rests.count + rests.fees.worst_fee(rests.price, rests.count)
    assert (await paper.balance()).total == D(100) + 7 - D("4.66") + D(50) - bound - D("1.04")
    assert {(p.strategy, p.contracts) for p in await paper.positions()} == {("bull", D(9)), ("gone", D(9))}
    assert [r.client_order_id for r in await paper.orders(status="resting")] == ["k1-a"]


def test_budgets_are_the_gates_and_what_a_book_of_the_dry_run_begins_with(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(FILE)
    named = {"STRATEGIES": "consensus,momentum", "STRATEGIES_FILE": str(tmp_path / "s.toml")}
    settings = load(None, named | {"DATA_DIR": str(tmp_path)})
    trading = assigned(settings)
    assert [(each.name, each.paper, each.series) for each in trading] == [
        ("consensus", False, ("KXBTC15M",)),
        ("momentum", True, ("KXBTC15M", "KXETH15M")),
    ]
    assert _paper_cash(settings, trading) == {"consensus": D(1000), "momentum": D(30)}, "no book for who does not trade"
    assert limits(settings).budgets["momentum"] == D(30)
