"""The log: one JSON object a line, no secret however deep it stands, bounded files, and a disk that may break."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot import logs
from chatbot.app import build
from chatbot.config import load
from chatbot.logs import BLOT, FILE_BYTES_MAX, FILES_KEPT, LogFile, Redaction, set_up
from chatbot.tools.demo import EPOCH
from chatbot.tools.watching import minding_log
from trading.clock import VirtualClock
from trading.domain.errors import Misconfigured
from trading.domain.events import ErrorSeen, Event

SECRET = "123456:s3cret-token"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqh\nkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"
FULL = Path("/dev/full")  # takes nothing, as a disk without room
log = logging.getLogger("tests.of.the.log")


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    """The root logger, as it was before."""
    made = logging.getLogger()
    handlers, level = list(made.handlers), made.level
    yield made
    for handler in made.handlers:
        if handler not in handlers:
            with suppress(OSError):
                handler.close()
    made.handlers[:] = handlers
    made.setLevel(level)


def opened(folder: Path, level: str = "INFO", *secrets: str) -> Path:
    file = folder / "bot.log"
    set_up(level, file, False, [SECRET, KEY, *secrets])
    return file


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


# --- a line ---------------------------------------------------------------------------------------------------------


def test_a_line_is_one_object_with_its_time_level_logger_and_fields(tmp_path: Path) -> None:
    file = opened(tmp_path)
    log.warning("no spot for %d s\nnor quotes", 31, extra={"ticker": "KX", "ages": (1, 2.5), "nothing": None})
    log.debug("not at this level")
    [line] = lines(file)
    at = datetime.fromisoformat(line.pop("timestamp"))
    assert at.utcoffset() == timedelta(0)
    assert line == {
        "event": "no spot for 31 s\nnor quotes",
        "level": "warning",
        "logger": "tests.of.the.log",
        "ticker": "KX",
        "ages": [1, 2.5],
        "nothing": None,
    }


def test_an_exception_is_a_field(tmp_path: Path) -> None:
    file = opened(tmp_path)
    try:
        raise ValueError("for a reason")
    except ValueError:
        log.exception("it failed")
    [line] = lines(file)
    assert (line["event"], line["level"]) == ("it failed", "error")
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: for a reason")


def test_what_json_does_not_know_is_told_as_text(tmp_path: Path) -> None:
    file = opened(tmp_path)
    log.info("odd", extra={"path": Path("/a"), "endless": float("inf"), "set": {1}, "names": {2: "two"}})
    [line] = lines(file)
    assert "/a" in line["path"]
    assert (line["endless"], line["set"], line["names"]) == ("inf", [1], {"2": "two"})


def test_a_level_that_does_not_exist_is_one_sentence() -> None:
    with pytest.raises(Misconfigured, match="LOUD is unknown: use DEBUG, INFO, WARNING or ERROR"):
        set_up("LOUD", None, False)


def test_the_console_is_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_up("INFO", None, True, [SECRET])
    log.info("beat %s", SECRET, extra={"mode": "real"})
    shown = capsys.readouterr().err
    assert "beat" in shown
    assert "mode=real" in shown
    assert not shown.startswith("{")
    assert SECRET not in shown


# --- secrets --------------------------------------------------------------------------------------------------------


class Carrier:
    """Something of a library that shows a secret when it is printed."""

    def __repr__(self) -> str:
        return f"<client of /bot{SECRET}/>"


def deep(value: object, levels: int) -> object:
    for _ in range(levels):
        value = {"inner": [value]}
    return value


@pytest.mark.parametrize(
    "told",
    [
        lambda: log.info("POST /bot%s/sendMessage", SECRET),
        lambda: log.info("%s:%s", *SECRET.split(":")),
        lambda: log.info("with fields", extra={"where": {"url": [SECRET, ("x", SECRET)]}}),
        lambda: log.info("in a name", extra={"headers": {SECRET: 1}}),
        lambda: log.info("a strange thing", extra={"client": Carrier()}),
        lambda: log.info("an error as a field", extra={"error": RuntimeError(SECRET)}),
        lambda: log.info("deeper than anybody looks", extra={"deep": deep(SECRET, 30)}),
        lambda: log.info(Carrier()),
        lambda: log.info({"a message": SECRET}),
        lambda: log.info("the key as it is: %s", KEY),
        lambda: log.info("the key as Python shows it: %r", KEY),
        lambda: log.info("a part of the key: %s", KEY.splitlines()[2]),
    ],
)
def test_no_secret_comes_through(tmp_path: Path, told: Any) -> None:
    file = opened(tmp_path)
    told()
    [line] = lines(file)
    assert BLOT in json.dumps(line)
    for secret in (SECRET, "kiG9w0BAQEFAASC"):
        assert secret not in file.read_text()


def test_no_secret_comes_through_in_an_exception_and_its_causes(tmp_path: Path) -> None:
    file = opened(tmp_path)
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise RuntimeError(f"asking /bot{SECRET}") from error
    except RuntimeError:
        log.exception("failed")
    assert "RuntimeError" in file.read_text()
    assert SECRET not in file.read_text()


@given(
    st.recursive(
        st.none() | st.floats() | st.text() | st.just(SECRET), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_a_cleaned_line_is_json_and_has_no_secret(value: Any) -> None:
    cleaned = Redaction([SECRET])(None, "", {"event": "x", "value": value})
    text = json.dumps(cleaned, allow_nan=False)
    assert SECRET not in text


def test_short_and_common_texts_are_left_alone() -> None:
    assert Redaction(["ab", KEY]).clean("about -----BEGIN PRIVATE KEY-----") == "about -----BEGIN PRIVATE KEY-----"


# --- files ----------------------------------------------------------------------------------------------------------


def test_files_are_rotated_and_bounded(tmp_path: Path) -> None:
    opened(tmp_path)
    text = "x" * 1_000_000
    for number in range((FILES_KEPT + 3) * FILE_BYTES_MAX // len(text)):
        log.info(text, extra={"number": number})
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["bot.log", *(f"bot.log.{n}" for n in range(1, FILES_KEPT + 1))]
    assert all(path.stat().st_size <= FILE_BYTES_MAX for path in tmp_path.iterdir())
    oldest_first = [tmp_path / name for name in reversed(names)]
    numbers = [line["number"] for path in oldest_first for line in lines(path)]
    assert numbers == list(range(numbers[0], number + 1)), "none is lost in between"


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_once_and_stops_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bot.log").symlink_to(FULL)
    file = set_up("INFO", tmp_path / "bot.log", False)
    for _ in range(3):
        log.info("who reads this?")
    shown = capfd.readouterr().err
    assert shown.count("cannot be written") == 1
    assert "Traceback" not in shown
    assert file.problem.endswith("(No space left on device): look at the disk; the bot goes on")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_stops_nothing_either(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert set_up("INFO", tmp_path / "deeper" / "bot.log", False).problem


def test_a_folder_that_cannot_be_made_stops_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data").write_text("a file")
    state = set_up("INFO", tmp_path / "data" / "bot.log", False)
    log.info("nobody will read this")
    assert "cannot be written (" in state.problem
    assert capfd.readouterr().err.count("cannot be written") == 1


def test_the_problem_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    state = LogFile(Path("bot.log"))
    state.failed(OSError(5, "Input/output error"))
    state.failed(ValueError("another"))
    assert capfd.readouterr().err == f"kalshi-chatops: {state.problem}\n"
    assert "Input/output error" in state.problem
    assert logs.FILES_KEPT == 5


async def test_people_are_told_that_nothing_is_logged(tmp_path: Path) -> None:
    app = await build(load(None, {"DATA_DIR": str(tmp_path), "KALSHI_ENV": "simulated"}), clock=VirtualClock(EPOCH))
    state = LogFile(tmp_path / "bot.log")
    state.failed(OSError(28, "No space left on device"))
    told: list[Event] = []
    app.book.watch(told.extend)
    await asyncio.wait_for(minding_log(app, state), 20)
    assert told == [ErrorSeen(EPOCH, "log", state.problem)]
    await app.stop("the end")
