"""Roles belong to people by id; confirmations are used once, by one person, in one chat, within a minute."""

from __future__ import annotations

import pytest
from fakes_chat import OPERATOR, OWNER, ROLES, STRANGER, Times

from chatbot.access import CONFIRMATION_SECONDS, CONFIRMATIONS_MAX, Access, Confirmations
from chatbot.message import Person, Role
from trading.domain.errors import Stale


@pytest.mark.parametrize(
    ("person", "role"),
    [
        (OWNER, Role.OWNER),
        (OPERATOR, Role.OPERATOR),
        (STRANGER, None),
        (Person("discord", "1"), None),  # an id of another channel
        (Person("telegram", ""), None),
        (Person("telegram", "1 "), None),
        (Person("terminal", "host"), Role.OWNER),
        (Person("discord", "7", groups=("456",)), Role.OPERATOR),  # a guild's role gives at most operator
        (Person("discord", "7", groups=("9", "457")), Role.VIEWER),
        (Person("discord", "7", groups=("9",)), None),
        (Person("discord", "&456"), None),  # an id that looks like a group's
        (Person("discord", "8", groups=("456",)), Role.VIEWER),  # one's own entry counts
    ],
)
def test_who_has_which_role(person: Person, role: Role | None) -> None:
    discord = {"&456": Role.OWNER, "&457": Role.VIEWER, "8": Role.VIEWER}
    assert Access({**ROLES, "discord": discord}).role_of(person) is role


def test_an_empty_list_lets_nobody_in() -> None:
    assert Access({}).role_of(OWNER) is None
    assert Access({"telegram": {}}).role_of(OWNER) is None


def test_a_role_includes_the_ones_before_it() -> None:
    assert Role.VIEWER < Role.OPERATOR < Role.OWNER


def test_a_code_works_once_for_its_person_in_its_chat() -> None:
    waiting = Confirmations(Times().monotonic)
    code = waiting.offer(OWNER, "chat", "/resume", "state").code
    for person, chat in ((OPERATOR, "chat"), (OWNER, "other chat")):
        with pytest.raises(Stale, match="another person or chat"):
            waiting.take(code, person, chat)
    taken = waiting.take(code, OWNER, "chat")  # what others tried did not use it up
    assert (taken.line, taken.fingerprint) == ("/resume", "state")
    with pytest.raises(Stale, match="used already"):
        waiting.take(code, OWNER, "chat")


def test_a_code_dies_with_its_minute() -> None:
    times = Times()
    waiting = Confirmations(times.monotonic)
    code = waiting.offer(OWNER, "chat", "/resume", "state").code
    times.pass_(CONFIRMATION_SECONDS)
    with pytest.raises(Stale, match="expired"):
        waiting.take(code, OWNER, "chat")


def test_only_the_last_question_stands() -> None:
    waiting = Confirmations(Times().monotonic)
    first = waiting.offer(OWNER, "chat", "/resume", "a").code
    elsewhere = waiting.offer(OWNER, "other chat", "/resume", "a").code
    last = waiting.offer(OWNER, "chat", "/dryrun off", "a").code
    assert waiting.code_for(OWNER, "chat") == last
    assert waiting.code_for(OWNER, "other chat") == elsewhere
    assert waiting.code_for(OPERATOR, "chat") == ""
    with pytest.raises(Stale):
        waiting.take(first, OWNER, "chat")


def test_codes_cannot_be_guessed_and_are_bounded_in_number() -> None:
    waiting = Confirmations(Times().monotonic)
    codes = {waiting.offer(OWNER, f"chat {n}", "/resume", "a").code for n in range(CONFIRMATIONS_MAX + 5)}
    assert len(codes) == CONFIRMATIONS_MAX + 5
    assert all(len(code) == 16 for code in codes)
    assert len(waiting) == CONFIRMATIONS_MAX
