"""/market, and the buttons, choices and colours of what is held and ordered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes_chat import OPERATOR, OWNER, VIEWER, Chat, chat
from fakes_pages import FILL, LABEL, MARKET, QUOTE, TICKER, ago, d, market_page, order, signals_page, status_page, trade

from chatbot.command import find
from chatbot.commands.registry import COMMANDS
from chatbot.line import read_line
from chatbot.message import Reply
from chatbot.render import WIDTH_MAX, columns, plain
from trading.domain.events import WindowPassed
from trading.domain.market import Level, Market, MarketStatus
from trading.domain.money import ONE, ZERO
from trading.domain.order import Mode, OrderStatus
from trading.domain.trade import TradeOutcome
from trading.engine.pages_figures import Opinion

ID = "0f4b5c9e-3d21-4a57-9d4e-8c0e6f1a2b3c"
ENDED = replace(
    MARKET,
    close_time=ago(60),
    status=MarketStatus.FINALIZED,
    result="no",
    settlement_value=ZERO,
    expiration_value=d("67100.5"),
)


async def shown(c: Chat, line: str) -> list[str]:
    text = plain(await c.answer(line))
    assert c.errors == []
    assert all(columns(each) <= WIDTH_MAX for each in text.split("\n"))
    return text.split("\n")


def lines_of(reply: Reply) -> list[str]:
    return [b.line for b in reply.choices]


# --- one market


async def test_the_market_open_now() -> None:
    assert (await shown(chat(), "/market"))[:23] == [
        f"Market {TICKER}",
        "attic · REAL · simulated (play money)",
        "as of 14:05:09",
        "Question  BTC up?",
        "State     open, closes in 9:51",
        "Strike    $67,123.45",
        "Spot      $67,140.12, 1 s ago",
        "          $16.67 above the strike",
        "Quote     YES 51¢, NO 50¢, 2 s ago",
        "Signals   consensus: previous YES,",
        "          momentum -",
        "          An order was sent for this",
        "          market.",
        "Order     YES 9 at 51¢, executed, 9",
        "          filled",
        "Fill      14:04:58 YES 9 for $4.59",
        "          fee $0.1575",
        "Position  YES 9",
        "Trade     consensus: open",
    ]


async def test_a_past_market_says_how_it_ended_and_what_came_of_it() -> None:
    c = chat()
    passed = WindowPassed(ago(60), "consensus", TICKER, ago(60), Mode.REAL, False, False, "disagree")
    c.desk.market_page = market_page(
        market=ENDED,
        quote=None,
        tick=None,
        position=ZERO,
        orders=(),
        fills=(),
        trades=(trade(0, outcome=TradeOutcome.LOSS, profit=d("-4.7475")),),
        opinions=(Opinion("consensus", passed=passed),),
    )
    text = "\n".join(await shown(c, f"/mkt {TICKER.lower()}"))
    for part in (
        "State     closed 14:04: NO, a YES paid\n          $0.00",
        "Ended at  $67,100.5",
        "Signals   consensus: The signals\n          disagree.",
        "Trade     consensus: LOSS -$4.7475",
    ):
        assert part in text
    assert "Quote" not in text
    reply = await c.answer(f"/market {TICKER}")
    assert (reply.mood, reply.choices, reply.buttons) == ("loss", (), ())  # nothing will change any more


@pytest.mark.parametrize(
    ("market", "said"),
    [
        (replace(MARKET, open_time=ago(-61), status=MarketStatus.INITIALIZED), "opens in 1:01"),
        (replace(MARKET, close_time=ago(86_400), status=MarketStatus.CLOSED), "closed 02 Oct 14:05, no result yet"),
        (replace(MARKET, strike=None), "not known yet"),
    ],
)
async def test_markets_before_and_after(market: Market, said: str) -> None:
    c = chat()
    c.desk.market_page = market_page(market=market, trades=(), orders=(), fills=(), position=ZERO, opinions=())
    text = " ".join(" ".join(await shown(c, "/market")).split())
    assert said in text
    assert "Nothing of this bot's is in it." in text


async def test_of_many_fills_the_newest_are_shown() -> None:
    c = chat()
    c.desk.market_page = market_page(fills=tuple(replace(FILL, fill_id=f"f{n}", count=d(n)) for n in range(1, 9)))
    text = "\n".join(await shown(c, "/market"))
    assert "Fill      3 older ones" in text
    assert "YES 4 for" in text
    assert "YES 3 for" not in text


async def test_a_market_that_is_not_there_is_one_sentence() -> None:
    text = " ".join(" ".join(await shown(chat(), "/market kxnone")).split())
    assert "The exchange lists no market KXNONE" in text


# --- choices


async def test_each_position_of_ours_can_be_flattened_by_who_may() -> None:
    c = chat()
    assert lines_of(await c.answer("/positions", OPERATOR)) == [f"/flatten {TICKER}"]
    assert lines_of(await c.answer("/positions", VIEWER)) == []
    reply = await c.answer(f"/market {TICKER}", OPERATOR)
    assert lines_of(reply) == [f"/flatten {TICKER}"]
    assert [b.line for b in reply.buttons] == [f"/market {TICKER}"]
    assert [b.line for b in (await c.answer("/market")).buttons] == ["/market", "/chart market"]
    held = c.desk.positions_page.held[0]
    long = replace(held, position=replace(held.position, ticker="K" * 60))
    c.desk.positions_page = replace(c.desk.positions_page, held=(long,))
    assert lines_of(await c.answer("/positions")) == []  # too long for a button: it has to be typed


async def test_each_order_with_a_name_can_be_cancelled_by_who_may() -> None:
    c = chat()
    reply = await c.answer("/orders", OPERATOR)
    assert [(b.label, b.line, b.style) for b in reply.choices] == [
        ("Cancel YES 9 at 51¢ (0f4b5c9e)", f"/cancel {ID}", "danger")
    ]
    assert [b.line for b in reply.buttons] == ["/orders", "/cancel all"]
    assert [b.line for b in (await c.answer("/orders", VIEWER)).buttons] == ["/orders"]
    c.desk.orders_page = replace(c.desk.orders_page, live=(order(status=OrderStatus.PENDING),))
    assert [b.line for b in (await c.answer("/orders")).buttons] == ["/orders"]


async def test_a_choice_does_what_it_says() -> None:
    c = chat()
    (choice,) = (await c.answer("/orders", OPERATOR)).choices
    assert (await c.answer(choice.line, OPERATOR)).title == "Cancelled 2 orders"
    assert c.desk.done == [f"cancel {ID} by Bo (telegram:2)"]


# --- pages of trades


async def test_trades_lead_to_the_older_and_the_newer_ones() -> None:
    c = chat()
    c.desk.trades_page = replace(c.desk.trades_page, trades=tuple(trade(n) for n in range(25)), total=25)
    first = await c.answer("/trades")
    assert [b.line for b in first.buttons] == ["/trades 10 10"]
    second = await c.answer(first.buttons[0].line)
    assert second.note == "11 to 20 of 25 trades, newest first."
    assert [(b.label, b.line) for b in second.buttons] == [("Newer", "/trades 10 0"), ("Older", "/trades 10 20")]
    last = await c.answer(second.buttons[1].line)
    assert [b.line for b in last.buttons] == ["/trades 10 10"]
    assert last.note == "21 to 25 of 25 trades, newest first."
    assert (await c.answer("/trades 10 30")).note == "No trades further back."


# --- the rest


async def test_equity_is_not_said_where_a_bid_is_missing() -> None:
    c = chat()
    text = "\n".join(await shown(c, "/bal"))
    assert "Positions  worth $4.50 at the bids\nEquity     $1,989.7537\n" in text
    c.desk.balance_page = replace(c.desk.balance_page, worth=None)
    text = "\n".join(await shown(c, "/bal"))
    assert "Positions  worth unknown: no bid\nEquity     $1,985.2537 and what is held" in text


async def test_a_position_that_nobody_bids_for() -> None:
    c = chat()
    held = c.desk.positions_page.held[0]
    asked = replace(QUOTE, bid=None, ask=Level(ONE, d(1)))
    c.desk.positions_page = replace(c.desk.positions_page, held=(replace(held, quote=asked),))
    reply = await c.answer("/positions")
    assert "worth unknown: nobody bids" in plain(reply)
    assert reply.mood == "plain"


async def test_positions_and_status_have_their_moods() -> None:
    c = chat()
    assert (await c.answer("/positions")).mood == "loss"  # nine bought at 51 are bid 50
    assert (await c.answer("/status")).mood == "gain"
    await c.answer("/kill", OWNER)
    assert (await c.answer("/status")).mood == "alert"


async def test_status_names_the_market_that_opens_next_where_that_says_more() -> None:
    c = chat()
    coming = replace(MARKET, ticker="KXBTC15M-26OCT031030-30", open_time=MARKET.close_time)
    c.desk.status_page = status_page(coming=coming)
    assert "Next" not in "\n".join(await shown(c, "/status"))  # it opens when this one closes
    c.desk.status_page = status_page(market=None, coming=coming)
    text = "\n".join(await shown(c, "/status"))
    assert "Next       KXBTC15M-26OCT031030-30\n           opens in 9:51" in text


async def test_signals_of_several_strategies_stand_under_their_names() -> None:
    c = chat()
    one = signals_page()
    passed = tuple(replace(window, strategy="momentum") for window in one.windows)
    two = signals_page(strategy="momentum", signals=one.signals[1:], skipped="no_quote", windows=passed)
    c.desk.signals = lambda: (one, two)  # type: ignore[method-assign]
    answer = await shown(c, "/signals")
    text = " ".join(" ".join(answer).split())
    assert answer[0] == "Signals of consensus, momentum"
    assert text.count("Market") == 1
    assert text.count("Momentum no opinion") == 1
    assert "Now consensus: The spot price hardly moved." in text
    assert "Now momentum: There is no fresh quote." in text
    assert "Closed Strategy What came of it 14:05 consensus ordered 14:05 momentum ordered 13:50 consensus" in text
    c.desk.signals = lambda: ()  # type: ignore[method-assign]
    assert "No strategy is configured." in "\n".join(await shown(c, "/signals"))


async def test_health_is_coloured_by_how_it_is() -> None:
    c = chat()
    assert (await c.answer("/ping")).mood == "plain"
    c.desk.health_page = replace(c.desk.health_page, label=LABEL, exchange_ok=False)
    assert (await c.answer("/health")).mood == "alert"


async def test_every_button_is_a_line_that_its_command_takes() -> None:
    c = chat()
    c.desk.trades_page = replace(c.desk.trades_page, trades=tuple(trade(n) for n in range(25)), total=25)
    figures = (
        "status",
        "balance",
        "positions",
        "orders",
        "trades 5 5",
        "pnl",
        "performance",
        "signals",
        "market",
        "health",
    )
    pressed = {b.line for name in figures for r in [await c.answer(f"/{name}")] for b in (*r.buttons, *r.choices)}
    assert len(pressed) > 15
    for line in pressed:
        read = read_line(line)
        found = find(COMMANDS, read.word)
        assert found is not None, line
        found.parse(read.words)
