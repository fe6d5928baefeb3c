"""The bench of starts: what it prints, with real processes and sockets. No figure is judged, only its shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.tools.bench.chats import ANSWER, DISCORD, NOTICE, STDIN, TELEGRAM, Chats
from chatbot.tools.bench.starting import AT_ONCE_MS, BOTH, MEMORY_MB, READY_MS, _rows, starting
from chatbot.tools.bench.starts import Start, ended
from trading.domain.errors import Unavailable

ALL = (TELEGRAM, DISCORD, STDIN)
NAME = "start, Telegram, Discord and standard input"


async def test_a_start_is_measured_beside_the_bare_libraries(tmp_path: Path) -> None:
    seen = list[tuple[int, int]]()
    rows = await starting(tmp_path, 1, lambda done, of: seen.append((done, of)), kinds=[ALL])
    assert seen == [(1, 1)]
    assert [row["name"] for row in rows] == [
        *(f"{NAME}: {what}" for what in ("ready, median", "ready, worst", "memory, worst")),
        *(f"{what}: answered, median" for what in ("--help", "a wrong setting")),
    ]
    for row in rows:
        assert row["value"] > row["limit"] > 0  # the bot does what the libraries do, and more
    assert [row["reach"] for row in rows] == [None, None, None, AT_ONCE_MS, AT_ONCE_MS]
    assert rows[2]["unit"] == "MB"
    assert rows[2]["value"] < 500


def test_what_was_promised_is_judged_of_both_chats() -> None:
    bare = Start(0.5, 70.0)
    rows = _rows(BOTH, [(Start(1.0, 110.0), bare), (Start(1.5, 121.0), bare), (Start(2.5, 119.0), bare)])
    assert [(row["value"], row["reach"], row["holds"]) for row in rows] == [
        (1_500.0, READY_MS, True),
        (2_500.0, READY_MS, False),
        (121.0, MEMORY_MB, False),
    ]
    assert [row["ratio"] for row in rows] == [3.0, 5.0, round(121 / 70, 3)]


def test_where_the_system_tells_no_memory_there_is_no_row_of_it() -> None:
    rows = _rows(BOTH, [(Start(1.0, None), Start(0.5, None))])
    assert [row["unit"] for row in rows] == ["ms", "ms"]


async def test_what_does_not_come_is_named() -> None:
    chats = Chats()
    chats.see(TELEGRAM, ANSWER, True)
    chats.see(DISCORD, NOTICE, False)  # something else was written
    with pytest.raises(Unavailable, match=r"no notice on Discord$"):
        await chats.until({(TELEGRAM, ANSWER), (DISCORD, NOTICE)}, 0.01)


async def test_a_command_that_ends_otherwise_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="ended with 3, not 0"):
        await ended(tmp_path, "-c", "raise SystemExit(3)")
