"""/scan in words: what each layer kept and dropped, the candidates with their reasons, and progress on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import get_type_hints

import pytest
from fakes_chat import OPERATOR, VIEWER, chat
from fakes_pages import scan_page

from chatbot.command import Context
from chatbot.commands.scan import FINDS_SHOWN_MAX, KEPT, REASONS
from chatbot.message import Incoming
from chatbot.progress import unseen
from chatbot.render import WIDTH_MAX, columns, plain
from trading.domain.errors import Misconfigured, Unavailable
from trading.strategies.scanner import LAYERS


async def shown(line: str = "/scan", **changed: object) -> str:
    c = chat()
    c.desk.scan_page = scan_page(**changed)
    text = plain(await c.answer(line, OPERATOR))
    assert c.errors == []
    assert all(columns(each) <= WIDTH_MAX for each in text.split("\n"))
    return text


async def test_each_layer_says_what_it_kept_and_dropped_and_why() -> None:
    text = await shown()
    assert text.startswith("Scan: 12 candidates\n")
    for part in ("15,002 open", "-553 not open yet", "3,701 in the band", "-6,956 out of the band", "-4,345 one-sided"):
        assert part in text
    for part in ("223 sound", "-1,768 hardly traded", "-1,596 wide spread", "-114 closing too late", "12 affordable"):
        assert part in text
    assert "$9.40 of $50.00" in text
    assert text.endswith("Nothing is\nordered.")


async def test_each_candidate_has_its_reason_and_the_rest_is_counted() -> None:
    text = await shown()
    assert text.count("6 YES at 77.1¢, $4.70") == text.count("6 NO at 77.1¢, $4.70") == FINDS_SHOWN_MAX // 2
    assert text.replace("\n  ", " ").count("121,601 contracts in 24 h") == FINDS_SHOWN_MAX
    assert "2 more are not shown." in text


async def test_it_says_when_the_scanner_orders_by_itself() -> None:
    one = scan_page().finds[:1]
    text = await shown(running=True, finds=one)
    assert text.startswith("Scan: 1 candidate\n")
    assert "orders by itself" in text.replace("\n", " ")
    assert "not shown" not in text
    assert (await shown(finds=())).startswith("Scan: 0 candidates\n")


def test_every_layer_has_words() -> None:
    assert tuple(KEPT) == LAYERS
    assert all(len(words) <= 24 for words in REASONS.values())


async def test_an_operator_may_look_and_a_viewer_may_not() -> None:
    reply = await chat().answer("/scan", VIEWER)
    assert "needs the operator role" in reply.note
    assert not (await chat().answer("/scan", OPERATOR)).failed


async def test_how_far_it_is_is_told_by_whoever_carried_the_line() -> None:
    said: list[str] = []

    async def told(text: str) -> None:
        said.append(text)

    await chat().answer("/scan", OPERATOR, progress=told)
    assert said == ["Scan: reading all open markets", "Scan: 1,000 markets read, 12 worth a look"]


def test_without_a_channel_that_shows_it_progress_goes_nowhere() -> None:
    assert Incoming.__dataclass_fields__["progress"].default is unseen
    assert Context.__dataclass_fields__["progress"].default is unseen
    assert get_type_hints(unseen)["text"] is str


@pytest.mark.parametrize("error", [Unavailable("GET /markets: no answer within 30 s"), Misconfigured("no listing")])
async def test_what_fails_is_one_sentence(error: Exception) -> None:
    c = chat()

    async def fails(told: object = None) -> None:
        raise error

    c.desk.scan = fails  # type: ignore[method-assign, assignment]
    reply = await c.answer("/scan", OPERATOR)
    assert (reply.failed, reply.title) == (True, "/scan: not done")
    assert str(error)[1:] in reply.note


def test_a_page_counts_what_is_open() -> None:
    page = scan_page()
    assert page.markets == 15_002
    assert replace(page, layers=page.layers[1:]).markets == 3_701
