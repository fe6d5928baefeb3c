"""/start: who one is here, where to go on, and what is at risk."""

from __future__ import annotations

import pytest
from fakes_chat import OWNER, VIEWER, chat

from chatbot.message import Person
from chatbot.render import columns, plain


@pytest.mark.parametrize("person", [OWNER, VIEWER])
async def test_it_says_what_is_at_risk_within_forty_columns(person: Person) -> None:
    text = plain(await chat().answer("/start", person))
    words = " ".join(text.split())
    for said in ("/help lists the rest", "nothing here is financial advice", "member agreement", "pay fees"):
        assert said in words
    assert all(columns(line) <= 40 for line in text.split("\n"))
