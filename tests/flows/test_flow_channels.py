"""The same stories told through every channel: the whole bot, real SDKs over real sockets, a virtual market clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.flows.stories import Story
from tests.flows.talkers import OWNER, SILENCE_SECONDS, STRANGER, TALKERS, ask, press, seen
from trading.domain.order import Mode
from trading.domain.state import Reason, TradingState

PHONES = [name for name in TALKERS if name != "terminal"]


@pytest.fixture(params=list(TALKERS))
async def story(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Story]:
    talker = TALKERS[request.param]()
    await talker.start()
    yield Story(tmp_path, talker)
    await talker.stop()


async def test_from_tick_to_settlement(story: Story) -> None:
    async with story.bot():
        await ask(story.talker, "/status", "Status", "ACTIVE")
        await story.live(16)
        await seen(story.talker, "Order placed")
        await seen(story.talker, "FILLED", "Cost", "fee")
        ended = await seen(story.talker, "Received", "Today", "So far")
        outcome = "WIN" if "WIN" in ended else "LOSS"
        await ask(story.talker, "/trades", "Trades", outcome)
        await ask(story.talker, "/pnl", "P&L", "Fees")
        await ask(story.talker, "/positions", "Positions")
        await ask(story.talker, "/balance", "Cash", "Shard 2")


async def test_a_kill_holds_over_a_restart_until_it_is_resumed_and_confirmed(story: Story) -> None:
    async with story.bot() as app:
        await story.live(1)
        await ask(story.talker, "/kill", "KILLED")
        await seen(story.talker, "HALTED")
        sent = len(app.book.state.attempts)
        await story.live(20)
        assert len(app.book.state.attempts) == sent
    async with story.bot() as app:
        assert Reason.MANUAL in app.book.state.halts
        await ask(story.talker, "/status", "HALTED", "manual")
        await ask(story.talker, "/resume", "Resume")
        assert app.book.state.trading is TradingState.HALTED
        await press(story.talker, "Confirm", "Resumed")
        assert app.book.state.trading is TradingState.ACTIVE


async def test_switching_the_dry_run_on_is_immediate_and_off_is_confirmed(story: Story) -> None:
    async with story.bot() as app:
        await ask(story.talker, "/dryrun on", "Dry run is on")
        assert app.book.state.mode is Mode.DRY_RUN
        await story.live(10)
        await ask(story.talker, "/dryrun off", "Turn the dry run off")
        assert app.book.state.mode is Mode.DRY_RUN
        await press(story.talker, "Confirm", "Dry run is off")
        assert app.book.state.mode is Mode.REAL
        assert {o.mode for o in app.book.state.orders.values()} <= {Mode.DRY_RUN}


@pytest.mark.parametrize("story", PHONES, indirect=True)
async def test_a_stranger_changes_nothing_gets_nothing_and_is_told_of(story: Story) -> None:
    async with story.bot() as app:
        await ask(story.talker, "/status", "Status")
        before = list(story.talker.texts())
        for line in ("/status", "/kill", "/pause", "/dryrun on", "/help"):
            await story.talker.say(STRANGER, line)
        await asyncio.sleep(SILENCE_SECONDS)
        assert app.book.state.trading is TradingState.ACTIVE
        assert app.book.state.mode is Mode.REAL
        told = [text for text in story.talker.texts() if text not in before]
        assert len(told) == 1
        assert str(STRANGER) in told[0]


@pytest.mark.parametrize("story", PHONES, indirect=True)
async def test_a_strangers_press_is_nothing_and_a_double_tap_acts_once(story: Story) -> None:
    async with story.bot() as app:
        await ask(story.talker, "/kill", "KILLED")
        await ask(story.talker, "/resume", "Resume")
        await story.talker.press(STRANGER, "Confirm")
        await asyncio.sleep(SILENCE_SECONDS)
        assert app.book.state.trading is TradingState.HALTED
        await press(story.talker, "Confirm", "Resumed", times=2)
        await seen(story.talker, "not done")
        assert app.book.state.trading is TradingState.ACTIVE
        resumed = [n for n in app.store.select("audit") if "resume" in n.command and "Resumed" in n.result]  # type: ignore[union-attr]
        assert len(resumed) == 1
        assert str(OWNER) in resumed[0].person  # type: ignore[union-attr]
