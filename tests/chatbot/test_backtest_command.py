"""/backtest in a chat: forty columns, a stamped picture, and one sentence where there is nothing to play."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from fakes_chat import OPERATOR, VIEWER, Chat, chat

from chatbot.backtests import Short, Unplayed
from chatbot.charts.data import Curve
from chatbot.message import Reply
from chatbot.render import WIDTH_MAX, columns, plain

START = datetime(2026, 1, 5, tzinfo=UTC)
SHORT = Short(
    material="KXBTC15M, 05 Dec 2025 to 04 Jan 2026",
    first=START - timedelta(days=30),
    last=START,
    facts=(("profit", "-$1,234.50 after $250.25 fees"), ("passed over", "29 markets: no_adjacent_window")),
    rows=(
        ("whole", "2,880", "47.7%", "51.8%", "-0.406"),
        ("in", "2,016", "47.5%", "51.8%", "-0.427"),
        ("out", "864", "48.1%", "51.8%", "-0.360"),
    ),
    sentences=("Of 2,880 trades 1,374 won (47.7%, 95% between 46% and 50%); 51.8% are needed: it loses.",),
    assumed=("Quotes are the touch as each minute ended.",),
    profit=Decimal("-1234.50"),
    points=tuple((START + timedelta(hours=n), -float(n)) for n in range(60)),
)


class Played:
    """What was asked, and the same answer to everything."""

    def __init__(self, short: Short = SHORT, problem: Exception | None = None) -> None:
        self.short, self.problem = short, problem
        self.asked: list[tuple[str, int]] = []

    async def play(self, strategy: str, days: int) -> Short:
        self.asked.append((strategy, days))
        if self.problem:
            raise self.problem
        return self.short


async def told(line: str, played: Played, c: Chat | None = None) -> Reply:
    c = c or chat()
    c.router._beside = replace(c.router._beside, backtest=played.play)
    return await c.answer(line, OPERATOR)


async def test_the_short_form_fits_a_phone_and_says_what_it_is() -> None:
    played = Played()
    reply = await told("/backtest previous", played)
    text = plain(reply)
    assert played.asked == [("previous", 30)]
    assert all(columns(line) <= WIDTH_MAX for line in text.split("\n"))
    assert text.split("\n")[0] == "Backtest previous"
    words = " ".join(text.split())
    for part in ("BACKTEST · KXBTC15M", "out 864 48.1% 51.8% -0.360", "it loses.", "as each minute ended"):
        assert part in words
    assert reply.mood == "loss"


async def test_the_picture_is_stamped_and_says_that_no_money_was_made() -> None:
    c, played = chat(), Played()
    reply = await told("/backtest previous 90", played, c)
    (drawn,) = c.charts.asked
    assert isinstance(drawn, Curve)
    assert (drawn.head.stamp, drawn.head.figure, drawn.head.sign) == ("BACKTEST", "-$1,234.50", -1)
    assert len(drawn.points) == 60
    assert reply.picture
    assert "no money was made or lost" in reply.picture.caption
    assert played.asked == [("previous", 90)]
    assert reply.buttons == ()


async def test_more_days_are_a_button_away() -> None:
    reply = await told("/backtest consensus 7", Played())
    assert [button.line for button in reply.buttons] == ["/backtest consensus 90"]


async def test_without_a_trade_there_is_no_picture() -> None:
    reply = await told("/backtest news", Played(replace(SHORT, points=(), profit=Decimal(0))))
    assert reply.picture is None


async def test_a_failure_is_one_sentence() -> None:
    c = chat()
    reply = await told("/backtest consensus", Played(problem=Unplayed("no data of KXBTC15M is kept")), c)
    assert "No data of KXBTC15M is kept." in plain(reply).replace("\n", " ")
    assert c.errors == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/backtest", "needs strategy"),
        ("/backtest consensus 0", "from 1 to 365"),
        ("/backtest consensus many", "a whole number"),
        ("/backtest consensus 30 x", "at most 2 words"),
    ],
)
async def test_what_does_not_fit_is_said(line: str, said: str) -> None:
    played = Played()
    assert said in " ".join(plain(await told(line, played)).split())
    assert played.asked == []


async def test_a_viewer_does_not_play() -> None:
    assert "operator" in plain(await chat().answer("/backtest consensus", VIEWER))
