"""/performance and /pnl on a phone: the figures, the honest sentence, the groups, and what is known of a strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from fakes_chat import Chat, chat
from fakes_pages import d, performance_page, trade

from chatbot.message import Mood
from chatbot.render import WIDTH_MAX, columns, plain
from trading.domain.money import ZERO
from trading.domain.state import Totals
from trading.domain.statistics import Verdict
from trading.domain.trade import Trade, TradeOutcome


def bets(wins: int, of: int) -> list[Trade]:
    """Nine YES at 50 cents each, as a taker."""
    paid = trade(cost=d("4.50"), cash=d("-4.50"), previous_signal="yes", momentum_signal="yes")
    won = replace(paid, profit=d("4.3425"))
    lost = replace(paid, profit=d("-4.6575"), outcome=TradeOutcome.LOSS, payout=ZERO)
    return [won] * wins + [lost] * (of - wins)


def told(trades: Sequence[Trade], **changed: object) -> Chat:
    c = chat()
    c.desk.performance_page = performance_page(trades, **changed)
    return c


async def text_of(c: Chat, line: str) -> str:
    reply = plain(await c.answer(line))
    assert c.errors == []
    assert all(columns(each) <= WIDTH_MAX for each in reply.split("\n"))
    return reply


def in_one_line(text: str) -> str:
    return " ".join(text.split())


async def test_performance_says_what_is_needed_beside_what_was_won() -> None:
    text = await text_of(told(bets(23, 47)), "/perf")
    assert text.split("\n")[3:8] == [
        "Won         23 of 47 (48.9%)",
        "95%         35.3% to 62.8%",
        "Break-even  51.8%",
        "Profit      -$11.9025",
        "Fees        $7.4025, 3.5% of the $211.50",
    ]
    assert "both agreed  47  49%   52%  -$11.90" in text
    assert "50-55¢       47  49%   52%  -$11.90" in text
    said = in_one_line(text)
    assert "Of 47 trades 23 won (48.9%, 95% between 35% and 63%); 51.8% are needed: no edge is shown." in said


async def test_what_is_known_of_consensus_is_said_where_it_trades() -> None:
    known = "settles on the same side 48.0% of the time; at 50¢ the taker fee makes break-even 51.75%."
    assert known in in_one_line(await text_of(told([]), "/performance"))
    assert known not in in_one_line(await text_of(told([], strategies=("threshold",)), "/performance"))


@pytest.mark.parametrize(
    ("wins", "of", "verdict", "title"),
    [
        (0, 0, Verdict.NONE, "no trades yet"),
        (2, 3, Verdict.FEW, "too few trades"),
        (10, 60, Verdict.BELOW, "it loses"),
        (31, 60, Verdict.UNCLEAR, "no edge shown"),
        (55, 60, Verdict.ABOVE, "ahead so far"),
    ],
)
async def test_the_title_is_the_verdict(wins: int, of: int, verdict: Verdict, title: str) -> None:
    c = told(bets(wins, of))
    assert c.desk.performance_page.tally.verdict is verdict
    assert (await text_of(c, "/performance week")).startswith(f"Performance this week: {title}")


async def test_nothing_traded_shows_no_rate() -> None:
    text = await text_of(told([]), "/performance")
    assert "No trade has won or lost yet" in in_one_line(text)
    for missing in ("Won", "95%  ", "Break-even", "Fees  "):
        assert missing not in text


async def test_fee_drag_is_a_share_of_what_was_won_before_them() -> None:
    assert "10.5% of the profit before fees" in in_one_line(await text_of(told(bets(2, 3)), "/perf"))
    assert "no profit before fees either" in in_one_line(await text_of(told(bets(1, 3)), "/perf"))


async def test_hours_stand_on_a_page_of_their_own() -> None:
    c = told(bets(1, 2))
    reply = await c.answer("/performance")
    assert [b.line for b in reply.buttons] == [
        "/performance all hours",
        "/performance day",
        "/performance week",
        "/performance month",
        "/chart equity",
    ]
    reply = await c.answer("/performance all hours")
    assert reply.table is not None
    assert [row[0] for row in reply.table.rows] == ["13h"]
    assert reply.buttons[0].line == "/performance all signals"


@pytest.mark.parametrize(("wins", "mood"), [(0, "loss"), (3, "gain")])
async def test_profit_and_loss_have_their_moods(wins: int, mood: Mood) -> None:
    assert (await told(bets(wins, 3)).answer("/performance")).mood == mood
    c = chat()
    c.desk.pnl_page = replace(c.desk.pnl_page, totals=Totals(profit=d(wins) - 1))
    assert (await c.answer("/pnl")).mood == mood


async def test_pnl_offers_the_other_periods_and_the_other_modes_fees() -> None:
    c = chat()
    reply = await c.answer("/pnl week")
    assert [b.line for b in reply.buttons] == ["/pnl day", "/pnl month", "/pnl all", "/chart days"]
    assert "-$3.20 in 5 trades, fees $0.79" in in_one_line(plain(reply))
