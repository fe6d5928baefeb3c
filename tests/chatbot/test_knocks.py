"""Who knocked: remembered by account, bounded, over a restart, and with few writes however many write to the bot."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakes_chat import OWNER, STRANGER, Times, chat
from fakes_outbox import MemoryStore
from fakes_pages import NOW, ago

from chatbot.commands.host import answer_knocks
from chatbot.knocks import KNOCKS_MAX, NAME_LENGTH_MAX, Knock, Knocks
from chatbot.message import Person
from chatbot.render import WIDTH_MAX, plain
from trading.domain.errors import StoreFailed

HERE = Person("host", "host")


def test_each_account_is_remembered_with_first_last_and_count() -> None:
    store, times = MemoryStore(), Times()
    knocks = Knocks(store, times.now)
    for _ in range(3):
        knocks.heard(STRANGER)
        times.pass_(60)
    knocks.heard(Person("discord", "77", "Eve"))
    expected = [
        Knock("discord", "77", "Eve", NOW + timedelta(minutes=3), NOW + timedelta(minutes=3), 1),
        Knock("telegram", "666", "Mallory", NOW, NOW + timedelta(minutes=2), 3),
    ]
    assert knocks.listed() == expected
    assert Knocks(store, times.now).listed() == expected


def test_a_flood_is_written_once_a_second_and_nothing_of_it_is_lost_at_the_next() -> None:
    store, times = MemoryStore(), Times()
    knocks = Knocks(store, times.now)
    for n in range(1000):
        knocks.heard(Person("telegram", str(n % 3)))
    assert store.commits == 1
    times.pass_(1)
    knocks.heard(Person("telegram", "0"))
    assert store.commits == 2
    assert {each.id: each.count for each in Knocks(store).listed()} == {"0": 335, "1": 333, "2": 333}


def test_the_list_is_bounded_and_who_was_silent_the_longest_gives_way() -> None:
    store, times = MemoryStore(), Times()
    knocks = Knocks(store, times.now)
    for n in range(KNOCKS_MAX + 5):
        knocks.heard(Person("telegram", str(n), "x" * 500))
        times.pass_(1)
    listed = Knocks(store, times.now).listed()
    assert [int(each.id) for each in listed] == list(range(KNOCKS_MAX + 4, 4, -1))
    assert len(store.tables["control"]) == KNOCKS_MAX
    assert all(len(each.name) == NAME_LENGTH_MAX for each in listed)


@pytest.mark.parametrize(
    ("channel", "who"), [("telegram", ""), ("telegram", "@eve"), ("discord", "&5"), ("signal", "1")]
)
def test_who_could_not_be_let_in_is_not_remembered(channel: str, who: str) -> None:
    store = MemoryStore()
    knocks = Knocks(store)
    knocks.heard(Person(channel, who))
    assert (knocks.listed(), store.commits) == ([], 0)


async def test_strangers_get_silence_and_are_remembered_while_the_alert_is_throttled() -> None:
    store = MemoryStore()
    c = chat(store=store)
    for text in ("/status", "/kill", "/confirm 123456"):
        assert await c.say(text, STRANGER) is None
        c.times.pass_(1)
    assert await c.say("/status", STRANGER, forwarded=True) is None  # somebody else's words
    assert c.strangers == [STRANGER]
    assert [(each.id, each.count) for each in Knocks(store).listed()] == [("666", 3)]
    assert "/status" not in repr(store.tables)


async def test_a_store_that_fails_changes_nothing_for_strangers() -> None:
    store = MemoryStore()
    c = chat(store=store)
    store.broken = StoreFailed("the disk is full")
    assert await c.say("/status", STRANGER) is None
    assert c.strangers == [STRANGER]
    assert (await c.answer("/status", OWNER)).title == "Status"


async def test_the_host_sees_who_knocked_until_they_are_on_the_list() -> None:
    c = chat()
    await c.say("/status", STRANGER)
    await c.say("/status", STRANGER)
    listed = plain(await c.answer("access list", HERE))
    assert "telegram 666\n  knocked: (Mallory) 2 times" in listed
    assert max(map(len, listed.splitlines())) <= WIDTH_MAX
    assert (await c.answer("/knocks", HERE)).fields[0][0] == "telegram 666"
    await c.answer("access grant telegram 666 viewer", HERE)
    assert "knocked" not in plain(await c.answer("access list", HERE))
    assert (await c.answer("/knocks", HERE)).fields == ()


async def test_nobody_but_the_host_may_ask_who_knocked() -> None:
    assert (await chat().answer("/knocks", OWNER)).title.startswith("Unknown command")


def test_what_strangers_call_themselves_is_cleaned_where_it_is_shown() -> None:
    c = chat()
    knocks = Knocks(now=lambda: ago(0))
    knocks.heard(Person("telegram", "666", "\x1b[31mEve\u202e"))
    shown = plain(answer_knocks(c.access, knocks, NOW.tzinfo))  # type: ignore[arg-type]
    assert "\x1b" not in shown
    assert "\u202e" not in shown
