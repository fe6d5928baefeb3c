"""Roles belong to people by id, also as they are changed; confirmations are used once, by one person, in one chat,
within a minute."""

from __future__ import annotations

import asyncio

import pytest
from fakes_chat import OPERATOR, OWNER, ROLES, STRANGER, VIEWER, Times, chat
from fakes_outbox import MemoryStore
from fakes_pages import MANUAL

from chatbot.access import CONFIRMATION_SECONDS, CONFIRMATIONS_MAX, HOST, Access, Confirmations, Entry
from chatbot.command import Context, Preview, Risk, command, registry
from chatbot.commands.control import lock
from chatbot.message import Person, Reply, Role
from trading.domain.errors import Misconfigured, Stale, StoreFailed


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
        (Person("host", "host"), Role.OWNER),
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
    for person, place in ((OPERATOR, "chat"), (OWNER, "other chat")):
        with pytest.raises(Stale, match="another person or chat"):
            waiting.take(code, person, place)
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


# --- changed while running ------------------------------------------------------------------------------------------

HERE = Person(HOST, "host")
GUEST = Person("telegram", "77")


async def test_a_grant_and_a_revoke_hold_at_once_over_a_restart_and_against_the_settings() -> None:
    store = MemoryStore()
    c = chat(store=store)
    assert await c.say("/status", GUEST) is None
    assert (await c.answer("access grant telegram 77 operator", HERE)).title == "telegram 77 is operator now"
    assert (await c.answer("/pause", GUEST)).title.startswith("Paused")
    await c.answer("access revoke telegram 2", HERE)
    await c.answer("access grant telegram 1 viewer", HERE)
    for again in (c, chat(store=store)):
        assert await again.say("/status", OPERATOR) is None
        assert (await again.answer("/status", GUEST)).title == "Status"
        assert "needs the owner role; yours is viewer" in (await again.answer("/resume", OWNER)).note
    assert [(by, line) for by, _, line, _ in c.desk.audits] == [
        ("host:host", "/access grant telegram 77 operator"),
        ("telegram:77", "/pause"),
        ("host:host", "/access revoke telegram 2"),
        ("host:host", "/access grant telegram 1 viewer"),
    ]


async def test_a_change_voids_what_the_person_was_asked_and_nobody_elses() -> None:
    store = MemoryStore()
    c = chat(roles={"telegram": {"1": Role.OWNER, "9": Role.OWNER}}, store=store)
    other = Person("telegram", "9")
    c.desk.halts = (MANUAL,)
    mine, others = [(await c.answer("/resume", who)).buttons[0].line for who in (OWNER, other)]
    await c.answer("access revoke telegram 1", HERE)
    assert await c.say(mine) is None
    await c.answer("access grant telegram 1 owner", HERE)
    assert (await c.answer(mine)).failed
    assert c.desk.done == []
    assert (await c.answer(others, other)).title.startswith("Resumed")


def test_a_change_of_a_group_voids_what_anybody_on_its_channel_was_asked() -> None:
    access, waiting = Access(ROLES), Confirmations(Times().monotonic)
    access.listen(waiting.forget)
    member = Person("discord", "5")
    codes = {who: waiting.offer(who, "chat", "/resume", "state").code for who in (OWNER, member)}
    access.revoke("discord", "&456")
    with pytest.raises(Stale):
        waiting.take(codes[member], member, "chat")
    assert waiting.take(codes[OWNER], OWNER, "chat").line == "/resume"


@pytest.mark.parametrize("line", ["access revoke telegram 1", "access grant telegram 1 operator", "/lock"])
async def test_what_changes_while_a_yes_is_looked_at_stops_it(line: str) -> None:
    """The preview of a confirmed command may wait for the exchange."""
    looking, go_on, ran = asyncio.Event(), asyncio.Event(), []

    async def preview(ctx: Context) -> Preview:
        looking.set()
        await go_on.wait()
        return Preview(Reply("Dare?"), "same")

    @command(role=Role.OWNER, risk=Risk.RAISES, preview=preview)
    async def dare(ctx: Context) -> Reply:
        """Dare."""
        ran.append(ctx.person)
        return Reply("Dared")

    c = chat(registry([dare, lock]))
    go_on.set()
    confirm = (await c.answer("/dare")).buttons[0].line
    looking.clear(), go_on.clear()
    answering = asyncio.create_task(c.say(confirm))
    await looking.wait()
    assert not (await c.answer(line, HERE)).failed
    go_on.set()
    reply = await answering
    assert reply is not None
    assert reply.failed
    assert ran == []


def test_a_revoked_person_is_let_in_by_no_group() -> None:
    access = Access({"discord": {"&456": Role.OPERATOR}})
    person = Person("discord", "7", groups=("456",))
    assert access.role_of(person) is Role.OPERATOR
    access.revoke("discord", "7")
    assert access.role_of(person) is None
    access.revoke("discord", "&456")
    assert access.role_of(Person("discord", "8", groups=("456",))) is None
    assert access.listed() == [Entry("discord", "&456", None, True), Entry("discord", "7", None, True)]


def test_the_list_says_what_is_stored_and_what_the_settings_say() -> None:
    store = MemoryStore()
    Access(ROLES, store).grant("discord", "&5", Role.OPERATOR)
    assert Access({"telegram": {"1": Role.OWNER}}, store).listed() == [
        Entry("discord", "&5", Role.OPERATOR, True),
        Entry("telegram", "1", Role.OWNER, False),
    ]


@pytest.mark.parametrize(
    ("channel", "who", "role"),
    [
        ("host", "host", Role.OWNER),
        ("terminal", "host", Role.OWNER),
        ("signal", "1", Role.VIEWER),
        ("telegram", "@ann", Role.VIEWER),
        ("telegram", "&5", Role.VIEWER),
        ("telegram", "", Role.VIEWER),
        ("telegram", "1" * 21, Role.VIEWER),
        ("telegram", "١٢", Role.VIEWER),
        ("discord", "&5", Role.OWNER),
    ],
)
def test_what_is_no_account_can_be_given_nothing(channel: str, who: str, role: Role) -> None:
    store = MemoryStore()
    access = Access({}, store)
    with pytest.raises(Misconfigured):
        access.grant(channel, who, role)
    assert (access.listed(), store.commits) == ([], 0)


def test_a_change_that_cannot_be_stored_is_none() -> None:
    store = MemoryStore()
    access = Access(ROLES, store)
    store.broken = StoreFailed("disk full")
    with pytest.raises(StoreFailed):
        access.grant("telegram", "77", Role.OWNER)
    assert access.role_of(GUEST) is None


@pytest.mark.parametrize("who", [OWNER, VIEWER, Person("terminal", "host")])
@pytest.mark.parametrize("line", ["/access list", "/access grant telegram 77 owner", "/unlock"])
async def test_only_the_host_itself_may_change_who_may(who: Person, line: str) -> None:
    c = chat()
    assert (await c.answer(line, who)).title.startswith("Unknown command")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("access", "access needs"),
        ("access give telegram 1 owner", "verb is one of list, grant, revoke"),
        ("access grant telegram 1", "role is one of viewer, operator, owner"),
        ("access grant telegram 1 king", "role is one of"),
        ("access revoke telegram", "is no account id on telegram"),
        ("access grant telegram 1 owner now", "at most 4 words"),
    ],
)
async def test_a_wrong_line_is_one_sentence(line: str, words: str) -> None:
    c = chat()
    reply = await c.answer(line, HERE)
    assert reply.failed
    assert words in reply.note.lower()
    assert c.desk.audits == [] or c.desk.audits[0][3].startswith("failed")
