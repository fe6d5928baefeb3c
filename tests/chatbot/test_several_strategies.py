"""Several strategies on a phone: whose each figure is, and which trade on paper alone."""

from __future__ import annotations

from dataclasses import replace

from fakes_chat import OWNER, Chat, chat
from fakes_pages import LABEL, MARKET, QUOTE, TICKER, d, signals_page, trade

from chatbot.render import WIDTH_MAX, columns, plain
from trading.domain.order import Mode, Position
from trading.domain.state import Totals
from trading.domain.statistics import grouped
from trading.domain.trade import TradeOutcome
from trading.engine.pages_figures import HeldPosition, PositionsPage
from trading.engine.pages_strategies import EnablePreview, StrategiesPage, StrategyLine


async def text_of(c: Chat, line: str) -> str:
    reply = plain(await c.answer(line, OWNER))
    assert c.errors == []
    assert all(columns(each) <= WIDTH_MAX for each in reply.split("\n")), reply
    return reply


def paper_line(on: bool = True) -> StrategyLine:
    totals = Totals(wins=7, losses=5, profit=d("-3.20"))
    return StrategyLine("market_maker", on, (), 2, d("1.10"), paper=True, totals=totals)


async def test_strategies_say_which_are_on_paper_and_how_each_does() -> None:
    c = chat()
    whole = await c.desk.strategies()

    async def two() -> StrategiesPage:
        return replace(whole, lines=(*whole.lines, paper_line()))

    c.desk.strategies = two  # type: ignore[method-assign]
    said = " ".join((await text_of(c, "/strategies")).split())
    assert "consensus ON, 1 open, +$12.40 today market_maker" in said, "no trades: no figures of them"
    assert "market_maker ON on paper, 2 open, +$1.10 today 12 trades, 58 % won, -$3.20 in all" in said


async def test_what_is_on_paper_is_enabled_for_the_dry_run_alone() -> None:
    c = chat()
    live = replace(LABEL, environment="production")

    async def preview(name: str) -> EnablePreview:
        return EnablePreview(live, paper_line(on=False), "print")

    c.desk.preview_enable = preview  # type: ignore[method-assign]
    said = await text_of(c, "/enable market_maker")
    assert "dry run alone, on paper" in said
    assert "REAL MONEY" not in said


async def test_signals_say_whose_view_and_which_series() -> None:
    c, one = chat(), signals_page()
    other = replace(one, strategy="threshold", series="KXETH15M", paper=True, market=None, skipped="no_market")
    c.desk.signals = lambda: (one, replace(other, series="", paper=False), other)  # type: ignore[method-assign]
    said = " ".join((await text_of(c, "/signals")).split())
    assert said.startswith("Signals of consensus, threshold ")
    assert "threshold KXETH15M on paper: No market of the series is open." in said
    assert "Now threshold: No market" in said


async def test_positions_on_paper_say_whose_they_are() -> None:
    c = chat()
    bet = trade(mode=Mode.DRY_RUN)
    held = [
        HeldPosition(Position(Mode.DRY_RUN, TICKER, d(9), name), replace(bet, strategy=name), QUOTE, MARKET.close_time)
        for name in ("consensus", "market_maker")
    ]
    c.desk.positions_page = PositionsPage(replace(LABEL, mode=Mode.DRY_RUN), tuple(held))
    said = await text_of(c, "/positions")
    assert [line.strip() for line in said.split("\n") if "on paper" in line] == [
        "of consensus, on paper",
        "of market_maker, on paper",
    ]


async def test_performance_groups_by_strategy_where_there_are_several() -> None:
    c = chat()
    assert "Strategy" not in await text_of(c, "/performance")
    bets = [
        replace(trade(), strategy=name, outcome=TradeOutcome.LOSS, payout=d(0), profit=d("-4.7475"))
        for name in ("consensus", "market_maker") * 60
    ]
    makers = tuple(grouped(bets, lambda bet: bet.strategy).items())
    c.desk.performance_page = replace(c.desk.performance_page, makers=makers)
    said = await text_of(c, "/performance")
    assert said.index("Strategy") < said.index("Signals")
    rows = [line.split() for line in said.split("\n") if line.startswith(("consensus", "market_maker"))]
    assert [(row[0], row[1]) for row in rows] == [("consensus", "60"), ("market_maker", "60")]
