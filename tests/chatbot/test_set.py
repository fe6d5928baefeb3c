"""/set from a chat: who may, what is asked back, what is refused, and how it reads on a phone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from fakes_chat import OPERATOR, OWNER, VIEWER, chat
from fakes_pages import LABEL, NOW, d

from chatbot.commands.set_ import set_
from chatbot.completing import words_for
from chatbot.message import Person
from chatbot.render import WIDTH_MAX, columns, plain
from trading.engine.pages_strategies import ParameterChange, ParameterPreview

SHOWN = "Now       $5.00\nAt least  $0.01\nAt most   $10.00 (MAX_ORDER_USD)"


async def test_without_a_value_it_shows_what_holds_and_what_may_be() -> None:
    c = chat()
    said = plain(await c.answer("/set consensus stake_usd"))
    assert "stake_usd of consensus" in said
    assert SHOWN in said
    assert c.desk.done == [] == c.desk.audits


@pytest.mark.parametrize("line", ["/set Consensus Stake-USD", "/set consensus stake_usd"])
async def test_names_are_read_as_phones_write_them(line: str) -> None:
    assert SHOWN in plain(await chat().answer(line))


async def test_what_lowers_the_risk_is_done_at_once_and_audited() -> None:
    c = chat()
    said = plain(await c.answer("/set consensus stake_usd=3"))
    assert "stake_usd of consensus is $3.00" in said
    assert "Was       $5.00" in said
    assert "Then" not in said
    assert c.desk.done == ["set consensus stake_usd 3 by Ann (telegram:1)"]
    [audited] = c.desk.audits
    assert audited[2:] == ("/set consensus stake_usd 3", "stake_usd of consensus is $3.00")


async def test_what_raises_it_is_asked_back_and_then_done_once() -> None:
    c = chat()
    question = await c.answer("/set consensus stake_usd 8")
    assert question.title == "Change stake_usd of consensus?"
    assert "Now       $5.00\nThen      $8.00" in plain(question)
    assert c.desk.done == []
    said = plain(await c.answer(question.buttons[0].line))
    assert "stake_usd of consensus is $8.00" in said
    assert c.desk.done == ["set consensus stake_usd 8 by Ann (telegram:1) False/"]
    await c.answer(question.buttons[0].line)
    assert len(c.desk.done) == 1


@pytest.mark.parametrize("person", [VIEWER, OPERATOR])
@pytest.mark.parametrize("value", ["", " 3", " 8"])
async def test_it_is_the_owners_alone(person: Person, value: str) -> None:
    c = chat()
    assert "needs the owner role" in (await c.answer(f"/set consensus stake_usd{value}", person)).note
    assert c.desk.done == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/set consensus stake_usd 20", "stake_usd 20 is too high."),
        ("/set moon stake_usd 3", "No strategy is called moon: there is consensus."),
        ("/set consensus colour 3", "Consensus has no colour that can be changed: there is stake_usd."),
        ("/set consensus stake_usd much", "value is a number, not 'much': for example /set consensus stake_usd 1."),
        ("/set consensus stake_usd nan", "value is a number, not 'nan': for example /set consensus stake_usd 1."),
        ("/set consensus", "/set needs name, a word: for example /set consensus stake_usd 1."),
        ("/set", "/set needs strategy, a word: for example /set consensus stake_usd 1."),
        (
            "/set consensus stake_usd 3 4",
            "/set takes at most 3 words after it: for example /set consensus stake_usd 1.",
        ),
    ],
)
async def test_what_cannot_be_is_one_sentence(line: str, said: str) -> None:
    c = chat()
    reply = await c.answer(line)
    assert (reply.note.casefold(), reply.failed) == (said.casefold(), True)
    assert c.desk.done == []


async def test_what_lowers_is_honoured_late_and_what_raises_is_dropped() -> None:
    c = chat()
    late = NOW - timedelta(minutes=5)
    assert "sent 300 s ago" in " ".join(plain(await c.answer("/set consensus stake_usd 8", sent_at=late)).split())
    await c.answer("/set consensus stake_usd 2", sent_at=late)
    assert [done.split(" by ")[0] for done in c.desk.done] == ["set consensus stake_usd 2"]


async def test_the_lock_holds_up_what_raises_and_not_what_lowers() -> None:
    c = chat()
    await c.answer("/lock", OPERATOR)
    assert "lock" in plain(await c.answer("/set consensus stake_usd 8")).casefold()
    await c.answer("/set consensus stake_usd 2")
    assert [done.split(" by ")[0] for done in c.desk.done] == ["set consensus stake_usd 2"]


async def test_figures_are_shown_in_their_own_digits_and_fit_a_phone(monkeypatch: pytest.MonkeyPatch) -> None:
    c = chat()
    change = ParameterChange("market_maker", d("0.0500"), raises=True)
    page = ParameterPreview(LABEL, "release_seconds", (change,), d("0.025"), d(900), "", "", "x", least=Decimal(0))
    monkeypatch.setattr(c.desk, "preview_parameter", lambda *asked: page)
    said = plain(await c.answer("/set market_maker release_seconds 0.025", OWNER))
    assert "Now       0.05\nThen      0.025\nAt least  0\nAt most   900" in said
    assert max(map(columns, said.split("\n"))) <= WIDTH_MAX
    monkeypatch.setattr(c.desk, "preview_parameter", lambda *asked: replace(page, value=None))
    assert "$" not in plain(await c.answer("/set market_maker release_seconds", OWNER))


def test_both_names_are_completed() -> None:
    sources = {"strategy": lambda: ["consensus", "previous"], "parameter": lambda: ["stake_usd", "min_price"]}
    assert words_for(set_, "strategy", "p", sources) == ["previous"]
    assert words_for(set_, "name", "price", sources) == ["min_price"]
