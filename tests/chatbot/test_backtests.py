"""Backtests for the chat: one process at a time, bounded, ended whatever happens, and never in the bot's own way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from chatbot.backtests import Answer, Backtests, Unplayed, Wish, unplayable
from chatbot.tools.backtest_worker import serve
from trading.clock import monotonic, real_now
from trading.domain.market import TAPERED_DECI_CENT, Market, MarketStatus
from trading.research.history import Day, Touch, write_day

DOUBLE = "tests.chatbot.backtest_double"
SERIES = "KXBTC15M"
D = Decimal
WAIT_SECONDS = 20.0


def keep(folder: Path, day: date, result: Callable[[int], str] = lambda n: "yes") -> None:
    """A day of quarters, whose touch stands at 50 to 52 cents all the time."""
    start = datetime.combine(day, datetime.min.time(), UTC)
    markets, touches = [], {}
    for number in range(1, 96):
        opens, ended = start + timedelta(minutes=15 * (number - 1)), result(number)
        market = Market(
            f"{SERIES}-{day:%y%b%d}-{number}",
            f"{SERIES}-{day:%y%b%d}-{number}",
            opens,
            opens + timedelta(minutes=15),
            MarketStatus.FINALIZED,
            result=ended,
            settlement_value=D(ended == "yes"),
            price_ranges=TAPERED_DECI_CENT,
        )
        markets.append(market)
        touches[market.ticker] = tuple(Touch(opens + timedelta(minutes=n), D("0.50"), D("0.52")) for n in range(1, 15))
    write_day(folder, Day(SERIES, day, tuple(markets), touches, ()))


def wish(folder: Path, **changed: object) -> Wish:
    return replace(Wish("previous", {"stake_usd": "5"}, str(folder), SERIES, 3), **changed)  # type: ignore[arg-type]


def backtests(made: Wish, **given: float | str) -> Backtests:
    return Backtests(lambda strategy, days: replace(made, strategy=strategy, days=days), **given)  # type: ignore[arg-type]


async def test_a_strategy_is_played_over_the_days_that_are_kept(tmp_path: Path) -> None:
    yesterday = real_now().date() - timedelta(days=1)
    keep(tmp_path, yesterday)
    short = await backtests(wish(tmp_path)).play("previous", 3)
    assert short.material == f"{SERIES}, {yesterday:%d %b %Y}"
    assert [row[0] for row in short.rows] == ["whole", "in", "out"]
    assert short.rows[0][1:3] == ("94", "100.0%")  # each YES after a YES, and nothing before the first one
    assert short.profit == 94 * (9 - 9 * D("0.52") - D("0.1573"))  # int(5 / 0.52) contracts, and their fee
    assert short.points[-1][1] == pytest.approx(float(short.profit))
    assert dict(short.facts)["played"] == "orders take 0.25 s, fills by touch"


async def test_where_nothing_is_kept_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unplayed, match=f"no data of {SERIES} is kept .*: on the host run kalshi-chatops backtest"):
        await backtests(wish(tmp_path)).play("previous", 7)


async def test_one_at_a_time_and_the_next_one_works(tmp_path: Path) -> None:
    played = backtests(wish(tmp_path), worker=DOUBLE)
    first = asyncio.create_task(played.play("slow", 1))
    await until(lambda: played.pid is not None)
    with pytest.raises(Unplayed, match="a backtest is running: wait until it has answered"):
        await played.play("slow", 1)
    assert (await first).material == "slow"
    assert (await played.play("quick", 1)).material == "quick"
    assert played.pid is None


async def test_it_takes_no_longer_than_it_may_and_leaves_no_process(tmp_path: Path) -> None:
    played = backtests(wish(tmp_path), worker=DOUBLE, play_seconds=1.0)
    asked = asyncio.create_task(played.play("hang", 1))
    await until(lambda: played.pid is not None)
    pid = played.pid
    assert pid
    with pytest.raises(Unplayed, match="took longer than 1 s: ask for fewer days"):
        await asked
    assert not alive(pid)


async def test_who_gives_up_leaves_no_process(tmp_path: Path) -> None:
    played = backtests(wish(tmp_path), worker=DOUBLE)
    asked = asyncio.create_task(played.play("hang", 1))
    await until(lambda: played.pid is not None)
    pid = played.pid
    assert pid
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert not alive(pid)


@pytest.mark.parametrize(("strategy", "said"), [("die", "no paper left"), ("garbage", "came to nothing")])
async def test_a_process_that_dies_is_one_sentence(tmp_path: Path, strategy: str, said: str) -> None:
    with pytest.raises(Unplayed, match=said) as raised:
        await backtests(wish(tmp_path), worker=DOUBLE).play(strategy, 1)
    assert "\n" not in str(raised.value)


async def test_the_bot_goes_on_while_it_works(tmp_path: Path) -> None:
    """The loop turns all the time: its longest pause is that of starting a process."""
    keep(tmp_path, real_now().date() - timedelta(days=1))
    asked = asyncio.create_task(backtests(wish(tmp_path)).play("previous", 3))
    longest, last = 0.0, monotonic()
    while not asked.done():
        await asyncio.sleep(0.005)
        longest, last = max(longest, monotonic() - last), monotonic()
    await asked
    assert longest < 0.5  # on a busy machine; the work itself takes longer than that


async def test_the_process_knows_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123:secret")
    short = await backtests(wish(tmp_path), worker=DOUBLE).play("environment", 1)
    assert "TELEGRAM_BOT_TOKEN" not in short.material
    assert "PYTHONPATH" in short.material


async def test_without_a_process_there_is_none() -> None:
    with pytest.raises(Unplayed, match="backtests are not played here"):
        await unplayable("consensus", 30)


# --- the worker, in this process ------------------------------------------------------------------------------------


def served(made: Wish, today: date) -> Answer:
    told = BytesIO()
    serve(BytesIO(msgspec.json.encode(made)), told, today)
    return msgspec.json.decode(told.getvalue(), type=Answer)


def test_only_whole_days_before_today_are_played(tmp_path: Path) -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(5)]
    for day in days:
        keep(tmp_path, day)
    short = served(wish(tmp_path, days=2), days[-1]).short
    assert short
    assert short.material == f"{SERIES}, 03 Jan 2026 to 04 Jan 2026"
    assert {at.date() for at, _ in short.points} <= set(days[2:])


def test_what_cannot_be_played_is_a_sentence(tmp_path: Path) -> None:
    keep(tmp_path, date(2026, 1, 1))
    answer = served(wish(tmp_path, parameters={"colour": "red"}), date(2026, 1, 2))
    assert (answer.short, answer.problem[:27]) == (None, "colour is no parameter: use")


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not true():  # noqa: ASYNC110 - no event tells of another process
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
