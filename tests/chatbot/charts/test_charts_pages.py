"""What is drawn of the desk's pages, and the words and the line of text that stand for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest
from fakes_charts import PNG, FakeCharts
from fakes_chat import chat
from fakes_pages import FILL, LABEL, MARKET, NOW, ago, curve, d, equity_page, samples, trade

from chatbot.charts.data import Bars, Course, Curve
from chatbot.charts.drawing import Undrawn
from chatbot.charts.pages import PLACE_WIDTH, POINTS_MAX, SPARK_WIDTH, course, days, drawn, equity
from chatbot.message import Picture
from chatbot.render import WIDTH_MAX, columns, plain
from trading.domain.order import Mode, Side
from trading.engine.pages import EquityPage, MarketHistoryPage, Sample

CAPTION_MAX = 1024  # Telegram's, of a photo
LOSSES = equity_page([trade(n, profit=d("-4.75")) for n in range(3)])


def page(**changed: object) -> EquityPage:
    return curve((), **changed)


# --- equity ---------------------------------------------------------------------------------------------------------


def test_the_curve_has_every_close_by_the_owners_clock() -> None:
    profits = ((ago(3600), d("4.25")), (ago(60), d("-4.75")))
    sketch = equity(curve(profits), ZoneInfo("America/New_York"), "light")
    assert isinstance(sketch.drawing, Curve)
    assert [f"{at:%d %H:%M:%S}" for at, _ in sketch.drawing.points] == ["03 09:05:09", "03 10:04:09"]
    assert [value for _, value in sketch.drawing.points] == [4.25, -0.5]
    head = sketch.drawing.head
    assert (head.title, head.figure, head.sign, head.theme) == ("Equity, this week", "-$0.50", -1, "light")
    assert sketch.caption == ("REAL, simulated: equity this week, 2 trades, -$0.50, lowest -$0.50, highest +$4.25")
    assert sketch.spark == "▂█▁"


def test_losses_alone_were_never_higher_than_nothing() -> None:
    sketch = equity(LOSSES, UTC, "dark")
    assert sketch.caption.endswith("3 trades, -$14.25, lowest -$14.25, highest $0.00")
    assert sketch.spark == "█▆▃▁"


def test_nothing_yet_is_said_and_known() -> None:
    for sketch in (equity(page(), UTC, "dark"), days(page(), UTC, "dark")):
        assert (sketch.empty, sketch.spark, sketch.drawing.head.figure) == (True, "", "$0.00")
    assert equity(page(), UTC, "dark").caption == "REAL, simulated: equity this week, 0 trades, $0.00"


def test_a_long_past_is_drawn_with_as_many_points_as_can_be_seen() -> None:
    sketch = equity(curve([(NOW + timedelta(minutes=n), d(1)) for n in range(50_000)], period="all"), UTC, "dark")
    assert isinstance(sketch.drawing, Curve)
    assert len(sketch.drawing.points) == POINTS_MAX
    assert sketch.drawing.points[-1] == ((NOW + timedelta(minutes=49_999)).replace(tzinfo=None), 50_000)
    assert columns(sketch.spark) == SPARK_WIDTH
    assert "50,000 trades" in sketch.caption


@pytest.mark.parametrize(
    ("mode", "environment", "stamp"),
    [
        (Mode.DRY_RUN, "production", "DRY RUN"),
        (Mode.DRY_RUN, "simulated", "DRY RUN"),
        (Mode.REAL, "simulated", "PLAY MONEY"),
        (Mode.REAL, "demo", "DEMO"),
        (Mode.REAL, "production", ""),
    ],
)
def test_paper_and_play_money_are_never_taken_for_real(mode: Mode, environment: str, stamp: str) -> None:
    label = replace(LABEL, mode=mode, environment=environment)
    word = "DRY RUN" if mode is Mode.DRY_RUN else "REAL"
    history = MarketHistoryPage(label, MARKET, (), ())
    of_label = page(label=label, mode=mode)
    for sketch in (equity(of_label, UTC, "dark"), days(of_label, UTC, "dark"), course(history, UTC, "dark")):
        assert sketch.drawing.head.stamp == stamp
        assert word in sketch.drawing.head.place
        assert environment in sketch.drawing.head.place
        assert sketch.caption.startswith(f"{word}, {environment}: ")


def test_a_long_address_gets_a_line_of_its_own() -> None:
    label = replace(LABEL, instance="n" * 32, address="https://proxy.example.org/trade-api/v2")
    lines = equity(page(label=label), UTC, "dark").drawing.head.place.split("\n")
    assert len(lines) == 3
    assert all(len(line) <= PLACE_WIDTH for line in lines)


# --- days -----------------------------------------------------------------------------------------------------------


def test_each_day_is_a_bar() -> None:
    results = ((date(2026, 10, 1), d("-3")), (date(2026, 10, 3), d("12.4037")))
    sketch = days(page(days=results, period="month"), UTC, "dark")
    assert isinstance(sketch.drawing, Bars)
    assert sketch.drawing.days == ((date(2026, 10, 1), -3.0), (date(2026, 10, 3), 12.4037))
    assert (sketch.drawing.head.title, sketch.drawing.head.figure) == ("Each day, this month", "+$9.40")
    assert sketch.caption.endswith("profit of 2 days this month, best 03 Oct +$12.40, worst 01 Oct -$3.00")


# --- a market -------------------------------------------------------------------------------------------------------


def test_a_market_shows_spot_strike_quote_and_what_each_order_got() -> None:
    pieces = (
        replace(FILL, count=d(3), price=d("0.50")),
        replace(FILL, count=d(6), price=d("0.53"), at=ago(5)),
        replace(FILL, order_id="other", side=Side.ASK, price=d("0.60"), count=d(2), at=ago(2)),
    )
    sketch = course(MarketHistoryPage(LABEL, MARKET, samples(), pieces), UTC, "dark")
    drawing = sketch.drawing
    assert isinstance(drawing, Course)
    assert drawing.strike == 67123.45
    assert [f"{at:%H:%M}" for at in (drawing.opens, drawing.closes)] == ["14:00", "14:15"]
    assert (drawing.spot[0][1], drawing.bid[0][1], drawing.ask[0][1]) == (67100, 40, 42)
    assert [(m.text, m.cents, m.yes) for m in drawing.marks] == [("YES 9 at 52¢", 52, True), ("NO 2 at 40¢", 60, False)]
    assert drawing.marks[0].at == ago(5).replace(tzinfo=None)
    seen = "spot 67,100 to 67,159, strike 67,123.45, YES last 54¢ to 56¢, 3 fills of ours"
    assert sketch.caption == f"REAL, simulated: {MARKET.ticker}, {seen}"


def test_what_was_not_seen_is_left_out() -> None:
    seen = (Sample(ago(9)), Sample(ago(8), spot=d(67100)), Sample(ago(7), bid=d("0.4")))
    sketch = course(MarketHistoryPage(LABEL, replace(MARKET, strike=None), seen, ()), UTC, "dark")
    drawing = sketch.drawing
    assert isinstance(drawing, Course)
    assert [len(part) for part in (drawing.spot, drawing.bid, drawing.ask, drawing.marks)] == [1, 1, 0, 0]
    assert drawing.strike is None
    assert sketch.caption.endswith(f"{MARKET.ticker}, spot 67,100 to 67,100, 0 fills of ours")
    nothing = course(MarketHistoryPage(LABEL, MARKET, (), ()), UTC, "dark")
    assert nothing.empty
    assert "no spot price seen" in nothing.caption


async def test_a_picture_carries_its_words() -> None:
    sketch = equity(LOSSES, UTC, "dark")
    assert await drawn(FakeCharts().draw, sketch) == Picture(PNG, sketch.caption, sketch.spark)


# --- /chart ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "kind", "theme", "others"),
    [
        ("/chart", Curve, "dark", ["/chart days dark", "/chart market dark"]),
        ("/chart equity light", Curve, "light", ["/chart days light", "/chart market light"]),
        ("/chart DAYS", Bars, "dark", ["/chart equity dark", "/chart market dark"]),
        ("chart market, light", Course, "light", ["/chart equity light", "/chart days light"]),
    ],
)
async def test_chart_shows_a_picture_with_its_words(line: str, kind: type, theme: str, others: list[str]) -> None:
    c = chat()
    reply = await c.answer(line)
    assert reply.picture is not None
    assert reply.picture.png == PNG
    assert len(reply.picture.caption) <= CAPTION_MAX
    (asked,) = c.charts.asked
    assert isinstance(asked, kind)
    assert asked.head.theme == theme
    assert [button.line for button in reply.buttons][1:] == others
    assert reply.buttons[0].label == "Refresh"
    assert "attic · REAL" in reply.label
    assert all(columns(each) <= WIDTH_MAX for each in plain(reply).split("\n"))


async def test_a_refresh_asks_for_the_same_again() -> None:
    c = chat()
    first = await c.answer("/chart market light")
    await c.answer(first.buttons[0].line)
    assert c.charts.asked[0] == c.charts.asked[1]


async def test_what_cannot_be_drawn_is_one_sentence() -> None:
    c = chat()
    c.charts.broken = Undrawn("the picture took longer than 20 s: try again")
    reply = await c.answer("/chart")
    assert (reply.title, reply.picture, reply.failed) == ("/chart: not done", None, True)
    assert reply.note == "The picture took longer than 20 s: try again."
    assert c.errors == []


async def test_a_word_that_is_no_picture_is_one_sentence_with_an_example() -> None:
    reply = await chat().answer("/chart pie")
    assert reply.note == "What is one of equity, days, market, not 'pie': for example /chart equity dark."
