"""The process that draws: one, started when needed, ended when idle; whatever it does, the next picture works."""

from __future__ import annotations

import asyncio
import os
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chatbot.charts.data import Bars, Course, Curve, Drawing, Head, Mark, Theme, decode, encode
from chatbot.charts.drawing import SOURCES, Charts, Undrawn

DOUBLE = "tests.chatbot.worker_double"
WAIT_SECONDS = 20.0  # for a process, on a busy machine
OPENS = datetime(2026, 11, 21, 14, 0)  # noqa: DTZ001 - the owner's wall clock
HEAD = Head("Equity, this week", "attic · DRY RUN · production", "as of 14:05:09", "dark", "DRY RUN", "-$4.75", -1)


def titled(title: str) -> Curve:
    return Curve(Head(title, "", "", "dark"), ())


def curve(sums: list[float], theme: Theme = "dark", **head: Any) -> Curve:
    points = tuple((OPENS + timedelta(minutes=15 * n), value) for n, value in enumerate(sums))
    return Curve(Head("Equity", "attic", "now", theme, **head), points)


def bars(results: list[float], theme: Theme = "dark") -> Bars:
    days = tuple((date(2026, 11, 1) + timedelta(days=n), value) for n, value in enumerate(results))
    return Bars(Head("Each day", "attic", "now", theme), days)


def course(theme: Theme = "dark", **parts: Any) -> Course:
    times = [OPENS + timedelta(seconds=5 * n) for n in range(120)]
    whole: dict[str, Any] = {
        "spot": tuple((at, 67_100.0 + n) for n, at in enumerate(times)),
        "bid": tuple((at, 40 + n / 4) for n, at in enumerate(times)),
        "ask": tuple((at, 42 + n / 4) for n, at in enumerate(times)),
        "strike": 67_123.45,
        "marks": (Mark(times[9], 51, "YES 9 at 51¢", True), Mark(times[-1], 99, "NO 9 at 1¢", False)),
    }
    head = Head("KXBTC15M-26OCT031015-15", "attic", "now", theme)
    return Course(head, OPENS, OPENS + timedelta(minutes=15), **(whole | parts))


@asynccontextmanager
async def charts(folder: Path, **given: Any) -> AsyncIterator[Charts]:
    made = Charts(folder, **given)
    try:
        yield made
    finally:
        await made.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not true():  # noqa: ASYNC110 - no event tells of another process
            await asyncio.sleep(0.01)


def ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def gone(pid: int) -> None:
    """Wait until there is no such process."""
    await until(lambda: ended(pid))


def environment(pid: int) -> bytes:
    """What a process was given, where the system shows it."""
    file = Path(f"/proc/{pid}/environ")
    return file.read_bytes() if file.exists() else b""


def imports(source: Path, module: str) -> bool:
    lines = (line.strip() for line in source.read_text().splitlines())
    return any(line.startswith((f"import {module}", f"from {module}")) for line in lines)


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


DRAWINGS = [
    curve([]),
    curve([-4.75]),
    curve([4.25, -0.5, 3.75]),
    curve([n % 7 - n / 3 for n in range(500)]),
    curve([-4.75 * n for n in range(1, 30)], "light"),
    curve([0.0, 0.0], "light"),
    bars([]),
    bars([-4.75]),
    bars([4.25, -0.5, 0.0]),
    bars([n % 7 - 3.0 for n in range(500)], "light"),
    course(),
    course("light", strike=None, marks=()),
    course(spot=(), bid=(), ask=(), marks=()),
    course(spot=((OPENS, 0.2134),), bid=(), ask=()),
]


# --- the pictures ---------------------------------------------------------------------------------------------------


async def test_every_picture_is_drawn_by_one_process_as_wide_as_a_phone(tmp_path: Path) -> None:
    async with charts(tmp_path) as made:
        pictures = [await made.draw(drawing) for drawing in DRAWINGS]
        again = await made.draw(DRAWINGS[0])
        assert {size(picture)[0] for picture in pictures} == {1080}
        assert len(set(pictures)) == len(DRAWINGS), "each looks different"
        assert again == pictures[0], "and the same again"
        first = made.pid
        assert await made.draw(curve([1.0], stamp="DRY RUN")) != await made.draw(curve([1.0])), "paper shows"
        assert await made.draw(curve([1.0], "light")) != await made.draw(curve([1.0], "dark"))
        assert made.pid == first


async def test_text_is_never_taken_for_formulas(tmp_path: Path) -> None:
    async with charts(tmp_path) as made:
        head = Head("$x^$ \\frac{", "a $b$ _c_ {d}\nsecond line", "$", "dark", figure="$1_$2")
        assert size(await made.draw(Curve(head, ((OPENS, 1.0),)))) == (1080, 1080)


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: type(drawing).__name__)
def test_a_drawing_crosses_unchanged(drawing: Drawing) -> None:
    assert decode(encode(drawing)) == drawing


def test_matplotlib_is_never_in_the_bots_process() -> None:
    program = (
        "import sys, chatbot.cli, chatbot.app, chatbot.tools.run, chatbot.wiring.bot, chatbot.charts.pages\n"
        "sys.exit(any(name.partition('.')[0] in ('matplotlib', 'numpy') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=SOURCES, check=False).returncode == 0


def test_only_the_process_that_draws_imports_what_draws() -> None:
    """A backtest at the command line draws in its own process, which is no bot."""
    allowed = {
        "matplotlib": {"drawn.py", "backtest_pictures.py"},
        "chatbot.charts.drawn": {"worker.py"},
        "chatbot.tools.backtest_pictures": {"backtest_page.py"},
        "chatbot.tools.backtest_page": {"backtest.py"},
    }
    for drawing, users in allowed.items():
        found = {path.name for path in (SOURCES / "chatbot").rglob("*.py") if imports(path, drawing)}
        assert found == users


# --- the process ----------------------------------------------------------------------------------------------------


async def test_there_is_none_before_the_first_picture(tmp_path: Path) -> None:
    async with charts(tmp_path, worker=DOUBLE) as made:
        assert made.pid is None
        assert await made.draw(titled("fine")) == b"fine"
        assert made.pid is not None


async def test_one_that_hangs_is_one_sentence_and_the_next_works(tmp_path: Path) -> None:
    async with charts(tmp_path, worker=DOUBLE, draw_seconds=2.0) as made:
        assert await made.draw(titled("fine")) == b"fine"
        first = made.pid
        with pytest.raises(Undrawn, match=r"^the picture took longer than 2 s: try again$"):
            await made.draw(titled("hang"))
        assert first is not None
        await gone(first)
        assert await made.draw(titled("fine")) == b"fine"


@pytest.mark.parametrize(("title", "why"), [("die", "RuntimeError: no paper left"), ("cut", "has ended")])
async def test_one_that_dies_is_one_sentence_and_the_next_works(tmp_path: Path, title: str, why: str) -> None:
    async with charts(tmp_path, worker=DOUBLE) as made:
        with pytest.raises(Undrawn, match=why):
            await made.draw(titled(title))
        assert await made.draw(titled("fine")) == b"fine"


async def test_one_that_was_killed_is_replaced(tmp_path: Path) -> None:
    async with charts(tmp_path, worker=DOUBLE) as made:
        await made.draw(titled("fine"))
        assert made.pid is not None
        os.kill(made.pid, 9)
        await gone(made.pid)
        with pytest.raises(Undrawn):
            await made.draw(titled("fine"))
        assert await made.draw(titled("fine")) == b"fine"


async def test_one_that_cannot_be_started_is_one_sentence(tmp_path: Path) -> None:
    async with charts(tmp_path, worker="no.such.module") as made:
        with pytest.raises(Undrawn, match="No module named"):
            await made.draw(titled("fine"))


async def test_who_no_longer_waits_gets_nobody_elses_picture(tmp_path: Path) -> None:
    async with charts(tmp_path, worker=DOUBLE) as made:
        asked = asyncio.create_task(made.draw(titled("hang")))
        await until(lambda: made.pid is not None)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert made.pid is None
        assert await made.draw(titled("fine")) == b"fine"


async def test_pictures_that_are_asked_for_at_once_wait_for_each_other(tmp_path: Path) -> None:
    async with charts(tmp_path, worker=DOUBLE) as made:
        titles = [f"picture {n}" for n in range(8)]
        assert await asyncio.gather(*(made.draw(titled(t)) for t in titles)) == [t.encode() for t in titles]


async def test_it_ends_when_nobody_looks_and_with_the_bot(tmp_path: Path) -> None:
    async with charts(tmp_path, worker=DOUBLE, idle_seconds=0.05) as made:
        await made.draw(titled("fine"))
        pid = made.pid
        assert pid is not None
        await gone(pid)
        assert made.pid is None
        assert await made.draw(titled("fine")) == b"fine"
        pid = made.pid
    assert pid is not None
    await gone(pid)


async def test_it_ends_with_a_bot_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, os, pathlib, sys\n"
        "from chatbot.charts.drawing import Charts\n"
        "from tests.chatbot.charts.test_charts import DOUBLE, titled\n"
        "async def main():\n"
        "    made = Charts(pathlib.Path(sys.argv[1]), worker=DOUBLE)\n"
        "    await made.draw(titled('fine'))\n"
        "    print(made.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())"
    )
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, str(tmp_path)), cwd=SOURCES, stdout=subprocess.PIPE
    )
    said, _ = await bot.communicate()
    assert bot.returncode == -9
    await gone(int(said))


async def test_the_process_is_told_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123:secret")
    async with charts(tmp_path, worker=DOUBLE) as made:
        await made.draw(titled("fine"))
        assert made.pid is not None
        given = environment(made.pid)
        if not given:
            pytest.skip("this system does not show a process's environment")
        assert b"MPLCONFIGDIR" in given
        assert b"secret" not in given
