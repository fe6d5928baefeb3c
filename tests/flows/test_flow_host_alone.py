"""What the host's command line does by itself while no bot answers: after a crash, past a hanging one, with nothing."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chatbot.config import load
from chatbot.wiring.places import Places, open_places
from tests.flows.hosts import audit, bot, flat, said, wait_for
from tests.flows.processes import environment, exchange, pointing_at, run
from tests.trading.build import order
from trading.domain.order import Order, Side
from trading.risk.gate import Ticket

FAR = Decimal("0.01")  # nobody sells that cheap in the market that is used
UNREACHABLE = "http://127.0.0.1:9/trade-api/v2"


async def rested(settings: dict[str, str]) -> list[str]:
    """The ids that the exchange lists as resting."""
    async with account(settings) as places:
        return [report.order_id for report in await places.exchange.orders(status="resting")]


@asynccontextmanager
async def account(settings: dict[str, str]) -> AsyncIterator[Places]:
    places = await open_places(load(None, environment(**settings)))
    try:
        yield places
    finally:
        await places.close()


async def rest_two(settings: dict[str, str]) -> None:
    """Two orders that nobody fills, as a bot that died may have left them: where there is cash, in what closes last."""
    async with account(settings) as places:
        markets = [each for each in await places.exchange.markets(status="open") if each.exchange_index in (0, 2)]
        market = max(markets, key=lambda each: each.close_time)
        for number in range(2):
            await places.exchange.place(Ticket(far_order(f"left-{number}", market.ticker, market.exchange_index)))


def far_order(name: str, ticker: str, shard: int) -> Order:
    return replace(order(client_order_id=name, ticker=ticker, side=Side.BID, price=FAR), exchange_index=shard)


@pytest.fixture
def traded(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An exchange in a process of its own, and the settings of a bot that trades there."""
    with exchange(tmp_path / "exchange", seed="7", markets="30") as where:
        yield pointing_at(where, tmp_path / "data")


async def test_a_kill_after_a_crash_cancels_at_the_exchange_and_halts_the_next_start(
    tmp_path: Path, traded: dict[str, str]
) -> None:
    data, marker = tmp_path / "data", tmp_path / "data" / "simulated" / "HALTED"
    rest = {name: value for name, value in traded.items() if name != "DATA_DIR"}
    with bot(tmp_path, data, **rest) as process:
        assert "ACTIVE" in said("status", cwd=tmp_path, **traded)
        process.send_signal(signal.SIGKILL)
        process.wait()
    await rest_two(traded)
    status = said("status", cwd=tmp_path, **traded)
    assert "the bot is not running Trading ACTIVE Exchange trades Orders 2 resting" in status
    assert "Shard 2" in said("balance", cwd=tmp_path, **traded)
    assert "the bot is not running" in said("positions", cwd=tmp_path, **traded)
    killed = said("kill", cwd=tmp_path, **traded)
    for words in ("KILLED without the bot REAL", "HALTED at the next start", "sent for all orders", "Orders left none"):
        assert words in killed
    assert await rested(traded) == []
    assert marker.exists()
    with bot(tmp_path, data, **rest):
        wait_for(marker, there=False)
        assert "HALTED manual since" in said("status", cwd=tmp_path, **traded)


async def test_a_bot_that_hangs_is_killed_past_it_and_obeys_when_it_goes_again(
    tmp_path: Path, traded: dict[str, str]
) -> None:
    data = tmp_path / "data"
    rest = {name: value for name, value in traded.items() if name != "DATA_DIR"}
    with bot(tmp_path, data, **rest) as process:
        said("status", cwd=tmp_path, **traded)
        await rest_two(traded)
        process.send_signal(signal.SIGSTOP)
        killed = said("kill", cwd=tmp_path, **traded)
        assert f"the bot (process {process.pid}) runs, but does not answer" in killed
        assert "Orders left none" in killed
        refused = run("unlock", cwd=tmp_path, **traded)
        assert refused.returncode == 75
        assert "runs, but does not answer, and its store cannot be had" in refused.stderr
        process.send_signal(signal.SIGCONT)
        assert "HALTED manual since" in said("status", cwd=tmp_path, **traded)


async def test_a_disk_that_keeps_nothing_does_not_keep_the_cancels_in(tmp_path: Path, traded: dict[str, str]) -> None:
    await rest_two(traded)
    (tmp_path / "data").write_text("no folder can be made below a file, whoever tries")
    done = run("kill", cwd=tmp_path, **traded)
    assert done.returncode == 1
    assert "NOT STORED" in done.stdout
    assert "Orders left none" in flat(done.stdout)
    assert await rested(traded) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "runs inside the bot, so there is none now"),
        ({"KALSHI_ENV": "demo"}, "KALSHI_API_KEY_ID is not set"),
        ({"KALSHI_ENV": "simulated", "KALSHI_API_BASE": UNREACHABLE}, UNREACHABLE),
    ],
)
def test_where_no_exchange_can_be_asked_the_halt_stands_and_it_says_so(
    tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    done = run("kill", cwd=tmp_path, **settings)
    assert done.returncode == 1
    assert "HALTED at the next start" in flat(done.stdout)
    assert "NOT SENT" in done.stdout
    assert words.replace(" ", "") in "".join(done.stdout.split())
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["HALTED"]
    asked = run("balance", cwd=tmp_path, **settings)
    assert asked.returncode == 1
    assert "the bot is not running" in flat(asked.stdout)


def test_the_list_and_the_lock_are_changed_in_the_store_of_a_bot_that_does_not_run(tmp_path: Path) -> None:
    here: dict[str, Any] = {"cwd": tmp_path, "DATA_DIR": str(tmp_path), "TELEGRAM_USERS": "1:owner"}
    assert "telegram 1 owner, by the settings" in said("access", "list", **here)
    said("access", "revoke", "telegram", "1", **here)
    said("access", "grant", "telegram", "77", "viewer", **here)
    assert run("access", "grant", "discord", "&5", "owner", **here).returncode == 2
    assert "Nothing is locked" in said("unlock", **here)
    assert "telegram 1 revoked, stored telegram 77 viewer, stored" in said("access", "list", **here)
    assert audit(tmp_path) == [
        ("host:host", "/access revoke telegram 1"),
        ("host:host", "/access grant telegram 77 viewer"),
        ("host:host", "/unlock"),
    ]
    with bot(tmp_path, tmp_path, TELEGRAM_USERS="1:owner"):
        assert "telegram 1 revoked, stored telegram 77 viewer, stored" in said("access", "list", **here)
