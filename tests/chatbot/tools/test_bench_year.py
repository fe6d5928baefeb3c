"""The simulated year, two days of it: a process that lives them, and an exchange in another one that answers alike."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chatbot.app import build
from chatbot.config import load
from chatbot.life.life import App
from chatbot.outbox.channel import How
from chatbot.tools.bench.figures import Row
from chatbot.tools.bench.year import MEMORY_MB_MAX, rows, simulated_year
from chatbot.tools.bench.year_exchange import FarExchange, far_exchange
from chatbot.tools.bench.year_life import lived
from chatbot.tools.bench.year_people import OWNER, QUESTIONS, Chat, Owner
from chatbot.tools.bench.year_venue import CASH
from chatbot.tools.demo import EPOCH
from tests.trading.build import order
from trading.clock import VirtualClock, real_now
from trading.domain.errors import Misconfigured, NotFound, Rejected, Unavailable
from trading.domain.events import HaltRaised
from trading.domain.records import Notice, Severity
from trading.domain.state import Reason
from trading.exchange.simulated.direct import DirectExchange, DirectFeed
from trading.exchange.simulated.venue import open_venue
from trading.risk.gate import Ticket

DAYS = 2
TOLD = {
    "days": 365,
    "trades": 20_000,
    "memory_mb": [100.0, 140.0],
    "peak_mb": 145.0,
    "files": [16, 16],
    "tasks": [4, 4],
    "profit_apart_usd": 0.0,
    "fees_apart_usd": 0.0,
    "alarms": 0,
    "open": 0,
    "windows_a_second": 60.0,
}


@pytest.fixture(scope="module")
def measured() -> tuple[list[Row], list[tuple[int, int]]]:
    """The rows of two days under the storm, and the progress that was told."""
    told: list[tuple[int, int]] = []
    return asyncio.run(simulated_year(lambda done, of: told.append((done, of)), DAYS)), told


def test_two_days_under_a_storm_leave_nothing_open_and_cost_what_the_exchange_says(
    measured: tuple[list[Row], list[tuple[int, int]]],
) -> None:
    found = {row["name"].partition(": ")[2]: row for row in measured[0]}
    exact = ("profit apart from the exchange's", "fees apart from the exchange's")
    assert [found[name]["value"] for name in (*exact, "alarms over our own books", "bets left open")] == [0] * 4
    assert found["trades"]["value"] > 20
    assert found["open files"]["holds"]
    assert found["tasks"]["holds"]
    assert measured[1][0] == (0, DAYS)
    assert measured[1][-1] == (DAYS, DAYS)


def test_each_figure_stands_beside_what_it_is_to_reach() -> None:
    reach = {row["name"].partition(": ")[2]: (row["limit"], row["reach"], row["holds"]) for row in rows(TOLD)}
    assert reach["memory after the last"] == (100.0, MEMORY_MB_MAX, True)
    assert reach["open files"] == (16, 16, True)
    assert reach["tasks"] == (4, 4, True)
    assert reach["profit apart from the exchange's"] == (None, 1, True)
    assert reach["trades"] == (None, None, None)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("memory after the last", {"memory_mb": [100.0, 150.1]}),
        ("open files", {"files": [16, 17]}),
        ("tasks", {"tasks": [4, 5]}),
        ("profit apart from the exchange's", {"profit_apart_usd": 0.0002}),
        ("fees apart from the exchange's", {"fees_apart_usd": 0.0002}),
        ("alarms over our own books", {"alarms": 1}),
        ("bets left open", {"open": 1}),
    ],
)
def test_what_is_not_reached_does_not_hold(name: str, change: dict[str, Any]) -> None:
    assert [row["name"].partition(": ")[2] for row in rows(TOLD | change) if row["holds"] is False] == [name]


async def test_a_life_of_one_day_has_nothing_to_be_held_against(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="2 at least"):
        await lived(tmp_path, 1, 1, "none", json.dumps)  # type: ignore[arg-type]


# --- the exchange in another process --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def far() -> Iterator[FarExchange]:
    with far_exchange(CLOCK, 1, "none") as exchange:
        yield exchange


CLOCK = VirtualClock(EPOCH)


async def test_the_far_exchange_answers_as_one_in_this_process_does(far: FarExchange) -> None:
    venue = open_venue(CLOCK, cash=CASH)
    near, feed = DirectExchange(venue), DirectFeed(venue)
    CLOCK.advance_to(CLOCK.now() + timedelta(minutes=7))
    series, hour = "KXBTC15M", timedelta(hours=1)
    wanted: dict[str, Any] = {"series": series, "closes_after": CLOCK.now() - hour, "closes_before": CLOCK.now() + hour}
    listed = await far.markets(**wanted)
    assert listed == await near.markets(**wanted)
    assert len(listed) > 4
    market = next(m for m in listed if m.open_at(CLOCK.now()))
    bet = order(ticker=market.ticker, exchange_index=market.exchange_index, created_at=CLOCK.now(), expires_at=None)
    assert await far.place(Ticket(bet)) == await near.place(Ticket(bet))
    CLOCK.advance_to(CLOCK.now() + timedelta(minutes=1))
    questions: list[Callable[[Any], Any]] = [
        lambda e: e.quote(bet.ticker),
        lambda e: e.status(2),
        lambda e: e.orders(),
        lambda e: e.fills(ticker=bet.ticker),
        lambda e: e.positions(),
        lambda e: e.settlements(),
        lambda e: e.balance(),
        lambda e: e.as_of(),
    ]
    for ask in questions:
        assert await ask(far) == await ask(near)
    assert await far.read() == await feed.read()
    assert far.records().cash == sum(venue.account.cash.values())


async def test_what_the_exchange_refuses_is_the_same_error_here(far: FarExchange) -> None:
    with pytest.raises(NotFound):
        await far.order("nobody-s")
    with pytest.raises(Rejected) as refused:
        await far.place(Ticket(order(ticker="KXBTC15M-26JAN050015-15", client_order_id="x" * 200)))
    assert refused.value.http_status >= 400
    assert refused.value.code


async def test_a_read_under_a_storm_fails_now_and_then() -> None:
    """One of four tries gets through nearly always."""
    clock = VirtualClock(EPOCH)
    with far_exchange(clock, 3, "storm") as exchange:
        came = [await _tried(exchange) for _ in range(400)]
    assert 0.9 < sum(came) / len(came) < 1


async def _tried(exchange: FarExchange) -> bool:
    try:
        await exchange.balance()
    except Unavailable:
        return False
    return True


def test_an_unknown_profile_of_faults_is_refused_before_anything_starts() -> None:
    with pytest.raises(Misconfigured, match="no fault profile"), far_exchange(VirtualClock(EPOCH), 1, "hail"):
        pass


# --- the people -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    settings = load(None, {"DATA_DIR": str(tmp_path), "TELEGRAM_USERS": f"{OWNER.id}:owner"})
    clock = VirtualClock(EPOCH)
    app = await build(settings, clock=clock, channels=lambda *_: (Chat("telegram"),))
    await app.start()
    yield app
    await app.stop("the test is over")


async def test_the_owner_lets_trading_go_on_and_the_halt_is_counted(app: App) -> None:
    owner = Owner(app, real_now)
    await owner.look()
    assert not owner.halts
    app.book.record(HaltRaised(app.places.clock.now(), Reason.DAY_LOSS, "engine", "the test says so"))
    await owner.look()
    assert not app.book.state.halts
    assert owner.halts == {"day_loss": 1}


async def test_a_chat_counts_the_errors_that_it_was_told() -> None:
    chat = Chat("telegram")
    for kind, title in (("error", "ERROR beat"), ("fill", "FILL"), ("error", "ERROR beat")):
        await chat.deliver(Notice(1, kind, Severity.ALERT, EPOCH, title), How())
    assert (chat.delivered, chat.errors) == (3, {"ERROR beat": 2})


async def test_every_question_of_the_owner_has_an_answer(app: App) -> None:
    owner = Owner(app, real_now)
    for _ in QUESTIONS:
        await owner.ask()
