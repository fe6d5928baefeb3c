"""docs/troubleshooting.md has an entry for everything that a user can be told is wrong, none for what nobody says."""

from __future__ import annotations

import re

import pytest

from tests.documents.messages import ROOT, letters, made, messages, modules
from trading.domain.state import Reason
from trading.exchange.kalshi.refusals import KEY_FIX, KEY_FIXES, ORDER_FIXES, SCOPE_FIX, TOO_MANY_CODE
from trading.exchange.kalshi.writes import CALLED_OFF_CODE, UNREACHABLE_CODE

DOCS = ROOT / "docs"
DOCUMENT = (DOCS / "troubleshooting.md").read_text()
GAP = "…"  # in an entry: anything
ENTRY_LETTERS_MIN = 6  # an entry of fewer could stand for anything
SAID = re.compile(r"`([^`]+)`")
ROW = re.compile(r"^\| (`[^|]*`) \|", re.MULTILINE)  # the first cell of a row, where it names something


def section(title: str) -> str:
    return DOCUMENT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def named(text: str) -> set[str]:
    """What stands as code in the first cells of a table's rows."""
    return {each for cell in ROW.findall(text) for each in SAID.findall(cell)}


CODED = ("Trading stands still", "The gate refused", "ERROR notices", "doctor's other lines")
REFUSALS = {each for each in named(section("The key and the exchange")) if re.fullmatch(r"[a-z0-9_]+", each)}
ENTRIES = named(DOCUMENT) - {each for title in CODED for each in named(section(title))} - REFUSALS


def fits(entry: str, message: str) -> bool:
    return bool(re.fullmatch(".*".join(re.escape(part) for part in entry.split(GAP)), message, re.DOTALL))


@pytest.mark.parametrize("message", sorted(messages()))
def test_every_sentence_has_an_entry(message: str) -> None:
    assert any(fits(entry, message) for entry in ENTRIES), f"docs/troubleshooting.md has no entry for: {message}"


def test_every_entry_is_what_somebody_says_and_says_something() -> None:
    said = messages()
    idle = [e for e in ENTRIES if letters(e) < ENTRY_LETTERS_MIN or not any(fits(e, m) for m in said)]
    assert idle == []


def test_a_sentence_without_an_entry_is_seen() -> None:
    assert not any(fits(entry, "the moon is … and nobody has thought of it: wait") for entry in ENTRIES)


def denials() -> set[str]:
    """The code of each denial, as it is written where it is made."""
    paths = (ROOT / "trading" / "risk").glob("*.py")
    return {code for path in paths for _, code in made(path, ("Denial", "_above"))} - {GAP}


def test_every_denial_of_the_gate_has_an_entry() -> None:
    assert {"halted", "week_loss", "low_cash"} <= denials()
    assert named(section("The gate refused")) == denials()


def test_every_reason_to_stand_still_has_an_entry() -> None:
    assert named(section("Trading stands still")) == {reason.value for reason in Reason}


def test_every_refusal_of_an_order_that_we_know_has_an_entry() -> None:
    assert {*ORDER_FIXES, TOO_MANY_CODE, UNREACHABLE_CODE, CALLED_OFF_CODE} <= REFUSALS


def test_every_way_in_which_a_key_is_refused_has_an_entry() -> None:
    for fix in (*(sentence for _, sentence in KEY_FIXES), SCOPE_FIX, KEY_FIX):
        assert fix.partition(":")[0] in section("The key and the exchange")


def error_codes() -> set[str]:
    """How the codes of error notices begin, where that is written down."""
    codes = (code for path in modules() for _, code in made(path, ("ErrorSeen",), at=1))
    return {re.split(r"[:…]", code)[0].strip() for code in codes} - {""}


def test_every_code_of_an_error_notice_has_an_entry() -> None:
    assert {"beat", "cash_mismatch", "strategy"} <= error_codes() <= named(section("ERROR notices"))


def checks() -> set[str]:
    """The name of each check of doctor's that can end in a warning or fail."""
    paths = (ROOT / "chatbot" / "tools").glob("doctor*.py")
    return {name for path in paths for _, name in made(path, ("warn", "fail"))}


def test_every_check_of_doctors_is_explained_somewhere() -> None:
    written = [DOCUMENT, *((DOCS / name).read_text() for name in ("telegram.md", "discord.md"))]
    assert {"key", "telegram reader", "discord server"} <= checks()
    assert [name for name in checks() if GAP not in name and not any(f"`{name}`" in text for text in written)] == []


@pytest.mark.parametrize("code", ["0", "1", "2", "75", "130"])
def test_every_exit_code_has_a_meaning(code: str) -> None:
    assert f"\n| {code} | " in section("Exit codes")
