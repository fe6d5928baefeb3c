"""One-time codes: each once, also over a restart; five wrong in a row lock; and no code is kept, shown or logged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakes_chat import Times
from fakes_outbox import MemoryStore
from fakes_pages import NOW
from hypothesis import given, settings
from hypothesis import strategies as st
from pyotp import TOTP

from chatbot.config import load
from chatbot.logs import Redaction
from chatbot.second_factor import LOCKED_FOR, WRONG_MAX, CodesLocked, SecondFactor, WrongCode, enrolment, without_codes
from trading.domain.errors import Misconfigured, StoreFailed

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of no bot
STEP = 30  # seconds


class Rig:
    """A second factor whose time a test moves; `restart` makes another on the same store."""

    def __init__(self) -> None:
        self.store, self.times, self.told = MemoryStore(), Times(), list[str]()
        self.restart()

    def restart(self) -> None:
        self.factor = SecondFactor(SECRET, self.store, self.told.append, now=self.times.now)

    def code(self, steps: int = 0) -> str:
        return TOTP(SECRET).at(self.times.at, counter_offset=steps)

    def check(self, code: str) -> None:
        self.factor.check(code, "Ann (telegram:1)")

    def wrong(self) -> str:
        """A code of none of the steps near."""
        near = {self.code(n) for n in range(-2, 3)}
        return next(text for n in range(10) if (text := f"{n}00000") not in near)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_code_of_this_step_or_its_neighbours_is_right(steps: int) -> None:
    rig = Rig()
    rig.check(rig.code(steps))


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_code_of_any_other_step_is_wrong(steps: int) -> None:
    rig = Rig()
    with pytest.raises(WrongCode, match="this code is wrong: 4 more"):
        rig.check(rig.code(steps))


@pytest.mark.parametrize("form", ["{0}{1}", "{0} {1}", "{0}-{1}", "{0},{1}", " {0}.{1} "])
def test_digits_may_stand_apart(form: str) -> None:
    rig = Rig()
    code = rig.code()
    rig.check(form.format(code[:3], code[3:]))


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "१२३४५६", "12345x"])
def test_what_is_no_code_is_said_so_and_not_counted(code: str) -> None:
    rig = Rig()
    for _ in range(WRONG_MAX + 1):
        with pytest.raises(WrongCode, match="a code is the 6 digits"):
            rig.check(code)
    rig.check(rig.code())


@pytest.mark.parametrize("restarts", [False, True])
def test_a_code_works_once_and_takes_the_older_ones_with_it(restarts: bool) -> None:
    rig = Rig()
    older, code = rig.code(-1), rig.code()
    rig.check(code)
    if restarts:
        rig.restart()
    for again in (code, older):
        with pytest.raises(WrongCode, match="used already"):
            rig.check(again)
    rig.times.pass_(STEP)
    rig.check(rig.code())


@pytest.mark.parametrize("restarts", [False, True])
def test_five_wrong_in_a_row_lock_for_ten_minutes_and_alert_once(restarts: bool) -> None:
    rig = Rig()
    for left in range(WRONG_MAX - 1, 0, -1):
        with pytest.raises(WrongCode, match=f"{left} more like it"):
            rig.check(rig.wrong())
        if restarts:
            rig.restart()
    with pytest.raises(CodesLocked, match="before 14:15:09 UTC"):
        rig.check(rig.wrong())
    assert len(rig.told) == 1
    assert "the last from Ann (telegram:1)" in rig.told[0]
    if restarts:
        rig.restart()
    rig.times.pass_(LOCKED_FOR.total_seconds() - 1)
    with pytest.raises(CodesLocked):
        rig.check(rig.code())
    with pytest.raises(CodesLocked):
        rig.factor.check_open()
    rig.times.pass_(1)
    rig.check(rig.code())
    assert len(rig.told) == 1


def test_a_right_code_begins_the_count_anew() -> None:
    rig = Rig()
    for _ in range(2):
        for _ in range(WRONG_MAX - 1):
            with pytest.raises(WrongCode):
                rig.check(rig.wrong())
        rig.check(rig.code())
        rig.times.pass_(2 * STEP)
    assert rig.told == []


def test_a_code_that_cannot_be_noted_confirms_nothing_and_is_not_used_up() -> None:
    rig = Rig()
    rig.store.broken = StoreFailed("the disk is full")
    with pytest.raises(StoreFailed):
        rig.check(rig.code())
    rig.store.broken = None
    rig.check(rig.code())


@given(st.lists(st.tuples(st.sampled_from(["right", "wrong", "again", "restart"]), st.integers(0, 90)), max_size=30))
@settings(max_examples=60)
def test_whatever_is_tried_no_code_is_taken_twice_and_none_while_locked(acts: list[tuple[str, int]]) -> None:
    rig = Rig()
    taken: list[str] = []
    wrong, locked_until = 0, NOW
    for act, seconds in acts:
        rig.times.pass_(seconds)
        if act == "restart":
            rig.restart()
            continue
        code = {"right": rig.code(), "wrong": rig.wrong(), "again": taken[-1] if taken else rig.wrong()}[act]
        fits = code in {rig.code(n) for n in (-1, 0, 1)}
        try:
            rig.check(code)
        except (WrongCode, CodesLocked):
            if rig.times.at >= locked_until and not fits:
                wrong += 1
            if wrong == WRONG_MAX:
                wrong, locked_until = 0, rig.times.at + timedelta(minutes=10)
        else:
            assert fits
            assert code not in taken
            assert rig.times.at >= locked_until
            taken, wrong = [*taken, code], 0
    assert all(code not in repr(rig.store.tables) for code in taken)


def test_the_address_for_authenticators_has_the_secret_and_names_the_bot() -> None:
    assert enrolment(SECRET, "attic") == f"otpauth://totp/kalshi-chatops:attic?secret={SECRET}&issuer=kalshi-chatops"


def test_what_could_be_a_code_is_blotted_out_of_a_text() -> None:
    assert without_codes("yes123456 or 12345") == "yes*** or 12345"


# --- the secret in the settings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [SECRET, SECRET.lower(), "jbsw y3dp ehpk 3pxp JBSW-Y3DP-EHPK-3PXP", SECRET[:23] + "="])
def test_a_secret_may_be_written_as_people_write_it(text: str) -> None:
    kept = load(None, {"TOTP_SECRET": text}).totp_secret.get_secret_value()
    assert kept == SECRET[: len(kept)]
    SecondFactor(kept, None, print)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SECRET[:16], "is too short to be safe"),
        (SECRET + "1", "is no secret in base32"),
        ("the name of my first dog", "is no secret in base32"),
        (SECRET + "A", "is no secret in base32"),  # no whole number of bytes
    ],
)
def test_a_wrong_secret_is_refused_without_being_shown(text: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=f"TOTP_SECRET {words}.* kalshi-chatops totp --new makes one") as refused:
        load(None, {"TOTP_SECRET": text})
    assert text not in str(refused.value)


def test_the_monitors_address_is_kept_out_of_logs_by_its_path_too() -> None:
    secrets = load(None, {"HEARTBEAT_URL": "https://hc.example/ping/4f9c1e77"}).secrets()
    assert Redaction(secrets).clean("GET /ping/4f9c1e77 500") == "GET /*** 500"
