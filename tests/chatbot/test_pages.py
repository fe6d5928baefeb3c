"""Every command's answer on a phone: what it says, and that nothing is wider than 40 columns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes_chat import OWNER, VIEWER, Chat, chat
from fakes_pages import LABEL, MANUAL, NOW, STALE_FEED, TICKER, ago, d, signals_page, status_page, trade

from chatbot.commands.overview import glance
from chatbot.commands.registry import COMMANDS
from chatbot.commands.signals import REASONS, few_words, sentence
from chatbot.message import Person
from chatbot.render import WIDTH_MAX, columns, plain
from trading.domain.news import StreamHealth
from trading.domain.order import Mode
from trading.domain.state import Totals, TradingState
from trading.domain.trade import TradeOutcome

FIGURES = ("status", "balance", "positions", "orders", "trades", "pnl", "signals", "health", "kill", "pause", "resume")
DRY = replace(LABEL, mode=Mode.DRY_RUN, environment="production", address="https://proxy.example.org/trade-api/v2")


async def shown(text: str, c: Chat | None = None, person: Person = OWNER) -> str:
    c = c or chat()
    answer = plain(await c.answer(text, person))
    assert c.errors == []
    return answer


def lines(text: str) -> list[str]:
    return text.split("\n")


LINES = [f"/{name}" for name in COMMANDS] + [
    "/pnl week",
    "/trades 1",
    "/dryrun off",
    "/dryrun on",
    "/nothing",
    "/pnl x",
]


@pytest.mark.parametrize("halted", [False, True])
@pytest.mark.parametrize("text", [*LINES, *(f"/help {name}" for name in COMMANDS)])
async def test_no_answer_is_wider_than_a_phone(text: str, halted: bool) -> None:
    c = chat()
    c.desk.halts = (MANUAL, STALE_FEED) if halted else ()
    wide = [line for line in lines(await shown(text, c)) if columns(line) > WIDTH_MAX]
    assert not wide


@pytest.mark.parametrize("name", FIGURES)
async def test_every_figure_says_whose_and_what_money_and_when(name: str) -> None:
    assert "attic · REAL · simulated (play money)\nas of 14:05:09" in await shown(f"/{name}")


async def test_a_dry_run_at_a_custom_address_says_so() -> None:
    c = chat()
    c.desk.status_page = status_page(label=replace(DRY, instance=""))
    assert "DRY RUN · production · at\nhttps://proxy.example.org/trade-api/v2\nas of 14:05:09" in await shown(
        "/status", c
    )


async def test_status() -> None:
    assert lines(await shown("/status")) == [
        "Status",
        "attic · REAL · simulated (play money)",
        "as of 14:05:09",
        "Trading    ACTIVE",
        "Strategy   consensus",
        "Market     KXBTC15M-26OCT031015-15",
        "           closes in 9:51",
        "Strike     $67,123.45",
        "Quote      YES 51¢, NO 50¢, 2 s ago",
        "Spot       $67,140.12, 1 s ago",
        "Today      +$12.40",
        "Open risk  $4.75 in 1 trade",
        "Orders     1 live",
        "Last beat  2 s ago, due every 5 s",
        "Notices    all delivered",
    ]


async def test_status_when_little_is_known() -> None:
    c = chat()
    c.desk.status_page = status_page(
        label=replace(LABEL, environment="demo"),
        trading=TradingState.HALTED,
        halts=(MANUAL, STALE_FEED),
        market=None,
        quote=None,
        tick=None,
        last_beat=None,
        unknown_orders=1,
        notices_queued=3,
    )
    text = await shown("/status", c)
    assert "Trading    HALTED\n           manual since 14:00 by Ann\n           (telegram:1): killed\n" in text
    assert "           stale_feed since 14:04: no\n" in text
    for part in ("none open now", "never, due every 5 s", "1 live, 1 of unknown outcome", "3 queued", "try a dry run"):
        assert part in text


async def test_balance_shows_the_shards_to_the_last_digit() -> None:
    text = await shown("/balance")
    assert "Cash       $1,985.2537\nShard 0    $985.00\nShard 2    $1,000.2537\n" in text


async def test_positions_show_worth_and_what_is_not_ours() -> None:
    assert lines(await shown("/pos"))[3:] == [
        TICKER,
        "  YES 9 at 51¢",
        "  worth $4.50 (-$0.09), quote 2 s old",
        "  closes in 9:51",
        "KXOTHER-26DEC31-T3.50",
        "  NO 12, not this bot's",
        "  worth $5.88, quote 2 s old",
        "KXTHIRD-26DEC31",
        "  YES 1, not this bot's",
        "  worth unknown: no quote",
    ]


async def test_orders_show_both_modes_and_foreign_ones() -> None:
    text = await shown("/orders")
    assert "  NO 9 at 49¢, 3 filled\n  DRY RUN, outcome UNKNOWN, 12 s old\n  kc-0\n" in text
    assert "Not this bot's: 7" in text
    assert text.endswith("and 2 more")


async def test_nothing_is_said_where_there_is_nothing() -> None:
    c = chat()
    c.desk.positions_page = replace(c.desk.positions_page, held=())
    c.desk.orders_page = replace(c.desk.orders_page, live=(), foreign=())
    c.desk.trades_page = replace(c.desk.trades_page, trades=(), total=0)
    assert (await shown("/positions", c)).endswith("Nothing is held.")
    assert (await shown("/orders", c)).endswith("No order is live.")
    assert (await shown("/trades", c)).endswith("No trades yet.")


async def test_trades_take_one_line_each() -> None:
    c = chat()
    loss = trade(1, outcome=TradeOutcome.LOSS, profit=d("-4.7475"))
    c.desk.trades_page = replace(c.desk.trades_page, trades=(trade(0, outcome=TradeOutcome.OPEN), loss), total=57)
    assert lines(await shown("/trades", c))[0:1] + lines(await shown("/trades", c))[3:] == [
        "Trades KXBTC15M consensus",
        "Market       Bet              Profit",
        "03Oct 13:50  YES 9@51¢  open       -",
        "03Oct 13:35  YES 9@51¢  LOSS  -$4.75",
        "2 of 57 trades, newest first.",
    ]


async def test_trades_of_several_kinds_and_wide_ones_take_two_lines() -> None:
    text = await shown("/trades")  # with a row that is too wide for a table
    assert "03Oct 12:50  YES 9@51¢ CORR. -$1,000.10\n             KXBTC15M consensus\n" in text
    c = chat()
    c.desk.trades_page = replace(c.desk.trades_page, trades=(trade(0), trade(1, strategy="previous")))
    text = await shown("/trades", c)
    assert text.startswith("Trades\n")
    assert "             KXBTC15M previous" in text


async def test_pnl_keeps_the_modes_apart() -> None:
    text = await shown("/pnl")
    for part in ("P&L today\n", "+$12.4037", "$1.8904", "7 of 12 (58.3%)", "DRY RUN, apart\n  -$3.20 in 5 trades"):
        assert part in text
    c = chat()
    c.desk.pnl_page = replace(c.desk.pnl_page, label=DRY, start=None, other_mode=Totals(), unfilled=0)
    text = await shown("/pnl all", c)
    assert "REAL, apart  no trades" in text or "REAL, apart\n  no trades" in text
    assert "Since" not in text


async def test_signals_say_in_words_what_they_see() -> None:
    text = await shown("/signals")
    for part in ("Momentum  no opinion, 1 s ago", "The spot price hardly moved.", "refused: max open orders"):
        assert part in text
    c = chat()
    c.desk.signals_page = signals_page(market=None, skipped="", detail="", signals=(), windows=())
    assert "Wants to trade" in await shown("/signals", c)


@pytest.mark.parametrize("code", [*REASONS, "denied:max_exposure"])
def test_every_reason_has_words(code: str) -> None:
    assert sentence(code).endswith(".")
    assert len(few_words(code)) <= 25


def test_an_unknown_reason_is_shown_as_it_is() -> None:
    assert sentence("brand_new") == few_words("brand_new") == "brand_new"


async def test_health_says_what_is_wrong_first() -> None:
    c = chat()
    c.desk.health_page = replace(c.desk.health_page, exchange_ok=False, problems=("spot: no answer",))
    text = await shown("/health", c)
    assert text.startswith("Not well\n")
    assert "Problem   spot: no answer\nExchange  DOES NOT ANSWER\nPrices    polling" in text


@pytest.mark.parametrize(
    ("streaming", "stream", "said"),
    [
        (True, StreamHealth(True, ago(1), connections=1), ("live stream", "connected, heard 1 s ago")),
        (True, StreamHealth(True, ago(1), 3, gaps=2), ("3 connections so far, 2 gaps mended",)),
        (False, StreamHealth(True, ago(1), 1, problem="no BRTI"), ("polling", "connected, heard 1 s ago, no BRTI")),
        (False, StreamHealth(False, problem="401"), ("polling", "not connected: 401")),
        (False, None, ("polling",)),
    ],
)
async def test_health_says_where_prices_come_from(
    streaming: bool, stream: StreamHealth | None, said: tuple[str, ...]
) -> None:
    c = chat()
    c.desk.health_page = replace(c.desk.health_page, streaming=streaming, stream=stream)
    text = " ".join((await shown("/health", c)).split())
    for part in said:
        assert part in text
    assert ("Stream" in text) == (stream is not None)


async def test_a_kill_that_is_not_whole_says_so() -> None:
    c = chat()
    report = await c.desk.kill("Ann")

    async def half(by: str) -> object:
        return replace(report, stored=False, cancel_sent=False, still_listed=("a", "b"), problems=("disk full",))

    c.desk.kill = half  # type: ignore[method-assign,assignment]
    text = await shown("/kill", c)
    for part in ("KILLED, but look below", "halted, NOT STORED", "NOT SENT", "2: a, b", "disk full", "took", "0.04 s"):
        assert part.casefold() in text.casefold()


async def test_help_lists_what_the_role_may_use() -> None:
    assert "/kill" not in lines(await shown("/help", person=VIEWER))
    assert any(line.startswith("/kill") for line in lines(await shown("/help")))
    assert "Also         /stop, /halt" in await shown("/help kill")
    assert "There is no /zzz" in await shown("/help zzz")


async def test_going_real_says_that_it_costs_money() -> None:
    c = chat()
    assert "play money" in await shown("/dryrun off", c)

    class Production(type(c.desk)):  # type: ignore[misc]
        def preview_mode(self, dry_run: bool) -> object:
            return replace(super().preview_mode(dry_run), label=DRY)

    c.desk.__class__ = Production
    assert "REAL MONEY" in (await shown("/dryrun off", c)).replace("\n", " ")


def test_the_toolbar_is_one_short_line() -> None:
    assert glance(status_page()) == "simulated | REAL | ACTIVE | 9:51 | today +$12.40"
    assert "no market" in glance(status_page(market=None))
    assert NOW.tzinfo


# --- ways out


async def test_flatten_offers_a_button_and_sells_nothing_by_itself() -> None:
    c = chat()
    text = await shown(f"/flatten {TICKER.lower()}", c)
    assert "brings $4.50 at 50¢, fee $0.1575" in " ".join(text.split())
    assert "the bet would have made -$0.40" in " ".join(text.split())
    assert c.desk.done == []
    reply = await c.answer(f"/flatten {TICKER}", OWNER)
    assert [b.line for b in reply.buttons] == [f"/flatten {TICKER} now"]
    assert [b.line for b in (await c.answer("/flatten", OWNER)).buttons] == ["/flatten all"]
    assert c.desk.done == []


@pytest.mark.parametrize(("line", "sold"), [("/flatten all", "all"), (f"/flatten {TICKER} now", TICKER)])
async def test_flatten_acts_when_told_so(line: str, sold: str) -> None:
    c = chat()
    text = await shown(line, c)
    assert c.desk.done == [f"flatten {sold}"]
    assert "received $4.3425 after fees" in " ".join(text.split())
    assert ("nobody bids for it" in text) is (sold == "all")


async def test_nothing_held_says_so() -> None:
    c = chat()
    c.desk.ways_out = ()
    assert "Nothing to sell" in await shown("/flatten", c)
    assert "Nothing to sell" in await shown("/flatten all", c)


async def test_cancel_says_what_it_did() -> None:
    c = chat()
    assert "Cancelled 2 orders" in await shown("/cancel all", c)
    assert "not yet proved" in " ".join((await shown("/cancel half", c)).split())
    assert "not this bot's" in await shown("/cancel by-hand", c)
    assert "0 open orders begin with zz" in " ".join((await shown("/cancel zz", c)).split())
    assert "/cancel needs order" in await shown("/cancel", c)


# --- limits


async def test_limits_are_shown_with_what_is_used_of_them() -> None:
    text = await shown("/limits")
    assert any(line.split() == ["day_loss", "$4.75", "$1,000.00", "$1,000.00"] for line in lines(text))
    assert any(line.split() == ["order_rate", "2", "10", "10"] for line in lines(text))


async def test_a_limit_is_lowered_at_once_and_raised_after_a_yes() -> None:
    c = chat()
    assert "order is $3.00" in await shown("/limit order 3", c)
    assert c.desk.done == ["limit order 3 by Ann (telegram:1)"]
    assert "Raise order?" in await shown("/limit order 8", c)
    assert len(c.desk.done) == 1
    text = " ".join((await shown("/limit order 11", c)).split())
    assert "stays as it is" in text
    assert "the configuration allows 10 at most" in text
    assert "for example /limit" in await shown("/limit nothing 3", c)


async def test_the_audit_says_who_changed_what_and_whether_its_chain_is_whole() -> None:
    c = chat()
    text = await shown("/audit 1", c)
    for part in ("Audit\n", "whole", "12 at", "/limit order 4.50", "telegram:7", "order is $4.50 now"):
        assert part in text
    assert "halt day_loss" not in text
    assert "halt day_loss" in await shown("/audit", c)
    c.desk.broken = "entry 4 of the audit was changed after it was written"
    text = await shown("/audit", c)
    assert text.startswith("Audit: BROKEN\n")
    assert "changed after" in text
    assert "needs the operator role" in await shown("/audit", c, VIEWER)
