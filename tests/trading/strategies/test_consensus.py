"""CONSENSUS as a table: a view goes in, an intent or one reason comes out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.build import OPEN, TICKER, before, market, quote, ticks
from trading.domain.intent import Holding, View
from trading.domain.market import Outcome
from trading.strategies.consensus import Consensus
from trading.strategies.exits import ExitRules

NOW = OPEN + timedelta(seconds=90)
D = Decimal


def view(**changes: Any) -> View:
    now = changes.pop("now", NOW)
    return replace(View(now, market(), before(), quote(at=now), ticks(now)), **changes)


DOWN = {"market": market(strike=D("89990")), "previous": before(result="no"), "ticks": ticks(NOW, new="89900")}


@pytest.mark.parametrize(
    ("changes", "side", "price", "count"),
    [
        ({}, Outcome.YES, "0.52", 9),  # int(5 / 0.52)
        (DOWN, Outcome.NO, "0.50", 10),  # NO costs 1 - the YES bid
        ({"quote": quote("0.60", "0.65", NOW)}, Outcome.YES, "0.65", 7),  # the band includes its ends
        ({"quote": quote("0.30", "0.35", NOW)}, Outcome.YES, "0.35", 14),
        ({"now": OPEN + timedelta(seconds=600)}, Outcome.YES, "0.52", 9),
        ({"quote": quote("0.50", "0.52", NOW - timedelta(seconds=15))}, Outcome.YES, "0.52", 9),
        ({"previous": before(result="")}, Outcome.YES, "0.52", 9),  # the strikes alone, before the result is out
        ({**DOWN, "quote": quote("0.35", "0.37", NOW)}, Outcome.NO, "0.65", 7),
        ({**DOWN, "quote": quote("0.65", "0.67", NOW)}, Outcome.NO, "0.35", 14),
    ],
)
def test_agreement_buys_at_the_ask(changes: dict[str, Any], side: Outcome, price: str, count: int) -> None:
    decision = Consensus().on_tick(view(**changes))
    (intent,) = decision.intents
    assert (intent.side, intent.price, intent.count) == (side, D(price), count)
    assert decision.agreed
    assert not decision.skipped


def test_at_least_one_contract_is_bought() -> None:
    (intent,) = Consensus(stake_usd=D("0.10")).on_tick(view()).intents
    assert intent.count == 1


@pytest.mark.parametrize(
    ("changes", "reason", "agreed"),
    [
        ({"market": None}, "no_market", False),
        ({"previous": None}, "no_adjacent_window", False),
        ({"ticks": ()}, "no_spot", False),
        ({"ticks": ticks(NOW, new="89900")}, "disagree", False),
        ({"ticks": ticks(NOW, new="90001")}, "flat", False),
        ({"ticks": ticks(NOW - timedelta(seconds=16))}, "stale_spot", False),
        ({"ticks": ticks(NOW, seconds=76)}, "no_history", False),
        ({"previous": before(result="no")}, "previous_contradicted", False),
        ({**DOWN, "ticks": ticks(NOW)}, "disagree", False),
        ({"quote": None}, "no_quote", True),
        ({"quote": quote(at=NOW - timedelta(seconds=16))}, "no_quote", True),
        ({"quote": replace(quote(at=NOW), ticker="OTHER")}, "no_quote", True),
        ({"quote": quote(None, "0.52", NOW)}, "one_sided", True),
        ({"quote": quote("0.50", None, NOW)}, "one_sided", True),
        ({"quote": quote("0.50", "0.525", NOW)}, "off_grid", True),
        ({"quote": quote("0.50", "0", NOW)}, "off_grid", True),
        ({"quote": quote("0.50", "1", NOW)}, "off_grid", True),
        ({"quote": quote("0.60", "0.66", NOW)}, "price_band", True),
        ({"quote": quote("0.30", "0.34", NOW)}, "price_band", True),
        ({"now": OPEN + timedelta(seconds=601)}, "entry_window", False),
    ],
)
def test_everything_else_is_skipped_with_its_reason(changes: dict[str, Any], reason: str, agreed: bool) -> None:
    decision = Consensus().on_tick(view(**changes))
    assert (decision.skipped, decision.intents, decision.agreed) == (reason, (), agreed)


def test_it_leaves_by_its_exit_rules_and_holds_to_the_end_without_them() -> None:
    held = view(
        holdings=(Holding(TICKER, D(9), D("0.52"), NOW - timedelta(seconds=60)),), quote=quote("0.90", "0.92", NOW)
    )
    (intent,) = Consensus(exits=ExitRules(take_profit=D("0.30"))).on_tick(held).intents
    assert (intent.side, intent.price, intent.count, intent.reduce_only) == (Outcome.NO, D("0.10"), 9, True)
    assert Consensus().on_tick(held).intents == ()
