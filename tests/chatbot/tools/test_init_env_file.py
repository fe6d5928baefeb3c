"""Changing a `.env` file: nothing is lost, nothing is half-written, nobody else may read it."""

from __future__ import annotations

import os
import stat
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from chatbot.tools.init.env_file import BACKUP, edited, read, write
from trading.domain.errors import Misconfigured

NAMES = ("KALSHI_ENV", "TELEGRAM_BOT_TOKEN", "TELEGRAM_USERS", "DISCORD_USERS", "TIMEZONE")
TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=30)
VALUES = TEXTS.map(str.strip).filter(bool)
CHANGES = st.dictionaries(st.sampled_from(NAMES), st.just("") | VALUES)
PLAIN = st.from_regex(r"[A-Za-z0-9:/_.-]{1,12}", fullmatch=True)
COMMENTS = TEXTS.map(lambda text: f"# {text}\n")
LINES = st.one_of(
    COMMENTS,
    st.just("\n"),
    st.builds("{}={}\n".format, st.sampled_from(NAMES), PLAIN),
    st.builds("export {}='{} # no comment'\n".format, st.sampled_from(NAMES), PLAIN),
    st.builds("{} = {}  # why\n".format, st.sampled_from(NAMES), PLAIN),
    st.builds("# {}={}\n".format, st.sampled_from(NAMES), PLAIN),
)
FILES = st.lists(LINES, max_size=12).map("".join)


def values(text: str) -> dict[str, str | None]:
    return dict(dotenv_values(stream=StringIO(text), interpolate=False))


@given(FILES, CHANGES)
def test_only_what_is_named_changes(text: str, changes: dict[str, str]) -> None:
    after = edited(text, changes)
    wanted = {**values(text), **changes}
    assert values(after) == {name: value for name, value in wanted.items() if value or name not in changes}
    for comment in (line for line in text.splitlines() if line.startswith("#")):
        assert comment in after.splitlines()


@given(FILES)
def test_no_change_is_no_change(text: str) -> None:
    assert edited(text, {}) == (text or edited("", {}))


def test_values_go_where_they_belong() -> None:
    text = "# first\r\n# TELEGRAM_USERS=\n# last\nKALSHI_ENV=demo # why\nTIMEZONE=UTC\nTIMEZONE=Asia/Tokyo"
    changes = {"TELEGRAM_USERS": "1:owner", "KALSHI_ENV": "simulated", "TIMEZONE": "Europe/Rome", "DATA_DIR": "a b"}
    assert edited(text, changes).splitlines(keepends=True) == [
        "# first\r\n",
        "# TELEGRAM_USERS=\n",
        "TELEGRAM_USERS=1:owner\n",
        "# last\n",
        "KALSHI_ENV=simulated # why\n",
        "TIMEZONE=Europe/Rome\n",
        "DATA_DIR='a b'\n",
    ]


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_written_for_its_owner_alone_with_the_old_one_beside_it(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"KALSHI_ENV=demo\r\n")
    path.chmod(0o644)
    write(path, "KALSHI_ENV=simulated\n", lambda aside: None)
    assert modes(tmp_path) == {".env": 0o600, f".env{BACKUP}": 0o600}
    assert (read(path), path.with_name(".env.bak").read_bytes()) == ("KALSHI_ENV=simulated\n", b"KALSHI_ENV=demo\r\n")


@pytest.mark.parametrize("stop", [Misconfigured("no"), KeyboardInterrupt()])
def test_what_does_not_pass_its_check_leaves_everything_as_it_was(tmp_path: Path, stop: BaseException) -> None:
    path = tmp_path / ".env"
    path.write_text("KALSHI_ENV=demo\n")
    seen: list[str] = []

    def check(aside: Path) -> None:
        seen.append(aside.read_text())
        raise stop

    with pytest.raises(type(stop)):
        write(path, "KALSHI_ENV=simulated\n", check)
    assert seen == ["KALSHI_ENV=simulated\n"]
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {".env": "KALSHI_ENV=demo\n"}


def test_a_stop_at_any_step_leaves_the_old_file_or_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, left, real = tmp_path / ".env", 0, os.replace

    def stopped(*given: Path) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        real(*given)

    for steps, wanted in ((0, "old\n"), (1, "old\n"), (2, "new\n")):
        path.write_text("old\n")
        left = steps
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", stopped)
            try:
                write(path, "new\n", lambda aside: None)
            except KeyboardInterrupt:
                assert steps < 2
        assert path.read_text() == wanted
        assert set(modes(tmp_path)) <= {".env", ".env.bak"}


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link, target = tmp_path / ".env", tmp_path / "real" / "env"
    target.write_text("old\n")
    link.symlink_to(target)
    write(link, "new\n", lambda aside: None)
    assert (link.is_symlink(), target.read_text()) == (True, "new\n")
