"""The newest lines of a log file: bounded, by level, without secrets, whatever stands in it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from fakes_pages import NOW
from hypothesis import given
from hypothesis import strategies as st

from chatbot.logs import Redaction, set_up
from chatbot.program import LogLine
from chatbot.watch.log_tail import TAIL_BYTES_MAX, TEXT_LENGTH_MAX, newest
from trading.domain.errors import Unavailable


def clean(text: str) -> str:
    return text


def row(text: str, level: str = "info", **more: object) -> str:
    return json.dumps({"event": text, "level": level, "timestamp": NOW.isoformat(), **more})


def test_the_newest_of_a_level_oldest_first(tmp_path: Path) -> None:
    log = tmp_path / "bot.log"
    rows = [row("a"), row("b", "warning", code=7), row("c", "debug"), row("d", "error", exception="Trace\nKeyError: x")]
    log.write_text("\n".join(rows) + "\n")
    assert newest(log, 2, "info", clean) == [
        LogLine(NOW, "warning", "b code=7"),
        LogLine(NOW, "error", "d KeyError: x"),
    ]
    assert [line.text for line in newest(log, 9, "debug", clean)] == ["a", "b code=7", "c", "d KeyError: x"]
    assert [line.text for line in newest(log, 9, "error", clean)] == ["d KeyError: x"]


def test_only_the_end_of_a_long_file_is_read(tmp_path: Path) -> None:
    log = tmp_path / "bot.log"
    count = 2 * TAIL_BYTES_MAX // len(row("0" * 8))
    log.write_text("".join(row(f"{n:08d}") + "\n" for n in range(count)))
    lines = newest(log, count, "info", clean)
    assert count / 4 < len(lines) < count
    assert lines[-1].text == f"{count - 1:08d}"
    assert all(line.at == NOW for line in lines)  # no half line at the start


def test_a_long_line_is_cut_and_a_strange_one_shown_as_it_is(tmp_path: Path) -> None:
    log = tmp_path / "bot.log"
    log.write_text(row("x" * 5000) + "\nTraceback (most recent call last):\n[1, 2]\n{}\n")
    long, *strange = newest(log, 9, "info", clean)
    assert long.text == "x" * TEXT_LENGTH_MAX
    assert [(line.at, line.text) for line in strange] == [
        (None, "Traceback (most recent call last):"),
        (None, "[1, 2]"),
        (None, "{}"),
    ]


def test_secrets_are_blotted_out_also_of_what_others_wrote(tmp_path: Path) -> None:
    log = tmp_path / "bot.log"
    log.write_text(row("sent to s3cret-token", where="/bots3cret-token/x") + "\ns3cret-token\n")
    shown = newest(log, 9, "info", Redaction(["s3cret-token"]).clean)
    assert "s3cret" not in repr(shown)


def test_it_reads_what_the_bot_writes(tmp_path: Path) -> None:
    log, root = tmp_path / "bot.log", logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        set_up("INFO", log, False)
        logging.getLogger("kalshi-chatops").warning("no spot for %d s", 31, extra={"ticker": "KX"})
        for handler in root.handlers:
            handler.close()
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    [line] = newest(log, 1, "info", clean)
    assert (line.level, line.text) == ("warning", "no spot for 31 s ticker=KX")
    assert line.at is not None


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be read: No such file"):
        newest(tmp_path / "bot.log", 1, "info", clean)


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        log = Path(folder) / "bot.log"
        log.write_bytes(data)
        assert len(newest(log, 5, "debug", clean)) <= 5
