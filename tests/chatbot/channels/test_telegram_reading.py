"""Updates of the Bot API as lines for the router: whose word they are, which chat, how old, and which are nobody's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes_pages import NOW
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.channels.telegram_reading import Heard, Reader, marks_of, moved_to

GROUP = -1001234567890
SENT = int(NOW.timestamp()) - 10
READER = Reader("Kalshi_Bot", lambda line: line.startswith("/kill"), lambda: NOW + timedelta(microseconds=7))


def message(**changed: Any) -> dict[str, Any]:
    made = {
        "message_id": 7,
        "date": SENT,
        "chat": {"id": 42, "type": "private"},
        "from": {"id": 42, "is_bot": False, "first_name": "Ann", "last_name": "Lee"},
        "text": "/status",
    }
    return {name: value for name, value in (made | changed).items() if value is not None}


def grouped(**changed: Any) -> dict[str, Any]:
    return message(**{"chat": {"id": GROUP, "type": "supergroup"}, **changed})


def read(update: dict[str, Any]) -> Heard:
    heard = READER.read(update)
    assert heard
    return heard


def test_a_message_in_the_own_chat() -> None:
    heard = read({"update_id": 1, "message": message(text="status, please")})
    incoming = heard.incoming
    assert (incoming.person.channel, incoming.person.id, incoming.person.name) == ("telegram", "42", "Ann Lee")
    assert (incoming.chat_id, incoming.text, incoming.can_press) == ("42", "status, please", True)
    assert incoming.sent_at == datetime.fromtimestamp(SENT, UTC)
    assert not incoming.unowned
    assert (heard.place.chat_id, heard.place.reply_to) == (42, None)


def test_a_command_in_a_topic_of_a_group_is_answered_there() -> None:
    heard = read({"message": grouped(message_thread_id=5, is_topic_message=True)})
    assert (heard.place.chat_id, heard.place.topic_id, heard.place.reply_to) == (GROUP, 5, 7)
    assert heard.incoming.chat_id == str(GROUP)


def test_a_thread_of_replies_is_no_topic() -> None:
    assert read({"message": grouped(message_thread_id=5)}).place.topic_id is None


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("/status", True),
        ("/status@kalshi_bot", True),
        ("/trades@KALSHI_BOT\n5", True),
        ("/status@another_bot", False),
        ("/status@", False),
        ("status", False),
        ("what about /kill", False),
        ("mail me @kalshi_bot", False),
    ],
)
def test_in_a_group_only_commands_for_this_bot_count(text: str, heard: bool) -> None:
    assert bool(READER.read({"message": grouped(text=text)})) is heard


@pytest.mark.parametrize(
    ("update", "flags"),
    [
        ({"message": message()}, (False, False, False)),
        ({"edited_message": message()}, (True, False, False)),
        ({"message": message(forward_origin={"type": "hidden_user"})}, (False, True, False)),
        ({"message": message(forward_date=1)}, (False, True, False)),
        ({"message": grouped(is_automatic_forward=True)}, (False, True, False)),
        ({"message": message(via_bot={"id": 5})}, (False, True, False)),
        ({"message": grouped(sender_chat={"id": GROUP})}, (False, False, True)),
        ({"message": grouped(**{"from": {"id": 1087968824, "first_name": "Group"}})}, (False, False, True)),
        ({"message": grouped(**{"from": None})}, (False, False, True)),
        ({"channel_post": grouped(**{"from": None})}, (False, False, True)),
        ({"edited_channel_post": grouped()}, (True, False, True)),
    ],
)
def test_whose_word_it_is(update: dict[str, Any], flags: tuple[bool, bool, bool]) -> None:
    incoming = read(update).incoming
    assert (incoming.edited, incoming.forwarded, incoming.anonymous) == flags


@pytest.mark.parametrize(
    "update",
    [{}, {"message": message(text=None)}, {"my_chat_member": {}}, {"message": "?"}, {"poll": {}}, {"inline_query": {}}],
)
def test_what_is_no_line_is_nobodys(update: dict[str, Any]) -> None:
    assert READER.read(update) is None


def press(data: str, **changed: Any) -> dict[str, Any]:
    return {
        "callback_query": {
            "id": "99",
            "from": {"id": 42, "first_name": "Ann"},
            "message": message(**changed),
            "data": data,
        }
    }


def test_a_press_that_may_raise_risk_is_as_old_as_the_message_under_it() -> None:
    heard = read(press("/confirm abc"))
    assert heard.incoming.sent_at == datetime.fromtimestamp(SENT, UTC)
    assert (heard.press_id, heard.under, heard.place.chat_id) == ("99", 7, 42)
    assert read(press("/status", edit_date=SENT + 5)).incoming.sent_at == datetime.fromtimestamp(SENT + 5, UTC)
    assert read(press("/resume", date=0)).incoming.sent_at.year == 1970


def test_a_press_that_lowers_risk_is_of_the_second_in_which_it_came() -> None:
    assert read(press("/kill")).incoming.sent_at == NOW


def test_a_press_under_a_message_that_is_gone_still_counts() -> None:
    heard = read({"callback_query": {"id": "9", "from": {"id": 42}, "inline_message_id": "x", "data": "/kill"}})
    assert (heard.incoming.text, heard.incoming.chat_id, heard.under) == ("/kill", "", None)


def test_a_question_belongs_to_whom_it_answers() -> None:
    asked = grouped(**{"from": {"id": 42}})
    mine = press("/confirm x", **grouped(reply_to_message=asked))
    assert read(mine).own
    assert not read(press("/confirm x", **grouped())).own
    assert read(press("/confirm x")).own


def test_a_group_that_moved_says_where() -> None:
    moving = message(chat={"id": -5, "type": "group"}, text=None, migrate_to_chat_id=GROUP)
    assert moved_to({"message": moving}) == ("-5", GROUP)
    assert moved_to({"message": message()}) is None


def test_an_update_is_known_by_its_number_and_a_press_by_its_own_too() -> None:
    assert marks_of({"update_id": 3, "message": {}}) == ["update 3"]
    assert marks_of({"update_id": 3} | press("/x")) == ["update 3", "press 99"]
    assert marks_of({}) == []


def test_a_date_that_is_none_is_long_ago() -> None:
    for date in (10**30, -1, "soon", None, True, 1.5):
        assert read({"message": message(date=date)}).incoming.sent_at <= NOW


SHARED = ("message", "callback_query", "channel_post")
MEMBERS = (
    *SHARED,
    "from",
    "chat",
    "id",
    "text",
    "date",
    "type",
    "data",
    "edit_date",
    "message_id",
    "message_thread_id",
)
MEMBERS += ("is_topic_message", "reply_to_message", "migrate_to_chat_id", "first_name")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(MEMBERS),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["update_id", *SHARED]), JSON))
@settings(max_examples=200)
def test_no_update_breaks_the_reading(update: dict[str, Any]) -> None:
    READER.read(update)
    marks_of(update)
    moved_to(update)
