"""An opportunity as people read it: both prices, both fees, the gain, and what no price shows."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal

import pytest
from fakes_pages import NOW

from chatbot.notices.words import NoticeWriter, Where
from chatbot.render import WIDTH_MAX, columns, of_notice, plain
from chatbot.rules import KINDS, Rule, Rules
from trading.domain.ledger import apply
from trading.domain.opportunity import OpportunitySeen
from trading.domain.state import State
from trading.strategies.arbitrage import BASIS_RISK

D = Decimal
SEEN = OpportunitySeen(
    at=NOW,
    pair="fed-dec",
    legs=("kalshi YES KXFED-26DEC-T4.00", "polymarket NO 95392237..0991"),
    prices=(D("0.52"), D("0.40")),
    fees=(D("0.1748"), D("0.168")),
    count=D(10),
    gain=D("0.4572"),
    risk=BASIS_RISK,
)


@pytest.mark.parametrize("done", ["", "KXFED-26DEC-T4.00 not bought: trading is halted (manual)"])
def test_it_fits_a_phone_and_says_all(done: str) -> None:
    event = OpportunitySeen(**{name: getattr(SEEN, name) for name in SEEN.__slots__} | {"done": done})
    (notice,) = NoticeWriter(Where("attic", "demo", UTC))(event, State(), apply(State(), event).state)
    text = plain(of_notice(notice, repeat=False, late_seconds=0))
    assert (notice.kind, notice.title) == ("arbitrage", "OPPORTUNITY fed-dec")
    assert all(columns(line) <= WIDTH_MAX for line in text.split("\n"))
    words = " ".join(text.split())
    for part in ("52", "40", "$0.1748 fee", "$0.168 fee", "+$0.4572", "10 of each", "Both legs can lose", "price may"):
        assert part in words
    assert ("halted" if done else "it reports") in words


def test_it_changes_nothing_and_can_be_switched_off() -> None:
    assert apply(State(), SEEN).state == State()
    assert "arbitrage" in KINDS
    assert Rules("arbitrage:off").rule("telegram", "arbitrage") is Rule.OFF
