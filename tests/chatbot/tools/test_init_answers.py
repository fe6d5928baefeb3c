"""Questions that are asked until their answers fit: yes and no, numbers, zones, hours, one-time codes, the key."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.config import load
from chatbot.tools.init import asking, rest
from chatbot.tools.init.asking import EndOfAnswers, agreed, chosen
from chatbot.tools.init.exchange import exchange
from tests.chatbot.tools.init_rig import Person
from tests.flows.processes import exchange as exchange_process


def test_yes_and_no() -> None:
    someone = Person(["maybe", "YES", "n", "", ""])
    assert agreed(someone, "Sure?")
    assert someone.said[1] == "“maybe” is neither: type y or n."
    assert not agreed(someone, "Sure?")
    assert agreed(someone, "Sure?")
    assert not agreed(someone, "Sure?", default=False)
    with pytest.raises(EndOfAnswers):
        agreed(someone, "Sure?")


def test_numbers_of_a_list() -> None:
    someone = Person(["0", "4", "two", "2.5", "2", ""])
    assert chosen(someone, "Which?", ["a", "b", "c"]) == 1
    assert sum("not on the list: type a number from 1 to 3." in each for each in someone.said) == 4
    assert chosen(someone, "Which?", ["a", "b", "c"], 2) == 2


def test_a_long_wrong_answer_may_be_a_secret_and_is_not_shown() -> None:
    secret = "7000000001:AAE-a_token_in_the_wrong_place"
    someone = Person([secret, "1", secret, "y", "n", secret, "UTC", secret, "8", "n"])
    chosen(someone, "Which?", ["a"])
    agreed(someone, "Sure?")
    rest.rest(someone, {})
    assert secret not in someone.text


def test_a_strangers_words_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    asking.Console().say("“\x1b[2Jhello\r” from \x07Eve\u202e")
    assert capsys.readouterr().out == "“[2Jhello” from Eve\n"


def test_addresses_are_never_broken(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    address = "https://discord.com/oauth2/authorize?client_id=1&scope=bot%20applications.commands&permissions=1"
    asking.Console().say(f"Open this address, choose your server and press Authorize:\n{address}")
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1] == address
    assert max(len(each) for each in shown[:-1]) <= 40


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("utc", "UTC"), ("berlin", "Europe/Berlin"), ("new york", "America/New_York"), ("Asia/tokyo", "Asia/Tokyo")],
)
def test_zones_by_their_place(text: str, wanted: str) -> None:
    assert rest.zone_of(text) == wanted


def test_a_wrong_zone_says_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"did you mean .*Europe/Berlin"):
        rest.zone_of("Belrin")
    with pytest.raises(ValueError, match="such as UTC"):
        rest.zone_of("xyzzy")


def test_the_machines_zone_is_one_that_the_settings_take() -> None:
    assert load(None, {"TIMEZONE": rest.local_zone()}).timezone == rest.local_zone()


@pytest.mark.parametrize(
    ("text", "wanted"), [("8", "08:00"), ("8:30", "08:30"), ("20.15", "20:15"), ("0", "00:00"), ("20 h", "20:00")]
)
def test_hours_as_people_write_them(text: str, wanted: str) -> None:
    assert rest.hour_of(text) == wanted


@given(st.text(max_size=8))
def test_an_hour_is_one_that_the_settings_take_or_refused(text: str) -> None:
    try:
        hour = rest.hour_of(text)
    except ValueError:
        return
    assert load(None, {"DAILY_DIGEST_AT": hour}).daily_digest_at == hour


def test_the_rest_as_suggested_is_one_enter() -> None:
    kept = {"TIMEZONE": "Asia/Tokyo", "DAILY_DIGEST_AT": "07:15", "TOTP_SECRET": "JBSWY3DPEHPK3PXP"}
    someone = Person([""])
    assert rest.rest(someone, kept) == {"TIMEZONE": "Asia/Tokyo", "DAILY_DIGEST_AT": "07:15"}
    assert "JBSWY3DPEHPK3PXP" not in someone.text


class Enrolling(Person):
    """Somebody whose app takes the key from the screen, after one wrong code."""

    def line(self, question: str, *, secret: bool = False) -> str:
        if "code that it shows" not in question:
            return super().line(question, secret=secret)
        self.said.append(question)
        key = re.search(r"type this key there: ([A-Z2-7]+)", self.text)
        assert key
        return pyotp.TOTP(key[1]).now() if self.text.count("is not the code") else "000 00x"


def test_one_time_codes_are_proved_before_they_are_asked_for() -> None:
    someone = Enrolling(["n", "utc", "20", "y"])
    values = rest.rest(someone, {})
    assert someone.heard("is not the code")
    assert someone.heard("otpauth://totp/", values["TOTP_SECRET"])
    assert someone.heard("▄▄▄▄▄ █", "\n")
    assert load(None, values).totp_secret.get_secret_value() == values["TOTP_SECRET"]
    assert rest.rest(Person(["n", "utc", "20", "y", ""]), {})["TOTP_SECRET"] == ""


# --- the exchange


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with exchange_process(tmp_path_factory.mktemp("venue") / "data") as where:
        yield where


def test_play_money_needs_nothing_else() -> None:
    assert exchange(Person([""]), {}) == {"KALSHI_ENV": "simulated", "KALSHI_USE_DEMO": ""}


def test_production_is_a_dry_run_and_needs_no_key() -> None:
    someone = Person(["3", ""])
    values = exchange(someone, {"DRY_RUN": "false"})
    settings = load(None, {name: text for name, text in values.items() if text})
    assert (settings.environment, settings.dry_run, settings.dry_run_locked) == ("production", True, True)


@pytest.mark.parametrize(
    ("setting", "answers", "wanted"),
    [
        ("", ["", ""], None),
        ("true", ["", ""], "true"),
        ("false", ["", "n", ""], None),
        ("false", ["", "y", ""], "true"),
    ],
)
def test_who_trades_for_real_is_asked_before_that_changes(setting: str, answers: list[str], wanted: str | None) -> None:
    current = {"KALSHI_ENV": "production", "DRY_RUN": setting} if setting else {"KALSHI_ENV": "production"}
    assert exchange(Person(answers), current).get("DRY_RUN") == wanted


def test_the_environment_of_old_names_is_suggested() -> None:
    assert exchange(Person(["", ""]), {"KALSHI_USE_DEMO": "true"})["KALSHI_ENV"] == "demo"
    assert exchange(Person(["", "-"]), {"KALSHI_API_KEY_ID": "0123"})["KALSHI_API_KEY_ID"] == ""


def test_a_key_is_tried_at_the_exchange_until_it_is_taken(tmp_path: Path, venue: dict[str, str]) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(Path(venue["private_key_path"]).read_bytes())
    key.chmod(0o644)
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "genrsa", "-out", other, "2048"], check=True, capture_output=True)
    other.chmod(0o600)
    nowhere, pasted = str(tmp_path / "nowhere.pem"), "-----BEGIN PRIVATE KEY----- MIIEvQ"
    someone = Person(["", venue["key_id"], "", nowhere, pasted, str(other), venue["key_id"], str(key), "y"])
    values = exchange(someone, {"KALSHI_API_BASE": venue["base_url"]})
    assert someone.heard("The key's file is needed")
    assert someone.heard("cannot be read")
    assert someone.heard("That is the key itself")
    assert someone.heard("Try again, or press Enter to go on without a key")
    assert someone.heard("The exchange takes the key: $2,000.00 in all.")
    assert someone.heard("mode 600")
    assert stat.S_IMODE(os.stat(key).st_mode) == 0o600
    assert values["KALSHI_PRIVATE_KEY_PATH"] == str(key)
    assert "MIIEvQ" not in someone.text
    assert venue["key_id"] not in someone.text


def test_what_is_there_is_kept_with_enter(venue: dict[str, str]) -> None:
    kept = {
        "KALSHI_ENV": "simulated",
        "KALSHI_API_BASE": venue["base_url"],
        "KALSHI_API_KEY_ID": venue["key_id"],
        "KALSHI_PRIVATE_KEY_PATH": venue["private_key_path"],
    }
    values = exchange(Person(["", "", ""]), kept)
    assert {name: values.get(name, "") for name in kept} == kept | {"KALSHI_API_BASE": ""}
    inline = kept | {"KALSHI_PRIVATE_KEY": Path(venue["private_key_path"]).read_text(), "KALSHI_PRIVATE_KEY_PATH": ""}
    assert exchange(Person(["", ""]), inline)["KALSHI_PRIVATE_KEY"] == inline["KALSHI_PRIVATE_KEY"]
