"""Log lines into a Discord channel: batched, bounded, without secrets; they hold nothing up and feed nothing."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterator

import pytest
from discord_rig import SECRET, VIEWER, Rig, talking
from fakes_outbox import notice

from chatbot.channels.discord_log import LINE_LENGTH_MAX, LINES_MAX, Lines
from chatbot.outbox.channel import How
from tests.doubles.discord_payloads import LOG_CHANNEL, Message

log = logging.getLogger("chatbot.somewhere")


@pytest.fixture(autouse=True)
def all_levels() -> Iterator[None]:
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    yield
    root.setLevel(before)


def logged(rig: Rig) -> list[Message]:
    return [m for m in rig.double.messages if m.channel_id == LOG_CHANNEL]


def text(rig: Rig) -> str:
    return "\n".join(m.content for m in logged(rig))


async def test_warnings_and_errors_come_in_batches_silently_and_nothing_less_does() -> None:
    async with talking(logging=True) as rig:
        for n in range(5):
            log.warning("line %d", n)
            log.info("too little %d", n)
        try:
            raise ValueError("on purpose")
        except ValueError:
            log.exception("it failed")
        await rig.double.wait_for(lambda: "on purpose" in text(rig))
        assert len(logged(rig)) <= 2
        assert "WARNING chatbot.somewhere: line 4" in text(rig)
        assert "ERROR chatbot.somewhere: it failed: ValueError: on purpose" in text(rig)
        assert "too little" not in text(rig)
        assert all(m.body["flags"] == 4096 and m.body["allowed_mentions"] == {"parse": []} for m in logged(rig))
    assert not any(isinstance(each, Lines) for each in logging.getLogger().handlers)


async def test_no_secret_no_mention_and_no_markup_gets_through() -> None:
    async with talking(logging=True) as rig:
        log.error("the token %s of ``` @everyone\nand a second line", SECRET)
        await rig.double.wait_for(lambda: logged(rig))
        [message] = logged(rig)
        assert SECRET not in message.content
        assert "the token ***" in message.content
        assert message.content.count("```") == 2
        assert message.content.count("\n") == 2  # one line between the fences


async def test_ten_thousand_lines_are_bounded_and_what_is_left_out_is_counted() -> None:
    lines = Lines(str)
    for n in range(10_000):
        lines.handle(logging.LogRecord("x", logging.WARNING, "", 0, f"line {n:05} " + "y" * 500, (), None))
    first = lines.take()
    assert first.startswith(f"-# {10_000 - LINES_MAX} older lines are in the log file only\n```\n")
    assert "line 09500 " in first
    taken = [first]
    while more := lines.take():
        taken.append(more)
    assert all(len(each) <= 2000 for each in taken)
    assert sum(each.count("line ") for each in taken) == LINES_MAX
    assert all(len(line) <= LINE_LENGTH_MAX for each in taken for line in each.split("\n"))
    assert taken[1].startswith("```")


def test_a_line_whose_arguments_do_not_fit_is_shown_as_it_is() -> None:
    lines = Lines(str)
    lines.handle(logging.LogRecord("x", logging.WARNING, "", 0, "%d lines", ("no",), None))
    assert "WARNING x: %d lines" in lines.take()


async def test_threads_may_log() -> None:
    async with talking(logging=True) as rig:
        threads = [threading.Thread(target=log.warning, args=(f"thread {n}",)) for n in range(8)]
        for each in threads:
            each.start()
        await rig.double.wait_for(lambda: text(rig).count("thread ") == 8)


@pytest.mark.parametrize("trouble", [403, 404, 429, 500, "hang", "reset_before"])
async def test_its_own_failures_feed_nothing_and_hold_up_nothing(trouble: str | int) -> None:
    async with talking(logging=True) as rig:
        rig.double.fault("message", trouble, for_seconds=0.5, seconds=0.1)
        log.warning("the only line")
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await rig.double.answer(await rig.double.slash(VIEWER, "version"))
        assert time.monotonic() - began < 1.0
        await asyncio.sleep(0.5)
        rig.double.faults.clear()
        log.warning("the second line")
        await rig.double.wait_for(lambda: "the second line" in text(rig))
        assert text(rig).count("WARNING") == 2
        assert len(rig.told) <= 1


async def test_a_log_channel_that_is_gone_is_told_once_and_notices_come_all_the_same() -> None:
    async with talking(logging=True) as rig:
        rig.double.server.channels.pop(LOG_CHANNEL)
        log.warning("a line")
        await rig.double.wait_for(lambda: rig.told)
        await rig.channel.deliver(notice(1), How())
        log.warning("another")
        await asyncio.sleep(0.3)
        assert len(rig.told) == 1
        assert "DISCORD_LOG_CHANNEL_ID" in rig.told[0]
        assert [m.content for m in rig.double.messages] == ["**notice 1**"]


async def test_without_the_setting_nothing_listens() -> None:
    async with talking() as rig:
        log.warning("a line")
        await asyncio.sleep(0.1)
        assert logged(rig) == []
        assert not any(isinstance(each, Lines) for each in logging.getLogger().handlers)
