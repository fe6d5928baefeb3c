"""The end of the process: bounded, with the right code, and at once when it is asked for again."""

from __future__ import annotations

import signal
import threading
from typing import NoReturn, cast

import pytest

from chatbot.tools.ending import EXIT_CUT_SHORT, Ending

WAIT_SECONDS_MAX = 20.0


class Left:
    """Stands for the end of the process, and keeps its code."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.came = threading.Event()

    def __call__(self, code: int) -> NoReturn:
        self.codes.append(code)
        self.came.set()
        return cast(NoReturn, None)


def test_what_hangs_is_cut_off_and_said(capfd: pytest.CaptureFixture[str]) -> None:
    ending = Ending(left := Left(), seconds=0.05)
    ending.begin()
    ending.begin()
    assert left.came.wait(WAIT_SECONDS_MAX)
    assert left.codes == [EXIT_CUT_SHORT]
    assert capfd.readouterr().err.count("not all could be closed within 0.05 s") == 1


def test_threads_that_still_wait_do_not_hold_up_an_end_that_is_over(capfd: pytest.CaptureFixture[str]) -> None:
    ending = Ending(left := Left(), seconds=WAIT_SECONDS_MAX)
    ending.begin()
    ending.over(75)
    assert left.came.wait(WAIT_SECONDS_MAX / 2)
    assert left.codes == [75]
    assert capfd.readouterr().err == ""


def test_nothing_happens_before_it_begins() -> None:
    ending = Ending(left := Left(), seconds=0.01)
    assert not left.came.wait(0.05)
    ending.over(0)
    assert left.codes == []


def test_a_second_signal_is_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    left = Left()
    Ending(left).at_once(signal.SIGTERM)
    assert left.codes == [143]
    assert "SIGTERM again" in capfd.readouterr().err
