"""/notify and /mute: what they show, what they change, who may, what the audit gets, and every way to name a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fakes_chat import OPERATOR, VIEWER, chat
from fakes_outbox import MemoryStore
from fakes_pages import NOW

from chatbot.command import Misread
from chatbot.commands.notify import MUTE_MAX, end_of
from chatbot.message import Reply
from chatbot.render import WIDTH_MAX, columns, layout, plain
from chatbot.rules import KINDS

NEW_YORK = ZoneInfo("America/New_York")


def narrow(reply: Reply) -> str:
    assert all(columns(line) <= WIDTH_MAX for block in layout(reply) for line in block.lines)
    return plain(reply)


async def test_all_rules_are_one_table_that_fits_a_phone() -> None:
    talk = chat()
    await talk.answer("/notify fill off discord", OPERATOR)
    await talk.answer("/mute order 30m", OPERATOR)
    reply = await talk.answer("/notify", OPERATOR)
    text = narrow(reply)
    assert "Event       Telegram  Discord  Terminal" in text
    assert "settlement  on        on       on" in text
    assert "fill        on        off      on" in text
    assert "order       muted     muted    muted" in text
    assert "order is muted until 14:35." in text
    assert reply.table is not None
    assert len(reply.table.rows) == len(KINDS)


async def test_one_event_has_its_choices_as_buttons() -> None:
    talk = chat()
    reply = await talk.answer("/notify fill", OPERATOR)
    assert [button.line for button in reply.buttons] == ["/notify fill on", "/notify fill silent", "/notify fill off"]
    halt = await talk.answer("/notify halt", OPERATOR)
    assert [button.line for button in halt.buttons] == ["/notify halt on", "/notify halt silent"]
    assert talk.desk.audits == []


async def test_a_change_acts_at_once_is_audited_and_outlives_a_restart() -> None:
    store = MemoryStore()
    talk = chat(store=store)
    reply = await talk.answer("/Notify Fill SILENT", OPERATOR)
    assert reply.title == "fill is silent everywhere"
    assert [line for _, _, line, _ in talk.desk.audits] == ["/notify Fill silent all"]
    assert "fill        silent    silent   silent" in narrow(await chat(store=store).answer("/notify", OPERATOR))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/notify fil off", "There is no event 'fil': did you mean fill? For example /notify fill silent."),
        ("/notify halt off", "Halt can be silent but never off, since it tells of what needs somebody."),
        ("/notify fill loud", "Rule is one of show, on, silent, off"),
        ("/notify fill on slack", "Channel is one of all, telegram, discord, terminal"),
        ("/mute fill", "/mute needs time, a word: for example /mute fill until 8:00"),
        ("/mute fill soon", "'soon' is no time: for example /mute fill 30m"),
        ("/mute fill 9d", "9d is longer than 7 days"),
        ("/mute fil 3m", "There is no event 'fil': did you mean fill?"),
    ],
)
async def test_what_is_wrong_is_one_sentence(line: str, said: str) -> None:
    talk = chat()
    reply = await talk.answer(line, OPERATOR)
    assert said in reply.note
    assert reply.failed
    assert "on        on       on" in plain(await talk.answer("/notify fill", OPERATOR))


async def test_a_mute_is_said_with_its_end_and_ends_on_request() -> None:
    talk = chat()
    reply = await talk.answer("/mute fill 2h", OPERATOR)
    assert reply.title == "fill is silent until 16:05"
    assert "muted" in narrow(await talk.answer("/notify fill", OPERATOR))
    ended = await talk.answer(reply.buttons[0].line, OPERATOR)
    assert ended.title == "fill: not muted"
    assert "muted" not in plain(await talk.answer("/notify fill", OPERATOR))
    assert [line for _, _, line, _ in talk.desk.audits] == ["/mute fill 2h", "/mute fill off"]


async def test_everything_can_be_muted_and_comes_back_by_itself() -> None:
    talk = chat()
    assert (await talk.answer("/mute all until 15:00", OPERATOR)).title == "Every event is silent until 15:00"
    assert plain(await talk.answer("/notify", OPERATOR)).count("muted until") == len(KINDS)
    talk.times.pass_(56 * 60)
    assert "muted" not in plain(await talk.answer("/notify", OPERATOR)).partition("/notify fill")[0]


@pytest.mark.parametrize("line", ["/notify", "/notify fill off", "/mute fill 1h"])
async def test_a_viewer_changes_nothing(line: str) -> None:
    assert "needs the operator role" in (await chat().answer(line, VIEWER)).note


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("30m", 30), ("30 min", 30), ("90", 90), ("2h", 120), ("1.5 hours", 90), ("1h 30m", 90), ("1h30m", 90)],
)
def test_a_span_is_read(text: str, minutes: int) -> None:
    assert end_of(text, NOW, UTC) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("text", "day", "hour", "minute"),
    [
        ("until 8:00", 4, 8, 0),
        ("8:00", 4, 8, 0),
        ("until 15", 3, 15, 0),
        ("until 3pm", 3, 15, 0),
        ("12:30am", 4, 0, 30),
    ],
)
def test_a_time_of_day_is_the_next_one(text: str, day: int, hour: int, minute: int) -> None:
    assert end_of(text, NOW, UTC) == datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def test_a_time_of_day_is_the_owners_also_over_a_change_of_the_clocks() -> None:
    now = datetime(2026, 10, 31, 23, tzinfo=UTC)  # 19:00 there, the night in which their clocks go back
    assert end_of("until 8:00", now, NEW_YORK) == datetime(2026, 11, 1, 13, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "0m", "8:99", "25:00", "m", "until", "30x", "-5m", "1e9h", "9" * 400])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Misread):
        end_of(text, NOW, UTC)


def test_the_longest_mute_is_bounded() -> None:
    assert end_of("7d", NOW, UTC) == NOW + MUTE_MAX
    with pytest.raises(Misread, match="longer than 7 days"):
        end_of("8d", NOW, UTC)
