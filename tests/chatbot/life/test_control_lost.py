"""Without a phone that can be reached no new risk is taken; with one again trading goes on by itself; both are told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from doubles.discord import CHANNEL, GUILD
from fakes_chat import Times
from fakes_outbox import FakeChannel

from chatbot.channels.discord import DiscordChannel
from chatbot.channels.stdin import StdinChannel
from chatbot.channels.telegram import TelegramChannel
from chatbot.commands.registry import COMMANDS
from chatbot.config import load
from chatbot.life.control_lost import ControlLost, Phone
from chatbot.notices.words import NoticeWriter, Where
from storage.store import TinyStore
from tests.trading.engine.rig import START
from trading.clock import VirtualClock
from trading.domain.order import Mode
from trading.domain.records import Notice
from trading.domain.state import Reason, TradingState
from trading.engine.book import Book
from trading.engine.loading import load_state

MINUTES = 30.0


class FakePhone(FakeChannel):
    """Reached whenever the test says so."""

    heard_at: datetime | None = None


class Mind:
    """The rule over a real book; real time stands still until the test moves it."""

    def __init__(self, folder: Path, phones: list[FakeChannel], minutes: float | None = MINUTES) -> None:
        self.times = Times()
        self.store = TinyStore.open(folder)
        self.phones = phones
        where = Where("attic", "demo", START.tzinfo)  # type: ignore[arg-type]
        self.book = Book(self.store, load_state(self.store, START, Mode.REAL), NoticeWriter(where))
        self.control = ControlLost(self.book, VirtualClock(START), phones, minutes, self.times.monotonic)

    def look(self, after_minutes: float = 0, *, reached: bool = False) -> TradingState:
        self.times.pass_(after_minutes * 60)
        for phone in self.phones:
            if reached and isinstance(phone, FakePhone):
                phone.heard_at = self.times.now()
        self.control.look()
        return self.book.state.trading

    def told(self) -> list[str]:
        return [row.title for row in self.store.select("outbox") if isinstance(row, Notice)]


def test_it_reduces_after_the_time_and_goes_on_by_itself_and_both_are_told(tmp_path: Path) -> None:
    mind = Mind(tmp_path, [FakePhone("telegram"), FakePhone("discord")])
    assert mind.look(29, reached=True) is TradingState.ACTIVE
    assert mind.look(29.9) is TradingState.ACTIVE
    assert mind.look(0.2) is TradingState.REDUCING
    assert mind.look(60) is TradingState.REDUCING
    halt = mind.book.state.halts[Reason.CONTROL_LOST]
    assert (halt.by, halt.detail) == ("engine", "telegram and discord not reached for 30 min 6 s")
    assert mind.look(0.1, reached=True) is TradingState.ACTIVE
    assert mind.told() == ["PAUSED: no chat can be reached", "Trading again"]


def test_one_phone_is_enough(tmp_path: Path) -> None:
    one, other = FakePhone("telegram"), FakePhone("discord")
    mind = Mind(tmp_path, [one, other])
    for _ in range(10):
        other.heard_at = mind.times.now()
        assert mind.look(20) is TradingState.ACTIVE


def test_a_phone_that_was_never_reached_counts_from_the_start(tmp_path: Path) -> None:
    mind = Mind(tmp_path, [FakePhone("telegram")])
    assert mind.look() is TradingState.ACTIVE
    assert mind.look(30) is TradingState.REDUCING


def test_the_terminal_stands_in_for_no_phone(tmp_path: Path) -> None:
    mind = Mind(tmp_path, [FakeChannel("terminal"), FakePhone("telegram")])
    assert mind.look(31) is TradingState.REDUCING


@pytest.mark.parametrize("minutes", [None, MINUTES])
def test_without_a_phone_or_the_rule_nothing_is_lost(tmp_path: Path, minutes: float | None) -> None:
    phones: list[FakeChannel] = [FakeChannel("terminal")] if minutes else [FakePhone("telegram")]
    assert Mind(tmp_path, phones, minutes).look(100_000) is TradingState.ACTIVE


def test_a_restart_alone_clears_nothing_a_phone_does_and_so_does_the_end_of_the_rule(tmp_path: Path) -> None:
    phones: list[FakeChannel] = [FakePhone("telegram")]
    mind = Mind(tmp_path, phones)
    assert mind.look(31) is TradingState.REDUCING
    mind.store.close()
    again = Mind(tmp_path, phones)
    assert again.look(1) is TradingState.REDUCING
    assert again.look(1, reached=True) is TradingState.ACTIVE
    assert again.look(31) is TradingState.REDUCING
    again.store.close()
    assert Mind(tmp_path, phones, None).look() is TradingState.ACTIVE


async def test_the_chats_are_phones_and_the_terminal_is_not() -> None:
    async def nobody(incoming: object) -> None: ...

    telegram = TelegramChannel(nobody, COMMANDS, token="7000000001:AAE-phone", chat_id="1")
    discord = DiscordChannel(nobody, COMMANDS, token="t", guild_id=GUILD, channel_id=CHANNEL, told=print)
    assert isinstance(telegram, Phone)
    assert isinstance(discord, Phone)
    assert (telegram.heard_at, discord.heard_at) == (None, None)
    assert not isinstance(StdinChannel(nobody, COMMANDS, descriptor=0), Phone)
    await telegram.close()
    await discord.close()


def test_the_default_is_half_an_hour_where_money_is_real() -> None:
    given = {"KALSHI_ENV": "production"}
    assert load(None, given).control_lost_minutes == MINUTES
    assert load(None, given | {"CONTROL_LOST_MINUTES": "off"}).control_lost_minutes is None
    assert load(None, {}).control_lost_minutes is None
